//! A note beside the database: the number of the newest edit in it.
//!
//! SQLite takes a log that was cut, or whose newest transaction rotted, for one that a power cut left unfinished, and forgets
//! what is missing without a word. An edit is noted here after the disk has said that it is safe, and the note is wiped before
//! any edit is removed; so a database without the noted edit has lost it, and is salvaged like any other damaged one.
//!
//! The note is never synced. After a power cut it may name an older edit that is there as well.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::open::with_suffix;

/// What is added to a database's name.
pub(crate) const SUFFIX: &str = ".newest";

/// The note of one database.
pub(crate) struct NewestMark {
    path: PathBuf,
    /// Opened with the first edit.
    file: Mutex<Option<File>>,
}

impl NewestMark {
    /// The note of a database, there or not.
    pub fn of(database: &Path) -> Self {
        Self { path: with_suffix(database, SUFFIX), file: Mutex::default() }
    }

    /// The number noted last; `None` when there is none, or it rotted.
    pub fn read(&self) -> Option<u64> {
        let note: [u8; 16] = fs::read(&self.path).ok()?.try_into().ok()?;
        let counter = u64::from_be_bytes(note[..8].try_into().ok()?);
        (counter > 0 && note == content(counter)).then_some(counter)
    }

    /// Wipes the note.
    pub fn wipe(&self) {
        self.note(0);
    }

    /// Notes an edit that is durable. Without the note only the damage described above goes unnoticed, so failing is no error.
    pub fn note(&self, counter: u64) {
        drop(self.try_note(counter));
    }

    fn try_note(&self, counter: u64) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().create(true).truncate(false).write(true).open(&self.path)?),
        };
        file.rewind()?;
        file.write_all(&content(counter))
    }
}

/// The number and its complement, in one sector of a disk, which is written whole or not at all.
fn content(counter: u64) -> [u8; 16] {
    (u128::from(counter) << 64 | u128::from(!counter)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_note_is_read_and_a_rotten_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let mark = NewestMark::of(&dir.path().join("fieldline.db"));
        assert_eq!(mark.read(), None);
        [1, 700, 3].into_iter().for_each(|counter| mark.note(counter));
        assert_eq!(mark.read(), Some(3));
        let sound = fs::read(&mark.path).unwrap();
        for bit in 0..sound.len() * 8 {
            let mut rotten = sound.clone();
            rotten[bit / 8] ^= 1 << (bit % 8);
            fs::write(&mark.path, rotten).unwrap();
            assert_eq!(mark.read(), None, "bit {bit}");
        }
        fs::write(&mark.path, &sound[..12]).unwrap();
        assert_eq!(mark.read(), None, "cut");
        mark.wipe();
        assert_eq!(mark.read(), None, "wiped");
    }
}
