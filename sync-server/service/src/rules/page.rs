//! Trigger rules of being on call: rows of `trigger_rule` that say which tasks the people on call of a group are told of.

use fieldline_model::{Dictionary, Record};
use fieldline_storage::Tx;

use super::{Action, Rule};
use crate::call::Call;
use crate::error::Result;
use crate::table::{self, TableError};

pub(super) const TABLE: &str = "trigger_rule";

/// Refuses a rule of a table whose records nobody has to take.
pub(super) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let table = row.text("table");
    if call.dictionary.is_a(table, "task") {
        return call.check_condition(row, &"condition".into(), table, row.text("condition"));
    }
    let problem = format!("\"{table}\" holds no tasks, so nobody could take one; name task or a table that extends it");
    Err(TableError::invalid(&row.id, Some(&"table".into()), problem))
}

pub(super) fn rule(row: &Record, _: &Dictionary, _: &dyn Tx) -> Result<Option<Rule>> {
    let action = Action::Page(row.reference("group"));
    Ok(Some(Rule::of(row, row.text("table"), row.text("condition"), action)))
}
