//! One writer, one reader, and the transaction everything is written in.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldline_model::BlobHash;
use rusqlite::{Connection, TransactionBehavior};

use crate::Result;
use crate::blob_files::BlobFiles;
use crate::closed_mark::ClosedMark;
use crate::error::Doing;
use crate::identity::IdentityFile;
use crate::{StoreError, meta, search};

/// The phone's database and captured files. Shareable between threads: one writes, one reads, neither waits for the other.
pub struct Store {
    pub(crate) writer: Mutex<Connection>,
    pub(crate) reader: Mutex<Connection>,
    pub(crate) blob_files: BlobFiles,
    pub(crate) identity_file: IdentityFile,
    /// The last field: it looks at the files after the connections are closed.
    pub(crate) closed_mark: ClosedMark,
}

/// Reads one consistent state.
#[derive(Clone, Copy)]
pub struct View<'c> {
    pub(crate) connection: &'c Connection,
}

/// Reads and writes; everything becomes durable together or not at all.
pub struct Tx<'c> {
    view: View<'c>,
    /// Records whose search entry may be out of date; brought up to date once, before the commit.
    pub(crate) stale: RefCell<BTreeSet<i64>>,
    /// What the transaction adds to the scope checksum.
    pub(crate) scope_delta: Cell<u64>,
    /// Files nobody needs once the transaction is durable.
    pub(crate) unneeded: RefCell<Vec<BlobHash>>,
    /// The identity, when the transaction changes it.
    pub(crate) identity: RefCell<Option<Vec<u8>>>,
}

impl<'c> Deref for Tx<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl Store {
    /// Runs `work` in one transaction. When this returns `Ok` everything `work` wrote is on disk; when it returns an error,
    /// nothing is.
    ///
    /// # Errors
    /// Those of `work`, and the database's own.
    pub fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = lock(&self.writer);
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).doing("beginning to write")?;
        let tx = Tx {
            view: View { connection: &transaction },
            stale: RefCell::default(),
            scope_delta: Cell::new(0),
            unneeded: RefCell::default(),
            identity: RefCell::default(),
        };
        let answer = work(&tx)?;
        search::bring_up_to_date(&tx)?;
        meta::add_to_scope_checksum(&tx)?;
        let (unneeded, identity) = (tx.unneeded.into_inner(), tx.identity.into_inner());
        // The copy comes first: what can fail must not fail once everything is saved.
        if let Some(identity) = identity {
            self.identity_file.write(&identity)?;
        }
        transaction.commit().doing("saving")?;
        // A file that cannot be removed now goes when the store is opened again.
        unneeded.into_iter().for_each(|blob| drop(self.blob_files.remove(blob)));
        Ok(answer)
    }

    /// Runs `look` on one consistent state, without waiting for a writer.
    ///
    /// # Errors
    /// Those of `look`, and the database's own.
    pub fn read<T, E: From<StoreError>>(&self, look: impl FnOnce(View<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = lock(&self.reader);
        let transaction = connection.transaction().doing("beginning to read")?;
        look(View { connection: &transaction })
    }

    /// The captured files.
    pub fn blob_files(&self) -> &BlobFiles {
        &self.blob_files
    }

    /// Folds the search index and the write-ahead log, which also wipes what purged records left in them. For idle moments.
    ///
    /// # Errors
    /// When the database fails; nothing is lost then.
    pub fn tidy(&self) -> Result<()> {
        let doing = "tidying the database";
        let connection = lock(&self.writer);
        connection.execute_batch("INSERT INTO search (search) VALUES ('optimize'); PRAGMA optimize;").doing(doing)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).doing(doing)
    }
}

impl Store {
    /// Ends write-ahead logging, so that the database is one file that can be renamed; opening it again returns to it.
    pub(crate) fn fold_into_one_file(mut self) -> Result<()> {
        self.closed_mark.disarm();
        let inner = |connection: Mutex<Connection>| connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        drop(inner(self.reader));
        let writer = inner(self.writer);
        writer.pragma_update(None, "journal_mode", "DELETE").doing("finishing the database")?;
        writer.close().map_err(|(_, error)| error).doing("finishing the database")
    }
}

/// A panic in another thread's closure rolled its transaction back, so the connection behind a poisoned lock is sound.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
