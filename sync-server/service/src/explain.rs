//! Why a record holds what it holds: for each field who or which rule wrote it, when, in place of what.
//!
//! It is read off the audit, which names the rule beside what a rule wrote. What a record was born with is its creator's.

use std::collections::BTreeMap;

use fieldline_model::{FieldName, Record, SysId, Timestamp, Value};

use crate::call::Call;
use crate::error::Result;
use crate::server::PRIORITY_TABLE;
use crate::table::{self, TableError, declared};

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The field.
    pub field: FieldName,
    /// What it holds.
    pub value: Option<Value>,
    /// What it held before, when somebody has changed it.
    pub old: Option<String>,
    /// Who wrote it: the sign-in name or identity.
    pub by: String,
    /// When.
    pub at: Option<Timestamp>,
    /// By which way it came, or by which rule.
    pub why: String,
}

/// Explains the fields of a record that the caller may know: those that hold something, and those somebody emptied.
///
/// # Errors
/// When there is no such record for the caller.
pub fn explain(call: &Call<'_>, table: &str, sys_id: SysId) -> Result<Vec<Explanation>, TableError> {
    let record = table::read(call, table, sys_id)?;
    let declared = declared(call, record.id.table.as_str())?;
    let changes = call.changes_of(&record)?;
    let mut newest: BTreeMap<String, Record> =
        changes.into_iter().map(|line| (line.text("fieldname").to_owned(), line)).collect();
    let mut explanations = Vec::new();
    for field in declared.fields.iter().filter(|field| call.knows(&record, field)) {
        let value = record.get(field.name.as_str()).cloned();
        let change = newest.remove(field.name.as_str());
        if value.is_none() && change.is_none() || field.name.as_str().starts_with("sys_") {
            continue;
        }
        let (by, at) = match &change {
            Some(change) => (change.text("user").to_owned(), change.time("sys_created_on")),
            None => (shown(call, record.reference("sys_created_by"))?, record.time("sys_created_on")),
        };
        let why = match &change {
            _ if field.name.as_str() == "priority" => of_priority(call, &record)?,
            Some(change) => change.text("reason").to_owned(),
            None => "the record began with it".into(),
        };
        let old = change.map(|change| change.text("oldvalue").to_owned()).filter(|old| !old.is_empty());
        explanations.push(Explanation { field: field.name.clone(), value, old, by, at, why });
    }
    Ok(explanations)
}

/// A priority is nobody's to write: it follows from a table.
fn of_priority(call: &Call<'_>, record: &Record) -> Result<String> {
    let text = |field: &str| record.get(field).map(ToString::to_string).unwrap_or_default();
    let pair = [("impact", text("impact")), ("urgency", text("urgency"))];
    let row = call.rows_with(PRIORITY_TABLE, &pair.each_ref().map(|(field, value)| (*field, value.as_str())))?;
    let table = row.first().map_or_else(|| "the shipped matrix".into(), |row| row.id.to_string());
    let [(_, impact), (_, urgency)] = pair;
    Ok(format!("impact {impact} and urgency {urgency} have this priority by {table}"))
}

fn shown(call: &Call<'_>, user: Option<SysId>) -> Result<String> {
    let Some(user) = user else { return Ok(String::new()) };
    let row = call.tx.find(call.dictionary.family("sys_user"), user)?;
    Ok(row.map_or_else(|| user.to_string(), |row| row.text("user_name").to_owned()))
}
