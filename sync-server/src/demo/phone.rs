//! A technician and a phone: a real device with its own encrypted database, a radio, and a will to get jobs done.
//!
//! Whatever the technician does is on disk before the next thing is done, radio on or off. The phone remembers every edit it
//! was told is safe, so that at the end each one can be looked for on the server.

use std::path::Path;
use std::time::{Duration, Instant};

use fieldline_device::runtime::{Entropy, Runtime};
use fieldline_device::view::{Day, Item};
use fieldline_device::{Captured, Command, DatabaseKey, Device, DeviceError};
use fieldline_model::check_in::Fix;
use fieldline_model::{Decimal, DocumentId, FieldName, Place, SysId, Timestamp, Value};
use fieldline_sync::session::Event;
use fieldline_web::Clock;
use rand_chacha::ChaCha8Rng;

use super::clock::{SHIFT_MILLISECONDS, ShiftClock};
use super::failed::DemoFailed;
use super::people::{NOTES, OUTCOMES, QUESTIONS, below, chance, one_of};
use super::picture;
use super::radio::Radio;

/// A tunnel comes this soon after a sync began, if one comes.
const TUNNEL_WITHIN_MILLISECONDS: usize = 40;

/// An edit the phone said is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Which record.
    pub document: DocumentId,
    /// When it was made; a phone makes no two edits at one moment.
    pub at: Timestamp,
    /// Whether the radio was off.
    pub offline: bool,
}

/// What a phone has seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Edits made here.
    pub saved: Vec<Saved>,
    /// Syncs that came to an end.
    pub syncs: u64,
    /// Syncs that were cut.
    pub cut: u64,
    /// Milliseconds from the first contact until the first job was on screen.
    pub first_job_milliseconds: u64,
    /// Bytes that had come by then.
    pub first_job_bytes: u64,
    /// Bytes of the whole first sync.
    pub first_sync_bytes: u64,
    /// Commands the phone refused at once, because it knew better.
    pub refused_at_once: u64,
    /// Photos and signatures taken.
    pub pictures: u64,
    /// Records created off the air that had their number at once.
    pub numbered_offline: u64,
}

/// A technician with a phone.
pub struct Phone {
    /// The full name.
    pub name: &'static str,
    /// The `sys_user`.
    pub user: SysId,
    /// The device in the world.
    pub runtime: Runtime,
    /// The way to the server.
    pub radio: Radio,
    /// What it has seen.
    pub seen: Seen,
    clock: ShiftClock,
    rng: ChaCha8Rng,
    last: Timestamp,
    dark_for: usize,
}

impl Phone {
    /// Makes a phone in a directory and enrols it: the person signs in on it once.
    pub async fn enrol(
        (user_name, name): (&'static str, &'static str),
        user: SysId,
        password: &str,
        directory: &Path,
        radio: Radio,
        (clock, rng): (ShiftClock, ChaCha8Rng),
    ) -> Result<Self, DemoFailed> {
        let failed = |source| DemoFailed::Phone { name: name.to_owned(), source: Box::new(source) };
        let device = Device::open(&directory.join(user_name), &DatabaseKey::random(&mut Entropy::default()));
        let enrolment = |source| DemoFailed::Enrolment { name: name.to_owned(), source: Box::new(source) };
        let runtime = Runtime::new(device.map_err(failed)?).map_err(enrolment)?;
        runtime.enrol(&radio.url(), user_name, password, &format!("{name}'s phone")).await.map_err(enrolment)?;
        let last = clock.now();
        Ok(Self { name, user, runtime, radio, seen: Seen::default(), clock, rng, last, dark_for: 0 })
    }

    fn failed(&self) -> impl Fn(DeviceError) -> DemoFailed + use<> {
        let name = self.name.to_owned();
        move |source| DemoFailed::Phone { name: name.clone(), source: Box::new(source) }
    }

    /// The first sync, watched: when the first job was on screen, and how much had come by then.
    #[expect(clippy::disallowed_methods, reason = "the demo measures how long a person waits")]
    pub async fn first_sync(&mut self) -> Result<(), DemoFailed> {
        let (began, (_, before)) = (Instant::now(), self.radio.bytes());
        let (runtime, screen) = (self.runtime.clone(), self.screen());
        let sync = tokio::spawn(async move { runtime.sync_until_idle().await });
        // Looks without a pause, so that the next answer is not counted in.
        while !sync.is_finished() {
            let is_blank = screen(&self.runtime.device()).map_err(self.failed())?.is_empty();
            if is_blank {
                tokio::task::yield_now().await;
            } else {
                self.seen.first_job_milliseconds = began.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
                self.seen.first_job_bytes = self.radio.bytes().1 - before;
                break;
            }
        }
        sync.await.expect("the sync does not panic").map_err(self.failed())?;
        self.seen.first_sync_bytes = self.radio.bytes().1 - before;
        Ok(())
    }

    /// Exchanges what there is, when the radio is on; now and then the phone drives into a tunnel in the middle of it.
    pub async fn sync(&mut self, percent_cut: usize) -> Result<(), DemoFailed> {
        if !self.radio.is_on() {
            return Ok(());
        }
        let tunnel = chance(percent_cut, &mut self.rng).then(|| below(TUNNEL_WITHIN_MILLISECONDS, &mut self.rng));
        let cut = async {
            if let Some(milliseconds) = tunnel {
                tokio::time::sleep(Duration::from_millis(milliseconds as u64)).await;
                self.radio.switch(false);
            }
            std::future::pending::<()>().await;
        };
        let events = tokio::select! {
            events = self.runtime.sync_until_idle() => events.map_err(self.failed())?,
            () = cut => Vec::new(),
        };
        match events.iter().any(|event| matches!(event, Event::Failed { .. })) {
            true => self.seen.cut += 1,
            false => self.seen.syncs += 1,
        }
        Ok(())
    }

    /// Whether everything made here has arrived and everything asked for has come.
    pub fn is_quiet(&self) -> Result<bool, DemoFailed> {
        let status = self.runtime.device().sync_status().map_err(self.failed())?;
        Ok(status.unsent_edits + status.unsent_files + status.wanted_documents == 0)
    }

    /// Drives into a cellar, or comes out of it.
    pub fn drive(&mut self) {
        if self.dark_for > 0 {
            self.dark_for -= 1;
        } else if chance(35, &mut self.rng) {
            self.dark_for = 1 + below(4, &mut self.rng);
        }
        self.radio.switch(self.dark_for == 0);
    }

    /// Comes out of wherever it was.
    pub fn come_back(&mut self) {
        self.dark_for = 0;
        self.radio.switch(true);
    }

    /// Half an hour of work.
    pub fn work(&mut self) -> Result<(), DemoFailed> {
        for _ in 0..2 + below(2, &mut self.rng) {
            if let Some(job) = self.job()? {
                self.go_on_with(&job)?;
            }
        }
        if chance(6, &mut self.rng) {
            self.report_more()?;
        }
        Ok(())
    }

    /// What shows the jobs of this shift.
    fn screen(&self) -> impl Fn(&Device) -> Result<Vec<Item>, DeviceError> + use<> {
        let from = self.clock.began();
        move |device| {
            let mut jobs = device.today(Day { from, until: from.plus_milliseconds(2 * SHIFT_MILLISECONDS) })?;
            jobs.retain(|job| job.document.table == *"wm_task");
            Ok(jobs)
        }
    }

    /// The job in hand, else the next one.
    fn job(&mut self) -> Result<Option<Item>, DemoFailed> {
        let jobs = self.screen()(&self.runtime.device()).map_err(self.failed())?;
        let begun = |job: &&Item| matches!(job.stage.as_deref(), Some("en_route" | "on_site" | "work_in_progress"));
        let in_hand = jobs.iter().find(begun);
        let next =
            jobs.iter().find(|job| matches!(job.stage.as_deref(), Some("accepted" | "assigned" | "paused" | "draft")));
        Ok(in_hand.or(next).filter(|job| job.is_editable).cloned())
    }

    fn go_on_with(&mut self, job: &Item) -> Result<(), DemoFailed> {
        let document = job.document.clone();
        match job.stage.as_deref().unwrap_or_default() {
            "draft" => self.step(document, "take", None, None),
            "assigned" if chance(6, &mut self.rng) => self.step(document, "reject", Some("too_far"), None),
            "assigned" => self.step(document, "accept", None, None),
            "accepted" => self.step(document, "start_travel", None, None),
            "en_route" => {
                self.arrive_at(job)?;
                self.step(document, "arrive", None, None)
            }
            "on_site" => self.step(document, "start_work", None, None),
            "paused" => self.step(document, "resume", None, None),
            _ => self.do_the_work(document),
        }
    }

    /// The phone knows where it is: at the job's place.
    fn arrive_at(&mut self, job: &Item) -> Result<(), DemoFailed> {
        let Some(location) = job.fields.get("location").and_then(Value::as_reference) else { return Ok(()) };
        let location = DocumentId::new("cmn_location", location);
        let view = self.runtime.device().record(&location).map_err(self.failed())?;
        let degrees = |name: &str| match view.as_ref()?.item.fields.get(name)? {
            Value::Decimal(decimal) => i32::try_from(decimal.millionths).ok(),
            _ => None,
        };
        let place = degrees("latitude").zip(degrees("longitude"));
        let place = place.map(|(latitude_micro, longitude_micro)| Place { latitude_micro, longitude_micro });
        self.runtime.device().moved_to(place.map(|place| Fix { place, accuracy_metres: 10.0 }));
        Ok(())
    }

    /// One thing a technician does on site.
    fn do_the_work(&mut self, document: DocumentId) -> Result<(), DemoFailed> {
        match below(12, &mut self.rng) {
            0 | 1 => self.answer(document),
            2 => self.photograph(document),
            3 => self.use_part(document),
            4 => {
                let text = (*one_of(&NOTES, &mut self.rng)).to_owned();
                self.execute(Command::WorkNote { document, text })
            }
            5 => self.log_time(document),
            6 => {
                let value = Decimal {
                    millionths: 40_000_000 + 1_000 * i64::try_from(below(9_000, &mut self.rng)).unwrap_or(0),
                };
                self.execute(Command::Read { document, meter: "supply".into(), value, unit: "V".into() })
            }
            7 => {
                let seconds = 900 * i64::try_from(1 + below(8, &mut self.rng)).unwrap_or(1);
                let fields = [("estimated_work_duration".into(), Some(Value::Integer(seconds)))].into();
                self.execute(Command::SetFields { document, fields })
            }
            8 if chance(40, &mut self.rng) => self.step(document, "pause", Some("waiting_for_access"), None),
            8 if chance(30, &mut self.rng) => self.step(document, "close_incomplete", Some("missing_parts"), None),
            _ => self.complete(document),
        }
    }

    fn answer(&mut self, document: DocumentId) -> Result<(), DemoFailed> {
        let (question, answers) = one_of(&QUESTIONS, &mut self.rng);
        let answer = (*one_of(answers, &mut self.rng)).to_owned();
        self.execute(Command::Answer { document, question: (*question).to_owned(), answer, photo: None })
    }

    fn photograph(&mut self, document: DocumentId) -> Result<(), DemoFailed> {
        let (photo, thumbnail) = picture::photo("on-site", &mut self.rng);
        self.seen.pictures += 1;
        self.execute(Command::AddPhoto { document, photo, thumbnail: Some(thumbnail) })
    }

    fn use_part(&mut self, document: DocumentId) -> Result<(), DemoFailed> {
        let stock = self.runtime.device().van_stock().map_err(self.failed())?;
        let in_van: Vec<_> = stock.into_iter().filter(|part| part.left > 0).collect();
        if in_van.is_empty() {
            return Ok(());
        }
        let part = one_of(&in_van, &mut self.rng).item.clone();
        let refers = |field: &str| part.fields.get(field).and_then(Value::as_reference);
        let Some(model) = refers("model") else { return Ok(()) };
        let asset = Some(part.document.sys_id);
        self.execute(Command::UsePart { document, model, quantity: 1, asset, stockroom: refers("stockroom") })
    }

    fn log_time(&mut self, document: DocumentId) -> Result<(), DemoFailed> {
        let ended_at = self.clock.now();
        let started_at =
            ended_at.plus_milliseconds(-60_000 * i64::try_from(10 + below(20, &mut self.rng)).unwrap_or(10));
        self.execute(Command::LogTime { document, kind: "work".into(), started_at, ended_at })
    }

    /// The customer signs, the job is closed.
    fn complete(&mut self, document: DocumentId) -> Result<(), DemoFailed> {
        let signature = self.drawn_signature();
        self.execute(Command::AddSignature { document: document.clone(), signature })?;
        let notes = Value::text(*one_of(&OUTCOMES, &mut self.rng));
        self.step(document, "complete", None, Some(("close_notes".into(), notes)))
    }

    /// Finds something else that is broken and opens a task for it, with its final number, wherever this is.
    fn report_more(&mut self) -> Result<(), DemoFailed> {
        let fields = [
            ("short_description".into(), Value::text("Found on site: emergency light is out")),
            ("assigned_to".into(), Value::Reference(self.user)),
        ];
        let before = self.seen.saved.len();
        self.execute(Command::Create { table: "wm_task".into(), fields: fields.into() })?;
        let made = self.seen.saved.get(before).filter(|saved| saved.offline).map(|saved| saved.document.clone());
        if let Some(document) = made {
            let view = self.runtime.device().record(&document).map_err(self.failed())?;
            let numbered = view.is_some_and(|view| view.item.display.starts_with("WOT"));
            self.seen.numbered_offline += u64::from(numbered);
        }
        Ok(())
    }

    /// A signature on the glass.
    pub fn drawn_signature(&mut self) -> Captured {
        self.seen.pictures += 1;
        picture::signature("customer", &mut self.rng)
    }

    /// The file that was added to a job last.
    pub fn newest_file(&self, job: &DocumentId) -> Result<Vec<u8>, DemoFailed> {
        let device = self.runtime.device();
        let details = device.record(job).map_err(self.failed())?.and_then(|view| view.details);
        let newest = details.and_then(|details| details.attachments.last().map(|file| file.what.blob));
        let file = newest.map(|blob| device.file(blob).map_err(self.failed())).transpose()?.flatten();
        Ok(file.unwrap_or_default())
    }

    /// Takes a step.
    pub fn step(
        &mut self,
        document: DocumentId,
        step: &str,
        reason: Option<&str>,
        field: Option<(FieldName, Value)>,
    ) -> Result<(), DemoFailed> {
        let fields = field.into_iter().map(|(name, value)| (name, Some(value))).collect();
        let (step, reason) = (step.to_owned(), reason.map(str::to_owned));
        self.execute(Command::Transition { document, step, reason, fields, comment: None })
    }

    /// Does one thing and remembers that the phone said it is safe. What the phone refuses is told at once and harms nobody.
    pub fn execute(&mut self, command: Command) -> Result<(), DemoFailed> {
        let at = self.clock.now().max(self.last.plus_milliseconds(1));
        self.last = at;
        let done = self.runtime.device().execute(command, at, &mut self.rng);
        match done {
            Ok(done) => {
                let offline = !self.radio.is_on();
                self.seen.saved.push(Saved { document: done.document, at, offline });
                self.runtime.poke();
                Ok(())
            }
            Err(error @ DeviceError::Store(_)) => Err(self.failed()(error)),
            Err(error) => {
                tracing::debug!(%error, "the phone refused a command");
                self.seen.refused_at_once += 1;
                Ok(())
            }
        }
    }
}
