//! Numbers people call records by. A phone is leased some, so that a record made offline has its final one at birth; but a
//! copy of a phone has the same lease, and neither knows of the other. Of two records under one number the one that came
//! first keeps it.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, TableName, Value};
use fieldline_storage::Happening;
use fieldline_storage::Selection;

use crate::author::Authored;
use crate::call::{Call, Changed};
use crate::error::Result;

impl Call<'_> {
    /// Gives a record that came from a device another number when one that was here before bears its own.
    pub(crate) fn number_once(&mut self, id: &DocumentId, changed: &Changed) -> Result<()> {
        let record = &changed.projection.record;
        if changed.before.is_some() || !self.came_from_a_device(id) || !self.has_anothers_number(record)? {
            return Ok(());
        }
        let Some(number) = self.next_number(id.table.as_str())? else { return Ok(()) };
        let had = record.text("number");
        let text =
            format!("Was created on a copy of a phone as {had}, which another record is called by; now {number}.");
        let number = Act::Set { field: "number".into(), value: Some(Value::text(number)) };
        let author = self.server.identity().system_user;
        let acts = vec![number, Act::WorkNote { text }];
        self.author(Authored { document: id.clone(), author, at: self.now, acts }).map(drop)
    }

    /// What comes over the record API or is imported keeps the number it was given there.
    fn came_from_a_device(&self, id: &DocumentId) -> bool {
        let first = self.pending.entries.iter().find_map(|entry| match &entry.happening {
            Happening::Edit(edit) if entry.document == *id => Some(edit.key.device),
            _ => None,
        });
        first.is_some_and(|device| device != self.server.identity().device)
    }

    /// Whether a record of a table bears a number.
    pub(crate) fn is_number_of(&self, table: &str, number: &str) -> Result<bool> {
        let (tables, bears_it) = ([TableName::from(table)], Filter::equals("number", number));
        Ok(!self.tx.select(&Selection::of(&tables, &bears_it), 1, 0)?.is_empty())
    }

    fn has_anothers_number(&self, record: &Record) -> Result<bool> {
        let number = record.text("number");
        if number.is_empty() {
            return Ok(false);
        }
        let (tables, bears_it) = (std::slice::from_ref(&record.id.table), Filter::equals("number", number));
        let bearers = self.tx.select(&Selection::of(tables, &bears_it), 2, 0)?;
        Ok(bearers.iter().any(|bearer| bearer.id != record.id))
    }
}
