//! What the device knows about itself and about its place in the feed.

use rusqlite::{OptionalExtension, named_params};

use crate::error::Doing;
use crate::{Result, StoreError, Tx, View};

const CURSOR: &str = "cursor";
pub(crate) const IDENTITY: &str = "identity";
pub(crate) const NEXT_COUNTER: &str = "next_counter";
const SCOPE_CHECKSUM: &str = "scope_checksum";
const SERVER_EPOCH: &str = "server_epoch";

impl View<'_> {
    /// A small value of the device's own, by name.
    pub fn meta(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.connection
            .prepare_cached("SELECT value FROM meta WHERE name = :name")
            .and_then(|mut sql| sql.query_row(named_params! {":name": name}, |row| row.get(0)).optional())
            .doing(format_args!("reading {name}"))
    }

    fn number_meta(&self, name: &str) -> Result<Option<u64>> {
        let read = |bytes: Vec<u8>| bytes.try_into().map(u64::from_be_bytes);
        let wrong = |_| StoreError::content(name, "a number has eight bytes");
        self.meta(name)?.map(|bytes| read(bytes).map_err(wrong)).transpose()
    }

    /// Who this device is, as the device wrote it; survives damage of the database.
    pub fn identity(&self) -> Result<Option<Vec<u8>>> {
        self.meta(IDENTITY)
    }

    /// Where the device stands in the feed, `None` before the first sync.
    pub fn cursor(&self) -> Result<Option<Vec<u8>>> {
        self.meta(CURSOR)
    }

    /// The server's epoch at the last sync.
    pub fn server_epoch(&self) -> Result<Option<u64>> {
        self.number_meta(SERVER_EPOCH)
    }

    /// The wrapping sum of [`fieldline_sync::wire::scope_term`] over the records in scope.
    pub fn scope_checksum(&self) -> Result<u64> {
        Ok(self.number_meta(SCOPE_CHECKSUM)?.unwrap_or(0))
    }

    /// The highest number given to an edit, 0 for none.
    pub fn newest_counter(&self) -> Result<u64> {
        Ok(self.next_counter()? - 1)
    }

    pub(crate) fn next_counter(&self) -> Result<u64> {
        Ok(self.number_meta(NEXT_COUNTER)?.unwrap_or(1))
    }
}

impl Tx<'_> {
    /// Keeps a small value of the device's own; `None` forgets it.
    pub fn put_meta(&self, name: &str, value: Option<&[u8]>) -> Result<()> {
        let doing = format_args!("keeping {name}");
        match value {
            Some(value) => self
                .connection
                .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (:name, :value)")
                .and_then(|mut sql| sql.execute(named_params! {":name": name, ":value": value})),
            None => self.connection.execute("DELETE FROM meta WHERE name = :name", named_params! {":name": name}),
        }
        .doing(doing)?;
        Ok(())
    }

    /// Keeps who this device is.
    pub fn put_identity(&self, identity: &[u8]) -> Result<()> {
        *self.identity.borrow_mut() = Some(identity.to_vec());
        self.put_meta(IDENTITY, Some(identity))
    }

    /// Moves the device in the feed; `None` sends it back to the start.
    pub fn put_cursor(&self, cursor: Option<&[u8]>) -> Result<()> {
        self.put_meta(CURSOR, cursor)
    }

    /// Remembers the server's epoch.
    pub fn put_server_epoch(&self, epoch: u64) -> Result<()> {
        self.put_meta(SERVER_EPOCH, Some(&epoch.to_be_bytes()))
    }

    /// The number of the next edit; never given twice, even when the edit is discarded.
    pub fn take_counter(&self) -> Result<u64> {
        let counter = self.next_counter()?;
        self.raise_counter(counter + 1)?;
        Ok(counter)
    }

    /// Lets counters go on at `next` at the earliest.
    pub(crate) fn raise_counter(&self, next: u64) -> Result<()> {
        if next > self.next_counter()? {
            self.put_meta(NEXT_COUNTER, Some(&next.to_be_bytes()))?;
        }
        Ok(())
    }
}

/// Writes what a transaction did to the scope checksum.
pub(crate) fn add_to_scope_checksum(tx: &Tx<'_>) -> Result<()> {
    if tx.scope_delta.get() == 0 {
        return Ok(());
    }
    let sum = tx.scope_checksum()?.wrapping_add(tx.scope_delta.get());
    tx.put_meta(SCOPE_CHECKSUM, Some(&sum.to_be_bytes()))
}
