//! Everything there is during a shift, and the one heap of what happens next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use fieldline_model::{BlobHash, DeviceId, Timestamp};
use fieldline_sync::session::{Action, Event, Reply};
use tempfile::TempDir;

use crate::attack::{self, Attacker};
use crate::checks;
use crate::checks::every_step;
use crate::checks::when_synced::{self, Expected, Took};
use crate::debts::Debt;
use crate::dice::{between, dice, happens};
use crate::faults::Faults;
use crate::kiosk::Kiosk;
use crate::network::{PORTAL_PAGE, carry};
use crate::office::Office;
use crate::phone::Phone;
use crate::plan::{MINUTE, Plan, Step};
use crate::shift::Report;
use crate::trace::Trace;

/// When every shift begins: 2026-03-02 06:00 UTC, a Monday.
pub const MORNING: Timestamp = Timestamp(1_772_431_200_000);
/// How long the calm lasts: everything must have come together by then.
const CALM_MILLISECONDS: i64 = 60 * MINUTE;
/// Which number of a phone's messages counts what.
const UP: usize = 0;
const DOWN: usize = 1;

/// What can happen next.
pub(crate) enum Happening {
    /// The plan's next step.
    Step(Step),
    /// A phone's session wants to be asked.
    Poll(usize),
    /// A request reaches the server; it is the phone's `number`-th.
    Request { phone: usize, number: u64, token: String, bytes: Vec<u8> },
    /// An answer to the phone's `number`-th request reaches it.
    Answer { phone: usize, number: u64, reply: Reply },
    /// A request of somebody hostile reaches the server.
    HostileRequest { token: String, bytes: Vec<u8>, dice: u64 },
    /// A phone's radio reaches somebody again.
    LinkBack(usize),
    /// A phone's owner signs in again.
    SignIn(usize),
}

/// Everything there is during a shift.
pub struct World {
    /// The true time.
    pub now: Timestamp,
    /// The server and the people at it.
    pub office: Office,
    /// The phones: each technician's, then the clones.
    pub phones: Vec<Phone>,
    /// What came of it so far.
    pub report: Report,
    /// What is owed for work whose phone does not have it any more.
    pub debts: Vec<Debt>,
    /// Which devices were locked, and when.
    pub revoked: Vec<(DeviceId, Timestamp)>,
    /// Somebody hostile.
    pub attacker: Attacker,
    /// The second phone with the same files, of each technician who has one.
    pub(crate) clones: BTreeMap<usize, usize>,
    /// When each phone's files were put by.
    pub(crate) backed_up: BTreeMap<usize, Timestamp>,
    /// Phones whose next request somebody hostile answers.
    pub(crate) impersonated: BTreeSet<usize>,
    /// Phones somebody hostile has answered.
    pub(crate) deceived: BTreeSet<usize>,
    pub(crate) kiosk: Kiosk,
    /// What phones must show once they have taken in an answer that is on its way.
    pub(crate) expected: BTreeMap<usize, Expected>,
    pub(crate) swaps: u32,
    pub(crate) seed: u64,
    heap: BTreeMap<(Timestamp, u64), Happening>,
    happenings: u64,
    faults: Faults,
    storm_ends: Timestamp,
    trace: Trace,
    folder: TempDir,
}

impl World {
    /// A world on the morning of a plan, which prints every event if asked.
    pub fn new(plan: &Plan, prints: bool) -> Self {
        let mut rng = dice(plan.seed, "morning", &[]);
        let folder = folder();
        let mut office = Office::open(&folder.path().join("server"), MORNING, &mut rng);
        let attacker = Attacker::new(office.hire_an_attacker(MORNING, &mut rng));
        let mut world = Self {
            now: MORNING,
            office,
            phones: Vec::new(),
            report: Report { seed: plan.seed, ..Report::default() },
            debts: Vec::new(),
            revoked: Vec::new(),
            attacker,
            clones: BTreeMap::new(),
            backed_up: BTreeMap::new(),
            impersonated: BTreeSet::new(),
            deceived: BTreeSet::new(),
            kiosk: Kiosk::new(),
            expected: BTreeMap::new(),
            swaps: 0,
            heap: BTreeMap::new(),
            happenings: 0,
            seed: plan.seed,
            faults: plan.faults.clone(),
            storm_ends: MORNING.plus_milliseconds(plan.storm_milliseconds()),
            trace: Trace::new(prints),
            folder,
        };
        for index in 0..plan.phones {
            let user = world.office.hire(index, MORNING, &mut rng);
            let enrolment = world.office.enrol(user, MORNING, &mut rng);
            let phone = Phone::new(&world.home(index), [index as u8; 32], enrolment, plan.seed, index);
            world.phones.push(phone.expect("a new phone works"));
            if happens(&mut dice(plan.seed, "line", &[index as u64]), plan.faults.narrow) {
                world.phones[index].narrow_its_line();
            }
            world.ask(index, MORNING);
        }
        world.office.prepare_the_day(plan.phones, MORNING, &mut rng);
        if plan.server_forgets {
            world.office.remember_only_the_morning(&mut rng);
        }
        for step in &plan.steps {
            world.at(MORNING.plus_milliseconds(step.at), Happening::Step(step.clone()));
        }
        world
    }

    /// Where a phone's files are.
    pub(crate) fn home(&self, phone: usize) -> PathBuf {
        self.folder.path().join(format!("phone-{phone}"))
    }

    /// Lives through the storm and the calm, and is judged.
    pub fn run(mut self) -> Report {
        self.live_until(self.storm_ends);
        self.calm_down();
        self.live_until(self.storm_ends.plus_milliseconds(CALM_MILLISECONDS));
        self.report.edits = self.phones.iter().map(|phone| phone.promises.len() as u64).sum();
        self.report.edits += self.debts.len() as u64;
        checks::judge(&mut self);
        self.judge_the_lost_and_the_forged();
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

    /// Faults stop, people go home, radios reach everybody, and old apps are updated. Clocks stay as wrong as they are, and
    /// sessions keep the pauses they are in: they must come out of them by themselves.
    fn calm_down(&mut self) {
        self.faults = Faults::default();
        self.impersonated.clear();
        self.heap.retain(|_, happening| !matches!(happening, Happening::Step(_)));
        for phone in 0..self.phones.len() {
            if let Err(error) = self.phones[phone].update(&mut dice(self.seed, "update", &[phone as u64])) {
                self.broken(format!("phone {phone} does not start with the newest app: {error}"));
            }
            self.link_back(phone);
            self.ask(phone, self.now);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Step(step) => self.step(&step),
            Happening::Poll(phone) => self.poll(phone),
            Happening::Request { phone, number, token, bytes } => self.answer(phone, number, &token, &bytes),
            Happening::Answer { phone, number, reply } => self.answered(phone, number, reply),
            Happening::HostileRequest { token, bytes, dice: seed } => {
                let mut rng = dice(seed, "hostile", &[]);
                if let Err(what) = self.office.exchange_with_anybody(&token, &bytes, self.now, &mut rng) {
                    self.broken(what);
                }
            }
            Happening::LinkBack(phone) => self.link_back(phone),
            Happening::SignIn(phone) => self.sign_in(phone),
        }
    }

    /// What no phone answers for: work on phones that are gone, and what was said in other people's names.
    fn judge_the_lost_and_the_forged(&mut self) {
        let mut broken: Vec<String> = self.debts.iter().filter_map(|debt| debt.verdict(&self.office)).collect();
        for (document, victim, at) in &self.attacker.forged {
            if self.office.times(document, *victim, *at) > 0 {
                broken.push(format!("an edit of {document} forged in the name of {victim} stands"));
            }
        }
        broken.into_iter().for_each(|what| self.broken(what));
    }

    /// Captured files no phone has any more that could bring them: their phones broke or went back before they were sent, or
    /// before the server forgot them.
    pub(crate) fn files_gone(&mut self) -> BTreeSet<BlobHash> {
        let mut files: BTreeSet<BlobHash> = self.debts.iter().flat_map(|debt| debt.promise.files()).collect();
        for phone in &mut self.phones {
            files.retain(|file| !matches!(phone.device().file(*file), Ok(Some(_))));
        }
        files
    }

    fn link_back(&mut self, phone: usize) {
        if !std::mem::replace(&mut self.phones[phone].linked, true) {
            self.phones[phone].resume();
            self.ask(phone, self.now);
        }
    }

    fn sign_in(&mut self, phone: usize) {
        let mut rng = self.dice_of_message(phone, DOWN);
        let enrolment = self.office.enrol(self.phones[phone].user, self.now, &mut rng);
        if let Err(error) = self.phones[phone].enrol(enrolment) {
            self.broken(format!("phone {phone} cannot be enrolled again: {error}"));
        }
        self.event(&format!("phone {phone} is enrolled again"), &[]);
        self.ask(phone, self.now);
    }

    fn poll(&mut self, phone: usize) {
        if self.phones[phone].polls_at != Some(self.now) {
            return;
        }
        self.phones[phone].polls_at = None;
        match self.phones[phone].poll(self.now) {
            Ok(Action::Send { frame, deadline }) => self.send(phone, &frame, deadline),
            Ok(Action::Wait { until }) => self.ask(phone, self.true_time(phone, until)),
            Ok(Action::Idle) => {}
            Err(error) => self.broken(format!("phone {phone} cannot read its own data: {error}")),
        }
    }

    /// A runtime sleeps for a span, whatever the phone's clock shows when it wakes up.
    fn true_time(&self, phone: usize, until: Timestamp) -> Timestamp {
        let span = until.milliseconds_since(self.phones[phone].clock.shows(self.now));
        self.now.plus_milliseconds(span)
    }

    fn send(&mut self, phone: usize, frame: &[u8], deadline: Timestamp) {
        self.event(&format!("phone {phone} sends"), frame);
        self.ask(phone, self.true_time(phone, deadline));
        if !self.phones[phone].linked {
            self.deliver(phone, Reply::Failed);
            return;
        }
        let token = self.phones[phone].enrolment().token.clone();
        self.attacker.hear(phone, &token, frame);
        let mut rng = self.dice_of_message(phone, UP);
        let number = self.phones[phone].messages[UP];
        if self.impersonated.remove(&phone) {
            let documents = self.office.documents(&attack::targets());
            if let Some(answer) = attack::impersonate(frame, &documents, &mut rng) {
                self.deceived.insert(phone);
                let at = self.now.plus_milliseconds(between(&mut rng, 50, 2_000));
                return self.at(at, Happening::Answer { phone, number, reply: Reply::Body(answer) });
            }
        }
        if happens(&mut rng, self.faults.portal) {
            self.report.messages_spoilt += 1;
            let at = self.now.plus_milliseconds(between(&mut rng, 50, 2_000));
            let reply = Reply::Body(PORTAL_PAGE.to_vec());
            return self.at(at, Happening::Answer { phone, number, reply });
        }
        for (at, bytes) in self.carried(&mut rng, frame) {
            self.at(at, Happening::Request { phone, number, token: token.clone(), bytes });
        }
    }

    fn answer(&mut self, phone: usize, number: u64, token: &str, bytes: &[u8]) {
        let mut rng = self.dice_of_message(phone, DOWN);
        let reply = self.office.exchange(token, bytes, self.now, &mut rng);
        self.report.exchanges += 1;
        let broken = every_step::answer(self, token, bytes, &reply);
        broken.into_iter().for_each(|what| self.broken(format!("phone {phone}: {what}")));
        let Reply::Body(body) = reply else {
            let at = self.now.plus_milliseconds(between(&mut rng, 20, 500));
            return self.at(at, Happening::Answer { phone, number, reply });
        };
        self.event(&format!("server answers phone {phone}"), &body);
        self.expected.remove(&phone);
        self.expected.extend(when_synced::expect(self, phone, number, &body).map(|expected| (phone, expected)));
        for (at, bytes) in self.carried(&mut rng, &body) {
            self.at(at, Happening::Answer { phone, number, reply: Reply::Body(bytes) });
        }
    }

    fn dice_of_message(&mut self, phone: usize, direction: usize) -> rand_chacha::ChaCha8Rng {
        let number = &mut self.phones[phone].messages[direction];
        *number += 1;
        dice(self.seed, "message", &[phone as u64, direction as u64, *number])
    }

    fn carried(&mut self, rng: &mut rand_chacha::ChaCha8Rng, bytes: &[u8]) -> Vec<(Timestamp, Vec<u8>)> {
        let deliveries = carry(rng, &self.faults, bytes);
        let whole =
            deliveries.len() == 1 && deliveries[0].bytes == bytes && deliveries[0].after_milliseconds < MINUTE / 2;
        self.report.messages_spoilt += u64::from(!whole);
        deliveries.into_iter().map(|one| (self.now.plus_milliseconds(one.after_milliseconds), one.bytes)).collect()
    }

    /// A status belongs to the request it answers, and HTTP keeps the two together; a body may come whenever it likes, because
    /// it says itself what it answers.
    fn answered(&mut self, phone: usize, number: u64, reply: Reply) {
        if matches!(reply, Reply::Body(_)) || number == self.phones[phone].messages[UP] {
            let is_of = |answer: &[u8]| self.expected.get(&phone).is_some_and(|expected| expected.is_of(answer));
            let is_expected = matches!(&reply, Reply::Body(answer) if is_of(answer));
            let Some(took) = self.deliver(phone, reply) else { return };
            let expected = self.expected.get(&phone).filter(|_| is_expected);
            let broken = expected.map(|expected| expected.judge(&mut self.phones[phone], took)).unwrap_or_default();
            broken.into_iter().for_each(|what| self.broken(format!("[1 and 3 when synced] phone {phone}: {what}")));
        }
    }

    /// Gives a phone what came back; says what it took in, if it was an answer it waited for.
    fn deliver(&mut self, phone: usize, reply: Reply) -> Option<Took> {
        if !self.phones[phone].linked && !matches!(reply, Reply::Failed) {
            return None;
        }
        let mut rng = self.dice_of_message(phone, DOWN);
        let handled = match happens(&mut rng, self.faults.dies_absorbing) {
            true => self.phones[phone].die_absorbing(reply, self.now, &mut rng).map(|()| Vec::new()),
            false => self.phones[phone].handle(reply, self.now),
        };
        let took = match handled {
            Ok(events) => {
                self.note(phone, &events);
                Took::from_events(&events)
            }
            Err(error) => {
                self.broken(format!("phone {phone} cannot keep an answer: {error}"));
                None
            }
        };
        self.ask(phone, self.now);
        took
    }

    pub(crate) fn note(&mut self, phone: usize, events: &[Event]) {
        for event in events {
            match event {
                Event::Absorbed(absorbed) => {
                    self.report.merges += absorbed.merged;
                    self.report.held += absorbed.held.len() as u64;
                }
                Event::NeedsSignIn | Event::Revoked => {
                    let mut rng = self.dice_of_message(phone, DOWN);
                    let after = between(&mut rng, MINUTE / 2, 20 * MINUTE);
                    self.at(self.now.plus_milliseconds(after), Happening::SignIn(phone));
                }
                Event::UpdateNeeded => self.broken(format!("phone {phone} was told to update")),
                _ => {}
            }
        }
    }

    pub(crate) fn event(&mut self, what: &str, bytes: &[u8]) {
        self.trace.event(self.now, what, bytes);
    }

    /// Notes a broken promise.
    pub fn broken(&mut self, what: String) {
        self.report.violations.push(what);
    }

    /// Sees to it that the phone's session is asked at that moment, or sooner.
    pub(crate) fn ask(&mut self, phone: usize, at: Timestamp) {
        let at = at.max(self.now);
        if self.phones[phone].polls_at.is_none_or(|planned| at < planned || planned < self.now) {
            self.phones[phone].polls_at = Some(at);
            self.at(at, Happening::Poll(phone));
        }
    }

    pub(crate) fn at(&mut self, at: Timestamp, happening: Happening) {
        self.happenings += 1;
        self.heap.insert((at, self.happenings), happening);
    }
}

/// A folder in memory where there is one, so that a durable write costs what it computes and not what the disk waits.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder for the simulator's files")
}
