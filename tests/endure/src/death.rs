//! Death at every numbered step: the same work is begun again and again, and dies one call later each time.
//!
//! Each time somebody only starts everything again, as any person would, and goes on.

use std::path::{Path, PathBuf};

use fieldline_device::Device;
use fieldline_store::{Store, StoreError};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::actor::{COPY, Part, RESTORED, Role, restore};
use crate::office::{Office, Told, told};
use crate::phone::{self, Promises};
use crate::process;
use crate::run::Outcome;
use crate::server_power::state;
use crate::site::{self, PHONES, Site};

/// Something that may be cut short at any step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// A phone's first day: first start, sign-in, pull, writes, push, purge.
    PhoneWorks,
    /// A phone is opened whose database was damaged, so that it is salvaged and replaced.
    PhoneSalvages,
    /// A phone is opened after an update that reads documents differently, so that everything is projected anew.
    PhoneUpdates,
    /// A server's first day: first start, accounts, phones that pull and push, a dispatcher.
    ServerWorks,
    /// A server is copied.
    ServerBacksUp,
    /// A server is made from a copy.
    ServerRestores,
}

/// All of them.
pub const STORIES: [Story; 6] = [
    Story::PhoneWorks,
    Story::PhoneSalvages,
    Story::PhoneUpdates,
    Story::ServerWorks,
    Story::ServerBacksUp,
    Story::ServerRestores,
];

/// Things done in a story.
const DEEDS: u32 = 14;

/// A story with the folder it begins with.
pub struct Prepared {
    /// Which story.
    pub story: Story,
    /// How many steps it has.
    pub steps: u64,
    before: PathBuf,
    /// What the phone had promised before.
    promised: Promises,
}

impl Story {
    fn role(self) -> Role {
        match self {
            Self::PhoneWorks | Self::PhoneSalvages | Self::PhoneUpdates => Role::Phone,
            Self::ServerWorks => Role::Server,
            Self::ServerBacksUp => Role::Backup,
            Self::ServerRestores => Role::Restore,
        }
    }

    /// Prepares the folder the story begins with, and counts its steps.
    pub fn prepare(self, folder: &Path) -> Told<Prepared> {
        let before = folder.join("before");
        let promised = self.set_the_stage(&before)?;
        let mut prepared = Prepared { story: self, steps: 0, before, promised };
        let heard = process::run(&prepared.part(&prepared.copied(&folder.join("counted"))?, None))?;
        prepared.steps = heard.number("calls").ok_or("the story does not come to its end")?;
        Ok(prepared)
    }

    fn set_the_stage(self, before: &Path) -> Told<Promises> {
        let (site, mut rng) = (Site(before), ChaCha8Rng::seed_from_u64(4));
        let mut promised = Promises::default();
        if self == Self::ServerWorks {
            return Ok(promised);
        }
        let mut office = site.office(0, &mut rng)?;
        site.found(&mut office, 0, &mut rng)?;
        drop(office);
        if self != Self::PhoneWorks {
            let role = if self.role() == Role::Phone { Role::Phone } else { Role::Server };
            let part = Part { role, site: before.to_owned(), life: 1, deeds: 2 * DEEDS, dies_at: None, early: false };
            process::run(&part)?.promised(&mut promised);
        }
        let phone = site.home(PHONES[0]);
        match self {
            Self::PhoneSalvages => scratch(&phone.join("fieldline.db"))?,
            Self::PhoneUpdates => forget_projections(&phone)?,
            Self::ServerRestores => {
                site.office(1, &mut rng)?.backs_up(&before.join(COPY))?;
                let part = Part {
                    role: Role::Server,
                    site: before.to_owned(),
                    life: 2,
                    deeds: DEEDS,
                    dies_at: None,
                    early: false,
                };
                process::run(&part)?;
            }
            _ => {}
        }
        Ok(promised)
    }
}

/// Lets the phone's lists look as if another app had made them.
fn forget_projections(phone: &Path) -> Told<()> {
    let store = Store::open(phone, &phone::key()).map_err(told)?.store;
    store.write(|tx| tx.put_meta("projected_by", None)).map_err(|error: StoreError| told(error))
}

/// Overwrites the first page, without which nothing of the file can be read in the ordinary way.
fn scratch(database: &Path) -> Told<()> {
    let mut bytes = std::fs::read(database).map_err(told)?;
    bytes.iter_mut().take(4_096).for_each(|byte| *byte ^= 0x5a);
    std::fs::write(database, bytes).map_err(told)
}

impl Prepared {
    fn copied(&self, to: &Path) -> Told<PathBuf> {
        std::fs::create_dir_all(to).map_err(told)?;
        if self.before.exists() {
            site::copy(&self.before, to)?;
        }
        Ok(to.to_owned())
    }

    fn part(&self, site: &Path, dies_at: Option<u64>) -> Part {
        let deeds = if matches!(self.story, Story::PhoneWorks | Story::ServerWorks) { DEEDS } else { 0 };
        Part { role: self.story.role(), site: site.to_owned(), life: 3, deeds, dies_at, early: false }
    }

    /// Dies at a step, and says what was broken.
    pub fn die_at(&self, step: u64, folder: &Path) -> Outcome {
        let mut outcome = Outcome::default();
        let broken = self.try_to_die_at(step, &folder.join("site")).unwrap_or_else(|error| vec![error]);
        outcome.trial(&format!("{:?}, step {step} of {}", self.story, self.steps), broken);
        outcome
    }

    fn try_to_die_at(&self, step: u64, folder: &Path) -> Told<Vec<String>> {
        let part = self.part(&self.copied(folder)?, Some(step));
        let heard = process::run(&part)?;
        if heard.finished {
            return Ok(vec!["the process did not die".to_owned()]);
        }
        let site = Site(folder);
        let mut broken = match self.story {
            Story::PhoneWorks | Story::PhoneUpdates => {
                let mut promised = self.promised.clone();
                heard.promised(&mut promised);
                site.phone_is_sound(PHONES[0], &promised)?
            }
            Story::PhoneSalvages => self.everything_unsent_is_there(&site)?,
            Story::ServerWorks => site.server_is_sound(heard.number("head").unwrap_or(0))?,
            Story::ServerBacksUp => copy_is_whole(&site)?,
            Story::ServerRestores => restore_again(&site)?,
        };
        broken.extend(site.goes_on(4)?);
        Ok(broken)
    }

    /// A salvaged phone has its unsent acts; what the server has acknowledged may come back from there.
    fn everything_unsent_is_there(&self, site: &Site<'_>) -> Told<Vec<String>> {
        let device = Device::open(&site.home(PHONES[0]), &phone::key()).map_err(told)?;
        let outbox = device.outbox().map_err(told)?;
        let lost =
            self.promised.acts.iter().filter(|act| act.said && !outbox.iter().any(|edit| edit.made_at == act.at));
        Ok(lost.map(|act| format!("lost: {} was not carried over", act.word)).collect())
    }
}

/// The copy has its name only when it is whole; otherwise it can be made again.
fn copy_is_whole(site: &Site<'_>) -> Told<Vec<String>> {
    let copy = site.0.join(COPY);
    if !copy.exists() {
        site.office(4, &mut ChaCha8Rng::seed_from_u64(5))?.backs_up(&copy)?;
    }
    let same = state(&copy)? == state(&site.database())?;
    Ok(if same { Vec::new() } else { vec!["half: the copy says something else than the server".to_owned()] })
}

/// The restored server has its name only when it began a new life; otherwise it can be restored again. It takes the
/// place of the one that was lost, and what that one had acknowledged since comes back from the phones.
fn restore_again(site: &Site<'_>) -> Told<Vec<String>> {
    let (restored, mut rng) = (site.0.join(RESTORED), ChaCha8Rng::seed_from_u64(5));
    if !restored.exists() {
        restore(site, 4, &mut rng)?;
    }
    let epoch = |office: &Office| office.server().identity().server_epoch;
    let (old, new) = (epoch(&site.office(4, &mut rng)?), epoch(&Office::open(&restored, site.morning(4), &mut rng)?));
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{suffix}", site.database().display())).ok();
    }
    std::fs::rename(&restored, site.database()).map_err(told)?;
    Ok(if old == new { vec!["the restored server goes on as if nothing had been lost".to_owned()] } else { Vec::new() })
}
