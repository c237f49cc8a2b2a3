//! What the server remembers for somebody for a while.

use fieldline_model::{SysId, Timestamp};
use fieldline_storage::{Memo, Memos, Result};
use rusqlite::params;

use crate::transaction::Transaction;

impl Memos for Transaction<'_> {
    fn memo(&self, owner: SysId, purpose: &str, name: &str) -> Result<Option<Memo>> {
        let sql = "SELECT value, made_at FROM memo WHERE owner = ?1 AND purpose = ?2 AND name = ?3";
        let doing = format_args!("reading a memo for {purpose}");
        self.first(doing, sql, params![owner.to_string(), purpose, name], |row| {
            Ok(Memo { value: row.get(0)?, made_at: Timestamp(row.get(1)?) })
        })
    }

    fn put_memo(&mut self, owner: SysId, purpose: &str, name: &str, memo: &Memo) -> Result<()> {
        let sql = "INSERT INTO memo (owner, purpose, name, value, made_at) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT DO UPDATE SET value = excluded.value, made_at = excluded.made_at";
        let values = params![owner.to_string(), purpose, name, memo.value, memo.made_at.0];
        self.run(format_args!("writing a memo for {purpose}"), sql, values).map(drop)
    }

    fn forget_memos(&mut self, owner: SysId, purpose: &str, before: Timestamp, most: u32) -> Result<()> {
        let sql = "DELETE FROM memo WHERE owner = ?1 AND purpose = ?2 AND (made_at < ?3 OR name NOT IN (
                       SELECT name FROM memo WHERE owner = ?1 AND purpose = ?2 ORDER BY made_at DESC, name LIMIT ?4))";
        let values = params![owner.to_string(), purpose, before.0, most];
        self.run(format_args!("forgetting memos for {purpose}"), sql, values).map(drop)
    }
}
