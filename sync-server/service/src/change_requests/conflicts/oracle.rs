//! Conflicts with windows, and the next free one, as somebody would find them who looks at every quarter of an hour: on random
//! calendars in three zones through changes of clocks. Mistakes that are planted are seen.

use chrono::{Datelike, NaiveDate};
use fieldline_model::calendar::{Calendar, CivilTime, Entry, EntryKind, Monthly, Repeats, Weekdays};
use fieldline_model::{SysId, Timestamp, UserZone, Zone};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::spans::{Span, room};
use super::windows::{Says, Window};

const QUARTER: i64 = 900_000;
const DAY: i64 = 86_400_000;
/// 2026-03-20, nine days before clocks go ahead in Berlin and after they did in New York.
const FROM: i64 = 1_773_964_800_000;
const DAYS: i64 = 20;
const ZONES: [&str; 3] = ["UTC", "Europe/Berlin", "America/New_York"];

/// A mistake in what is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// Blackouts are asked for only when a change begins.
    OnlyTheBeginning,
    /// A maintenance window must hold all of a change alone.
    OneWindowAlone,
    /// Windows are read in UTC.
    NoZone,
    /// Other changes are forgotten where time is free.
    OthersForgotten,
}

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, limit: i64) -> i64 {
        i64::from(self.0.next_u32()) % limit
    }

    fn entry(&mut self) -> Entry {
        let first = FROM / DAY - 10 + self.below(25);
        let start = first * 86_400 + self.below(96) * 900;
        let length = (1 + self.below(60)) * 900;
        let digits: String = (1..=7).filter(|_| self.below(3) == 0).map(|day| day.to_string()).collect();
        let repeats = match self.below(4) {
            0 => Repeats::Never,
            1 => Repeats::Daily,
            2 => Repeats::Weekly(Weekdays::of_digits(if digits.is_empty() { "6" } else { &digits })),
            _ => Repeats::Monthly(Monthly::Date),
        };
        let until = (self.below(4) == 0).then(|| CivilTime((first + self.below(15)) * 86_400));
        let kind = if self.below(4) == 0 { EntryKind::Excluded } else { EntryKind::Works };
        let every = 1 + u32::try_from(self.below(3)).expect("below three");
        let (start, end) = (CivilTime(start), CivilTime(start + length));
        Entry { kind, start, end, all_day: false, repeats, every, repeat_until: until }
    }

    /// The entries of a schedule, and its zone.
    fn schedule(&mut self) -> (Vec<Entry>, &'static str) {
        let entries = (0..1 + self.below(4)).map(|_| self.entry()).collect();
        (entries, ZONES[usize::try_from(self.below(3)).expect("below three")])
    }

    /// Two schedules that take turns, so that only together they hold what reaches from one into the other.
    fn halves(&mut self) -> Vec<(Vec<Entry>, &'static str)> {
        let (_, zone) = self.schedule();
        let first = (FROM / DAY - 2) * 86_400;
        let turn = first + (1 + self.below(95)) * 900;
        let daily = |start, end| Entry::works(CivilTime(start), CivilTime(end)).repeating(Repeats::Daily);
        vec![(vec![daily(first, turn)], zone), (vec![daily(turn, first + 86_400)], zone)]
    }

    fn span(&mut self) -> Span {
        let start = FROM + self.below(DAYS * 96) * QUARTER;
        (Timestamp(start), Timestamp(start + (1 + self.below(40)) * QUARTER))
    }
}

fn date(day: i64) -> NaiveDate {
    chrono::DateTime::from_timestamp(day * 86_400, 0).expect("a day").date_naive()
}

/// Whether an entry begins on a day of the wall, by its words.
fn begins_on(entry: &Entry, day: i64) -> bool {
    let first = entry.start.0.div_euclid(86_400);
    let every = i64::from(entry.every);
    let last = entry.repeat_until.map_or(i64::MAX, |until| until.0.div_euclid(86_400));
    if entry.repeats == Repeats::Never {
        return day == first;
    }
    if day < first || day > last {
        return false;
    }
    let (one, other) = (date(first), date(day));
    match entry.repeats {
        Repeats::Daily => (day - first) % every == 0,
        Repeats::Weekly(days) => {
            let monday = |day: i64| day - i64::from(date(day).weekday().num_days_from_monday());
            weekday_in(days, other.weekday().number_from_monday()) && (monday(day) - monday(first)) / 7 % every == 0
        }
        _ => {
            let months = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
            one.day() == other.day() && (months(other) - months(one)) % every == 0
        }
    }
}

fn weekday_in(days: Weekdays, number: u32) -> bool {
    use fieldline_model::calendar::Weekday as W;
    let all = [W::Monday, W::Tuesday, W::Wednesday, W::Thursday, W::Friday, W::Saturday, W::Sunday];
    days.contains(all[number as usize - 1])
}

fn takes(entry: &Entry, shown_seconds: i64) -> bool {
    let day = shown_seconds.div_euclid(86_400);
    (day - 2..=day).filter(|day| begins_on(entry, *day)).any(|day| {
        let start = day * 86_400 + entry.start.0.rem_euclid(86_400);
        (start..start + entry.end.0 - entry.start.0).contains(&shown_seconds)
    })
}

/// Whether clocks there show an open time.
fn is_open((entries, zone): &(Vec<Entry>, &str), at: Timestamp) -> bool {
    let shown = at.0 / 1_000 + i64::from(UserZone::named(zone).ahead_seconds(at));
    let of = |kind| entries.iter().filter(move |entry| entry.kind == kind).any(|entry| takes(entry, shown));
    of(EntryKind::Works) && !of(EntryKind::Excluded)
}

fn quarters((from, until): Span) -> impl Iterator<Item = Timestamp> {
    (from.0..until.0).step_by(usize::try_from(QUARTER).expect("positive")).map(Timestamp)
}

/// What is judged: whether a change is blacked out, whether it is outside of maintenance, when there is room for it first.
type Judged = (bool, bool, Option<Timestamp>);

struct Case {
    blackouts: Vec<(Vec<Entry>, &'static str)>,
    maintenance: Vec<(Vec<Entry>, &'static str)>,
    others: Vec<Span>,
    planned: Span,
}

impl Case {
    fn random(seed: u64) -> Self {
        let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
        let blackouts = (0..dice.below(3)).map(|_| dice.schedule()).collect();
        let maintenance = match dice.below(4) {
            0 => dice.halves(),
            _ => (0..dice.below(3)).map(|_| dice.schedule()).collect(),
        };
        let others = (0..dice.below(6)).map(|_| dice.span()).collect();
        Self { blackouts, maintenance, others, planned: dice.span() }
    }

    fn within(&self) -> Span {
        (Timestamp(FROM), Timestamp(FROM + DAYS * DAY))
    }

    fn naive(&self) -> Judged {
        let black = |at| self.blackouts.iter().any(|window| is_open(window, at));
        let outside = |at| !self.maintenance.is_empty() && !self.maintenance.iter().any(|window| is_open(window, at));
        let busy = |at: Timestamp| self.others.iter().any(|(from, until)| *from <= at && at < *until);
        let free: Vec<bool> = quarters(self.within()).map(|at| !black(at) && !outside(at) && !busy(at)).collect();
        let needed = usize::try_from((self.planned.1.0 - self.planned.0.0) / QUARTER).expect("positive");
        let first = free.windows(needed).position(|window| window.iter().all(|free| *free));
        let first = first.map(|at| Timestamp(FROM + i64::try_from(at).expect("few") * QUARTER));
        (quarters(self.planned).any(black), quarters(self.planned).any(outside), first)
    }

    fn judged(&self, mistake: Option<Mistake>) -> Judged {
        let window = |(entries, zone): &(Vec<Entry>, &str)| {
            let zone = if mistake == Some(Mistake::NoZone) { "UTC" } else { *zone };
            let calendar = Calendar::new(Some(zone.to_owned()), entries, &[]).expect("entries make sense");
            Window::new(SysId([1; 16]), calendar, UserZone::named("UTC"))
        };
        let (blackouts, maintenance): (Vec<Window>, Vec<Window>) =
            (self.blackouts.iter().map(window).collect(), self.maintenance.iter().map(window).collect());
        let says = Says { blackouts: blackouts.iter().collect(), maintenance: maintenance.iter().collect() };
        let planned = match mistake {
            Some(Mistake::OnlyTheBeginning) => (self.planned.0, self.planned.0.plus_milliseconds(QUARTER)),
            _ => self.planned,
        };
        let is_black = says.blacked_out(planned).next().is_some();
        let is_outside = match mistake {
            Some(Mistake::OneWindowAlone) => {
                !maintenance.is_empty()
                    && maintenance.iter().all(|one| {
                        Says { blackouts: Vec::new(), maintenance: vec![one] }.outside(self.planned).is_some()
                    })
            }
            _ => says.outside(self.planned).is_some(),
        };
        let mut taken = says.forbidden(self.within());
        if mistake != Some(Mistake::OthersForgotten) {
            taken.extend(&self.others);
        }
        let seconds = (self.planned.1.0 - self.planned.0.0) / 1_000;
        (is_black, is_outside, room(self.within(), taken, seconds).first().map(|(start, _)| *start))
    }
}

#[test]
fn conflicts_and_the_next_free_window_are_those_of_who_looks_at_every_quarter_of_an_hour() {
    let (mut black, mut outside, mut free, mut none) = (0, 0, 0, 0);
    for seed in 0..600 {
        let case = Case::random(seed);
        let naive = case.naive();
        assert_eq!(case.judged(None), naive, "seed {seed}");
        black += u32::from(naive.0);
        outside += u32::from(naive.1);
        free += u32::from(naive.2.is_some());
        none += u32::from(naive.2.is_none());
    }
    assert!(black > 50 && outside > 50 && free > 50 && none > 20, "{black} {outside} {free} {none}");
}

#[test]
fn each_planted_mistake_is_seen() {
    let mistakes = [Mistake::OnlyTheBeginning, Mistake::OneWindowAlone, Mistake::NoZone, Mistake::OthersForgotten];
    for mistake in mistakes {
        let differs = (0..600).map(Case::random).filter(|case| case.judged(Some(mistake)) != case.naive()).count();
        assert!(differs > 0, "{mistake:?} was not seen");
    }
}
