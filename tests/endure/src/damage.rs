//! Rot: one flipped bit, a zeroed page, a cut file, anywhere in what phone and server keep.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fieldline_device::Device;
use fieldline_device::view::{Fate, OutboxEdit};
use fieldline_documents::{Document, Edit};
use fieldline_model::condition::Filter;
use fieldline_storage::Selection;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rusqlite::Connection;

use crate::image::{self, Disk, Image, Keeps};
use crate::office::{Office, Told, told};
use crate::phone::{self, MORNING, Promises};
use crate::phone_power::Shift;
use crate::run::Outcome;
use crate::server_power::{self, DATABASE};
use crate::tape::Tape;

const PAGE_BYTES: usize = 4_096;

/// What an unharmed disk looked like late in a recording, as the process left it, log and all; and how much had happened.
fn late_image(tape: &Tape, rng: &mut ChaCha8Rng) -> (Image, usize) {
    let mut disk = Disk::default();
    let last = tape.len() - rng.next_u32() as usize % (tape.len() / 3);
    tape[..last].iter().for_each(|happening| disk.follow(happening));
    (disk.image(Keeps::Everything, rng), last)
}

/// Harms one file of an image; says which and how.
pub fn harm(image: &mut Image, rng: &mut ChaCha8Rng) -> String {
    let files: Vec<PathBuf> = image
        .iter()
        .filter(|(_, content)| content.as_ref().is_some_and(|content| !content.is_empty()))
        .map(|(path, _)| path.clone())
        .collect();
    // Half of the harm goes to the database, where most of everything is.
    let database = files.iter().find(|path| path.extension().is_some_and(|extension| extension == "db"));
    let any = &files[rng.next_u32() as usize % files.len()];
    let path = database.filter(|_| rng.next_u32().is_multiple_of(2)).unwrap_or(any).clone();
    let content = image.get_mut(&path).and_then(Option::as_mut).expect("it was found there");
    let at = rng.next_u32() as usize % content.len();
    let how = match rng.next_u32() % 4 {
        0 => {
            let page = at / PAGE_BYTES * PAGE_BYTES;
            content[page..].iter_mut().take(PAGE_BYTES).for_each(|byte| *byte = 0);
            "zeroed page"
        }
        1 => {
            content.truncate(at);
            "cut"
        }
        _ => {
            content[at] ^= 1 << (rng.next_u32() % 8);
            "flipped bit"
        }
    };
    format!("{how} at {at} of {}", path.display())
}

/// Opens a phone with harmed files. It must open, say so if anything is missing, and work on.
pub fn phone(shift: &Shift, seed: u64, scratch: &Path) -> Outcome {
    let (mut outcome, mut rng) = (Outcome::default(), ChaCha8Rng::seed_from_u64(seed));
    let (mut image, happened) = late_image(&shift.tape, &mut rng);
    let (sound, harmed) = (scratch.join("sound"), scratch.join("harmed"));
    image::write(&image, &sound).expect("the scratch folder takes files");
    let what = harm(&mut image, &mut rng);
    image::write(&image, &harmed).expect("the scratch folder takes files");
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let before = Device::open(&sound, &phone::key()).and_then(|device| device.outbox()).map_err(told)?;
        let (mut broken, lost) = harmed_phone(&harmed, &before, &mut outcome)?;
        let rejoin = || shift.rejoin(&harmed, happened, &Promises::default(), scratch);
        let rejoined = rejoin().or_else(|error| {
            // Met while it was used: the phone asks to be opened again.
            if !error.contains("open it again to salvage it") {
                return Err(error);
            }
            outcome.count("noticed when used", 1);
            rejoin()
        })?;
        // What builds on a lost edit cannot be taken; its author is told and has a way out.
        broken.extend(rejoined.into_iter().filter(|what| !(lost && what.starts_with("held"))));
        Ok(broken)
    }));
    [sound, harmed].iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
    outcome.trial(&format!("phone, seed {seed}, {what}"), unless_panicked(tried));
    outcome
}

fn unless_panicked(tried: std::thread::Result<Told<Vec<String>>>) -> Vec<String> {
    match tried {
        Ok(Ok(broken)) => broken,
        Ok(Err(error)) => vec![format!("unusable: {error}")],
        Err(_) => vec!["something panicked; see above".to_owned()],
    }
}

/// What is wrong with a phone right after the harm, and whether unsent edits are lost.
fn harmed_phone(home: &Path, before: &[OutboxEdit], outcome: &mut Outcome) -> Told<(Vec<String>, bool)> {
    let device = Device::open(home, &phone::key()).map_err(told)?;
    let mut broken = Vec::new();
    let mut salvaged = device.salvage().cloned();
    let after = match device.outbox() {
        Ok(after) => after,
        // Met while reading: the next opening looks at the whole file.
        Err(error) => {
            outcome.count("noticed when used", 1);
            drop(device);
            let device = Device::open(home, &phone::key()).map_err(told)?;
            salvaged = device.salvage().cloned();
            if salvaged.is_none() {
                broken.push(format!("damage that was met is not looked for: {error}"));
            }
            device.outbox().map_err(told)?
        }
    };
    let unsent = |edits: &[OutboxEdit]| {
        let unsent = edits.iter().filter(|edit| matches!(edit.fate, Fate::Local | Fate::Sent));
        unsent.map(|edit| edit.made_at).collect::<std::collections::BTreeSet<_>>()
    };
    let (had, has) = (unsent(before), after.iter().map(|edit| edit.made_at).collect());
    let kept = had.intersection(&has).count();
    outcome.count("unsent before", had.len() as u64);
    outcome.count("unsent kept", kept as u64);
    match &salvaged {
        Some(salvage) => {
            outcome.count("salvaged", 1);
            if !salvage.to_string().contains("damaged") {
                broken.push(format!("the person is not told: {salvage}"));
            }
        }
        None => {
            outcome.count("not salvaged", 1);
            // What rotted in the newest transaction of the log looks like one that a power cut left unfinished.
            let is_newest = before.iter().skip(1).all(|edit| after.iter().any(|left| left.made_at == edit.made_at));
            outcome.count("newest edit gone as by a power cut", u64::from(is_newest && after.len() < before.len()));
            if after.len() < before.len() && !is_newest {
                broken.push(format!(
                    "unnoticed: {} of {} edits are left and nothing was said",
                    after.len(),
                    before.len()
                ));
            }
        }
    }
    Ok((broken, kept < had.len()))
}

/// Opens a server with harmed files. Plain SQLite knows no checksums: what is not noticed is counted.
pub fn server(shift: &server_power::Shift, seed: u64, scratch: &Path) -> Outcome {
    let (mut outcome, mut rng) = (Outcome::default(), ChaCha8Rng::seed_from_u64(seed));
    let (mut image, _) = late_image(&shift.tape, &mut rng);
    image.retain(|path, _| path.to_string_lossy().starts_with(DATABASE));
    let (sound, harmed) = (scratch.join("sound"), scratch.join("harmed"));
    image::write(&image, &sound).expect("the scratch folder takes files");
    let what = harm(&mut image, &mut rng);
    image::write(&image, &harmed).expect("the scratch folder takes files");
    let tried = catch_unwind(AssertUnwindSafe(|| {
        let before = server_power::state(&sound.join(DATABASE))?;
        outcome.count(harmed_server(&harmed.join(DATABASE), before, &mut rng), 1);
        Ok(Vec::new())
    }));
    [sound, harmed].iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
    outcome.trial(&format!("server, seed {seed}, {what}"), unless_panicked(tried));
    outcome
}

/// What became of the harm: what noticed it, or whether it did any.
fn harmed_server(database: &Path, before: server_power::State, rng: &mut ChaCha8Rng) -> &'static str {
    let Ok(office) = Office::open(database, MORNING, rng) else { return "noticed at the start" };
    let after = server_power::state(database);
    if after.as_ref().is_ok_and(|after| *after == before) {
        return "harmless";
    }
    let integrity = Connection::open(database)
        .and_then(|connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
    if !integrity.is_ok_and(|verdict| verdict == "ok") {
        return "noticed by integrity_check";
    }
    if replay(&office).is_err() { "noticed by replaying the edits" } else { "not noticed" }
}

/// Makes every change of every document again and compares it with the hash that was stored with its edit, and what the
/// edits say with the rows.
fn replay(office: &Office) -> Told<()> {
    let server = office.server();
    let tx = server.storage().read().map_err(told)?;
    for table in server.dictionary().tables() {
        let all = Filter::everything();
        let selection = Selection::of(std::slice::from_ref(&table.name), &all);
        for row in tx.select(&selection, u32::MAX, 0).map_err(told)? {
            let edits = tx.edits(&row.id, 0).map_err(told)?;
            let mut document = Document::seed(row.id.clone());
            for (_, stored) in &edits {
                let applied = document.apply(&Edit::decode(&stored.body).map_err(told)?).map_err(told)?;
                if applied.hash.0 != stored.hash {
                    return Err(format!("an edit of {} is not the one that was taken", row.id));
                }
            }
            if !edits.is_empty() && document.project(&server.dictionary(), &server.priorities()).record != row {
                return Err(format!("the row of {} is not what its edits say", row.id));
            }
        }
    }
    Ok(())
}
