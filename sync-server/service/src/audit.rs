//! Who changed what, from what to what, when, and by which way: noted with every change of every record, in its transaction.
//!
//! A birth is no change: what a record was born with is in its oldest values. Who changed a document is who made the edit.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{FieldName, Record, SysId, Timestamp};
use fieldline_storage::Noted;

use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;

/// The tables that tell of it; nobody writes them.
const TABLES: [&str; 2] = ["sys_audit", "sys_history_line"];
/// What is noted in place of a field when a record was deleted.
const DELETED: &str = "DELETED";
/// The longest value that is noted whole.
const VALUE_CHARACTERS: usize = 4_000;

/// Whether a table tells what was noted.
pub(crate) fn tells(table: &str) -> bool {
    TABLES.contains(&table)
}

impl Call<'_> {
    /// Notes what differs between a record as it was and as it is.
    pub(crate) fn note_changes(&mut self, before: &Record, after: &Record, author: SysId) -> Result<()> {
        let is_stamp =
            |field: &FieldName| matches!(field.as_str(), "sys_updated_on" | "sys_updated_by" | "sys_mod_count");
        let fields: BTreeSet<&FieldName> = before.fields.keys().chain(after.fields.keys()).collect();
        let text = |record: &Record, field: &FieldName| {
            record.get(field.as_str()).map(|value| value.to_string().chars().take(VALUE_CHARACTERS).collect::<String>())
        };
        let changed = fields.into_iter().filter(|field| !is_stamp(field));
        let changed = changed.filter(|field| before.get(field.as_str()) != after.get(field.as_str()));
        let values: Vec<_> = changed.map(|field| (field, text(before, field), text(after, field))).collect();
        let (reason, at) = (self.way(), self.now);
        let updates = number_field(after, "sys_mod_count").unwrap_or_default();
        let noted: Vec<Noted<'_>> = values
            .iter()
            .map(|(field, old, new)| {
                let (old, new) = (old.as_deref(), new.as_deref());
                Noted { record: &after.id, field: field.as_str(), old, new, author, reason: &reason, updates, at }
            })
            .collect();
        Ok(self.tx.note(&noted)?)
    }

    /// Every change of a record that was noted, the oldest first.
    pub(crate) fn changes_of(&self, record: &Record) -> Result<Vec<Record>> {
        let of_it = Filter::equals("documentkey", record.id.sys_id.to_string().as_str());
        let filter = of_it.and(Filter::equals("tablename", record.id.table.as_str()));
        let mut lines = self.rows(TABLES[0], &filter)?;
        // The identities of changes in one moment follow the order they were noted in.
        lines.sort_by_key(|line| (line.time("sys_created_on"), line.id.sys_id));
        Ok(lines)
    }

    /// Notes that a record is gone.
    pub(crate) fn note_deletion(&mut self, gone: &Record) -> Result<()> {
        let table = self.dictionary.table(gone.id.table.as_str());
        let display = table.map_or("name", |table| table.display.as_str());
        let shown = gone.get(display).map(ToString::to_string);
        let (author, reason, at): (_, _, Timestamp) = (self.caller.user, self.way(), self.now);
        let updates = number_field(gone, "sys_mod_count").unwrap_or_default();
        let (old, new) = (shown.as_deref(), None);
        let noted = Noted { record: &gone.id, field: DELETED, old, new, author, reason: &reason, updates, at };
        Ok(self.tx.note(&[noted])?)
    }

    /// By which way the caller came.
    fn way(&self) -> String {
        match (&self.pending.why, self.caller.device) {
            (Some(why), _) => why.clone(),
            (None, Some(device)) => format!("device {device}"),
            (None, None) if self.caller.user == self.server.identity().system_user => "the server itself".into(),
            (None, None) => "the record API".into(),
        }
    }
}
