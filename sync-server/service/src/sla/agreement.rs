//! Definitions (`contract_sla`) as this server keeps them, and what makes one impossible.

use fieldline_model::calendar::Calendar;
use fieldline_model::sla::{Agreement, CONDITIONS};
use fieldline_model::{Dictionary, Record, UserZone};
use fieldline_storage::Tx;

use super::schedule;
use crate::call::Call;
use crate::error::Result;
use crate::table::{self, TableError};

pub(crate) const AGREEMENTS: &str = "contract_sla";

/// Reads a definition; why it cannot be worked with, when it cannot.
pub(crate) fn read(
    row: &Record,
    dictionary: &Dictionary,
    tx: &dyn Tx,
) -> Result<std::result::Result<Agreement, String>> {
    let hours = row.reference("schedule").map(|id| schedule::read(dictionary, tx, id)).transpose()?.flatten();
    Ok(hours.transpose().and_then(|hours| Agreement::of(row, hours)))
}

/// How histories name a definition.
pub(crate) fn named(agreement: &Agreement) -> String {
    format!("SLA \"{}\" ({AGREEMENTS}/{}, version {})", agreement.name, agreement.id, agreement.version)
}

/// What is wrong with the name of a time zone; nothing when it is empty.
pub(crate) fn zone_problem(name: &str) -> Option<String> {
    let is_known = name.is_empty() || UserZone::is_known(name);
    (!is_known).then(|| format!("\"{name}\" is no time zone; write it as Europe/Monaco"))
}

/// Refuses a definition that could not do what it says.
///
/// # Errors
/// Names what does not fit.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&field.into()), problem);
    let table = row.text("collection");
    if !call.dictionary.is_a(table, "task") {
        return Err(invalid(
            "collection",
            format!("\"{table}\" is no table of tasks; name task or one that extends it"),
        ));
    }
    for field in CONDITIONS.into_iter().filter(|field| !row.text(field).is_empty()) {
        call.check_condition(row, &field.into(), table, row.text(field))?;
    }
    if let Some(problem) = zone_problem(row.text("timezone")) {
        return Err(invalid("timezone", problem));
    }
    let agreement = read(row, &call.dictionary, &*call.tx)?;
    let agreement = agreement.map_err(|problem| match problem.split_once(": ") {
        Some((field @ ("duration" | "relative_time"), problem)) => invalid(field, problem.into()),
        _ => invalid("schedule", problem),
    })?;
    let has_hours = |hours: &Calendar| hours.next_opening(call.now, &fieldline_model::Utc0).is_some();
    if !agreement.calendar().is_none_or(has_hours) {
        return Err(invalid("schedule", "has no hours from now on, so nothing would ever be due; add an entry".into()));
    }
    if !agreement.terms.duration.is_working() && agreement.conditions[2].is_some() {
        let problem = "a promise until a moment cannot pause; leave it out, or promise a duration";
        return Err(invalid("pause_condition", problem.into()));
    }
    let declared = table::declared(call, table)?;
    match declared.field(&agreement.starts_at).map(|field| field.field_type) {
        Some(fieldline_model::FieldType::GlideDateTime) => Ok(()),
        _ => Err(invalid("set_start_to", format!("{table} has no such moment; name a field such as opened_at"))),
    }
}
