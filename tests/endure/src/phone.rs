//! A technician's phone at work, and what its owner was told is saved.
//!
//! [`Phone::work`] does one thing, chosen by dice: a note, a field, a photo, a step, a new record, an exchange, tidying up,
//! or switching the phone off and on; meanwhile the office changes, takes away and gives back the same tasks. Every act is
//! remembered before it is tried and again when it was said to be saved, so [`check`] can tell what must be on a disk, what
//! may be, and what must not.

use std::path::{Path, PathBuf};

use fieldline_device::view::{Fate, OutboxEdit, RecordView, StepOffer};
use fieldline_device::{Captured, Command, DatabaseKey, Device, DeviceError, Enrolment};
use fieldline_model::{BlobHash, DocumentId, SysId, Timestamp, Value};
use fieldline_sync::session::{Action, Event, Reply, Session};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::disk;
use crate::office::{Office, Told, told};

/// When every shift begins: 2026-03-02 06:00 UTC.
pub const MORNING: Timestamp = Timestamp(1_772_431_200_000);
/// Exchanges after which a phone must have come to rest.
const MOST_EXCHANGES: usize = 60;

/// One thing the technician did.
#[derive(Debug, Clone)]
pub struct Act {
    /// The record; `None` while a new one has no identity.
    pub document: Option<DocumentId>,
    /// When; no two acts have the same moment.
    pub at: Timestamp,
    /// A word that only this act wrote.
    pub word: String,
    /// The file it added.
    pub file: Option<BlobHash>,
    /// Whether the phone said that it is saved.
    pub said: bool,
}

/// What a phone has promised so far.
#[derive(Debug, Clone, Default)]
pub struct Promises {
    /// What was done, in order.
    pub acts: Vec<Act>,
    /// Whose phone it is, once it said so.
    pub owner: Option<SysId>,
    /// Edits it said the server has.
    pub delivered: usize,
}

/// A phone with its owner.
pub struct Phone {
    folder: PathBuf,
    device: Option<Device>,
    session: Session,
    enrolment: Enrolment,
    /// The clock.
    pub now: Timestamp,
    /// What it promised.
    pub promises: Promises,
    /// Every state of the promises that was said aloud, oldest first: what [`disk::said`] counts.
    pub said: Vec<Promises>,
    /// Where a phone that may die at any moment says at once what it does; see [`Promises::hear`].
    pub aloud: fn(&str),
}

/// The key of every phone here.
pub fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

impl Phone {
    /// A phone that is switched on for the first time, in a folder.
    pub fn new(folder: &Path, enrolment: Enrolment, now: Timestamp) -> Self {
        let folder = folder.to_owned();
        let (promises, said) = (Promises::default(), vec![Promises::default()]);
        Self { folder, device: None, session: Session::new(), enrolment, now, promises, said, aloud: |_| () }
    }

    /// Switches the phone on, and signs its owner in the first time.
    pub fn switch_on(&mut self) -> Told<()> {
        let mut device = Device::open(&self.folder, &key()).map_err(told)?;
        if device.enrolment().is_none() {
            device.enrol(self.enrolment.clone()).map_err(told)?;
        }
        self.device = Some(device);
        self.session = Session::new();
        self.promises.owner = Some(self.enrolment.user);
        (self.aloud)(&format!("owner {}", self.enrolment.user));
        self.say();
        Ok(())
    }

    /// Switches the phone off.
    pub fn switch_off(&mut self) {
        self.device = None;
    }

    /// The device, `None` while it is off.
    pub fn device(&mut self) -> Told<&mut Device> {
        self.device.as_mut().ok_or_else(|| "the phone is off".to_owned())
    }

    /// Everything that was said until now counts from here on.
    fn say(&mut self) {
        self.said.push(self.promises.clone());
        disk::said(&self.folder, self.said.len() - 1);
    }

    /// Does one thing.
    pub fn work(&mut self, office: &Office, rng: &mut ChaCha8Rng) -> Told<()> {
        self.now = self.now.plus_milliseconds(1_000);
        match rng.next_u32() % 100 {
            0..60 => self.act(rng),
            60..72 => self.exchange(office, rng),
            72..88 => self.office_acts(office, rng),
            88..94 => self.device()?.tidy().map_err(told),
            _ => {
                self.switch_off();
                self.switch_on()
            }
        }
    }

    fn office_acts(&mut self, office: &Office, rng: &mut ChaCha8Rng) -> Told<()> {
        let tasks = self.tasks()?;
        let (now, user) = (self.now, self.enrolment.user);
        let (task, fields) = match (rng.next_u32() % 4, one_of(rng, &tasks)) {
            (0, Some(task)) => (task, ("assigned_to", String::new())),
            (1, Some(task)) => (task, ("work_notes", format!("office at {}", now.0))),
            (2, Some(task)) => (task, ("description", format!("office at {}", now.0))),
            _ => return office.sends(user, &format!("Boiler {}", now.0), now, rng).map(drop),
        };
        // A task that was made on the phone is not known in the office before the next exchange.
        office.changes(&task, &[fields], now, rng).or(Ok(()))
    }

    /// The tasks the phone shows and lets edit.
    fn tasks(&mut self) -> Told<Vec<DocumentId>> {
        let items = self.device()?.by_table(&"wm_task".into()).map_err(told)?;
        Ok(items.into_iter().filter(|item| item.is_editable && !item.is_leaving).map(|item| item.document).collect())
    }

    /// A task the phone shows.
    pub fn first_task(&mut self) -> Told<DocumentId> {
        self.tasks()?.into_iter().next().ok_or_else(|| "the phone shows no task".to_owned())
    }

    /// Does something on a record, and remembers what it was told.
    pub fn act(&mut self, rng: &mut ChaCha8Rng) -> Told<()> {
        let tasks = self.tasks()?;
        let word = word_at(self.now);
        let Some(task) = one_of(rng, &tasks) else { return Ok(()) };
        let (command, document) = self.choose(task, &word, rng)?;
        self.execute(command, document, word, rng)
    }

    fn choose(&mut self, task: DocumentId, word: &str, rng: &mut ChaCha8Rng) -> Told<(Command, Option<DocumentId>)> {
        let document = task.clone();
        let command = match rng.next_u32() % 20 {
            0..3 => Command::SetFields {
                document,
                fields: [("description".into(), Some(Value::text(format!("{word} {}", "in a cellar ".repeat(20)))))]
                    .into(),
            },
            3..7 => Command::AddPhoto { document, photo: photo(word, rng), thumbnail: None },
            7 => Command::Create {
                table: "wm_task".into(),
                fields: [
                    ("short_description".into(), Value::text(word)),
                    ("assigned_to".into(), Value::Reference(self.enrolment.user)),
                ]
                .into(),
            },
            8..11 => {
                let steps = self.device()?.record(&task).map_err(told)?.map(|view| view.steps).unwrap_or_default();
                match one_of(rng, &steps) {
                    Some(offer) => step(document, &offer, word),
                    None => Command::WorkNote { document, text: word.to_owned() },
                }
            }
            _ => {
                Command::WorkNote { document, text: format!("{word} {}", "damp ".repeat(rng.next_u32() as usize % 80)) }
            }
        };
        let known = !matches!(command, Command::Create { .. });
        Ok((command, known.then_some(task)))
    }

    fn execute(
        &mut self,
        command: Command,
        document: Option<DocumentId>,
        word: String,
        rng: &mut ChaCha8Rng,
    ) -> Told<()> {
        let file = match &command {
            Command::AddPhoto { photo, .. } => Some(hash(&photo.bytes)),
            _ => None,
        };
        (self.aloud)(&format!("tries {} {}", self.now.0, file.map(|file| file.to_string()).unwrap_or_default()));
        self.promises.acts.push(Act { document, at: self.now, word, file, said: false });
        let now = self.now;
        match self.device()?.execute(command, now, rng) {
            Ok(done) => {
                (self.aloud)(&format!("saved {}", done.document));
                let act = self.promises.acts.last_mut().expect("pushed above");
                (act.document, act.said) = (Some(done.document), true);
                self.say();
                Ok(())
            }
            Err(DeviceError::Store(error)) => Err(told(error)),
            // What the person may not do was never tried.
            Err(_) => {
                (self.aloud)("may not");
                self.promises.acts.pop();
                Ok(())
            }
        }
    }

    /// Exchanges until there is nothing left to exchange.
    pub fn exchange(&mut self, office: &Office, rng: &mut ChaCha8Rng) -> Told<()> {
        self.session.resume();
        for _ in 0..MOST_EXCHANGES {
            self.now = self.now.plus_milliseconds(10);
            let now = self.now;
            let device = self.device.as_mut().ok_or("the phone is off")?;
            let Action::Send { frame, .. } = self.session.poll(now, rng, device).map_err(told)? else {
                return Err("the phone waits although it has not exchanged everything".to_owned());
            };
            let reply = office.exchange(&self.enrolment.token, &frame, now, rng)?;
            let events = self.session.handle(now, rng, Reply::Body(reply), device).map_err(told)?;
            self.promises.delivered = delivered(&device.outbox().map_err(told)?);
            (self.aloud)(&format!("delivered {}", self.promises.delivered));
            self.say();
            if events.iter().any(|event| matches!(event, Event::Synced { .. })) {
                return Ok(());
            }
        }
        Err(format!("after {MOST_EXCHANGES} exchanges there is still something to exchange"))
    }
}

/// The word that only the act of a moment wrote.
fn word_at(at: Timestamp) -> String {
    format!("word{}", at.0)
}

impl Promises {
    /// Takes in what a phone said aloud; a line that is not a phone's is ignored.
    pub fn hear(&mut self, line: &str) {
        let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
        match what {
            "owner" => self.owner = rest.parse().ok(),
            "tries" => {
                let (at, file) = rest.split_once(' ').unwrap_or((rest, ""));
                let at = Timestamp(at.parse().unwrap_or_default());
                self.acts.push(Act { document: None, at, word: word_at(at), file: file.parse().ok(), said: false });
            }
            "saved" => {
                let document =
                    rest.split_once('/').and_then(|(table, id)| Some(DocumentId::new(table, id.parse().ok()?)));
                if let Some(act) = self.acts.last_mut() {
                    (act.document, act.said) = (document, true);
                }
            }
            "may" => drop(self.acts.pop()),
            "delivered" => self.delivered = rest.parse().unwrap_or_default(),
            _ => {}
        }
    }
}

fn delivered(outbox: &[OutboxEdit]) -> usize {
    outbox.iter().filter(|edit| matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge)).count()
}

fn one_of<T: Clone>(rng: &mut ChaCha8Rng, things: &[T]) -> Option<T> {
    (!things.is_empty()).then(|| things[rng.next_u32() as usize % things.len()].clone())
}

fn step(document: DocumentId, offer: &StepOffer, word: &str) -> Command {
    Command::Transition {
        document,
        step: offer.step.clone(),
        reason: offer.reasons.first().cloned(),
        fields: offer.missing.iter().map(|field| (field.clone(), Some(Value::text(word)))).collect(),
        comment: Some(word.to_owned()),
    }
}

/// A photo, most of them small, some of several pieces.
fn photo(word: &str, rng: &mut ChaCha8Rng) -> Captured {
    let most = if rng.next_u32().is_multiple_of(8) { 90_000 } else { 9_000 };
    let mut bytes = vec![0; 1 + rng.next_u32() as usize % most];
    rng.fill_bytes(&mut bytes);
    Captured { bytes, file_name: format!("{word}.jpg"), content_type: "image/jpeg".into() }
}

fn hash(bytes: &[u8]) -> BlobHash {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    BlobHash(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
}

/// What must be on a phone's disk.
pub struct Expected<'a> {
    /// What had been said.
    pub promised: &'a Promises,
    /// Everything that was tried, in the end.
    pub tried: &'a [Act],
}

/// Compares a phone that was switched on again with what it had promised; says every broken promise.
pub fn check(device: &Device, expected: &Expected<'_>) -> Told<Vec<String>> {
    let mut broken = Vec::new();
    let owner = device.enrolment().map(|enrolment| enrolment.user);
    if expected.promised.owner.is_some() && owner != expected.promised.owner {
        broken.push(format!("lost: the phone was {:?}'s and is {owner:?}'s", expected.promised.owner));
    }
    if owner.is_none() {
        return Ok(broken);
    }
    let outbox = device.outbox().map_err(told)?;
    for act in expected.promised.acts.iter().filter(|act| act.said) {
        let found =
            outbox.iter().filter(|edit| edit.made_at == act.at && Some(&edit.document) == act.document.as_ref());
        match found.count() {
            0 => broken.push(format!("lost: {} was said to be saved", act.word)),
            1 => {}
            count => broken.push(format!("doubled: {} is there {count} times", act.word)),
        }
    }
    let delivered = delivered(&outbox);
    if delivered < expected.promised.delivered {
        broken.push(format!("lost: {} receipts, {delivered} are left", expected.promised.delivered));
    }
    broken.extend(every_edit_is_whole(device, &outbox, expected.tried)?);
    Ok(broken)
}

/// Every edit in the outbox, said or not, is in its document, in the lists and in the search; and its file is there.
fn every_edit_is_whole(device: &Device, outbox: &[OutboxEdit], tried: &[Act]) -> Told<Vec<String>> {
    let mut broken = Vec::new();
    let mut documents: Vec<&DocumentId> = outbox.iter().map(|edit| &edit.document).collect();
    documents.sort_unstable();
    documents.dedup();
    for document in documents {
        let edits: Vec<&OutboxEdit> = outbox.iter().filter(|edit| edit.document == *document).collect();
        let unsent = edits.iter().filter(|edit| matches!(edit.fate, Fate::Local | Fate::Sent)).count();
        let Some(view) = device.record(document).map_err(told)? else {
            if unsent > 0 {
                broken.push(format!("half: {document} has {unsent} unsent edits and is gone"));
            }
            continue;
        };
        if view.item.unsent != unsent as u64 {
            broken.push(format!("half: {document} lists {} unsent edits of {unsent}", view.item.unsent));
        }
        for edit in edits.iter().filter(|edit| edit.fate != Fate::Held) {
            let Some(act) = tried.iter().find(|act| act.at == edit.made_at) else {
                broken.push(format!("invented: an edit of {document} that nobody made"));
                continue;
            };
            // A record that left and came back shows again what the server has of it once its document has come.
            if view.details.is_some() && !view.history.iter().any(|line| line.at == act.at) {
                broken.push(format!("half: {} is in the outbox and not in {document}", act.word));
            }
        }
    }
    broken.extend(newest_is_found(device, outbox, tried)?);
    Ok(broken)
}

/// The newest edit is the one a cut could have halved: its words are found, and its file can be read.
fn newest_is_found(device: &Device, outbox: &[OutboxEdit], tried: &[Act]) -> Told<Vec<String>> {
    let mut broken = Vec::new();
    let newest = outbox.first().and_then(|edit| tried.iter().find(|act| act.at == edit.made_at));
    // What somebody else wrote over since is not shown and not found any more.
    let is_last = |act: &Act, view: &RecordView| view.history.last().is_some_and(|line| line.at == act.at);
    let here = |act: &&Act| match &act.document {
        Some(document) => device.record(document).is_ok_and(|view| view.is_some_and(|view| is_last(act, &view))),
        None => false,
    };
    let Some(act) = newest.filter(here) else { return Ok(broken) };
    match act.file {
        None if device.search(&act.word).map_err(told)?.is_empty() => {
            broken.push(format!("half: {} cannot be found", act.word));
        }
        Some(file) if device.file(file).map_err(told)?.is_none() => {
            broken.push(format!("lost: the photo of {}", act.word));
        }
        _ => {}
    }
    Ok(broken)
}
