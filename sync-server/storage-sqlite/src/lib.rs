//! The server's storage on embedded SQLite: needs nothing installed, one file to back up.
//!
//! **Promises.** What [`Storage`] and its traits promise; the contract battery runs on a file and in memory. A commit that
//! returned is on disk (WAL, `synchronous=FULL`). Readers see one state and wait for nobody: each has a connection of its own.
//!
//! **In memory** (simulator, tests) one connection serves everybody, so a reader waits for the writer: one thread must not
//! hold two transactions at once.
//!
//! **Leaves out** encryption: the file is as private as the disk it lies on.

mod accounts;
mod audit;
mod backup;
mod blobs;
mod columns;
mod documents;
mod feed;
mod grants;
mod jobs;
mod memos;
mod migrate;
mod query;
mod records;
mod row;
mod scopes;
mod search;
mod tallies;
mod transaction;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldline_storage::{Result, Storage, StorageError, Tx};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::transaction::{Held, Transaction};

/// Milliseconds a statement waits for another process (`backup` or a SQL shell beside a running server).
const BUSY_MILLISECONDS: u32 = 10_000;
/// Prepared statements kept per connection: all fixed ones and the queries of a busy screen.
const STATEMENTS_KEPT: usize = 192;
/// Reader connections kept open when idle; more are opened when needed.
const READERS_KEPT: usize = 8;

/// A server's database in one SQLite file, or in memory.
pub struct SqliteStorage {
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    /// `None` in memory.
    path: Option<PathBuf>,
}

impl SqliteStorage {
    /// Opens or creates a database file and brings it to the newest schema.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a database, or was written by a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut connection = connect(path)?;
        migrate::migrate(&mut connection, &path.display())?;
        Ok(Self::new(connection, Some(path.to_owned())))
    }

    /// Makes an empty database that ends with the process.
    ///
    /// # Errors
    /// When SQLite has no memory left.
    pub fn in_memory() -> Result<Self> {
        let mut connection = Connection::open_in_memory().map_err(failed("opening a database in memory"))?;
        prepare(&connection).map_err(failed("opening a database in memory"))?;
        migrate::migrate(&mut connection, &"the database in memory")?;
        Ok(Self::new(connection, None))
    }

    fn new(writer: Connection, path: Option<PathBuf>) -> Self {
        Self { writer: Mutex::new(writer), readers: Mutex::default(), path }
    }

    /// The writer; a transaction that a panic left open was undone when it was dropped.
    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a reader back for the next one.
    fn keep_reader(&self, connection: Connection) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
    }

    fn reader(&self, path: &Path) -> Result<Connection> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| connect(path), Ok)
    }
}

impl Storage for SqliteStorage {
    fn begin(&self) -> Result<Box<dyn Tx + '_>> {
        Ok(Box::new(Transaction::write(self.writer())?))
    }

    fn read(&self) -> Result<Box<dyn Tx + '_>> {
        let held = match &self.path {
            Some(path) => Held::Reader(self, Some(self.reader(path)?)),
            None => Held::Writer(self.writer()),
        };
        Ok(Box::new(Transaction::read(held)?))
    }

    fn backup(&self, to: &Path) -> Result<()> {
        match &self.path {
            Some(path) => backup::copy(&connect(path)?, to),
            None => backup::copy(&self.writer(), to),
        }
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        prepare(&connection)?;
        Ok::<_, rusqlite::Error>(connection)
    };
    open().map_err(failed(format!("opening {}", path.display())))
}

/// Sets what SQLite forgets between connections. `fullfsync` matters on macOS, where `fsync` stops at the drive's cache.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Without this, binding a parameter that a partial index might depend on prepares the statement anew, every time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(&format!(
        "PRAGMA busy_timeout = {BUSY_MILLISECONDS};
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA journal_size_limit = 67108864;"
    ))
}

/// Names what was being done when the database failed.
pub(crate) fn failed<E>(doing: impl ToString) -> impl FnOnce(E) -> StorageError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| {
        let (doing, source) = (doing.to_string(), source.into());
        let of_database = source.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let of_system = source.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if of_database == Some(ErrorCode::DiskFull) || of_system == Some(ErrorKind::StorageFull) {
            StorageError::Full { doing }
        } else {
            StorageError::Backend { doing, source }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connection_writes_through_to_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let connection = connect(&directory.path().join("server.db")).unwrap();
        let pragma = |name: &str| -> String {
            let read = |row: &rusqlite::Row<'_>| row.get_ref(0).map(|value| format!("{value:?}"));
            connection.query_row(&format!("PRAGMA {name}"), [], read).unwrap()
        };
        assert_eq!(pragma("synchronous"), "Integer(2)", "2 is FULL");
        assert!(pragma("journal_mode").contains("119, 97, 108"), "wal: {}", pragma("journal_mode"));
        assert_eq!(pragma("foreign_keys"), "Integer(1)");
    }

    #[test]
    fn a_file_that_is_no_database_is_named_in_the_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        std::fs::write(&path, "not a database, and long enough that SQLite looks at its header ".repeat(20)).unwrap();
        let error = SqliteStorage::open(&path).err().unwrap().to_string();
        assert!(error.contains("notes.txt"), "{error}");
    }

    #[test]
    fn a_backup_refuses_to_replace_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("copy.db");
        std::fs::write(&path, "precious").unwrap();
        assert!(SqliteStorage::in_memory().unwrap().backup(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
}
