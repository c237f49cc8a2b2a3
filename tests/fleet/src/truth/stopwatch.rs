//! What was promised about a record's time, kept the way one would with stopwatches: deed by deed in the order of the log, each at the
//! moment it was done, looking at nothing but where the record stood then.

use fieldline_documents::Act;
use fieldline_model::Timestamp;
use fieldline_model::life_cycle::LifeCycle;

use super::history::History;
use super::life::Life;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The hours of every day in which a stopwatch counts, in milliseconds since midnight, UTC.
pub const OPEN: [(i64, i64); 2] = [(8 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR)];

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Timestamp, pub Timestamp);

impl Span {
    /// How much of it is within the open hours.
    fn open_milliseconds(self) -> i64 {
        self.open_parts().map(|Span(from, until)| until.milliseconds_since(from)).sum()
    }

    fn open_parts(self) -> impl Iterator<Item = Span> {
        let Span(from, until) = self;
        let days = from.0.div_euclid(DAY)..=until.0.div_euclid(DAY);
        let hours = days.flat_map(|day| OPEN.map(|(opens, closes)| (day * DAY + opens, day * DAY + closes)));
        let cut = hours.map(move |(opens, closes)| (opens.max(from.0), closes.min(until.0)));
        cut.filter(|(opens, closes)| opens < closes).map(|(opens, closes)| Span(Timestamp(opens), Timestamp(closes)))
    }
}

/// When so much of the open hours has passed since a moment.
fn after(from: Timestamp, mut milliseconds: i64) -> Timestamp {
    for Span(opens, closes) in Span(from, Timestamp(from.0 + 10 * DAY)).open_parts() {
        let part = closes.milliseconds_since(opens);
        if part >= milliseconds {
            return Timestamp(opens.0 + milliseconds);
        }
        milliseconds -= part;
    }
    unreachable!("nothing promised takes ten days")
}

/// Runs while a record is open and not paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopwatch {
    /// When it was started.
    pub start: Timestamp,
    /// When the record was over.
    pub end: Option<Timestamp>,
    /// The pauses that are over.
    pub pauses: Vec<Span>,
    /// Since when it stands.
    pub paused_since: Option<Timestamp>,
    /// Whether each deed that moved it was done after the one before. Sums of what was not come out as they may.
    pub is_in_order: bool,
}

impl Stopwatch {
    /// Those of a record, in the order in which they were started.
    pub fn of(history: &History, cycle: &LifeCycle) -> Vec<Self> {
        let mut watches: Vec<Self> = Vec::new();
        for (index, made) in history.made.iter().enumerate() {
            let is_step = made.edit.acts.iter().any(|act| matches!(act, Act::Transition { .. }));
            if index > 0 && !is_step {
                continue;
            }
            let stage = Life::of_the_first(index + 1, history, cycle).stage;
            let (is_open, is_paused) = (cycle.stage(&stage).is_some_and(|stage| stage.active), stage == "paused");
            let at = made.edit.at.min(made.received_at);
            match watches.last_mut().filter(|watch| watch.end.is_none()) {
                Some(watch) => watch.press(at, is_open, is_paused),
                None if is_open => watches.push(Self::started(at, is_paused)),
                None => {}
            }
        }
        watches
    }

    fn started(start: Timestamp, is_paused: bool) -> Self {
        let paused_since = is_paused.then_some(start);
        Self { start, end: None, pauses: Vec::new(), paused_since, is_in_order: true }
    }

    fn press(&mut self, at: Timestamp, is_open: bool, is_paused: bool) {
        if is_open && is_paused == self.paused_since.is_some() {
            return;
        }
        self.is_in_order &= self.pressed_last() <= at;
        let at = at.max(self.start);
        if let Some(since) = self.paused_since.take() {
            self.pauses.push(Span(since, at.max(since)));
        }
        if is_open {
            self.paused_since = is_paused.then_some(at);
        } else {
            self.end = Some(at);
        }
    }

    fn pressed_last(&self) -> Timestamp {
        let resumed = self.pauses.last().map(|Span(_, until)| *until);
        self.paused_since.or(resumed).unwrap_or(self.start)
    }

    /// Milliseconds of its pauses: of day and night, and of the open hours.
    pub fn paused_milliseconds(&self) -> (i64, i64) {
        milliseconds(&self.pauses)
    }

    /// Milliseconds it ran: of day and night, and of the open hours.
    pub fn ran_milliseconds(&self) -> (i64, i64) {
        milliseconds(&self.runs())
    }

    /// When it will have run, or had run, for so much of the open hours.
    pub fn reaches(&self, promised_milliseconds: i64) -> Timestamp {
        let (mut left, runs) = (promised_milliseconds, self.runs());
        for (number, run) in runs.iter().enumerate() {
            let worked = run.open_milliseconds();
            if worked >= left || number + 1 == runs.len() {
                return after(run.0, left);
            }
            left -= worked;
        }
        unreachable!("it was started")
    }

    /// The stretches it ran for; the last has no length while it runs.
    fn runs(&self) -> Vec<Span> {
        let mut since = self.start;
        let mut runs = Vec::new();
        for Span(from, until) in &self.pauses {
            runs.push(Span(since, *from));
            since = *until;
        }
        let until = self.end.or(self.paused_since).unwrap_or(since);
        runs.push(Span(since, until));
        runs
    }
}

fn milliseconds(spans: &[Span]) -> (i64, i64) {
    let all = spans.iter().map(|Span(from, until)| until.milliseconds_since(*from)).sum();
    (all, spans.iter().map(|span| span.open_milliseconds()).sum())
}
