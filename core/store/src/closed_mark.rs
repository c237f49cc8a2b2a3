//! A note beside the database that says "closed in order, and this is how the file looked".
//!
//! Checking a whole file takes time that grows with it, and every page is authenticated when it is read anyway. So a file
//! that was closed in order and has not been touched since is opened without the check; after a kill, a power cut, damage
//! seen while in use, or any change from outside, the note does not fit and the check is made.

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

/// Writes the note when it is dropped; a store drops it after its connections.
pub(crate) struct ClosedMark {
    database: PathBuf,
    armed: bool,
}

impl ClosedMark {
    /// Takes the note away for as long as the database is open; says whether it fitted the file.
    pub fn take(database: &Path) -> (Self, bool) {
        let note = fs::read_to_string(note_path(database)).ok();
        let fits = note.is_some() && note == appearance(database);
        // A note that cannot be removed would vouch for what happens from here on.
        let removed = fs::remove_file(note_path(database)).is_ok();
        (Self { database: database.to_owned(), armed: true }, fits && removed)
    }

    /// Lets no note be written.
    pub fn disarm(&mut self) {
        self.armed = false;
    }
}

impl Drop for ClosedMark {
    fn drop(&mut self) {
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
