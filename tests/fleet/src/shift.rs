//! One shift: one event heap, one clock, one stream of dice; a storm, then a calm, then the reckoning.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fieldline_model::Timestamp;
use fieldline_sync::session::{Action, Event, Reply};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::checks;
use crate::faults::{Faults, MINUTE, between, happens};
use crate::network::{PORTAL_PAGE, carry};
use crate::office::Office;
use crate::people;
use crate::phone::Phone;
use crate::trace::Trace;

/// When every shift begins: 2026-03-02 06:00 UTC, a Monday.
const MORNING: Timestamp = Timestamp(1_772_431_200_000);
/// How long the calm lasts: everything must have come together by then.
const CALM_MILLISECONDS: i64 = 60 * MINUTE;

/// A shift to simulate.
pub struct Shift {
    /// Decides everything.
    pub seed: u64,
    /// How many technicians.
    pub phones: usize,
    /// How long the storm lasts.
    pub hours: i64,
    /// Whether every event is printed.
    pub trace: bool,
    /// Whether the server, when it dies, comes back without what it had acknowledged since the morning: the control that
    /// shows that the reckoning would notice.
    pub server_forgets: bool,
}

/// What came of a shift.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The hash of everything that happened.
    pub trace_hash: String,
    /// Edits made on phones.
    pub edits: u64,
    /// Requests the server answered.
    pub exchanges: u64,
    /// Messages lost, late, cut, changed or answered by somebody else.
    pub messages_spoilt: u64,
    /// Edits that others' work was merged with.
    pub merges: u64,
    /// Steps the life cycle did not follow.
    pub refused_steps: u64,
    /// Edits held.
    pub held: u64,
    /// Times a phone or the server died.
    pub crashes: u64,
    /// Promises broken, in words.
    pub violations: Vec<String>,
}

impl Report {
    /// The figures as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "seed": self.seed, "trace_hash": self.trace_hash, "edits": self.edits, "exchanges": self.exchanges,
            "messages_spoilt": self.messages_spoilt, "merges": self.merges, "refused_steps": self.refused_steps,
            "held": self.held, "crashes": self.crashes, "violations": self.violations,
        })
    }
}

impl Shift {
    /// Simulates the shift. A panic anywhere inside is a broken promise, not the end of the run.
    pub fn run(&self) -> Report {
        let report = catch_unwind(AssertUnwindSafe(|| World::new(self).run()));
        report.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let violations = vec![format!("something panicked: {}", text.unwrap_or("without words"))];
            Report { seed: self.seed, violations, ..Report::default() }
        })
    }
}

/// What can happen next.
enum Happening {
    /// A technician does something.
    TechnicianActs(usize),
    /// The dispatcher does something.
    DispatcherActs,
    /// A phone's session wants to be asked.
    Poll(usize),
    /// A request reaches the server.
    Request { phone: usize, bytes: Vec<u8> },
    /// An answer reaches a phone.
    Answer { phone: usize, reply: Reply },
    /// A phone's radio reaches somebody again.
    LinkBack(usize),
}

/// Everything there is during a shift.
pub struct World {
    /// The virtual clock.
    pub now: Timestamp,
    /// The dice.
    pub rng: ChaCha8Rng,
    /// The server and the people at it.
    pub office: Office,
    /// The technicians' phones.
    pub phones: Vec<Phone>,
    /// What came of it so far.
    pub report: Report,
    heap: BTreeMap<(Timestamp, u64), Happening>,
    happenings: u64,
    faults: Faults,
    storm_ends: Timestamp,
    trace: Trace,
    _folder: TempDir,
}

impl World {
    fn new(shift: &Shift) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(shift.seed);
        let folder = folder();
        let mut office = Office::open(&folder.path().join("server"), MORNING, &mut rng);
        let phones = (0..shift.phones)
            .map(|index| office.hire(&folder.path().join(format!("phone-{index}")), index, MORNING, &mut rng))
            .collect();
        office.prepare_the_day(shift.phones, MORNING, &mut rng);
        if shift.server_forgets {
            office.remember_only_the_morning(&mut rng);
        }
        let faults = Faults::draw(&mut rng);
        let mut world = Self {
            now: MORNING,
            rng,
            office,
            phones,
            report: Report { seed: shift.seed, ..Report::default() },
            heap: BTreeMap::new(),
            happenings: 0,
            faults,
            storm_ends: MORNING.plus_milliseconds(shift.hours * 60 * MINUTE),
            trace: Trace::new(shift.trace),
            _folder: folder,
        };
        for phone in 0..world.phones.len() {
            world.ask(phone, MORNING);
            world.after(0, 10 * MINUTE, Happening::TechnicianActs(phone));
        }
        world.after(MINUTE, 10 * MINUTE, Happening::DispatcherActs);
        world
    }

    fn run(mut self) -> Report {
        self.live_until(self.storm_ends);
        self.calm_down();
        self.live_until(self.storm_ends.plus_milliseconds(CALM_MILLISECONDS));
        checks::judge(&mut self);
        self.report.trace_hash = self.trace.finish();
        self.report
    }

    fn live_until(&mut self, end: Timestamp) {
        while let Some(next) = self.heap.first_entry().filter(|next| next.key().0 <= end) {
            let ((at, _), happening) = next.remove_entry();
            self.now = at;
            self.happen(happening);
        }
        self.now = end;
    }

    /// Faults stop, people go home, radios reach everybody.
    fn calm_down(&mut self) {
        self.faults = Faults::none();
        self.heap.retain(|_, happening| matches!(happening, Happening::Request { .. } | Happening::Answer { .. }));
        for phone in 0..self.phones.len() {
            self.phones[phone].linked = true;
            self.phones[phone].resume();
            self.phones[phone].polls_at = None;
            self.ask(phone, self.now);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::TechnicianActs(phone) => self.technician_acts(phone),
            Happening::DispatcherActs => self.dispatcher_acts(),
            Happening::Poll(phone) => self.poll(phone),
            Happening::Request { phone, bytes } => self.answer(phone, &bytes),
            Happening::Answer { phone, reply } => self.deliver(phone, reply),
            Happening::LinkBack(phone) => {
                self.phones[phone].linked = true;
                self.phones[phone].resume();
                self.ask(phone, self.now);
            }
        }
    }

    fn technician_acts(&mut self, phone: usize) {
        if happens(&mut self.rng, self.faults.phone_crash) {
            self.report.crashes += 1;
            self.trace.event(self.now, "phone dies", &[phone as u8]);
            if let Err(error) = self.phones[phone].crash(&mut self.rng) {
                self.broken(format!("phone {phone} does not start again: {error}"));
            }
        }
        if happens(&mut self.rng, self.faults.partition) {
            self.phones[phone].linked = false;
            self.after(5 * MINUTE, 90 * MINUTE, Happening::LinkBack(phone));
        }
        let deed = people::technician(&mut self.phones[phone], self.now, &mut self.rng);
        self.trace.event(self.now, &format!("technician {phone} {deed}"), &[]);
        self.report.edits = self.phones.iter().map(|phone| phone.promises.len() as u64).sum();
        self.phones[phone].poke();
        self.ask(phone, self.now);
        self.after(MINUTE, 12 * MINUTE, Happening::TechnicianActs(phone));
    }

    fn dispatcher_acts(&mut self) {
        if happens(&mut self.rng, self.faults.server_crash) {
            self.report.crashes += 1;
            self.trace.event(self.now, "server dies", &[]);
            self.office.crash(self.now, &mut self.rng);
        }
        let deed = people::dispatcher(&mut self.office, self.now, &mut self.rng);
        self.trace.event(self.now, &format!("dispatcher {deed}"), &[]);
        self.after(MINUTE, 8 * MINUTE, Happening::DispatcherActs);
    }

    fn poll(&mut self, phone: usize) {
        if self.phones[phone].polls_at != Some(self.now) {
            return;
        }
        self.phones[phone].polls_at = None;
        match self.phones[phone].poll(self.now, &mut self.rng) {
            Ok(Action::Send { frame, deadline }) => self.send(phone, &frame, deadline),
            Ok(Action::Wait { until }) => self.ask(phone, until),
            Ok(Action::Idle) => {}
            Err(error) => self.broken(format!("phone {phone} cannot read its own data: {error}")),
        }
    }

    fn send(&mut self, phone: usize, frame: &[u8], deadline: Timestamp) {
        self.trace.event(self.now, &format!("phone {phone} sends"), frame);
        self.ask(phone, deadline);
        if !self.phones[phone].linked {
            return self.deliver(phone, Reply::Failed);
        }
        if happens(&mut self.rng, self.faults.portal) {
            self.report.messages_spoilt += 1;
            let page = Reply::Body(PORTAL_PAGE.to_vec());
            return self.after(50, 2_000, Happening::Answer { phone, reply: page });
        }
        for delivery in self.carried(frame) {
            self.at(delivery.0, Happening::Request { phone, bytes: delivery.1 });
        }
    }

    fn answer(&mut self, phone: usize, bytes: &[u8]) {
        let reply = self.office.exchange(&self.phones[phone].token, bytes, self.now, &mut self.rng);
        self.report.exchanges += 1;
        let Reply::Body(body) = reply else {
            return self.after(20, 500, Happening::Answer { phone, reply });
        };
        self.trace.event(self.now, &format!("server answers phone {phone}"), &body);
        for delivery in self.carried(&body) {
            self.at(delivery.0, Happening::Answer { phone, reply: Reply::Body(delivery.1) });
        }
    }

    fn carried(&mut self, bytes: &[u8]) -> Vec<(Timestamp, Vec<u8>)> {
        let deliveries = carry(&mut self.rng, &self.faults, bytes);
        let whole =
            deliveries.len() == 1 && deliveries[0].bytes == bytes && deliveries[0].after_milliseconds < MINUTE / 2;
        self.report.messages_spoilt += u64::from(!whole);
        deliveries.into_iter().map(|one| (self.now.plus_milliseconds(one.after_milliseconds), one.bytes)).collect()
    }

    fn deliver(&mut self, phone: usize, reply: Reply) {
        if !self.phones[phone].linked && !matches!(reply, Reply::Failed) {
            return;
        }
        match self.phones[phone].handle(reply, self.now, &mut self.rng) {
            Ok(events) => self.note(phone, &events),
            Err(error) => self.broken(format!("phone {phone} cannot keep an answer: {error}")),
        }
        self.ask(phone, self.now);
    }

    fn note(&mut self, phone: usize, events: &[Event]) {
        for event in events {
            match event {
                Event::Absorbed(absorbed) => {
                    self.report.merges += absorbed.merged;
                    self.report.held += absorbed.held.len() as u64;
                }
                Event::NeedsSignIn | Event::Revoked | Event::UpdateNeeded => {
                    self.broken(format!("phone {phone} was turned away: {event:?}"));
                }
                _ => {}
            }
        }
    }

    /// Notes a broken promise.
    pub fn broken(&mut self, what: String) {
        self.report.violations.push(what);
    }

    /// Sees to it that the phone's session is asked at that moment, or sooner.
    fn ask(&mut self, phone: usize, at: Timestamp) {
        let at = at.max(self.now);
        if self.phones[phone].polls_at.is_none_or(|planned| at < planned || planned < self.now) {
            self.phones[phone].polls_at = Some(at);
            self.at(at, Happening::Poll(phone));
        }
    }

    fn after(&mut self, least: i64, most: i64, happening: Happening) {
        let after = between(&mut self.rng, least, most);
        self.at(self.now.plus_milliseconds(after), happening);
    }

    fn at(&mut self, at: Timestamp, happening: Happening) {
        self.happenings += 1;
        self.heap.insert((at, self.happenings), happening);
    }
}

/// A folder in memory where there is one, so that a durable write costs what it computes and not what the disk waits.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder for the simulator's files")
}
