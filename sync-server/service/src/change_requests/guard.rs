//! What may not be written about a change, judged before it is: it binds who writes over the record API, while what was done with
//! the radio off merges.
//!
//! * While a change is on hold it may only be cancelled. It closes once all its tasks are closed.
//! * Its type is settled once it has left New, or somebody was asked to approve it.
//! * Its window is ahead; only an emergency may be written down afterwards. Implementation tasks are planned inside it.
//! * It goes to no state in which an approval policy would have nobody to ask.

use fieldline_model::condition::Filter;
use fieldline_model::{FieldName, Record, Timestamp};

use super::approvals;
use super::{CHANGES, TASKS};
use crate::approvals::open;
use crate::call::Call;
use crate::query::number_field;
use crate::table::{Result, TableError};

const NEW: i64 = -5;
const CLOSED: i64 = 3;
const CANCELED: i64 = 4;

/// Refuses a change or a task of one as it would be.
///
/// # Errors
/// Names what stands against it, and what to do.
pub(crate) fn check(call: &Call<'_>, before: Option<&Record>, after: &Record) -> Result<()> {
    match after.id.table.as_str() {
        CHANGES => check_change(call, before, after),
        TASKS => check_task(call, before, after),
        _ => Ok(()),
    }
}

fn invalid(record: &Record, field: &str, problem: impl Into<String>) -> Result<()> {
    Err(TableError::invalid(&record.id, Some(&FieldName::from(field)), problem))
}

/// Whether a change is on hold.
pub(super) fn is_on_hold(record: &Record) -> bool {
    record.says("on_hold")
}

fn differs(before: Option<&Record>, after: &Record, fields: &[&str]) -> bool {
    fields.iter().any(|field| before.and_then(|before| before.get(field)) != after.get(field))
}

fn check_change(call: &Call<'_>, before: Option<&Record>, after: &Record) -> Result<()> {
    check_window(call, before, after)?;
    let state = number_field(after, "state");
    let Some(before) = before else { return Ok(()) };
    if before.text("type") != after.text("type") {
        check_type(call, before)?;
    }
    if before.get("state") == after.get("state") {
        return Ok(());
    }
    if is_on_hold(before) && is_on_hold(after) && state != Some(CANCELED) {
        let problem = "the change is on hold and may only be cancelled; take it off hold first (on_hold=false)";
        return invalid(after, "state", problem);
    }
    if state == Some(CLOSED) {
        check_closing(call, after)?;
    }
    approvals::check_step(call, after)
}

fn check_type(call: &Call<'_>, before: &Record) -> Result<()> {
    let asked = !call.some_rows(crate::approvals::APPROVALS, &open(before.id.sys_id), 1)?.is_empty();
    match number_field(before, "state") {
        Some(NEW) if !asked => Ok(()),
        _ => invalid(
            before,
            "type",
            "is settled once a change has left New or is being approved; revert it to New first",
        ),
    }
}

fn check_closing(call: &Call<'_>, change: &Record) -> Result<()> {
    let open = Filter::equals("change_request", change.id.sys_id).and(Filter::equals("active", true));
    let open = call.some_rows(TASKS, &open, 5)?;
    if open.is_empty() {
        return Ok(());
    }
    let numbers: Vec<&str> = open.iter().map(|task| task.text("number")).collect();
    invalid(change, "state", format!("tasks are still open ({}); close or cancel them first", numbers.join(", ")))
}

/// Only what is written about a window is judged: time makes windows pass.
fn check_window(call: &Call<'_>, before: Option<&Record>, after: &Record) -> Result<()> {
    if !differs(before, after, &["start_date", "end_date", "type"]) {
        return Ok(());
    }
    let (start, end) = (after.time("start_date"), after.time("end_date"));
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        return invalid(after, "end_date", "is before the planned start; swap them");
    }
    if end.is_some_and(|end| is_retroactive(call.now, end)) && after.text("type") != "emergency" {
        let problem = "is over already; only an emergency change is written down afterwards (type=emergency)";
        return invalid(after, "end_date", problem);
    }
    Ok(())
}

/// Whether a window has passed.
pub(super) fn is_retroactive(now: Timestamp, end: Timestamp) -> bool {
    end < now
}

fn check_task(call: &Call<'_>, before: Option<&Record>, after: &Record) -> Result<()> {
    let fields = ["planned_start_date", "planned_end_date", "change_task_type", "change_request"];
    if after.text("change_task_type") != "implementation" || !differs(before, after, &fields) {
        return Ok(());
    }
    let change = after.reference("change_request").map(|id| call.tx.find(call.dictionary.family(CHANGES), id));
    let Some(change) = change.transpose()?.flatten() else { return Ok(()) };
    let (start, end) = (change.time("start_date"), change.time("end_date"));
    for field in ["planned_start_date", "planned_end_date"] {
        let Some(at) = after.time(field) else { continue };
        if start.is_some_and(|start| at < start) || end.is_some_and(|end| end < at) {
            let shown = |at: Option<Timestamp>| at.map_or_else(|| "open".to_owned(), |at| at.to_string());
            let problem = format!(
                "{at} is outside the window of {} ({} to {}); plan the task inside it, or move the change",
                change.text("number"),
                shown(start),
                shown(end)
            );
            return invalid(after, field, problem);
        }
    }
    Ok(())
}
