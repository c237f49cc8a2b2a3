//! Links by anchor, membership intervals and subscriptions.

use std::collections::BTreeSet;

use fieldline_model::{DocumentId, SysId};
use fieldline_storage::{Feed, Interval, Position, Result, ScopeKey, Scopes};

use crate::row::{document, integer, interval, scope_key};
use crate::transaction::Transaction;

impl Scopes for Transaction<'_> {
    fn links(&self, anchor: &DocumentId) -> Result<BTreeSet<(ScopeKey, DocumentId)>> {
        let sql = "SELECT scope_key, table_name, sys_id FROM link WHERE anchor_table = ?1 AND anchor_sys_id = ?2";
        let params = (anchor.table.as_str(), anchor.sys_id.to_string());
        let doing = format_args!("reading what {anchor} carries");
        self.all(doing, sql, params, |row| Ok((scope_key(row, 0)?, document(row, 1)?)))
    }

    fn put_links(&mut self, anchor: &DocumentId, links: &BTreeSet<(ScopeKey, DocumentId)>) -> Result<()> {
        let before = self.links(anchor)?;
        let delete = "DELETE FROM link WHERE anchor_table = ?1 AND anchor_sys_id = ?2
                      AND scope_key = ?3 AND table_name = ?4 AND sys_id = ?5";
        let insert = "INSERT INTO link (anchor_table, anchor_sys_id, scope_key, table_name, sys_id)
                      VALUES (?1, ?2, ?3, ?4, ?5)";
        let doing = format_args!("writing what {anchor} carries");
        let anchor_id = anchor.sys_id.to_string();
        let gone = before.difference(links).map(|link| (delete, link));
        let come = links.difference(&before).map(|link| (insert, link));
        for (sql, (key, carried)) in gone.chain(come) {
            let record = (carried.table.as_str(), carried.sys_id.to_string());
            self.run(doing, sql, (anchor.table.as_str(), &anchor_id, &key.0, record.0, record.1))?;
        }
        Ok(())
    }

    fn anchors(&self, record: &DocumentId) -> Result<BTreeSet<DocumentId>> {
        let sql = "SELECT DISTINCT anchor_table, anchor_sys_id FROM link WHERE table_name = ?1 AND sys_id = ?2";
        let params = (record.table.as_str(), record.sys_id.to_string());
        self.all(format_args!("reading what carries {record}"), sql, params, |row| document(row, 0))
    }

    fn linked(&self, key: &ScopeKey, record: &DocumentId) -> Result<bool> {
        let sql = "SELECT 1 FROM link WHERE table_name = ?1 AND sys_id = ?2 AND scope_key = ?3";
        let params = (record.table.as_str(), record.sys_id.to_string(), &key.0);
        let found = self.first(format_args!("reading what carries {record}"), sql, params, |_| Ok(()))?;
        Ok(found.is_some())
    }

    fn memberships(&self, record: &DocumentId) -> Result<Vec<(ScopeKey, Interval)>> {
        let sql = "SELECT scope_key, from_position, until_position FROM membership
                   WHERE table_name = ?1 AND sys_id = ?2 ORDER BY scope_key, from_position";
        let params = (record.table.as_str(), record.sys_id.to_string());
        let doing = format_args!("reading where {record} belongs");
        self.all(doing, sql, params, |row| Ok((scope_key(row, 0)?, interval(row, 1)?)))
    }

    fn members(&self, key: &ScopeKey) -> Result<Vec<DocumentId>> {
        let sql = "SELECT table_name, sys_id FROM membership
                   WHERE scope_key = ?1 AND until_position IS NULL ORDER BY table_name, sys_id";
        self.all(format_args!("reading the members of {}", key.0), sql, [&key.0], |row| document(row, 0))
    }

    fn members_after(&self, key: &ScopeKey, after: Option<&DocumentId>, limit: u32) -> Result<Vec<DocumentId>> {
        let sql = "SELECT table_name, sys_id FROM membership
                   WHERE scope_key = ?1 AND (table_name, sys_id) > (?2, ?3) AND until_position IS NULL
                   ORDER BY table_name, sys_id LIMIT ?4";
        let (table, sys_id) = after.map_or(("", String::new()), |id| (id.table.as_str(), id.sys_id.to_string()));
        let doing = format!("reading the members of {}", key.0);
        self.all(&doing, sql, (&key.0, table, sys_id, limit), |row| document(row, 0))
    }

    fn members_between(&self, key: &ScopeKey, after: Position, upto: Position) -> Result<Vec<DocumentId>> {
        let sql = "SELECT DISTINCT table_name, sys_id FROM membership
                   WHERE scope_key = ?1 AND from_position <= ?3 AND coalesce(until_position > ?2, TRUE)
                   ORDER BY table_name, sys_id";
        let params = (&key.0, integer(after), integer(upto));
        self.all(format_args!("reading the members of {}", key.0), sql, params, |row| document(row, 0))
    }

    fn subscriptions(&self, user: SysId) -> Result<Vec<(ScopeKey, Interval)>> {
        let sql = "SELECT scope_key, from_position, until_position FROM subscription
                   WHERE user = ?1 ORDER BY scope_key, from_position";
        let doing = format_args!("reading the subscriptions of sys_user/{user}");
        self.all(doing, sql, [user.to_string()], |row| Ok((scope_key(row, 0)?, interval(row, 1)?)))
    }

    fn subscribe(&mut self, user: SysId, keys: &BTreeSet<ScopeKey>) -> Result<()> {
        let next = self.head()? + 1;
        let open = |(key, interval): (ScopeKey, Interval)| interval.until.is_none().then_some(key);
        let before: BTreeSet<_> = self.subscriptions(user)?.into_iter().filter_map(open).collect();
        let end = "UPDATE subscription SET until_position = ?3
                   WHERE user = ?1 AND scope_key = ?2 AND until_position IS NULL";
        let begin = "INSERT INTO subscription (user, scope_key, from_position) VALUES (?1, ?2, ?3)";
        // A subscription that began after the newest position and ends there never covered anything.
        let forget = "DELETE FROM subscription WHERE user = ?1 AND scope_key = ?2 AND from_position = until_position
                      AND until_position = ?3";
        let ended = before.difference(keys).flat_map(|key| [(end, key), (forget, key)]);
        let begun = keys.difference(&before).map(|key| (begin, key));
        let doing = format_args!("changing the subscriptions of sys_user/{user}");
        for (sql, key) in ended.chain(begun) {
            self.run(doing, sql, (user.to_string(), &key.0, integer(next)))?;
        }
        Ok(())
    }
}
