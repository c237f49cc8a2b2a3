//! What rules say before a record is written over the record API.

use fieldline_model::{FieldName, Record};

use super::Action;
use crate::call::Call;
use crate::table::{Result, TableError};

impl Call<'_> {
    /// Lets the rules judge a record as it would be; `written` are the fields that the caller writes.
    ///
    /// # Errors
    /// What the first rule, by their order, that refuses it says.
    pub(crate) fn check_rules(&self, before: Option<&Record>, after: &Record, written: &[&FieldName]) -> Result<()> {
        for rule in self.book.of(&self.dictionary, after.id.table.as_str()) {
            if !matches!(rule.action, Action::Refuse(_) | Action::Demand { .. })
                || !self.has_come(&rule.when, before, after)
            {
                continue;
            }
            match &rule.action {
                Action::Refuse(message) => return Err(TableError::Ruled(message.clone())),
                Action::Demand { filled, untouched } => {
                    let refused = |field: &FieldName, problem: &str| {
                        TableError::invalid(&after.id, Some(field), format!("{problem}, says {}", rule.named()))
                    };
                    if let Some(field) = filled.iter().find(|field| after.get(field.as_str()).is_none()) {
                        return Err(refused(field, "must not be empty"));
                    }
                    if let Some(field) = untouched.iter().find(|field| written.contains(field)) {
                        return Err(refused(field, "may not be written now; leave it out"));
                    }
                }
                Action::Write(_) | Action::Assign(_) | Action::Notify(_) | Action::Page(_) | Action::Post(_) => {}
            }
        }
        Ok(())
    }
}
