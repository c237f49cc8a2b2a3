//! A technician's phone: the real device on real files, its clock, and what it promised its owner.

use std::path::{Path, PathBuf};

use fieldline_device::view::Item;
use fieldline_device::{Captured, Command, DatabaseKey, Device, DeviceError, Dialect, Enrolment};
use fieldline_documents::EditId;
use fieldline_model::{BlobHash, Dictionary, DocumentId, SysId, TableName, Timestamp};
use fieldline_sync::caps::{DEFAULT_BUDGET_BYTES, MIN_BUDGET_BYTES};
use fieldline_sync::session::{Action, Event, Reply, Session};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::dice::{between, dice, happens};
use crate::release;

/// The phone's database and its log, as the store names them.
const DATABASE: &str = "fieldline.db";
const LOG: &str = "fieldline.db-wal";
/// Where the store notes which edit it saved last, after it is saved.
const NEWEST: &str = "fieldline.db.newest";

/// Where a phone's files are put by.
const BACKUP: &str = "backup";

/// Something a phone said was saved.
#[derive(Debug, Clone)]
pub struct Promise {
    /// The record.
    pub document: DocumentId,
    /// When it was done, by the phone's clock; no phone does two things in one millisecond, so this and the author name the
    /// deed.
    pub at: Timestamp,
    /// When it was done in truth.
    pub truly_at: Timestamp,
    /// What was done, for people who read a failing seed.
    pub deed: &'static str,
    /// What was asked of the phone.
    pub command: Command,
    /// Under which number it was saved; a rebase may have given it another one since.
    pub edit: EditId,
}

impl Promise {
    /// The files that were captured with it.
    pub fn files(&self) -> Vec<BlobHash> {
        let Command::AddPhoto { photo, thumbnail, .. } = &self.command else { return Vec::new() };
        let hash = |file: &Captured| {
            let digest = ring::digest::digest(&ring::digest::SHA256, &file.bytes);
            BlobHash(digest.as_ref().try_into().expect("a SHA-256 has 32 bytes"))
        };
        std::iter::once(photo).chain(thumbnail).map(hash).collect()
    }
}

impl std::fmt::Display for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {} at {}", self.deed, self.document, self.at)
    }
}

/// A clock that is wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    set_at: Timestamp,
    ahead_milliseconds: i64,
    drift: i64,
}

impl Clock {
    /// A clock that was set at a moment, this far ahead, and gains `drift` milliseconds in a thousand seconds.
    pub fn set(set_at: Timestamp, ahead_milliseconds: i64, drift: i64) -> Self {
        Self { set_at, ahead_milliseconds, drift }
    }

    /// What it shows.
    pub fn shows(&self, now: Timestamp) -> Timestamp {
        let gained = now.milliseconds_since(self.set_at) / 1_000 * self.drift / 1_000;
        now.plus_milliseconds(self.ahead_milliseconds + gained)
    }
}

/// A phone in a technician's pocket.
pub struct Phone {
    /// Whose it is.
    pub user: SysId,
    /// Whether the radio reaches anybody.
    pub linked: bool,
    /// What it shows the time by.
    pub clock: Clock,
    /// What it promised.
    pub promises: Vec<Promise>,
    /// When the session wants to be asked next.
    pub polls_at: Option<Timestamp>,
    /// How many messages it sent and how many were sent to it, which name their dice.
    pub messages: [u64; 2],
    device: Option<Device>,
    session: Session,
    dice: ChaCha8Rng,
    key: [u8; 32],
    home: PathBuf,
    lives: u32,
    dialect: Dialect,
    line_bytes: u32,
}

impl Phone {
    /// A phone fresh from enrolment; `seed` and `index` name its dice.
    pub fn new(home: &Path, key: [u8; 32], enrolment: Enrolment, seed: u64, index: usize) -> Result<Self, DeviceError> {
        let mut phone = Self {
            user: enrolment.user,
            linked: true,
            clock: Clock::default(),
            promises: Vec::new(),
            polls_at: None,
            messages: [0; 2],
            device: None,
            session: Session::new(),
            dice: dice(seed, "phone", &[index as u64]),
            key,
            home: home.to_owned(),
            lives: 0,
            dialect: Dialect::default(),
            line_bytes: DEFAULT_BUDGET_BYTES,
        };
        std::fs::create_dir_all(phone.dir()).expect("the simulator's folder takes files");
        phone.start()?;
        phone.device().enrol(enrolment)?;
        Ok(phone)
    }

    /// The device.
    pub fn device(&mut self) -> &mut Device {
        self.device.as_mut().expect("a phone is only without its device while it starts again")
    }

    /// Gives it a line that is worth only the smallest answers.
    pub fn narrow_its_line(&mut self) {
        self.line_bytes = MIN_BUDGET_BYTES;
        self.device().set_budget_bytes(MIN_BUDGET_BYTES);
    }

    /// Says that there is something to exchange.
    pub fn poke(&mut self) {
        self.session.poke();
    }

    /// Says that the line is back.
    pub fn resume(&mut self) {
        self.session.resume();
    }

    /// Asks the session what to do next. What it says is in the phone's time.
    pub fn poll(&mut self, now: Timestamp) -> Result<Action, DeviceError> {
        let device = self.device.as_mut().expect("a phone is only without its device while it starts again");
        self.session.poll(self.clock.shows(now), &mut self.dice, device)
    }

    /// Gives the session what came back.
    pub fn handle(&mut self, reply: Reply, now: Timestamp) -> Result<Vec<Event>, DeviceError> {
        let device = self.device.as_mut().expect("a phone is only without its device while it starts again");
        self.session.handle(self.clock.shows(now), &mut self.dice, reply, device)
    }

    /// Dies while it takes in what came back, with as much of it on disk as had been written by some moment on the way. A
    /// process that is killed leaves a prefix of what it would have written to its log; when the log was folded into the
    /// database meanwhile, all of it is there.
    pub fn die_absorbing(&mut self, reply: Reply, now: Timestamp, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        let read = |dir: &Path, name: &str| std::fs::read(dir.join(name)).unwrap_or_default();
        let (database, log, newest) = (read(&self.dir(), DATABASE), read(&self.dir(), LOG), read(&self.dir(), NEWEST));
        let handled = self.handle(reply, now);
        let whole = read(&self.dir(), LOG);
        let only_grew = whole.starts_with(&log) && read(&self.dir(), DATABASE) == database;
        self.live_on_from(&self.dir(), rng, &|dir, rng| {
            if only_grew {
                let bytes = between(rng, log.len() as i64, whole.len() as i64) as usize;
                std::fs::write(dir.join(LOG), &whole[..bytes]).expect("the simulator's folder takes files");
                std::fs::write(dir.join(NEWEST), &newest).expect("the simulator's folder takes files");
            }
        })?;
        handled.map(drop)
    }

    /// Which device it is enrolled as, and its way in.
    pub fn enrolment(&self) -> &Enrolment {
        let device = self.device.as_ref().expect("a phone is only without its device while it starts again");
        device.enrolment().expect("every phone here is enrolled")
    }

    /// Its owner signs in again.
    pub fn enrol(&mut self, enrolment: Enrolment) -> Result<(), DeviceError> {
        self.device().enrol(enrolment)?;
        self.session.resume();
        Ok(())
    }

    /// Dies as a killed process does (what is on disk stays, nothing is closed), sometimes in the middle of writing a page
    /// to the log, and starts again.
    pub fn crash(&mut self, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        self.live_on_from(&self.dir(), rng, &|_, _| {})
    }

    /// Puts its files by.
    pub fn back_up(&mut self, rng: &mut dyn Rng) {
        let backup = self.home.join(BACKUP);
        if backup.exists() {
            std::fs::remove_dir_all(&backup).expect("the simulator's folder can be emptied");
        }
        copy_as_it_is(&self.dir(), &backup, rng);
    }

    /// Goes on with the files that were last put by; `false` when none ever were.
    pub fn go_back(&mut self, rng: &mut dyn Rng) -> Result<bool, DeviceError> {
        let backup = self.home.join(BACKUP);
        if !backup.exists() {
            return Ok(false);
        }
        self.live_on_from(&backup, rng, &|_, _| {})?;
        Ok(true)
    }

    /// Another phone with the same files and clock, which promised nothing yet.
    pub fn cloned(&self, home: &Path, seed: u64, index: usize, rng: &mut dyn Rng) -> Result<Self, DeviceError> {
        let mut clone = Self {
            user: self.user,
            linked: true,
            clock: self.clock,
            promises: Vec::new(),
            polls_at: None,
            messages: [0; 2],
            device: None,
            session: Session::new(),
            dice: dice(seed, "phone", &[index as u64]),
            key: self.key,
            home: home.to_owned(),
            lives: 0,
            dialect: self.dialect,
            line_bytes: self.line_bytes,
        };
        copy_as_it_is(&self.dir(), &clone.dir(), rng);
        clone.start()?;
        Ok(clone)
    }

    /// Dies, and another build of the app starts.
    pub fn run_build(&mut self, wire_version: u16, is_older: bool, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        let dictionary = if is_older { release::older() } else { Dictionary::shipped() };
        self.dialect = Dialect { wire_version, dictionary };
        self.crash(rng)
    }

    /// Whether it runs an older release.
    pub fn is_older(&self) -> bool {
        !std::ptr::eq(self.dialect.dictionary, Dictionary::shipped())
    }

    /// Every record on it, as lists show it.
    pub fn everything(&mut self) -> Vec<Item> {
        let tables = Dictionary::shipped().tables();
        let device = self.device();
        let list = |name: &TableName| device.by_table(name).expect("a phone can read its own lists");
        tables.flat_map(|table| list(&table.name)).collect()
    }

    /// Is given the newest release, if it runs an older one.
    pub fn update(&mut self, rng: &mut dyn Rng) -> Result<(), DeviceError> {
        if !self.is_older() {
            return Ok(());
        }
        self.run_build(self.dialect.wire_version, false, rng)
    }

    /// Dies and starts again on a copy of these files, which `damage` may have changed.
    fn live_on_from(
        &mut self,
        files: &Path,
        rng: &mut dyn Rng,
        damage: &dyn Fn(&Path, &mut dyn Rng),
    ) -> Result<(), DeviceError> {
        let old = self.dir();
        self.lives += 1;
        copy_as_it_is(files, &self.dir(), rng);
        damage(&self.dir(), rng);
        self.device = None;
        self.session = Session::new();
        self.polls_at = None;
        std::fs::remove_dir_all(old).expect("the simulator's folder can be emptied");
        self.start()
    }

    fn start(&mut self) -> Result<(), DeviceError> {
        let device = self.device.insert(Device::open_with(&self.dir(), &DatabaseKey::new(self.key), self.dialect)?);
        device.set_budget_bytes(self.line_bytes);
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
