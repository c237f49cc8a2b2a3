//! Data policies: rows of `sys_data_policy2` say when, their rows of `sys_data_policy_rule` which fields must be filled and
//! which left alone. They bind who writes over the record API; what a technician did with the radio off merges.

use fieldline_model::condition::Filter;
use fieldline_model::{Dictionary, FieldName, Record};
use fieldline_storage::{Selection, Tx};

use super::{Action, Rule};
use crate::call::Call;
use crate::error::Result;
use crate::table::{self, TableError};

pub(super) const TABLE: &str = "sys_data_policy2";
pub(super) const PARTS: &str = "sys_data_policy_rule";
const POLICY: &str = "sys_data_policy";

pub(super) fn rule(row: &Record, dictionary: &Dictionary, tx: &dyn Tx) -> Result<Option<Rule>> {
    let parts = Filter::equals(POLICY, row.id.sys_id);
    let parts = tx.select(&Selection::of(dictionary.family(PARTS), &parts), u32::MAX, 0)?;
    let that = |says: &str| -> Vec<FieldName> {
        let named = parts.iter().filter(|part| part.text(says) == "true");
        named.map(|part| FieldName::from(part.text("field"))).collect()
    };
    let action = Action::Demand { filled: that("mandatory"), untouched: that("disabled") };
    Ok(Some(Rule::of(row, row.text("model_table"), row.text("conditions"), action)))
}

/// Refuses a part that names no policy, or a field its table does not have.
pub(super) fn check_part(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&field.into()), problem);
    let policy = row.reference(POLICY).map(|id| call.tx.find(call.dictionary.family(TABLE), id)).transpose()?.flatten();
    let Some(policy) = policy else {
        return Err(invalid(POLICY, "there is no such policy; create it first".into()));
    };
    let table = table::declared(call, policy.text("model_table"))?;
    match table.field(row.text("field")) {
        Some(_) => Ok(()),
        None => Err(invalid("field", format!("the table {} has no field \"{}\"", table.name, row.text("field")))),
    }
}
