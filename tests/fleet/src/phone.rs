//! A technician's phone: the real device on real files, and what it promised its owner.

use std::path::{Path, PathBuf};

use fieldline_device::{DatabaseKey, Device, DeviceError, Enrolment};
use fieldline_model::{DocumentId, SysId, Timestamp};
use fieldline_sync::session::{Action, Event, Reply, Session};
use rand_core::Rng;

use crate::faults::happens;

/// Something a phone said was saved.
#[derive(Debug, Clone)]
pub struct Promise {
    /// The record.
    pub document: DocumentId,
    /// When it was done; no phone does two things in one millisecond, so this and the author name the deed.
    pub at: Timestamp,
    /// What was done, for people who read a failing seed.
    pub deed: String,
}

/// A phone in a technician's pocket.
pub struct Phone {
    /// Whose it is.
    pub user: SysId,
    /// The way in.
    pub token: String,
    /// Whether the radio reaches anybody.
    pub linked: bool,
    /// What it promised.
    pub promises: Vec<Promise>,
    /// When the session wants to be asked next.
    pub polls_at: Option<Timestamp>,
    device: Option<Device>,
    session: Session,
    key: [u8; 32],
    home: PathBuf,
    lives: u32,
}

impl Phone {
    /// A phone fresh from enrolment.
    pub fn new(home: &Path, key: [u8; 32], enrolment: Enrolment) -> Result<Self, DeviceError> {
        let (user, token) = (enrolment.user, enrolment.token.clone());
        let mut phone = Self {
            user,
            token,
            linked: true,
            promises: Vec::new(),
            polls_at: None,
            device: None,
            session: Session::new(),
            key,
            home: home.to_owned(),
            lives: 0,
        };
        std::fs::create_dir_all(phone.dir()).expect("the simulator's folder takes files");
        let mut device = Device::open(&phone.dir(), &DatabaseKey::new(key))?;
        device.enrol(enrolment)?;
        phone.device = Some(device);
        Ok(phone)
    }

    /// The device.
    pub fn device(&mut self) -> &mut Device {
        self.device.as_mut().expect("a phone is only without its device while it starts again")
    }

    /// Says that there is something to exchange.
    pub fn poke(&mut self) {
        self.session.poke();
    }

    /// Says that the line is back.
    pub fn resume(&mut self) {
        self.session.resume();
    }

    /// Asks the session what to do next.
    pub fn poll(&mut self, now: Timestamp, rng: &mut dyn Rng) -> Result<Action, DeviceError> {
        let device = self.device.as_mut().expect("a phone is only without its device while it starts again");
        self.session.poll(now, rng, device)
    }

    /// Gives the session what came back.
    pub fn handle(&mut self, reply: Reply, now: Timestamp, rng: &mut dyn Rng) -> Result<Vec<Event>, DeviceError> {
        let device = self.device.as_mut().expect("a phone is only without its device while it starts again");
        self.session.handle(now, rng, reply, device)
    }

    /// Dies as a killed process does (what is on disk stays, nothing is closed), sometimes in the middle of writing a page
    /// to the log, and starts again.
    pub fn crash(&mut self, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        let old = self.dir();
        self.lives += 1;
        copy_as_it_is(&old, &self.dir(), rng);
        self.device = None;
        self.session = Session::new();
        self.polls_at = None;
        std::fs::remove_dir_all(old).expect("the simulator's folder can be emptied");
        self.device = Some(Device::open(&self.dir(), &DatabaseKey::new(self.key))?);
        Ok(())
    }

    fn dir(&self) -> PathBuf {
        self.home.join(format!("life-{}", self.lives))
    }
}

/// Copies the files of a running process, log and all; half the time the log ends in a page that was never finished.
pub fn copy_as_it_is(from: &Path, to: &Path, rng: &mut dyn Rng) {
    std::fs::create_dir_all(to).expect("the simulator's folder takes files");
    for entry in std::fs::read_dir(from).expect("a running process has a folder") {
        let path = entry.expect("a folder can be listed").path();
        let target = to.join(path.file_name().expect("a listed file has a name"));
        if path.is_dir() {
            copy_as_it_is(&path, &target, rng);
            continue;
        }
        let name = path.to_string_lossy();
        if name.ends_with("-shm") {
            continue;
        }
        let mut bytes = std::fs::read(&path).expect("a file can be read");
        if name.ends_with("-wal") && !bytes.is_empty() && happens(rng, 500) {
            let mut torn = vec![0; rng.next_u32() as usize % 4_096];
            rng.fill_bytes(&mut torn);
            bytes.extend(torn);
        }
        std::fs::write(&target, bytes).expect("the simulator's folder takes files");
    }
}
