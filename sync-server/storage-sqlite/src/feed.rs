//! The feed. Nobody reads its entries one by one: an `Edit` is a row of `edit`, and every entry is a row of `listing` under
//! each key that sees it. So the feed itself is only its head.

use fieldline_model::DocumentId;
use fieldline_model::plant::{self, Plant};
use fieldline_storage::{Feed, FeedEntry, Happening, Position, Result, ScopeKey, StoredEdit};
use rusqlite::params;

use crate::documents::columns;
use crate::row::{document, integer, natural};
use crate::transaction::Transaction;

impl Feed for Transaction<'_> {
    fn head(&self) -> Result<Position> {
        let head = self.first("reading the feed's head", "SELECT head FROM feed", [], |row| natural(row, 0))?;
        Ok(head.unwrap_or_default())
    }

    fn append(&mut self, entries: &[FeedEntry]) -> Result<Position> {
        let first = self.head()? + 1;
        let numbered = || (first..).zip(entries);
        for (position, entry) in numbered() {
            match &entry.happening {
                Happening::Enter(key) => self.enter(position, &entry.document, key)?,
                Happening::Leave(key) => self.leave(position, &entry.document, key)?,
                Happening::Edit(_) | Happening::Row => {}
            }
        }
        for (position, entry) in numbered() {
            match &entry.happening {
                Happening::Edit(edit) => {
                    self.insert_edit(position, edit)?;
                    self.list_under_every_key(position, &entry.document)?;
                }
                Happening::Row => self.list_under_every_key(position, &entry.document)?,
                Happening::Enter(_) | Happening::Leave(_) => {}
            }
        }
        let short = u64::from(plant::is(Plant::FeedHeadShort) && entries.len() > 1);
        let count = integer(entries.len() as u64 - short);
        self.run("numbering feed entries", "UPDATE feed SET head = head + ?1", [count])?;
        Ok(first)
    }

    fn newest(&self, key: &ScopeKey) -> Result<Position> {
        let sql = "SELECT coalesce(max(position), 0) FROM listing WHERE scope_key = ?1";
        let doing = format_args!("reading the newest change under {}", key.0);
        let newest = self.first(doing, sql, [&key.0], |row| natural(row, 0))?;
        Ok(newest.unwrap_or_default())
    }

    fn changed(
        &self,
        key: &ScopeKey,
        after: Position,
        upto: Position,
        limit: u32,
    ) -> Result<Vec<(Position, DocumentId)>> {
        let sql = "SELECT position, table_name, sys_id FROM listing
                   WHERE scope_key = ?1 AND position > ?2 AND position <= ?3
                     AND NOT EXISTS (SELECT 1 FROM listing AS newer
                                     WHERE newer.scope_key = ?1 AND newer.table_name = listing.table_name
                                       AND newer.sys_id = listing.sys_id
                                       AND newer.position > listing.position AND newer.position <= ?3)
                   ORDER BY position LIMIT ?4";
        let params = (&key.0, integer(after), integer(upto), limit);
        let doing = format_args!("reading what changed under {}", key.0);
        self.all(doing, sql, params, |row| Ok((natural(row, 0)?, document(row, 1)?)))
    }
}

impl Transaction<'_> {
    fn insert_edit(&self, position: Position, edit: &StoredEdit) -> Result<()> {
        let sql = "INSERT INTO edit
                       (device, epoch, counter, position, table_name, sys_id, hash, author, received_at, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let sql = if plant::is(Plant::DedupeDropped) { &sql.replace("INSERT", "INSERT OR REPLACE") } else { sql };
        let (device, epoch, counter) = columns(edit.key);
        let params = params![
            device,
            epoch,
            counter,
            integer(position),
            edit.document.table.as_str(),
            edit.document.sys_id.to_string(),
            edit.hash,
            edit.author.to_string(),
            edit.received_at.0,
            edit.body
        ];
        self.run(format_args!("recording an edit of {}", edit.document), sql, params).map(drop)
    }

    /// Lists an entry under the keys the record belongs to and stamps its row.
    fn list_under_every_key(&self, position: Position, document: &DocumentId) -> Result<()> {
        let params = (integer(position), document.table.as_str(), document.sys_id.to_string());
        let list = "INSERT INTO listing (scope_key, position, table_name, sys_id)
                    SELECT scope_key, ?1, table_name, sys_id FROM membership
                    WHERE table_name = ?2 AND sys_id = ?3 AND until_position IS NULL";
        let doing = format_args!("listing a change of {document}");
        let list = if plant::is(Plant::ListedUnderOneKey) { &format!("{list} LIMIT 1") } else { list };
        self.run(doing, list, (params.0, params.1, &params.2))?;
        let stamp = "UPDATE record SET position = ?1 WHERE table_name = ?2 AND sys_id = ?3";
        self.run(doing, stamp, params).map(drop)
    }

    fn enter(&self, position: Position, document: &DocumentId, key: &ScopeKey) -> Result<()> {
        self.list(position, document, key)?;
        let sql = "INSERT INTO membership (table_name, sys_id, scope_key, from_position)
                   SELECT ?2, ?3, ?1, ?4
                   WHERE NOT EXISTS (SELECT 1 FROM membership WHERE scope_key = ?1 AND table_name = ?2
                                       AND sys_id = ?3 AND until_position IS NULL)";
        self.move_membership(sql, position, document, key)
    }

    fn leave(&self, position: Position, document: &DocumentId, key: &ScopeKey) -> Result<()> {
        self.list(position, document, key)?;
        let sql = "UPDATE membership SET until_position = ?4
                   WHERE scope_key = ?1 AND table_name = ?2 AND sys_id = ?3 AND until_position IS NULL";
        self.move_membership(sql, position, document, key)
    }

    fn list(&self, position: Position, document: &DocumentId, key: &ScopeKey) -> Result<()> {
        let sql = "INSERT INTO listing (scope_key, table_name, sys_id, position) VALUES (?1, ?2, ?3, ?4)";
        self.move_membership(sql, position, document, key)
    }

    fn move_membership(&self, sql: &str, position: Position, document: &DocumentId, key: &ScopeKey) -> Result<()> {
        let params = (&key.0, document.table.as_str(), document.sys_id.to_string(), integer(position));
        self.run(format_args!("moving {document} in or out of {}", key.0), sql, params).map(drop)
    }
}
