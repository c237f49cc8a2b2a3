//! What may not be written about a task, judged before it is: it binds who writes over the record API, while what was done with the
//! radio off merges.
//!
//! * Nothing begins before what has to be over first is over.
//! * Nobody is sent while an order waits to be qualified, nothing changes hands while it is being worked on.
//! * A locked schedule stays until somebody unlocks it; a booked window changes with its appointment only.

use fieldline_model::{FieldName, Record};

use super::{ORDERS, TASK_TEMPLATES, TASKS, dependency, template};
use crate::appointments;
use crate::call::Call;
use crate::dispatch::territory;
use crate::table::{Result, TableError};

/// What a lock holds.
const LOCKED: [&str; 5] =
    ["assigned_to", "additional_assignee_list", "expected_start", "estimated_end", "scheduled_travel_start"];
/// What an appointment promises.
const BOOKED: [&str; 3] = ["window_start", "window_end", "is_fixed_window"];

/// Refuses a task as it would be.
///
/// # Errors
/// Names what stands against it, and what to do.
pub(crate) fn check(call: &Call<'_>, before: Option<&Record>, after: &Record) -> Result<()> {
    if after.id.table != *TASKS {
        return Ok(());
    }
    let (was, is) = (before.and_then(|before| call.stage_shown(before)), call.stage_shown(after));
    if is == Some("work_in_progress") && !matches!(was, Some("work_in_progress" | "paused")) {
        check_order_of_work(call, after)?;
    }
    if matches!(was, None | Some("draft")) && !matches!(is, Some("draft" | "cancelled")) {
        check_qualified(call, after)?;
    }
    let Some(before) = before else { return Ok(()) };
    check_hands(before, after, was)?;
    check_lock(before, after)?;
    check_booking(call, before, after)
}

/// Refuses a row that says how tasks come about or follow each other.
///
/// # Errors
/// Names the field, and what is wrong with it.
pub(crate) fn check_row(call: &Call<'_>, row: &Record) -> Result<()> {
    match row.id.table.as_str() {
        dependency::DEPENDENCIES => dependency::check(call, row),
        TASK_TEMPLATES => template::check(call, row),
        appointments::CONFIGS => appointments::check(row),
        territory::TERRITORIES => territory::check(call, row),
        _ => Ok(()),
    }
}

fn refused(record: &Record, field: &str, problem: impl Into<String>) -> Result<()> {
    Err(TableError::invalid(&record.id, Some(&FieldName::from(field)), problem))
}

fn changed(before: &Record, after: &Record, fields: &[&str]) -> bool {
    fields.iter().any(|field| before.get(field) != after.get(field))
}

fn check_order_of_work(call: &Call<'_>, task: &Record) -> Result<()> {
    match call.comes_after(task.id.sys_id)? {
        Some(why) => refused(task, "state", format!("cannot begin yet: {why}")),
        None => Ok(()),
    }
}

fn check_qualified(call: &Call<'_>, task: &Record) -> Result<()> {
    let order = call.referred(ORDERS, task.reference("parent"))?;
    match order {
        Some(order) if call.stage_shown(&order) == Some("awaiting_qualification") => {
            let problem = format!("{} awaits qualification; qualify it first (state=qualified)", order.text("number"));
            refused(task, "state", problem)
        }
        _ => Ok(()),
    }
}

fn check_hands(before: &Record, after: &Record, was: Option<&str>) -> Result<()> {
    let is_worked_on = matches!(was, Some("work_in_progress" | "paused"));
    if is_worked_on && changed(before, after, &["assigned_to"]) {
        let problem = "it is being worked on; ask the technician to close it incomplete, a follow-up task is made then";
        return refused(after, "assigned_to", problem);
    }
    Ok(())
}

fn check_lock(before: &Record, after: &Record) -> Result<()> {
    let is_locked = before.says("schedule_lock") && after.says("schedule_lock");
    match LOCKED.iter().find(|field| is_locked && before.get(field) != after.get(field)) {
        Some(field) => refused(after, field, "the schedule is locked; unlock it first (schedule_lock=false)"),
        None => Ok(()),
    }
}

fn check_booking(call: &Call<'_>, before: &Record, after: &Record) -> Result<()> {
    let Some(field) = BOOKED.iter().find(|field| before.get(field) != after.get(field)) else { return Ok(()) };
    match appointments::booked(call, after.id.sys_id)? {
        Some(booking) => {
            let problem = format!(
                "{} promises the customer this window; reschedule or cancel the appointment instead",
                booking.text("number")
            );
            refused(after, field, problem)
        }
        None => Ok(()),
    }
}
