//! The one road for every change of a reference row, and what follows from it: subscriptions, accounts, priorities.

use std::collections::BTreeSet;

use fieldline_model::{DocumentId, Record, SysId, TableName, Value};
use fieldline_storage::{Account, FeedEntry, Happening};

use crate::call::Call;
use crate::change_requests::risk;
use crate::cmdb;
use crate::cmdb::health::cycle;
use crate::error::Result;
use crate::flows;
use crate::itsm::{PROPERTIES, auto_close};
use crate::notifications::Said;
use crate::query::number_field;
use crate::rules;
use crate::scope::Blobs;
use crate::server::PRIORITY_TABLE;
use crate::stock::{ASSETS, STOCKROOMS};

impl Call<'_> {
    /// Inserts or replaces a row: stamps it, relinks it, and lets subscriptions and priorities follow.
    pub(crate) fn put_row(&mut self, mut record: Record) -> Result<()> {
        let before = self.tx.record(&record.id)?.map(|(_, record)| record);
        self.stamp(before.as_ref(), &mut record);
        self.tx.put_record(&record)?;
        if let Some(before) = &before {
            self.note_changes(before, &record, self.caller.user)?;
        }
        self.relink(before.as_ref(), &record, &Blobs::default())?;
        self.reads_otherwise(&record.id)?;
        self.note_news(&record.id, before.as_ref(), [self.caller.user], Said::default());
        self.pending.entries.push(FeedEntry { document: record.id.clone(), happening: Happening::Row });
        if record.id.table == *"sys_user" {
            self.update_account(&record)?;
        }
        self.follow(before.as_ref(), Some(&record))?;
        self.follow_flows(before.as_ref(), &record)
    }

    /// Removes a record of any kind; its edits stay in the log.
    pub(crate) fn remove_row(&mut self, record: &Record) -> Result<()> {
        self.tell_of_deletion(record)?;
        self.note_deletion(record)?;
        self.discard_row(record)
    }

    /// Removes a record whose end is no news: what the engine wrote for itself, and is done with.
    pub(crate) fn discard_row(&mut self, record: &Record) -> Result<()> {
        self.forget(&record.id);
        self.forget_secret(record)?;
        self.tx.remove_record(&record.id)?;
        self.tx.put_words(&record.id, None)?;
        self.unlink(&record.id)?;
        self.drop_attachments_of(&record.id)?;
        if let Some(account) = self.tx.account_of(record.id.sys_id)?.filter(|_| record.id.table == *"sys_user") {
            self.tx.remove_tokens_of(account.user)?;
            // The name is free for somebody else, who may be the same person come back.
            let user_name = format!("removed {}", account.user);
            self.tx.put_account(&Account { active: false, user_name, ..account })?;
        }
        self.follow(Some(record), None)
    }

    /// Lets subscriptions, roles and priorities follow a row, as it was and as it is.
    fn follow(&mut self, before: Option<&Record>, after: Option<&Record>) -> Result<()> {
        let Some(row) = after.or(before) else { return Ok(()) };
        self.note_related(before, after);
        let both = |field: &str| -> BTreeSet<SysId> {
            before.into_iter().chain(after).filter_map(|row| row.reference(field)).collect()
        };
        if risk::is_read(row.id.table.as_str()) || self.book.is_risk_read(&row.id.table) {
            risk::again_for_all(self)?;
        }
        match row.id.table.as_str() {
            "sys_user_grmember" => both("user").into_iter().try_for_each(|user| {
                self.resubscribe(user)?;
                self.roles_changed(user)
            }),
            "sys_user_has_role" => self.role_given(before, after),
            "sys_group_has_role" => both("group").into_iter().try_for_each(|group| self.groups_roles_changed(group)),
            PROPERTIES if auto_close::is_setting(row.text("name")) => self.time_every_closing(),
            PROPERTIES if row.text("name") == cycle::SETTING => self.time_health(),
            ASSETS if after.is_none() => self.asset_removed(row),
            STOCKROOMS => after.map_or(Ok(()), |after| self.stockroom_written(before, after)),
            PRIORITY_TABLE => self.server.reload_priorities(&*self.tx),
            table if after.is_none() && self.dictionary.is_a(table, cmdb::ROOT) => self.forget_sources(row.id.sys_id),
            table if after.is_some() && self.dictionary.is_a(table, cmdb::ROOT) => self.item_written(before, row),
            table if rules::is_rule(table) => {
                self.pending.ruled = true;
                if table == flows::FLOWS { self.schedule_flow(row) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// An account follows its `sys_user` row: who is set inactive there is let in no more.
    pub(crate) fn update_account(&mut self, row: &Record) -> Result<()> {
        let Some(account) = self.tx.account_of(row.id.sys_id)? else { return Ok(()) };
        let active = row.get("active") != Some(&Value::Boolean(false));
        if account.active && !active {
            self.tx.remove_tokens_of(account.user)?;
        }
        let roles = self.all_roles(row.id.sys_id, row.text("roles"))?;
        Ok(self.tx.put_account(&Account { active, roles, ..account })?)
    }

    fn stamp(&self, before: Option<&Record>, record: &mut Record) {
        // A record that comes from another table brings along who created it when.
        let origin = before.cloned().unwrap_or_else(|| record.clone());
        let kept = |field: &str| origin.get(field).cloned();
        let by = Some(Value::Reference(self.caller.user));
        let now = Some(Value::Time(self.now));
        record.set("sys_created_on", kept("sys_created_on").or(now.clone()));
        record.set("sys_created_by", kept("sys_created_by").or(by.clone()));
        record.set("sys_updated_on", now);
        record.set("sys_updated_by", by);
        let updates = before.map_or(0, |before| number_field(before, "sys_mod_count").unwrap_or(0).saturating_add(1));
        record.set("sys_mod_count", Some(Value::Integer(updates)));
    }

    /// A record by its full name.
    pub(crate) fn row(&self, id: &DocumentId) -> Result<Option<Record>> {
        Ok(self.tx.record(id)?.map(|(_, record)| record))
    }

    /// The record of a table that a reference leads to, if it leads to one.
    pub(crate) fn referred(&self, table: impl Into<TableName>, id: Option<SysId>) -> Result<Option<Record>> {
        id.map_or(Ok(None), |id| self.row(&DocumentId::new(table, id)))
    }
}
