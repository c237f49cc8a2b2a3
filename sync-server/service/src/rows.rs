//! The one road for every change of a reference row, and what follows from it: subscriptions, accounts, priorities.

use fieldline_model::dictionary::ROLES;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::{Account, FeedEntry, Happening};

use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::server::PRIORITY_TABLE;

impl Call<'_> {
    /// Inserts or replaces a row: stamps it, relinks it, and lets subscriptions and priorities follow.
    pub(crate) fn put_row(&mut self, mut record: Record) -> Result<()> {
        let before = self.tx.record(&record.id)?.map(|(_, record)| record);
        self.stamp(before.as_ref(), &mut record);
        self.tx.put_record(&record)?;
        self.relink(before.as_ref(), &record, &[])?;
        self.pending.entries.push(FeedEntry { document: record.id.clone(), happening: Happening::Row });
        if record.id.table == *"sys_user_grmember" {
            let members = before.iter().chain([&record]).filter_map(|row| row.reference("user"));
            for user in members.collect::<std::collections::BTreeSet<SysId>>() {
                self.resubscribe(user)?;
            }
        }
        if record.id.table == *"sys_user" {
            self.update_account(&record)?;
        }
        if record.id.table == *PRIORITY_TABLE {
            self.server.reload_priorities(&*self.tx)?;
        }
        Ok(())
    }

    /// An account follows its `sys_user` row: who is set inactive there is let in no more.
    fn update_account(&mut self, row: &Record) -> Result<()> {
        let Some(account) = self.tx.account_of(row.id.sys_id)? else { return Ok(()) };
        let active = row.get("active") != Some(&Value::Boolean(false));
        let roles =
            row.text("roles").split(',').map(str::trim).filter(|role| ROLES.contains(role) && *role != "system");
        let roles = roles.map(str::to_owned).collect();
        Ok(self.tx.put_account(&Account { active, roles, ..account })?)
    }

    fn stamp(&self, before: Option<&Record>, record: &mut Record) {
        let kept = |field: &str| before.and_then(|before| before.get(field)).cloned();
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
}
