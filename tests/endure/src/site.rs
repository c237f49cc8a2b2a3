//! A folder with a server and phones in it, on which processes live and die one after the other, and what must be true of it
//! after each death.
//!
//! `server/fieldline.db` is the server; `mia/` and `bob/` are phones, each with its sign-in kept beside it in `mia.enrolment`.

use std::path::{Path, PathBuf};

use fieldline_device::view::{Fate, OutboxEdit};
use fieldline_device::{Device, Enrolment};
use fieldline_documents::Edit;
use fieldline_model::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rusqlite::Connection;

use crate::office::{Office, Told, told};
use crate::phone::{self, Expected, MORNING, Phone, Promises};

/// The phones of a site.
pub const PHONES: [&str; 2] = ["mia", "bob"];
/// Virtual time between two lives.
const LIFE_MILLISECONDS: i64 = 1_000_000;

/// A folder with everything in it.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a>(pub &'a Path);

impl Site<'_> {
    /// The server's database.
    pub fn database(&self) -> PathBuf {
        self.0.join("server/fieldline.db")
    }

    /// A phone's folder.
    pub fn home(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn enrolment_file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.enrolment"))
    }

    /// When a life begins.
    pub fn morning(&self, life: u64) -> Timestamp {
        MORNING.plus_milliseconds(life as i64 * LIFE_MILLISECONDS)
    }

    /// Opens the server, which is made the first time.
    pub fn office(&self, life: u64, rng: &mut ChaCha8Rng) -> Told<Office> {
        std::fs::create_dir_all(self.0.join("server")).map_err(told)?;
        Office::open(&self.database(), self.morning(life), rng)
    }

    /// Sees to it that there are people with phones and work; what an earlier life has done is left alone.
    pub fn found(&self, office: &mut Office, life: u64, rng: &mut ChaCha8Rng) -> Told<()> {
        let now = self.morning(life);
        (office.hire_dispatcher(now, rng))
            .or_else(|error| if error.contains("taken") { Ok(()) } else { Err(error) })?;
        for name in PHONES.iter().filter(|name| !self.enrolment_file(name).exists()) {
            // An earlier try may have taken a name and come no further.
            let user = office.hire(&format!("{name}-{}", rng.next_u32()), now, rng)?;
            for number in 0..3 {
                office.sends(user, &format!("Boiler {number} of {name}'s"), now, rng)?;
            }
            let enrolment = office.enrol(user, now, rng)?;
            std::fs::create_dir_all(self.home(name)).map_err(told)?;
            let bytes = minicbor::to_vec(&enrolment).map_err(told)?;
            std::fs::write(self.enrolment_file(name), bytes).map_err(told)?;
        }
        Ok(())
    }

    /// A phone of the site, switched off; `None` while it has not been given to anybody.
    pub fn phone(&self, name: &str, life: u64) -> Told<Option<Phone>> {
        let file = self.enrolment_file(name);
        if !file.exists() {
            return Ok(None);
        }
        let enrolment: Enrolment = minicbor::decode(&std::fs::read(file).map_err(told)?).map_err(told)?;
        Ok(Some(Phone::new(&self.home(name), enrolment, self.morning(life))))
    }

    /// Opens a phone after a death: everything it promised is there, whole, and nothing was damaged.
    pub fn phone_is_sound(&self, name: &str, promised: &Promises) -> Told<Vec<String>> {
        let device = Device::open(&self.home(name), &phone::key()).map_err(told)?;
        let mut broken = phone::check(&device, &Expected { promised, tried: &promised.acts })?;
        if let Some(salvage) = device.salvage() {
            broken.push(format!("damaged: a death made a salvage necessary: {salvage:?}"));
        }
        Ok(broken)
    }

    /// Opens the server after a death: it is sound, its feed goes on from where it said it stood, and it has every edit
    /// that a phone holds a receipt of.
    pub fn server_is_sound(&self, head: u64) -> Told<Vec<String>> {
        let mut broken = Vec::new();
        let office = self.office(0, &mut ChaCha8Rng::seed_from_u64(3))?;
        let found = office.server().storage().read().and_then(|tx| tx.head()).map_err(told)?;
        if found < head {
            broken.push(format!("lost: the feed stood at {head} and stands at {found}"));
        }
        let connection = Connection::open(self.database()).map_err(told)?;
        let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).map_err(told);
        let verdict = one("PRAGMA integrity_check")?;
        if verdict != "ok" {
            broken.push(format!("damaged: {verdict}"));
        }
        let beyond = "SELECT CAST(max(coalesce((SELECT max(position) FROM edit), 0),
                                      coalesce((SELECT max(position) FROM listing), 0)) AS TEXT)";
        if one(beyond)?.parse().is_ok_and(|newest: u64| newest > found) {
            broken.push(format!("half: there are entries beyond the feed's head {found}"));
        }
        drop(office);
        for name in PHONES {
            broken.extend(self.receipts_are_true(name)?);
        }
        Ok(broken)
    }

    fn receipts_are_true(&self, name: &str) -> Told<Vec<String>> {
        if !self.home(name).join("fieldline.db").exists() {
            return Ok(Vec::new());
        }
        let device = Device::open(&self.home(name), &phone::key()).map_err(told)?;
        let acknowledged = |edit: &OutboxEdit| matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge);
        let edits: Vec<OutboxEdit> = device.outbox().map_err(told)?.into_iter().filter(acknowledged).collect();
        let office = self.office(0, &mut ChaCha8Rng::seed_from_u64(3))?;
        let mut broken = Vec::new();
        for edit in edits {
            let count = times(&office, &edit)?;
            if count != 1 {
                let (document, at) = (&edit.document, edit.made_at.0);
                broken.push(format!(
                    "lost: {name} has a receipt for the edit of {document} at {at}, there {count} times"
                ));
            }
        }
        Ok(broken)
    }

    /// Everybody works on: phones deliver what they hold, and each act that was said to be saved arrives once.
    pub fn goes_on(&self, life: u64) -> Told<Vec<String>> {
        let mut rng = ChaCha8Rng::seed_from_u64(life);
        let mut office = self.office(life, &mut rng)?;
        self.found(&mut office, life, &mut rng)?;
        let mut broken = Vec::new();
        for name in PHONES {
            let Some(mut phone) = self.phone(name, life)? else { continue };
            phone.switch_on()?;
            phone.exchange(&office, &mut rng)?;
            phone.now = phone.now.plus_milliseconds(1_000);
            phone.act(&mut rng)?;
            phone.exchange(&office, &mut rng)?;
            for edit in phone.device()?.outbox().map_err(told)?.iter().filter(|edit| edit.fate != Fate::Held) {
                let count = times(&office, edit)?;
                if count != 1 {
                    broken.push(format!("lost: {}'s act at {} arrived {count} times", name, edit.made_at.0));
                }
            }
        }
        Ok(broken)
    }
}

/// How often an edit of a phone stands in the server's log.
fn times(office: &Office, edit: &OutboxEdit) -> Told<usize> {
    let tx = office.server().storage().read().map_err(told)?;
    let edits = tx.edits(&edit.document, 0).map_err(told)?;
    Ok(edits
        .iter()
        .filter(|(_, stored)| Edit::decode(&stored.body).is_ok_and(|stored| stored.at == edit.made_at))
        .count())
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) -> Told<()> {
    let image = crate::image::read(from).map_err(told)?;
    crate::image::write(&image, to).map_err(told)
}
