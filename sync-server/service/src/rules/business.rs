//! Business rules: rows of `sys_script` that refuse a record before it is written (`abort_action`) or write fields
//! (`template`). Scripts are kept and never run.

use fieldline_model::{Dictionary, Record};
use fieldline_storage::Tx;

use super::{Action, Rule};
use crate::call::Call;
use crate::error::Result;
use crate::preset;
use crate::table::{self, Input, TableError};

pub(super) const TABLE: &str = "sys_script";

pub(super) fn rule(row: &Record, _: &Dictionary, _: &dyn Tx) -> Result<Option<Rule>> {
    let refuses = row.says("abort_action") && row.text("when") == "before";
    let action = match (refuses, row.text("template")) {
        (true, _) if row.text("message").is_empty() => Action::Refuse(row.text("name").to_owned()),
        (true, _) => Action::Refuse(row.text("message").to_owned()),
        (false, "") => return Ok(None),
        (false, template) => Action::Write(written(template)),
    };
    let rule = Rule::of(row, row.text("collection"), row.text("filter_condition"), action);
    Ok(Some(rule.about_what_it_says(row)))
}

fn written(template: &str) -> Input {
    Input { fields: preset::equalities(template).collect(), as_displayed: false }
}

/// Refuses values that the table could not take. Which step leads to a state is only known when there is a record.
pub(super) fn check_template(call: &Call<'_>, row: &Record, table: &str, template: &str) -> table::Result<()> {
    let (declared, template_field) = (table::declared(call, table)?, "template".into());
    let invalid = |problem: String| TableError::invalid(&row.id, Some(&template_field), problem);
    let mut named = preset::equalities(template).peekable();
    if named.peek().is_none() {
        return Err(invalid("names no field; write field=value, several joined by ^".into()));
    }
    for (name, _) in named.filter(|(name, _)| !matches!(name.as_str(), "comments" | "work_notes")) {
        if declared.field(&name).is_none() || name.starts_with("sys_") {
            return Err(invalid(format!("{table} has no field \"{name}\" that a rule could write")));
        }
    }
    Ok(())
}
