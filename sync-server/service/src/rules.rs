//! Rules that an organisation wrote as rows of `sys_script`: before a record of a table is created or changed, those whose
//! condition holds for it as it would be refuse it with their message. Scripts are not run.

use fieldline_model::condition::{Asking, Filter, Query, World};
use fieldline_model::{Record, SysId, TableName, Value};

use crate::call::Call;
use crate::table::{Result, TableError};

const RULES: &str = "sys_script";

impl Call<'_> {
    /// Lets the rules look at a record as it would be.
    ///
    /// # Errors
    /// The message of the first rule, by their order, that refuses it.
    pub(crate) fn check_rules(&self, record: &Record, creating: bool) -> Result<()> {
        let says = |field: &str| Filter::equals(field, true);
        let acts = says(if creating { "action_insert" } else { "action_update" });
        let asked = Filter::All(vec![says("active"), says("abort_action"), acts, Filter::equals("when", "before")]);
        let mut rules = self.rows(RULES, &asked)?;
        rules.retain(|rule| self.dictionary.is_a(record.id.table.as_str(), rule.text("collection")));
        rules.sort_by_key(|rule| rule.get("order").and_then(Value::as_integer));
        match rules.into_iter().find(|rule| self.holds(&Query::parse(rule.text("filter_condition")).query, record)) {
            Some(rule) if rule.text("message").is_empty() => Err(TableError::Ruled(rule.text("name").to_owned())),
            Some(rule) => Err(TableError::Ruled(rule.text("message").to_owned())),
            None => Ok(()),
        }
    }

    /// Whether a query that an administrator wrote holds for a record.
    pub(crate) fn holds(&self, query: &Query, record: &Record) -> bool {
        let groups = || self.groups_of(self.caller.user).unwrap_or_default();
        let asking = Asking { user: Some(self.caller.user), groups: &groups, ..self.anybody() };
        query.resolve(record.id.table.as_str(), &asking).filter.matches(record, &Stored(self))
    }
}

/// The records there are.
struct Stored<'c, 's>(&'c Call<'s>);

impl World for Stored<'_, '_> {
    fn find(&self, tables: &[TableName], sys_id: SysId) -> Option<Record> {
        self.0.tx.find(tables, sys_id).ok().flatten()
    }

    fn all(&self, tables: &[TableName]) -> Vec<Record> {
        let rows = |table: &TableName| self.0.rows(table.as_str(), &Filter::everything()).unwrap_or_default();
        tables.first().map(rows).unwrap_or_default()
    }
}
