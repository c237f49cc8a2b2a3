//! What a first sync brings: rows of records nobody has here yet, and documents that nobody reads before they are worked on.

use fieldline_model::{DocumentId, Record};
use fieldline_sync::wire::Position;
use rusqlite::{OptionalExtension, Row, named_params};

use crate::error::Doing;
use crate::records::{Keys, RecordUpdate, Standing, active, decode_fields, encode_fields};
use crate::{Result, Tx, View};

/// What is here of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Where it stands.
    pub standing: Standing,
    /// The server's position of what is held; 0 when it has none.
    pub position: Position,
    /// Whether a document of it is here.
    pub has_document: bool,
}

/// A row without its document, as the server sent it.
#[derive(Debug)]
pub struct BareRow {
    key: i64,
    /// The row.
    pub record: Record,
}

impl View<'_> {
    /// What is here of a record, `None` when nothing is.
    pub fn known(&self, id: &DocumentId) -> Result<Option<Known>> {
        self.connection
            .prepare_cached("SELECT standing, position, has_document FROM record WHERE sys_id = ?1 AND table_name = ?2")
            .and_then(|mut sql| {
                let read = |row: &Row<'_>| {
                    let standing = Standing::from_column(row.get(0)?);
                    let position = Position(row.get::<_, i64>(1)?.cast_unsigned());
                    Ok(Known { standing, position, has_document: row.get(2)? })
                };
                sql.query_row((id.sys_id.0, id.table.as_str()), read).optional()
            })
            .doing(format_args!("looking for {id}"))
    }

    /// A record's row as the server sent it at a position; `None` when another one is here, or a document of it.
    pub fn bare_row(&self, id: &DocumentId, position: Position) -> Result<Option<BareRow>> {
        let row = self
            .connection
            .prepare_cached(include_str!("sql/bare_row.sql"))
            .and_then(|mut sql| {
                let name = named_params! {
                    ":sys_id": id.sys_id.0, ":table": id.table.as_str(), ":position": position.0.cast_signed(),
                };
                sql.query_row(name, |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))).optional()
            })
            .doing(format_args!("reading the row of {id}"))?;
        row.map(|(key, fields)| Ok(BareRow { key, record: decode_fields(id, &fields)? })).transpose()
    }
}

impl Tx<'_> {
    /// Takes in the row of a record of which nothing is here: it enters the scope. Most rows of a first sync do.
    pub fn put_new_row(&self, update: &RecordUpdate<'_>, position: Position) -> Result<()> {
        let (record, keys) = (update.record, Keys::of(update));
        let place = format_args!("saving {}", record.id);
        let fields = encode_fields(record, false)?;
        let key = self
            .connection
            .prepare_cached(include_str!("sql/insert_row.sql"))
            .and_then(|mut sql| {
                sql.insert(named_params! {
                    ":table": record.id.table.as_str(),
                    ":sys_id": record.id.sys_id.0,
                    ":position": position.0.cast_signed(),
                    ":fields": fields,
                    ":display": update.display,
                    ":stage": update.stage,
                    ":active": active(record),
                    ":state": keys.state,
                    ":number": keys.number,
                    ":assigned_to": keys.assigned_to,
                    ":location": keys.location,
                    ":asset": keys.asset,
                    ":configuration_item": keys.configuration_item,
                    ":stockroom": keys.stockroom,
                    ":starts_at": keys.starts_at,
                })
            })
            .doing(place)?;
        self.write_references(key, None, record)?;
        self.count_in_scope(&record.id, None, Some(Standing::InScope));
        self.stale.borrow_mut().insert(key);
        if update.display.is_empty() { Ok(()) } else { self.names_changed(record.id.sys_id) }
    }

    /// Keeps the document of a row as the server sent it, for whoever reads it first to check.
    pub fn put_unread(&self, row: &BareRow, bytes: &[u8]) -> Result<()> {
        self.write_confirmed(&row.record.id, row.key, bytes, true)
    }
}
