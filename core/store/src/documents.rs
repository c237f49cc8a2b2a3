//! Documents as opaque bytes: the one the server has acknowledged, and the one with unsent edits on top.
//!
//! The two are kept apart so that a held edit can be taken out by building the unsent ones again on the confirmed
//! document. An edit need not write either: what is newer than the draft is in the outbox, see [`Kept::through`]. Both are
//! kept small, see [`packing`].

use fieldline_model::DocumentId;
use fieldline_sync::packing;
use rusqlite::{OptionalExtension, Row, named_params};

use crate::error::Doing;
use crate::{Result, StoreError, Tx, View};

/// A document as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The number of the last unsent edit in it; later ones of [`View::unsent_of`] go on top.
    pub through: u64,
    /// Whether nobody has read it since it came from the server: whoever does must check it.
    pub is_unread: bool,
}

fn kept(id: &DocumentId, row: rusqlite::Result<Option<(Vec<u8>, i64, bool)>>) -> Result<Option<Kept>> {
    let Some((bytes, through, is_unread)) = row.doing(format_args!("reading the document of {id}"))? else {
        return Ok(None);
    };
    let bytes = packing::grow(&bytes).ok_or_else(|| StoreError::content(id, "its document does not unpack"))?;
    Ok(Some(Kept { bytes: bytes.into_owned(), through: through.cast_unsigned(), is_unread }))
}

fn columns(row: &Row<'_>) -> rusqlite::Result<(Vec<u8>, i64, bool)> {
    Ok((row.get("bytes")?, row.get("through")?, row.get("is_unread")?))
}

impl View<'_> {
    /// The row that stands for a record, `None` when nothing of it is here.
    pub(crate) fn record_key(&self, id: &DocumentId) -> Result<Option<i64>> {
        self.connection
            .prepare_cached("SELECT id FROM record WHERE sys_id = :sys_id AND table_name = :table")
            .and_then(|mut sql| {
                let name = named_params! {":table": id.table.as_str(), ":sys_id": id.sys_id.0};
                sql.query_row(name, |row| row.get(0)).optional()
            })
            .doing(format_args!("looking for {id}"))
    }

    /// The document as the server has acknowledged it, `None` when it has not or only its row is here.
    pub fn confirmed(&self, id: &DocumentId) -> Result<Option<Kept>> {
        let Some(key) = self.record_key(id)? else { return Ok(None) };
        let row = self
            .connection
            .prepare_cached("SELECT bytes, 0 AS through, is_unread FROM confirmed WHERE record = ?1")
            .and_then(|mut sql| sql.query_row([key], columns).optional());
        kept(id, row)
    }

    /// Whether a document of the record is here.
    pub fn has_document(&self, id: &DocumentId) -> Result<bool> {
        Ok(self.record_column("has_document", id)?.unwrap_or(false))
    }

    /// The newest document that is kept: the draft, else the confirmed one.
    pub fn document(&self, id: &DocumentId) -> Result<Option<Kept>> {
        let row = self
            .connection
            .prepare_cached(include_str!("sql/document.sql"))
            .and_then(|mut sql| sql.query_row((id.sys_id.0, id.table.as_str()), columns).optional());
        kept(id, row)
    }

    /// Documents to ask a snapshot of, those asked for first at the front.
    pub fn wants(&self, limit: u32) -> Result<Vec<DocumentId>> {
        self.connection
            .prepare_cached(
                "SELECT table_name, sys_id FROM want JOIN record ON record.id = want.record ORDER BY want.rowid LIMIT ?1",
            )
            .and_then(|mut sql| sql.query_map([limit], document_id)?.collect())
            .doing("listing the documents to ask for")
    }
}

impl Tx<'_> {
    /// The row that stands for a record, made when there is none.
    pub(crate) fn record_key_or_new(&self, id: &DocumentId) -> Result<i64> {
        if let Some(key) = self.record_key(id)? {
            return Ok(key);
        }
        self.connection
            .prepare_cached("INSERT INTO record (table_name, sys_id) VALUES (:table, :sys_id)")
            .and_then(|mut sql| sql.insert(named_params! {":table": id.table.as_str(), ":sys_id": id.sys_id.0}))
            .doing(format_args!("making room for {id}"))
    }

    /// Replaces the confirmed document. The draft is left alone: build it again on top, or end it.
    pub fn put_confirmed(&self, id: &DocumentId, bytes: &[u8]) -> Result<()> {
        let key = self.record_key_or_new(id)?;
        self.write_confirmed(id, key, bytes, false)
    }

    /// Keeps a document as the server sent it, for whoever reads it first to check.
    pub(crate) fn write_confirmed(&self, id: &DocumentId, key: i64, bytes: &[u8], is_unread: bool) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO confirmed (record, bytes, is_unread) VALUES (?1, ?2, ?3)")
            .and_then(|mut sql| sql.execute((key, packing::shrink(bytes), is_unread)))
            .doing(format_args!("saving the confirmed document of {id}"))?;
        Ok(())
    }

    /// Replaces the document with unsent edits on top, up to and including edit `through`.
    pub fn put_draft(&self, id: &DocumentId, bytes: &[u8], through: u64) -> Result<()> {
        let key = self.record_key_or_new(id)?;
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO draft (record, bytes, through) VALUES (?1, ?2, ?3)")
            .and_then(|mut sql| sql.execute((key, packing::shrink(bytes), through.cast_signed())))
            .doing(format_args!("saving the document of {id}"))?;
        Ok(())
    }

    /// Drops the document with unsent edits on top: there are none left.
    pub fn drop_draft(&self, id: &DocumentId) -> Result<()> {
        if let Some(key) = self.record_key(id)? {
            self.connection
                .prepare_cached("DELETE FROM draft WHERE record = ?1")
                .and_then(|mut sql| sql.execute([key]))
                .doing(format_args!("dropping the draft of {id}"))?;
        }
        Ok(())
    }

    /// Asks for a document's snapshot with the next sync; asking twice asks once.
    pub fn want(&self, id: &DocumentId) -> Result<()> {
        let key = self.record_key_or_new(id)?;
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO want (record) VALUES (?1)")
            .and_then(|mut sql| sql.execute([key]))
            .doing(format_args!("noting that {id} is wanted"))?;
        Ok(())
    }

    /// Stops asking for a document's snapshot.
    pub fn unwant(&self, id: &DocumentId) -> Result<()> {
        if let Some(key) = self.record_key(id)? {
            self.connection
                .prepare_cached("DELETE FROM want WHERE record = ?1")
                .and_then(|mut sql| sql.execute([key]))
                .doing(format_args!("noting that {id} is no longer wanted"))?;
        }
        Ok(())
    }
}

/// Reads the two columns `table_name` and `sys_id`.
pub(crate) fn document_id(row: &Row<'_>) -> rusqlite::Result<DocumentId> {
    let table: String = row.get("table_name")?;
    Ok(DocumentId::new(table.as_str(), fieldline_model::SysId(row.get("sys_id")?)))
}
