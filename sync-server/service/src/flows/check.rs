//! Refuses a flow that could not run: unknown tables, fields and conditions, a loop of nothing, steps that cannot be read.

use fieldline_model::Record;

use super::Flow;
use super::definition::{Deed, Fields};
use super::program::{Instruction, Place};
use crate::call::Call;
use crate::sla::SlaEvent;
use crate::table::{Result, TableError, declared};

/// The most often a flow begins by itself.
const SHORTEST_SECONDS: i64 = 60;

/// Refuses a flow that could not do what it says.
///
/// # Errors
/// Names the step and what does not fit.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> Result<()> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&field.into()), problem);
    let flow = Flow::read(row).map_err(|problem| invalid("definition", problem))?;
    let by_records = flow.when.of_new || flow.when.of_changed;
    if by_records {
        if call.dictionary.table(&flow.table).is_none() {
            return Err(invalid("table", format!("there is no table \"{}\" whose records could begin it", flow.table)));
        }
        call.check_condition(row, &"condition".into(), &flow.table, row.text("condition"))?;
    }
    if row.text("trigger_type") == "scheduled" && flow.every_seconds.is_none_or(|every| every < SHORTEST_SECONDS) {
        return Err(invalid("every_seconds", format!("must be {SHORTEST_SECONDS} or more; say how often it begins")));
    }
    if row.text("trigger_type") == "sla_event" {
        check_events(call, row, &flow)?;
    }
    for place in flow.program.places() {
        check_step(call, place)
            .map_err(|problem| invalid("definition", format!("step \"{}\": {problem}", place.id)))?;
    }
    Ok(())
}

fn check_events(call: &Call<'_>, row: &Record, flow: &Flow) -> Result<()> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&field.into()), problem);
    if !call.dictionary.is_a(&flow.table, "task") {
        return Err(invalid("table", format!("\"{}\" is no kind of task that could have a service level", flow.table)));
    }
    if !row.text("condition").is_empty() {
        call.check_condition(row, &"condition".into(), &flow.table, row.text("condition"))?;
    }
    let known = SlaEvent::WORDS.join(", ");
    match flow.events.iter().find(|event| !SlaEvent::knows(event)) {
        Some(unknown) => Err(invalid("events", format!("\"{unknown}\" is no event; use some of {known}, percent.75"))),
        None if flow.events.is_empty() => {
            Err(invalid("events", format!("names none; use some of {known}, percent.75")))
        }
        None => Ok(()),
    }
}

fn check_step(call: &Call<'_>, place: &Place) -> Result<(), String> {
    match &place.instruction {
        Instruction::Do(Deed::Call(_)) if place.retries > 0 => {
            Err("how often it is tried again is the retry policy's to say; leave retries out".into())
        }
        Instruction::Do(Deed::Call(ask)) => ask.check(),
        Instruction::Do(Deed::Notify(tell)) => tell.check(),
        Instruction::Do(Deed::Create { table, fields, .. }) => check_fields(call, table, fields),
        Instruction::Do(Deed::LookUp { table, .. }) if call.dictionary.table(table).is_none() => {
            Err(format!("there is no table \"{table}\""))
        }
        Instruction::Do(Deed::Wait { seconds }) if *seconds < 0 => Err("a wait cannot be shorter than nothing".into()),
        Instruction::Do(Deed::AskApproval { approvers, .. }) if approvers.is_empty() => {
            Err("names nobody to ask".into())
        }
        _ => Ok(()),
    }
}

fn check_fields(call: &Call<'_>, table: &str, fields: &Fields) -> Result<(), String> {
    let table = declared(call, table).map_err(|_| format!("there is no table \"{table}\""))?;
    let is_journal = |name: &str| matches!(name, "comments" | "work_notes");
    match fields.keys().find(|name| table.field(name).is_none() && !is_journal(name)) {
        Some(unknown) => Err(format!("the table {} has no field \"{unknown}\"", table.name)),
        None => Ok(()),
    }
}
