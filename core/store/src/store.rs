//! One writer, one reader, and the transaction everything is written in.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldline_model::BlobHash;
use rusqlite::{Connection, TransactionBehavior};

use crate::Result;
use crate::blob_files::BlobFiles;
use crate::closed_mark::ClosedMark;
use crate::error::Doing;
use crate::identity::IdentityFile;
use crate::lists::Listed;
use crate::newest_mark::NewestMark;
use crate::open::check;
use crate::{StoreError, meta, search};

/// The phone's database and captured files. Shareable between threads: one writes, one reads, neither waits for the other.
pub struct Store {
    /// Opened with the first write: a start that shows a list does not wait for it.
    pub(crate) writer: Mutex<Option<Connection>>,
    pub(crate) connect: Box<dyn Fn() -> rusqlite::Result<Connection> + Send + Sync>,
    pub(crate) reader: Mutex<Connection>,
    pub(crate) blob_files: BlobFiles,
    pub(crate) identity_file: IdentityFile,
    pub(crate) unindexed: Unindexed,
    /// Whether the whole file is known to be sound, or was when it was closed.
    pub(crate) is_checked: AtomicBool,
    pub(crate) newest_mark: NewestMark,
    /// The last field: it looks at the files after the connections are closed.
    pub(crate) closed_mark: ClosedMark,
}

/// Records whose search entry is made later. `None` just after opening, when it is not known yet which: those with unsent
/// edits may be.
pub(crate) type Unindexed = Mutex<Option<BTreeSet<i64>>>;

/// So many records may wait for their search entry; one more, and all are brought up to date.
const MOST_UNINDEXED: usize = 16;

/// Reads one consistent state.
#[derive(Clone, Copy)]
pub struct View<'c> {
    pub(crate) connection: &'c Connection,
}

/// Reads and writes; everything becomes durable together or not at all.
pub struct Tx<'c> {
    view: View<'c>,
    /// Records whose search entry may be out of date.
    pub(crate) stale: RefCell<BTreeSet<i64>>,
    /// Whether their search entries may be made later.
    pub(crate) search_waits: Cell<bool>,
    /// What the transaction adds to the scope checksum.
    pub(crate) scope_delta: Cell<u64>,
    /// Files nobody needs once the transaction is durable.
    pub(crate) unneeded: RefCell<Vec<BlobHash>>,
    /// The identity, when the transaction changes it.
    pub(crate) identity: RefCell<Option<Vec<u8>>>,
    /// The highest number among the edits the transaction adds.
    pub(crate) newest: Cell<Option<u64>>,
    /// Whether the transaction removes edits.
    pub(crate) removes_edits: Cell<bool>,
}

impl<'c> Deref for Tx<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl Tx<'_> {
    /// Lets the search entries of what this transaction changes wait for the next one that does not ask for this, or for
    /// the next search: an edit then writes a third of the pages. Only for records with an unsent edit, which is how they
    /// are found again after a kill.
    pub fn let_search_wait(&self) {
        self.search_waits.set(true);
    }
}

impl Store {
    /// Runs `work` in one transaction. When this returns `Ok` everything `work` wrote is on disk; when it returns an error,
    /// nothing is.
    ///
    /// # Errors
    /// Those of `work`, and the database's own.
    pub fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        self.write_on(lock(&self.writer), work)
    }

    fn write_on<T, E: From<StoreError>>(
        &self,
        mut writer: MutexGuard<'_, Option<Connection>>,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.connected(&mut writer)?;
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).doing("beginning to write")?;
        let tx = Tx {
            view: View { connection: &transaction },
            stale: RefCell::new(self.unindexed(&transaction)?),
            search_waits: Cell::new(false),
            scope_delta: Cell::new(0),
            unneeded: RefCell::default(),
            identity: RefCell::default(),
            newest: Cell::default(),
            removes_edits: Cell::default(),
        };
        let answer = work(&tx).inspect_err(|_| self.closed_mark.note_damage())?;
        if !tx.search_waits.get() || tx.stale.borrow().len() > MOST_UNINDEXED {
            search::bring_up_to_date(&tx)?;
        }
        meta::add_to_scope_checksum(&tx)?;
        let (unneeded, identity, stale) = (tx.unneeded.into_inner(), tx.identity.into_inner(), tx.stale.into_inner());
        let newest = tx.newest.get();
        if tx.removes_edits.get() {
            self.newest_mark.wipe();
        }
        // The copy comes first: what can fail must not fail once everything is saved.
        if let Some(identity) = identity {
            self.identity_file.write(&identity)?;
        }
        transaction.commit().doing("saving")?;
        newest.into_iter().for_each(|counter| self.newest_mark.note(counter));
        *lock(&self.unindexed) = Some(stale);
        // A file that cannot be removed now goes when the store is opened again.
        unneeded.into_iter().for_each(|blob| drop(self.blob_files.remove(blob)));
        Ok(answer)
    }

    fn connected<'w>(&self, writer: &'w mut Option<Connection>) -> Result<&'w mut Connection> {
        match writer {
            Some(writer) => Ok(writer),
            None => Ok(writer.insert((self.connect)().doing("opening the database to write")?)),
        }
    }

    /// Runs `look` on one consistent state, without waiting for a writer.
    ///
    /// # Errors
    /// Those of `look`, and the database's own.
    pub fn read<T, E: From<StoreError>>(&self, look: impl FnOnce(View<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut connection = lock(&self.reader);
        let transaction = connection.transaction().doing("beginning to read")?;
        look(View { connection: &transaction }).inspect_err(|_| self.closed_mark.note_damage())
    }

    /// Records in which every word of `text` occurs, the last one perhaps unfinished; the most telling first. Never waits for
    /// a writer: what a transaction under way changes is found when it is done.
    ///
    /// # Errors
    /// The database's own.
    pub fn search(&self, text: &str, limit: u32) -> Result<Vec<Listed>> {
        if lock(&self.unindexed).as_ref().is_none_or(|waiting| !waiting.is_empty())
            && let Ok(connection) = self.writer.try_lock()
        {
            self.write_on(connection, |_| Ok::<_, StoreError>(()))?;
        }
        self.read(|view| view.search(text, limit))
    }

    /// Which records wait for their search entry.
    fn unindexed(&self, connection: &Connection) -> Result<BTreeSet<i64>> {
        match lock(&self.unindexed).clone() {
            Some(waiting) => Ok(waiting),
            None => search::may_be_unindexed(connection),
        }
    }

    /// The captured files.
    pub fn blob_files(&self) -> &BlobFiles {
        &self.blob_files
    }

    /// Folds the search index and the write-ahead log, which also wipes what purged records left in them, and checks the
    /// whole file if that was not done since a kill. For idle moments.
    ///
    /// # Errors
    /// When the database fails or is damaged; nothing is lost then.
    pub fn tidy(&self) -> Result<()> {
        let doing = "tidying the database";
        let mut writer = lock(&self.writer);
        let connection = self.connected(&mut writer)?;
        if !self.is_checked.load(Ordering::Relaxed) {
            check(connection, "1", "checking the whole file").inspect_err(|_| self.closed_mark.note_damage())?;
            self.is_checked.store(true, Ordering::Relaxed);
        }
        connection.execute_batch("INSERT INTO search (search) VALUES ('optimize'); PRAGMA optimize;").doing(doing)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).doing(doing)
    }
}

impl Store {
    /// Ends write-ahead logging, so that the database is one file that can be renamed; opening it again returns to it.
    pub(crate) fn fold_into_one_file(mut self) -> Result<()> {
        self.closed_mark.disarm();
        drop(self.reader);
        let writer = self.writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let writer = writer.map_or_else(&*self.connect, Ok).doing("finishing the database")?;
        writer.pragma_update(None, "journal_mode", "DELETE").doing("finishing the database")?;
        writer.close().map_err(|(_, error)| error).doing("finishing the database")
    }
}

/// A panic in another thread's closure rolled its transaction back, so what is behind a poisoned lock is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
