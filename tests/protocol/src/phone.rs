//! A phone: the device on real files, its session, and what its owner does.

use std::fs;
use std::path::Path;

use fieldline_device::view::{OutboxEdit, RecordView};
use fieldline_device::{Command, DatabaseKey, Device, Dialect, Enrolment};
use fieldline_model::{DocumentId, FieldName, SysId, Value};
use fieldline_sync::relay::Envelope;
use fieldline_sync::session::{Action, Event, Reply, Session};
use rand_core::Rng;
use tempfile::TempDir;

use crate::Office;

/// A phone in somebody's hand.
pub struct Phone {
    device: Option<Device>,
    session: Session,
    dialect: Dialect,
    home: TempDir,
}

impl Phone {
    /// A phone fresh from enrolment.
    pub fn new(enrolment: Enrolment) -> Self {
        let home = folder();
        let mut phone = Self { device: None, session: Session::new(), dialect: Dialect::default(), home };
        phone.starts();
        phone.device().enrol(enrolment).expect("a new phone can be enrolled");
        phone
    }

    /// The device.
    pub fn device(&mut self) -> &mut Device {
        self.device.as_mut().expect("a phone is only without its device while it starts again")
    }

    /// Whose it is.
    pub fn user(&self) -> SysId {
        self.enrolment().user
    }

    /// Who it is.
    pub fn enrolment(&self) -> &Enrolment {
        let device = self.device.as_ref().expect("a phone is only without its device while it starts again");
        device.enrolment().expect("every phone here is enrolled")
    }

    /// The app dies and another build of it starts.
    pub fn runs(&mut self, dialect: Dialect) {
        self.dialect = dialect;
        self.starts();
    }

    /// Another phone with the same files: a backup that is restored, or a clone.
    pub fn copied(&mut self) -> Self {
        self.device = None;
        let home = folder();
        copy(self.home.path(), home.path());
        let mut copy = Self { device: None, session: Session::new(), dialect: self.dialect, home };
        copy.starts();
        self.starts();
        copy
    }

    fn starts(&mut self) {
        self.device = None;
        self.session = Session::new();
        let device = Device::open_with(self.home.path(), &DatabaseKey::new([5; 32]), self.dialect);
        self.device = Some(device.expect("the app starts"));
    }

    /// Does something; it is on disk afterwards.
    pub fn does(&mut self, office: &mut Office, command: Command) -> u64 {
        office.waits(1_000);
        let done = self.device().execute(command, office.now, &mut office.rng).expect("its owner may do that");
        done.edits[0].counter
    }

    /// Writes a work note; returns its number.
    pub fn notes(&mut self, office: &mut Office, document: &DocumentId, text: &str) -> u64 {
        self.does(office, Command::WorkNote { document: document.clone(), text: text.into() })
    }

    /// Puts a value in a field.
    pub fn sets(&mut self, office: &mut Office, document: &DocumentId, field: &str, text: &str) -> u64 {
        let fields = [(FieldName::from(field), Some(Value::text(text)))].into();
        self.does(office, Command::SetFields { document: document.clone(), fields })
    }

    /// The request its session sends next, at once.
    pub fn asks(&mut self, office: &mut Office) -> Vec<u8> {
        self.session.resume();
        let Self { device, session, .. } = self;
        let device = device.as_mut().expect("the phone is on");
        match session.poll(office.now, &mut office.rng, device).expect("a sound disk") {
            Action::Send { frame, .. } => frame,
            other => panic!("a phone with a line sends something: {other:?}"),
        }
    }

    /// What it would make of a reply; its conversation stays where it is, so this is for replies that lead to nothing.
    pub fn would_take(&mut self, office: &mut Office, reply: Reply) -> Vec<Event> {
        let device = self.device.as_mut().expect("the phone is on");
        self.session.clone().handle(office.now, &mut office.rng, reply, device).expect("a sound disk")
    }

    /// Takes what came for its request.
    pub fn takes(&mut self, office: &mut Office, reply: Reply) -> Vec<Event> {
        let Self { device, session, .. } = self;
        let device = device.as_mut().expect("the phone is on");
        session.handle(office.now, &mut office.rng, reply, device).expect("a sound disk")
    }

    /// One exchange.
    pub fn exchanges(&mut self, office: &mut Office) -> Vec<Event> {
        let frame = self.asks(office);
        let reply = office.answers(&self.enrolment().token.clone(), &frame);
        self.takes(office, reply)
    }

    /// Seals everything it has to say, for a kiosk to carry.
    pub fn hands_over(&mut self, office: &mut Office) -> Envelope {
        let nonce = office.rng.next_u64();
        self.device().hand_over(nonce, office.now).expect("a sound disk")
    }

    /// Takes what a kiosk has for it.
    pub fn collects(&mut self, envelope: &Envelope) -> Option<Event> {
        self.device().take_relayed(envelope).expect("a sound disk")
    }

    /// The server takes what the phone sends, but the answer is lost.
    pub fn is_not_answered(&mut self, office: &mut Office) {
        let frame = self.asks(office);
        assert!(matches!(office.answers(&self.enrolment().token.clone(), &frame), Reply::Body(_)));
        self.takes(office, Reply::Failed);
    }

    /// Exchanges until there is nothing more to exchange.
    pub fn syncs(&mut self, office: &mut Office) {
        for _ in 0..100 {
            if self.exchanges(office).iter().any(|event| matches!(event, Event::Synced { .. })) {
                return;
            }
        }
        panic!("a hundred exchanges were not enough");
    }

    /// What it shows of a record.
    pub fn sees(&self, id: &DocumentId) -> RecordView {
        let device = self.device.as_ref().expect("the phone is on");
        device.record(id).expect("a phone reads its own records").expect("the record is on it")
    }

    /// The work notes it shows on a record.
    pub fn notes_on(&self, id: &DocumentId) -> Vec<String> {
        let details = self.sees(id).details.expect("the document is on it");
        details.work_notes.into_iter().map(|note| note.what.text).collect()
    }

    /// The edits made on it, newest first.
    pub fn outbox(&self) -> Vec<OutboxEdit> {
        self.device.as_ref().expect("the phone is on").outbox().expect("a phone reads its outbox")
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder can be listed") {
        let path = entry.expect("a folder can be listed").path();
        let target = to.join(path.file_name().expect("a listed file has a name"));
        if path.is_dir() {
            fs::create_dir_all(&target).expect("a folder can be made");
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}

/// A folder in memory where there is one, so that a durable write costs what it computes and not what the disk waits.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("there is room for a phone")
}
