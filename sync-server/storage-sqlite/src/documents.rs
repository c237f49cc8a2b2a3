//! Accepted edits, edits kept aside, and snapshots.

use fieldline_model::plant::{self, Plant};
use fieldline_model::{DeviceId, DocumentId, SysId};
use fieldline_storage::{Documents, EditKey, HeldEdit, Position, Result, StoredEdit};
use rusqlite::{Row, params};

use crate::row::{document, id, integer, moment, natural, optional_id};
use crate::transaction::Transaction;

/// The reason under which a second edit with a used key is kept.
const EQUIVOCATION: &str = "equivocation";

impl Documents for Transaction<'_> {
    fn snapshot(&self, document: &DocumentId) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT bytes FROM snapshot WHERE table_name = ?1 AND sys_id = ?2";
        let doing = format_args!("reading the snapshot of {document}");
        self.first(doing, sql, (document.table.as_str(), document.sys_id.to_string()), |row| row.get(0))
    }

    fn put_snapshot(&mut self, document: &DocumentId, bytes: &[u8]) -> Result<()> {
        let sql = "INSERT INTO snapshot (table_name, sys_id, bytes) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET bytes = excluded.bytes";
        let doing = format_args!("writing the snapshot of {document}");
        self.run(doing, sql, (document.table.as_str(), document.sys_id.to_string(), bytes)).map(drop)
    }

    fn edit(&self, key: EditKey) -> Result<Option<(Position, StoredEdit)>> {
        let sql = "SELECT position, device, epoch, counter, table_name, sys_id, hash, author, received_at, body
                   FROM edit WHERE device = ?1 AND epoch = ?2 AND counter = ?3";
        self.first("looking up an edit", sql, columns(key), stored_edit)
    }

    fn newest_counter(&self, device: DeviceId, epoch: u32) -> Result<Option<u64>> {
        let newest = |table| {
            let sql =
                format!("SELECT counter FROM {table} WHERE device = ?1 AND epoch = ?2 ORDER BY counter DESC LIMIT 1");
            self.first("looking for a device's newest edit", &sql, (device.to_string(), epoch), |row| {
                row.get::<_, i64>(0)
            })
        };
        Ok(newest("edit")?.max(newest("held_edit")?).map(i64::cast_unsigned))
    }

    fn edits(&self, document: &DocumentId, after: Position) -> Result<Vec<(Position, StoredEdit)>> {
        let sql = "SELECT position, device, epoch, counter, table_name, sys_id, hash, author, received_at, body
                   FROM edit WHERE table_name = ?1 AND sys_id = ?2 AND position > ?3 ORDER BY position";
        let after = if plant::is(Plant::EditsSinceOneLate) && after > 0 { after + 1 } else { after };
        let params = (document.table.as_str(), document.sys_id.to_string(), integer(after));
        self.all(format_args!("reading the edits of {document}"), sql, params, stored_edit)
    }

    fn newest_edit(&self, document: &DocumentId) -> Result<Option<Position>> {
        let sql = "SELECT position FROM edit WHERE table_name = ?1 AND sys_id = ?2 ORDER BY position DESC LIMIT 1";
        let params = (document.table.as_str(), document.sys_id.to_string());
        self.first(format_args!("looking for the newest edit of {document}"), sql, params, |row| natural(row, 0))
    }

    fn first_author(&self, document: &DocumentId) -> Result<Option<SysId>> {
        let sql = "SELECT author FROM edit WHERE table_name = ?1 AND sys_id = ?2 ORDER BY position LIMIT 1";
        let params = (document.table.as_str(), document.sys_id.to_string());
        self.first(format_args!("looking for the first edit of {document}"), sql, params, |row| id(row, 0))
    }

    fn hold(&mut self, held: &HeldEdit) -> Result<()> {
        let before = self.held(held.key)?;
        let first = before.is_empty();
        let new_branch = held.reason == EQUIVOCATION && before.iter().all(|one| one.body != held.body);
        if !first && !new_branch {
            return Ok(());
        }
        let sql = "INSERT INTO held_edit
                       (device, epoch, counter, table_name, sys_id, reason, detail, received_at, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let (device, epoch, counter) = columns(held.key);
        let table = held.document.as_ref().map(|document| document.table.as_str());
        let sys_id = held.document.as_ref().map(|document| document.sys_id.to_string());
        let received_at = held.received_at.0;
        let params = params![device, epoch, counter, table, sys_id, held.reason, held.detail, received_at, held.body];
        self.run("keeping an edit aside", sql, params).map(drop)
    }

    fn held(&self, key: EditKey) -> Result<Vec<HeldEdit>> {
        let sql = "SELECT device, epoch, counter, table_name, sys_id, reason, detail, received_at, body
                   FROM held_edit WHERE device = ?1 AND epoch = ?2 AND counter = ?3 ORDER BY id";
        self.all("reading the edits kept aside", sql, columns(key), held_edit)
    }

    fn held_recently(&self, limit: u32) -> Result<Vec<HeldEdit>> {
        let sql = "SELECT device, epoch, counter, table_name, sys_id, reason, detail, received_at, body
                   FROM held_edit ORDER BY id DESC LIMIT ?1";
        self.all("reading the edits kept aside", sql, [limit], held_edit)
    }
}

/// A key's three columns. A counter keeps all its 64 bits, for a hostile device may send any.
pub(crate) fn columns(key: EditKey) -> (String, u32, i64) {
    (key.device.to_string(), key.epoch, key.counter.cast_signed())
}

fn key(row: &Row<'_>, column: usize) -> rusqlite::Result<EditKey> {
    let counter = row.get::<_, i64>(column + 2)?.cast_unsigned();
    Ok(EditKey { device: id(row, column)?, epoch: row.get(column + 1)?, counter })
}

fn stored_edit(row: &Row<'_>) -> rusqlite::Result<(Position, StoredEdit)> {
    let edit = StoredEdit {
        key: key(row, 1)?,
        document: document(row, 4)?,
        hash: row.get(6)?,
        author: id(row, 7)?,
        received_at: moment(row, 8)?,
        body: row.get(9)?,
    };
    Ok((natural(row, 0)?, edit))
}

fn held_edit(row: &Row<'_>) -> rusqlite::Result<HeldEdit> {
    let sys_id = optional_id(row, 4)?;
    let table: Option<String> = row.get(3)?;
    Ok(HeldEdit {
        key: key(row, 0)?,
        document: table.zip(sys_id).map(|(table, sys_id)| DocumentId::new(&*table, sys_id)),
        reason: row.get(5)?,
        detail: row.get(6)?,
        received_at: moment(row, 7)?,
        body: row.get(8)?,
    })
}
