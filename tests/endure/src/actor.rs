//! The life of a process that will die: what it does, step by step, saying aloud what it was told is saved.
//!
//! The program runs itself again as an actor. An actor watches one folder of its site and dies before a numbered call if it
//! is told to; otherwise it lives until somebody kills it or its work is done, and then says how many calls it made.

use std::io::Write;
use std::path::Path;

use clap::Args;
use fieldline_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::disk::{self, Fault};
use crate::image;
use crate::office::{Office, Told, told};
use crate::phone::Phone;
use crate::site::{PHONES, Site};

/// What an actor is told.
#[derive(Debug, Clone, Args)]
pub struct Part {
    /// What it does.
    #[arg(long, value_enum)]
    pub role: Role,
    /// The site's folder.
    #[arg(long)]
    pub site: std::path::PathBuf,
    /// Which life of the site it is; also its dice.
    #[arg(long)]
    pub life: u64,
    /// How many things it does.
    #[arg(long, default_value_t = 0)]
    pub deeds: u32,
    /// Dies before this call.
    #[arg(long)]
    pub dies_at: Option<u64>,
    /// Says that something is saved before it is: the control.
    #[arg(long)]
    pub early: bool,
}

/// What actors do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Mia works with her phone; it is the phone that is watched.
    Phone,
    /// The server is founded if it is not, and works for both phones; it is the server that is watched.
    Server,
    /// The server is copied to `server/copy.db`.
    Backup,
    /// `server/restored.db` is made of `server/copy.db`.
    Restore,
}

/// The copy of a site's server.
pub const COPY: &str = "server/copy.db";
/// What is restored from it.
pub const RESTORED: &str = "server/restored.db";

/// Plays a part to its end.
pub fn play(part: &Part) -> Told<()> {
    let site = Site(&part.site);
    let mut rng = ChaCha8Rng::seed_from_u64(part.life);
    match part.role {
        Role::Phone => {
            let office = site.office(part.life, &mut rng)?;
            let mut phone = site.phone(PHONES[0], part.life)?.ok_or("mia has no phone")?;
            watch(&site.home(PHONES[0]), part)?;
            work(part, &mut phone, &office, &mut rng)?;
        }
        Role::Server => {
            watch(&part.site.join("server"), part)?;
            serve(part, &site, &mut rng)?;
        }
        Role::Backup => {
            let office = site.office(part.life, &mut rng)?;
            watch(&part.site.join("server"), part)?;
            office.backs_up(&part.site.join(COPY))?;
        }
        Role::Restore => {
            watch(&part.site.join("server"), part)?;
            restore(&site, part.life, &mut rng)?;
        }
    }
    say(&format!("calls {}", disk::end().calls));
    Ok(())
}

fn watch(folder: &Path, part: &Part) -> Told<()> {
    std::fs::create_dir_all(folder).map_err(told)?;
    let image = image::read(folder).map_err(told)?;
    disk::watch(folder, &image, part.dies_at.map(Fault::DieAt));
    say("ready");
    Ok(())
}

fn work(part: &Part, phone: &mut Phone, office: &Office, rng: &mut ChaCha8Rng) -> Told<()> {
    phone.aloud = say;
    phone.switch_on()?;
    phone.exchange(office, rng)?;
    for _ in 0..part.deeds {
        if part.early {
            say(&format!("tries {} ", phone.now.plus_milliseconds(1_000).0));
            say(&format!("saved {}", phone.first_task()?));
        }
        phone.work(office, rng)?;
    }
    Ok(())
}

fn serve(part: &Part, site: &Site<'_>, rng: &mut ChaCha8Rng) -> Told<()> {
    let mut office = site.office(part.life, rng)?;
    site.found(&mut office, part.life, rng)?;
    let head = |office: &Office| office.server().storage().read().and_then(|tx| tx.head()).map_err(told);
    let mut phones = Vec::new();
    for name in PHONES {
        let mut phone = site.phone(name, part.life)?.ok_or("everybody has a phone")?;
        phone.switch_on()?;
        phone.exchange(&office, rng)?;
        phones.push(phone);
    }
    for _ in 0..part.deeds {
        let phone = &mut phones[rng.next_u32() as usize % PHONES.len()];
        phone.work(&office, rng)?;
        phone.exchange(&office, rng)?;
        say(&format!("head {}", head(&office)? + u64::from(part.early)));
    }
    Ok(())
}

/// Makes a server from the copy, as the command of that name does.
pub fn restore(site: &Site<'_>, life: u64, rng: &mut ChaCha8Rng) -> Told<()> {
    let now = site.morning(life);
    let restored = SqliteStorage::restore(&site.0.join(COPY), &site.0.join(RESTORED), |storage| {
        Office::begin_new_life(storage, now, rng)
    });
    restored.map_err(told)
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("whoever started the actor listens");
}
