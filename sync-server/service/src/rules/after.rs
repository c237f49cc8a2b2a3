//! What rules write once a record has changed, whoever changed it: people over the record API, phones, other rules.
//!
//! Each rule that writes something makes an edit of its own, so histories and the audit say which rule set what. In one call a
//! rule acts once on a record: rules that answer each other come to rest.

use fieldline_documents::Act;
use fieldline_model::dictionary::Kind;
use fieldline_model::{DocumentId, Record, Table};

use super::{Action, Rule};
use crate::call::Call;
use crate::changes::Changes;
use crate::error::Result;
use crate::table::{Input, TableError};

impl Call<'_> {
    /// Lets the rules write what follows from a change of a record.
    ///
    /// # Errors
    /// When the database fails. A rule whose values a record does not take is logged, and the others go on.
    pub(crate) fn follow_rules(&mut self, before: Option<&Record>, id: &DocumentId) -> Result<()> {
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        for rule in book.of(&dictionary, id.table.as_str()) {
            let (Action::Write(input) | Action::Assign(input)) = &rule.action else { continue };
            let Some(record) = self.row(id)? else { return Ok(()) };
            let is_free = || ["assignment_group", "assigned_to"].iter().all(|field| record.get(field).is_none());
            if matches!(rule.action, Action::Assign(_)) && !is_free() || !self.has_come(&rule.when, before, &record) {
                continue;
            }
            if !self.pending.obeyed.insert((rule.id.sys_id, id.clone())) {
                continue;
            }
            match self.obey(rule, record, input) {
                Err(TableError::Service(error)) => return Err(error),
                Err(problem) => tracing::error!(rule = %rule.id, record = %id, %problem, "a rule could not write"),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn obey(&mut self, rule: &Rule, record: Record, input: &Input) -> Result<(), TableError> {
        let Some(table) = self.dictionary.shared(record.id.table.as_str()) else { return Ok(()) };
        let changes = self.implied(|call| Changes::read(call, &table, &record, input, false))?;
        self.because(rule.named(), |call| call.write_implied(&table, record, &changes))
    }

    fn write_implied(&mut self, table: &Table, record: Record, changes: &Changes) -> Result<(), TableError> {
        if table.kind == Kind::Reference {
            let is_new = changes.written().next().is_some();
            return if is_new { Ok(self.put_row(changes.applied(record))?) } else { Ok(()) };
        }
        let acts: Vec<Act> = changes.acts();
        if acts.is_empty() {
            return Ok(());
        }
        Ok(self.author_as_system(record.id, acts)?)
    }
}
