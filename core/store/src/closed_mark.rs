//! A note beside the database that says "closed in order, and this is how the file looked", or "damage was seen".
//!
//! Checking a whole file takes time that grows with it, and every page is authenticated when it is read anyway. So a file
//! that was closed in order and has not been touched since is opened without a check. After a kill or a power cut there is
//! no note: then what exists nowhere else is checked before anything is built on it, and the rest in an idle moment. Where
//! the note does not fit, because damage was seen while in use or somebody changed the file, the whole file is checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use crate::open::with_suffix;

/// Whether any database of this process was found damaged: then no file is declared sound any more.
static DAMAGE_SEEN: AtomicBool = AtomicBool::new(false);

/// Remembers that damage was seen, so that the next opening looks at the whole file.
pub(crate) fn damage_was_seen() {
    DAMAGE_SEEN.store(true, Ordering::Relaxed);
}

/// What the note says about the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LastTime {
    /// The file is as it was when it was closed.
    ClosedInOrder,
    /// Nothing was closed: the app was killed, the power went, or there was no file yet.
    Killed,
    /// Damage was seen, or the file is not the one that was closed.
    Suspect,
}

/// Writes the note when it is dropped; a store drops it after its connections.
pub(crate) struct ClosedMark {
    database: PathBuf,
    armed: bool,
    damage_noted: AtomicBool,
}

impl ClosedMark {
    /// Takes the note away for as long as the database is open; says what it told.
    pub fn take(database: &Path) -> (Self, LastTime) {
        let note = fs::read_to_string(note_path(database)).ok();
        let last_time = match &note {
            None => LastTime::Killed,
            Some(_) if note == appearance(database) => LastTime::ClosedInOrder,
            Some(_) => LastTime::Suspect,
        };
        // A note that cannot be removed would vouch for what happens from here on.
        let stays = note.is_some() && fs::remove_file(note_path(database)).is_err();
        let this = Self { database: database.to_owned(), armed: true, damage_noted: AtomicBool::new(false) };
        (this, if stays { LastTime::Suspect } else { last_time })
    }

    /// Lets no note be written.
    pub fn disarm(&mut self) {
        self.armed = false;
    }

    /// Notes damage as soon as it was seen: the app may be killed before anything is closed.
    pub fn note_damage(&self) {
        let is_new = DAMAGE_SEEN.load(Ordering::Relaxed) && !self.damage_noted.swap(true, Ordering::Relaxed);
        if self.armed && is_new {
            // Without the note the next opening looks at less than the whole file, and meets the damage later.
            drop(fs::write(note_path(&self.database), "damage was seen"));
        }
    }
}

impl Drop for ClosedMark {
    fn drop(&mut self) {
        self.note_damage();
        if !self.armed || std::thread::panicking() || DAMAGE_SEEN.load(Ordering::Relaxed) {
            return;
        }
        if let Some(appearance) = appearance(&self.database) {
            // Without the note the next opening only takes longer.
            drop(fs::write(note_path(&self.database), appearance));
        }
    }
}

fn note_path(database: &Path) -> PathBuf {
    with_suffix(database, ".closed")
}

/// Length and time of change of a database without a log; `None` while there is a log or no such file.
fn appearance(database: &Path) -> Option<String> {
    if with_suffix(database, "-wal").exists() {
        return None;
    }
    let metadata = fs::metadata(database).ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {}", metadata.len(), changed.as_nanos()))
}
