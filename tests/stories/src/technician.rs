//! A technician with a phone: the real device on real files, synced over real HTTP.

use std::path::Path;
use std::sync::MutexGuard;

use fieldline_device::runtime::{Entropy, Runtime, now};
use fieldline_device::view::RecordView;
use fieldline_device::{Captured, Command, DatabaseKey, Device, DeviceError, Done, Visit};
use fieldline_model::{BlobHash, DocumentId, SysId};
use fieldline_sync::session::Event;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::office::PASSWORD;
use crate::{Kiosk, WORLD, wait};

/// Somebody who works in the field, and their phone.
pub struct Technician {
    name: String,
    user: SysId,
    home: TempDir,
    phone: Runtime,
}

/// The key of every phone's database.
pub fn database_key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

fn switched_on(home: &Path) -> Runtime {
    let device = Device::open(home, &database_key()).expect("the phone starts");
    Runtime::new(device).expect("the phone has a network")
}

impl Technician {
    /// A technician with a new phone that was signed in once.
    pub fn enrolled(name: &str, user: SysId, server: &str) -> Self {
        let home = tempfile::tempdir().expect("there is room for a phone");
        let phone = switched_on(home.path());
        wait(phone.enrol(server, name, PASSWORD, "phone")).expect("a hired technician can enrol a phone");
        Self { name: name.into(), user, home, phone }
    }

    /// The sign-in name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Their `sys_user` record.
    pub fn user(&self) -> SysId {
        self.user
    }

    /// The device itself.
    pub fn phone(&self) -> MutexGuard<'_, Device> {
        self.phone.device()
    }

    /// The phone with its clock and network.
    pub fn runtime(&self) -> &Runtime {
        &self.phone
    }

    /// Where the phone keeps its files.
    pub fn phone_directory(&self) -> &Path {
        self.home.path()
    }

    /// Switches the phone off, lets something happen to its files, and switches it on again.
    pub fn switches_off_and_on(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { name, user, home, phone } = self;
        drop(phone);
        meanwhile(home.path());
        let phone = switched_on(home.path());
        Self { name, user, home, phone }
    }

    /// Exchanges everything there is.
    pub fn syncs(&self) -> Vec<Event> {
        let events = self.tries_to_sync();
        let synced = events.iter().any(|event| matches!(event, Event::Synced { .. }));
        assert!(synced, "{} synced: {events:?}", self.name);
        events
    }

    /// Exchanges what the line lets through.
    pub fn tries_to_sync(&self) -> Vec<Event> {
        wait(self.phone.sync_until_idle()).expect("a phone with a sound disk can try to sync")
    }

    /// Visits a depot's kiosk.
    pub fn visits(&self, kiosk: &Kiosk) -> Visit {
        wait(self.phone.visit(&kiosk.url())).expect("a phone with a sound disk can visit a kiosk")
    }

    /// Leaves the phone on: it keeps itself in step until what is returned is dropped.
    pub fn leaves_it_on(&self) -> SwitchedOn {
        let (events, happened) = mpsc::channel(1_024);
        let phone = self.phone.clone();
        let running = WORLD.spawn(async move { phone.run(events).await });
        SwitchedOn { happened, running }
    }

    /// Does something on the phone; it is on disk afterwards.
    pub fn does(&self, command: Command) -> Done {
        self.tries_to(command).unwrap_or_else(|error| panic!("{} may do that: {error}", self.name))
    }

    /// Does something on the phone, or is told why not.
    pub fn tries_to(&self, command: Command) -> Result<Done, DeviceError> {
        self.phone.device().execute(command, now(), &mut Entropy::default())
    }

    /// Takes steps of a job, one after the other.
    pub fn takes(&self, task: &DocumentId, steps: &[&str]) {
        for step in steps {
            self.does(Command::Transition {
                document: task.clone(),
                step: (*step).into(),
                reason: None,
                fields: Default::default(),
                comment: None,
            });
        }
    }

    /// Writes a work note.
    pub fn notes(&self, task: &DocumentId, text: &str) {
        self.does(Command::WorkNote { document: task.clone(), text: text.into() });
    }

    /// Answers a question of a checklist.
    pub fn answers(&self, document: &DocumentId, question: &str, answer: &str) {
        let (document, question, answer) = (document.clone(), question.into(), answer.into());
        self.does(Command::Answer { document, question, answer, photo: None });
    }

    /// Everything the phone shows about a record, `None` when it is not there.
    pub fn sees(&self, id: &DocumentId) -> Option<RecordView> {
        self.phone.device().record(id).expect("a phone reads its own records")
    }

    /// The stage a record has reached, as the phone shows it.
    pub fn stage_of(&self, id: &DocumentId) -> Option<String> {
        self.sees(id)?.details?.stage
    }

    /// The work notes of a record, as the phone shows them.
    pub fn notes_on(&self, id: &DocumentId) -> Vec<String> {
        let details = self.sees(id).and_then(|view| view.details);
        details.map(|details| details.work_notes.into_iter().map(|note| note.what.text).collect()).unwrap_or_default()
    }

    /// Asks for a file of a record and says whether it came whole.
    pub fn fetches(&self, document: &DocumentId, blob: BlobHash) -> Option<Vec<u8>> {
        self.phone.device().fetch(document, blob).expect("the record shows the file");
        self.tries_to_sync();
        self.phone.device().file(blob).expect("a phone reads its own files")
    }
}

/// A phone that keeps itself in step.
pub struct SwitchedOn {
    happened: mpsc::Receiver<Event>,
    running: JoinHandle<Result<(), DeviceError>>,
}

impl SwitchedOn {
    /// What happened since this was last asked.
    pub fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.happened.try_recv().ok()).collect()
    }
}

impl Drop for SwitchedOn {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// A file as the camera hands it over.
pub fn captured(bytes: Vec<u8>, file_name: &str) -> Captured {
    Captured { bytes, file_name: file_name.into(), content_type: "image/jpeg".into() }
}
