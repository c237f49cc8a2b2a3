//! Copies of a database, and databases that go on from a copy.
//!
//! Both appear under their name only when they are whole and on disk, and when the call returns so is the name. A process that
//! dies on the way leaves an unfinished file beside, which the next try removes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fieldline_storage::{Result, StorageError};
use rusqlite::Connection;

use crate::{SqliteStorage, failed};

/// Copies the database of a connection to a new file; refuses to replace one.
pub(crate) fn copy(connection: &Connection, to: &Path) -> Result<()> {
    let doing = format!("writing a backup to {}", to.display());
    if to.exists() {
        return Err(failed(doing)("the file exists; name another one"));
    }
    let partial = with_suffix(to, ".partial");
    remove_database(&partial).map_err(failed(&doing))?;
    connection.execute("VACUUM INTO ?1", [partial.to_string_lossy()]).map_err(failed(&doing))?;
    put_in_place(&partial, to).map_err(failed(&doing))
}

impl SqliteStorage {
    /// Makes a database from a copy. `prepare` is given the new one and makes it ready before it gets its name; it must
    /// have closed it when it returns.
    ///
    /// # Errors
    /// Those of `prepare`, and when a file of that name exists or the disk fails; nothing has the name then.
    pub fn restore<E: From<StorageError>>(
        copy: &Path,
        database: &Path,
        prepare: impl FnOnce(Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let doing = format!("restoring {}", database.display());
        if database.exists() {
            return Err(failed(doing)("the file exists; restore elsewhere, or move it away").into());
        }
        let partial = with_suffix(database, ".restoring");
        let begin = || remove_database(&partial).and_then(|()| fs::copy(copy, &partial));
        begin().map_err(failed(&doing))?;
        prepare(Self::open(&partial)?)?;
        if with_suffix(&partial, "-wal").exists() {
            return Err(failed(doing)("what was prepared could not be folded into one file; free some space").into());
        }
        Ok(put_in_place(&partial, database).map_err(failed(&doing))?)
    }
}

/// Gives a finished file its name, durably.
fn put_in_place(partial: &Path, to: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    fs::rename(partial, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync_directory(folder.unwrap_or(Path::new(".")))
}

/// Makes the names in a folder durable; on Windows they are when they are given.
fn sync_directory(folder: &Path) -> io::Result<()> {
    if cfg!(windows) { Ok(()) } else { File::open(folder)?.sync_all() }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes what an earlier try left, its log before all: SQLite would apply it to whatever gets the name next.
fn remove_database(path: &Path) -> io::Result<()> {
    for suffix in ["-wal", "-shm", "-journal", ""] {
        match fs::remove_file(with_suffix(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
