//! A change on hold: what is asked about it is no longer required and comes back afterwards, and its tasks wait with it. A task that
//! somebody put on hold by hand stays so whatever becomes of the change.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, Value};

use super::TASKS;
use super::guard::is_on_hold;
use crate::approvals::{APPROVALS, open};
use crate::author::set;
use crate::call::Call;
use crate::error::Result;

/// Whether a task is on hold because its change is.
const HELD: &str = "held_by_change";

/// Lets approvals and tasks follow a change that was put on hold or taken off it.
///
/// # Errors
/// When the database fails.
pub(super) fn turned(call: &mut Call<'_>, change: &Record) -> Result<()> {
    if is_on_hold(change) {
        for row in call.rows(APPROVALS, &open(change.id.sys_id))? {
            hold_back(call, row, "not_required", true)?;
        }
        return hold_tasks(call, change);
    }
    // Of what ended while it was on hold nothing comes back.
    let is_active = change.get("active") != Some(&Value::Boolean(false));
    for row in held_back(call, change)? {
        hold_back(call, row, if is_active { "requested" } else { "cancelled" }, false)?;
    }
    free_tasks(call, change)
}

fn held_back(call: &Call<'_>, change: &Record) -> Result<Vec<Record>> {
    let held = Filter::equals("sysapproval", change.id.sys_id).and(Filter::equals("on_hold", true));
    call.rows(APPROVALS, &held)
}

fn hold_back(call: &mut Call<'_>, row: Record, state: &str, held: bool) -> Result<()> {
    let acts = vec![set("state", Value::text(state)), set("on_hold", Value::Boolean(held))];
    call.author_as_system(row.id, acts)
}

fn tasks_of(call: &Call<'_>, change: &Record) -> Result<Vec<Record>> {
    let active = Filter::equals("change_request", change.id.sys_id).and(Filter::equals("active", true));
    call.rows(TASKS, &active)
}

fn hold_tasks(call: &mut Call<'_>, change: &Record) -> Result<()> {
    let reason = change.get("on_hold_reason").cloned();
    for task in tasks_of(call, change)?.into_iter().filter(|task| !is_on_hold(task)) {
        let acts = vec![
            set("on_hold", Value::Boolean(true)),
            set(HELD, Value::Boolean(true)),
            set("on_hold_reason", reason.clone()),
        ];
        call.author_as_system(task.id, acts)?;
    }
    Ok(())
}

fn free_tasks(call: &mut Call<'_>, change: &Record) -> Result<()> {
    let held = |task: &Record| task.says(HELD);
    for task in tasks_of(call, change)?.into_iter().filter(held) {
        let acts = vec![set("on_hold", Value::Boolean(false)), set(HELD, None), set("on_hold_reason", None)];
        call.author_as_system(task.id, acts)?;
    }
    Ok(())
}

/// A task that somebody takes off hold by hand is theirs from then on.
///
/// # Errors
/// When the database fails.
pub(super) fn task_turned(call: &mut Call<'_>, task: &Record) -> Result<()> {
    match !is_on_hold(task) && task.get(HELD).is_some() {
        true => call.author_as_system(task.id.clone(), vec![set(HELD, None)]),
        false => Ok(()),
    }
}

/// Cancels the tasks of a change that was cancelled, and takes it off hold.
///
/// # Errors
/// When the database fails.
pub(super) fn cancelled(call: &mut Call<'_>, change: &Record) -> Result<()> {
    if is_on_hold(change) {
        call.author_as_system(change.id.clone(), vec![set("on_hold", Value::Boolean(false))])?;
    }
    for task in tasks_of(call, change)? {
        call.step_towards(&task, "canceled")?;
    }
    Ok(())
}
