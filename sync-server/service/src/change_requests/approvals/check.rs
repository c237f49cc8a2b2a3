//! Refuses an approval policy, or a part of one, that could not do what it says.

use fieldline_model::condition::Query;
use fieldline_model::dictionary::FieldType;
use fieldline_model::{FieldName, Record};

use super::policy::{self, CHANGE, DECISIONS, DEFINITIONS, INPUTS, POLICIES};
use crate::call::Call;
use crate::change_requests::CHANGES;
use crate::query::number_field;
use crate::table::{Result, TableError};

/// Refuses what would ask of what nobody knows, ask nobody, or lead nowhere.
///
/// # Errors
/// Names the field and what would be right.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> Result<()> {
    match row.id.table.as_str() {
        POLICIES => check_policy(call, row),
        INPUTS => check_input(call, row),
        DECISIONS => check_decision(call, row),
        DEFINITIONS => check_definition(call, row),
        _ => Ok(()),
    }
}

fn invalid(row: &Record, field: &str, problem: impl Into<String>) -> TableError {
    TableError::invalid(&row.id, Some(&FieldName::from(field)), problem)
}

/// Answers may only take a change where its life cycle lets it go.
fn check_policy(call: &Call<'_>, row: &Record) -> Result<()> {
    let Some(life_cycle) = call.dictionary.life_cycle_of(CHANGES) else { return Ok(()) };
    let stage = |field: &str| {
        let state = number_field(row, field)?;
        life_cycle.stages.iter().find(|stage| stage.state == state)
    };
    let Some(here) = stage("state") else { return Ok(()) };
    for field in ["approved_state", "rejected_state"] {
        let Some(there) = stage(field) else { continue };
        if !life_cycle.steps_from(&here.name).any(|step| step.to == there.name) {
            let problem = format!("no step leads from {} to {}; choose another state", here.label, there.label);
            return Err(invalid(row, field, problem));
        }
    }
    Ok(())
}

fn check_input(call: &Call<'_>, row: &Record) -> Result<()> {
    let (element, value) = (row.text("element"), row.text("default_value"));
    let is_taken = call.dictionary.table(CHANGES).is_some_and(|table| table.field(element).is_some());
    if element == CHANGE || is_taken {
        return Err(invalid(row, "element", format!("\"{element}\" is a name the change has itself; choose another")));
    }
    let way: Vec<&str> = value.split('.').collect();
    match way.split_first() {
        Some((&CHANGE, rest)) if !rest.is_empty() && call.dictionary.walk(CHANGES, rest).is_some() => Ok(()),
        _ => {
            let problem = format!("\"{value}\" is no field of a change; write a way such as change_request.risk");
            Err(invalid(row, "default_value", problem))
        }
    }
}

fn check_decision(call: &Call<'_>, row: &Record) -> Result<()> {
    let Some(policy) = row.reference("decision_table") else { return Ok(()) };
    let inputs = policy::inputs(call, policy)?;
    let parsed = Query::parse(row.text("condition"));
    if let Some(path) = parsed.query.changes().next() {
        let problem = format!("\"{}\" asks for a change of a field; ask for what it is", path.join("."));
        return Err(invalid(row, "condition", problem));
    }
    let query = policy::of_the_change(parsed.query, &inputs);
    let left_out = parsed.ignored.into_iter().chain(query.resolve(CHANGES, &call.anybody()).ignored).next();
    match left_out {
        Some(part) => {
            let names: Vec<&str> = inputs.keys().map(String::as_str).collect();
            let problem = format!(
                "\"{part}\" is no condition of a change; check the field, or name one of the inputs {}",
                names.join(", ")
            );
            Err(invalid(row, "condition", problem))
        }
        None => Ok(()),
    }
}

fn check_definition(call: &Call<'_>, row: &Record) -> Result<()> {
    let for_group = policy::is_for_group(row);
    let (own, way, table) =
        if for_group { ("group", "group_field", "sys_user_group") } else { ("user", "user_field", "sys_user") };
    if row.text("wait_for") == "percentage" && number_field(row, "percentage").is_some_and(|share| share > 100) {
        return Err(invalid(row, "percentage", "must be at most 100; or leave it out for the first response"));
    }
    if row.text("approver_source") == CHANGE {
        let path = row.text(way);
        let steps: Vec<&str> = path.split('.').collect();
        let last = call.dictionary.walk(CHANGES, &steps).and_then(|fields| fields.last().copied());
        let leads = last.is_some_and(|field| {
            let refers = matches!(field.field_type, FieldType::Reference | FieldType::GlideList);
            refers && field.reference.as_ref().is_some_and(|target| *target == *table)
        });
        let problem = || format!("\"{path}\" of a change leads to no {table}; write a way such as assignment_group");
        return if leads { Ok(()) } else { Err(invalid(row, way, problem())) };
    }
    let (_, people) = policy::whom(call, row, None)?;
    match people.is_empty() {
        true => {
            let name = row.text("name");
            let problem =
                format!("the definition \"{name}\" would ask nobody; name one that has people who are active");
            Err(invalid(row, own, problem))
        }
        false => Ok(()),
    }
}
