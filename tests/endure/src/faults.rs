//! Disks that are full or broken, from the first call to the last, once or for good, while phone and server are at work.
//!
//! Work goes on as people's does: what fails is told in plain words, what comes after is tried all the same, and once there
//! is room again everything goes on. Nothing that was said to be saved is lost, and nothing panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::disk::{self, Fault, Seen};
use crate::image::Image;
use crate::office::{Told, told};
use crate::phone::Promises;
use crate::run::Outcome;
use crate::site::{PHONES, Site};

/// Things done while the disk fails.
const DEEDS: usize = 14;
/// Life of the site in which the disk fails.
const LIFE: u64 = 1;

/// Whose disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Mia's phone, from its first start on.
    Phone,
    /// The server, from its first start on.
    Server,
}

/// What the work makes of the disk when nothing fails.
pub fn measure(side: Side, seed: u64, folder: &Path) -> Told<Seen> {
    let (seen, errors, _) = work(side, seed, None, folder)?;
    match errors.first() {
        None => Ok(seen),
        Some(error) => Err(format!("without a fault there is an error: {error}")),
    }
}

/// Works on a disk that fails, and says what was broken.
pub fn endure(side: Side, seed: u64, fault: Fault, folder: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let tried = catch_unwind(AssertUnwindSafe(|| try_to_endure(side, seed, fault, folder, &mut outcome)));
    let broken = match tried {
        Ok(Ok(broken)) => broken,
        Ok(Err(error)) => vec![format!("does not go on once the disk is sound: {error}")],
        Err(_) => vec!["something panicked; see above".to_owned()],
    };
    disk::end();
    outcome.trial(&format!("{side:?}, seed {seed}, {fault:?}"), broken);
    outcome
}

fn try_to_endure(side: Side, seed: u64, fault: Fault, folder: &Path, outcome: &mut Outcome) -> Told<Vec<String>> {
    let (_, errors, kept) = work(side, seed, Some(fault), folder)?;
    outcome.count("errors told", errors.len() as u64);
    let mut broken: Vec<String> = errors.iter().filter_map(|error| in_plain_words(error, fault).err()).collect();
    broken.dedup();
    let site = Site(folder);
    match side {
        Side::Phone => broken.extend(site.phone_is_sound(PHONES[0], &kept.promises)?),
        Side::Server => broken.extend(site.server_is_sound(kept.head)?),
    }
    broken.extend(site.goes_on(LIFE + 1)?);
    Ok(broken)
}

/// What had been said to be saved.
#[derive(Default)]
struct Kept {
    promises: Promises,
    head: u64,
}

/// Works, whatever fails; the disk is sound again at the end.
fn work(side: Side, seed: u64, fault: Option<Fault>, folder: &Path) -> Told<(Seen, Vec<String>, Kept)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (site, mut errors, mut kept) = (Site(folder), Vec::new(), Kept::default());
    if side == Side::Phone {
        let mut office = site.office(0, &mut rng)?;
        site.found(&mut office, 0, &mut rng)?;
        watch(&site.home(PHONES[0]), fault)?;
        let mut phone = site.phone(PHONES[0], LIFE)?.ok_or("mia has a phone")?;
        for _ in 0..DEEDS {
            let is_on = phone.device().is_ok() || note(&mut errors, phone.switch_on());
            let _ = is_on && note(&mut errors, phone.work(&office, &mut rng));
        }
        disk::repair();
        phone.switch_off();
        kept.promises = phone.promises;
        return Ok((disk::end(), errors, kept));
    }
    std::fs::create_dir_all(folder.join("server")).map_err(told)?;
    watch(&folder.join("server"), fault)?;
    let mut office = None;
    for _ in 0..DEEDS {
        if office.is_none() {
            office = site.office(LIFE, &mut rng).map_err(|error| errors.push(error)).ok();
        }
        let Some(office) = &mut office else { continue };
        if note(&mut errors, site.found(office, LIFE, &mut rng)) {
            note(&mut errors, serve(&site, office, &mut kept, &mut rng));
        }
    }
    disk::repair();
    drop(office);
    Ok((disk::end(), errors, kept))
}

fn watch(folder: &Path, fault: Option<Fault>) -> Told<()> {
    disk::watch(folder, &Image::new(), fault);
    Ok(())
}

/// One exchange after one thing was done on a phone.
fn serve(site: &Site<'_>, office: &crate::office::Office, kept: &mut Kept, rng: &mut ChaCha8Rng) -> Told<()> {
    let name = PHONES[rng.next_u32() as usize % PHONES.len()];
    let mut phone = site.phone(name, LIFE)?.ok_or("everybody has a phone")?;
    phone.now = phone.now.plus_milliseconds(i64::from(rng.next_u32() % 900_000));
    phone.switch_on()?;
    phone.exchange(office, rng)?;
    phone.act(rng)?;
    phone.exchange(office, rng)?;
    kept.head = office.server().storage().read().and_then(|tx| tx.head()).map_err(told)?;
    Ok(())
}

fn note(errors: &mut Vec<String>, done: Told<()>) -> bool {
    done.map_err(|error| errors.push(error)).is_ok()
}

/// An error says what the person can do, and speaks of room when that is what is missing.
fn in_plain_words(error: &str, fault: Fault) -> Result<(), String> {
    let advises = ["free some space", "try again", "open it again", "check the disk", "restart"];
    let is_full = matches!(fault, Fault::FullFrom(_) | Fault::RoomFor(_));
    let enough = if is_full { &advises[..1] } else { &advises[..] };
    let helps = enough.iter().any(|advice| error.to_lowercase().contains(advice));
    if helps { Ok(()) } else { Err(format!("not in plain words: {error}")) }
}
