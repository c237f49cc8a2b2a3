//! What can go wrong with the phone's database, and what to do about it.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::closed_mark::damage_was_seen;

/// Why the store did not do what was asked. Not found is never an error but `None`.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key is not the one the database was made with. Nothing was changed on disk.
    #[error("the key does not open the database in {0}; nothing was changed. Sign in again to fetch the right key")]
    WrongKey(PathBuf),
    /// A newer app wrote the database. Nothing was changed on disk.
    #[error("the database has version {found} and this app knows versions up to {known}; update the app to open it")]
    UpdateNeeded {
        /// The version of the file.
        found: u32,
        /// The newest version this build knows.
        known: u32,
    },
    /// The file was found damaged while in use; opening the store again sets it aside and salvages it.
    #[error("the database was found damaged while {doing}; open it again to salvage it: {source}")]
    Damaged {
        /// What was being done, to which record.
        doing: String,
        /// SQLite's own words.
        source: rusqlite::Error,
    },
    /// No room is left on the device. What was saved before is safe.
    #[error(
        "the device is full: {doing} was not possible. Free some space and try again; what was saved before is safe"
    )]
    Full {
        /// What was being done, to which record.
        doing: String,
    },
    /// The database failed in another way; nothing of the transaction was saved.
    #[error(
        "the database failed while {doing}: {source}. What was saved before is safe; free some space if little is left, try \
         again, or restart the device"
    )]
    Database {
        /// What was being done, to which record.
        doing: String,
        /// SQLite's own words.
        source: rusqlite::Error,
    },
    /// A file beside the database failed.
    #[error("{doing} {path} failed: {source}. What was saved before is safe; try again, or restart the device")]
    File {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// Something stored cannot be read back.
    #[error("{place} holds something this app cannot read: {problem}")]
    Content {
        /// Which record, edit or file.
        place: String,
        /// What is wrong.
        problem: String,
    },
}

impl StoreError {
    pub(crate) fn content(place: impl Display, problem: impl Display) -> Self {
        Self::Content { place: place.to_string(), problem: problem.to_string() }
    }
}

/// Whether SQLite says that the file itself is at fault. SQLCipher reports a page whose HMAC is wrong as one of these.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi;
    let Some(failure) = error.sqlite_error() else { return false };
    matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        || matches!(failure.extended_code, ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_DATA)
}

/// Says what was being done when SQLite failed.
pub(crate) trait Doing<T> {
    fn doing(self, doing: impl Display) -> Result<T, StoreError>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: impl Display) -> Result<T, StoreError> {
        self.map_err(|source| {
            let doing = doing.to_string();
            match source.sqlite_error_code() {
                _ if is_damage(&source) => {
                    damage_was_seen();
                    StoreError::Damaged { doing, source }
                }
                Some(ErrorCode::DiskFull) => StoreError::Full { doing },
                _ => StoreError::Database { doing, source },
            }
        })
    }
}

/// Says what was being done to which file when the system failed.
pub(crate) trait DoingFile<T> {
    fn doing_file(self, doing: &'static str, path: &Path) -> Result<T, StoreError>;
}

impl<T> DoingFile<T> for io::Result<T> {
    fn doing_file(self, doing: &'static str, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| match source.kind() {
            io::ErrorKind::StorageFull => StoreError::Full { doing: format!("{doing} {}", path.display()) },
            _ => StoreError::File { doing, path: path.to_owned(), source },
        })
    }
}
