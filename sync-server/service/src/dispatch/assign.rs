//! One task goes to somebody: to whom a dispatcher names, or to the best there is.
//!
//! By hand, what stands against it is told first; who assigns all the same says so (`force`), and the task's work notes say what it
//! went against. By itself, the cheapest technician with room is taken, or the cheapest crew, or it is told what is in the way of each.
//! Looking for room beside what stands takes milliseconds, so it is done in the transaction that writes, and nothing can change in
//! between.

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use super::publish::{assignment, way};
use super::report::{Assigned, Checked, Slot};
use super::slots::{self, Wanted};
use super::span::Span;
use super::{DispatchError, Result, SLOT_SECONDS, violations};
use crate::call::Call;
use crate::table::{self, Input, TableError};

/// Whom a task is to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The task.
    pub task: SysId,
    /// Who; the best there is when nobody is named.
    pub technician: Option<SysId>,
    /// From when on; when nobody is named, as soon as can be.
    pub start: Option<Timestamp>,
    /// Whether to assign it whatever that goes against.
    pub force: bool,
}

/// Says what an assignment would go against.
pub(super) fn check(call: &Call<'_>, task: SysId, user: SysId, start: Option<Timestamp>) -> Result<Checked> {
    violations::of(call, &open(call, task)?, user, start)
}

/// Assigns a task as it was asked, or says why not.
pub(super) fn assign(call: &mut Call<'_>, wanted: &Assignment, within: Span) -> Result<Assigned> {
    let task = open(call, wanted.task)?;
    match wanted.technician {
        Some(user) => by_hand(call, &task, user, wanted),
        None => by_itself(call, &task, within),
    }
}

/// Assigns a task to the best there is, or says why not, whatever that is.
pub(super) fn assign_if_possible(call: &mut Call<'_>, task: SysId, within: Span) -> Result<Assigned> {
    let id = DocumentId::new("wm_task", task);
    let row = call.row(&id)?.ok_or_else(|| DispatchError::NotFound(id.to_string()))?;
    let wanted = Assignment { task, technician: None, start: None, force: false };
    match assign(call, &wanted, within) {
        Err(DispatchError::Invalid { problem, .. }) => {
            Ok(Assigned { reason: Some(problem), ..Assigned::not_yet(&row) })
        }
        assigned => assigned,
    }
}

fn open(call: &Call<'_>, task: SysId) -> Result<Record> {
    let id = DocumentId::new("wm_task", task);
    let task = call.row(&id)?.ok_or_else(|| DispatchError::NotFound(id.to_string()))?;
    let unfit = |problem: &str| {
        let problem = format!("{} {problem}", task.text("number"));
        Err(DispatchError::Invalid { field: "task", problem })
    };
    match call.stage_shown(&task) {
        Some("work_in_progress" | "paused") => unfit("is being worked on; ask the technician to close it incomplete"),
        _ if task.get("active") == Some(&Value::Boolean(false)) => unfit("is closed; open another task"),
        _ => Ok(task),
    }
}

fn by_hand(call: &mut Call<'_>, task: &Record, user: SysId, wanted: &Assignment) -> Result<Assigned> {
    let checked = violations::of(call, task, user, wanted.start)?;
    let Checked { times, violations, technician, .. } = checked;
    let is_assigned = wanted.force || violations.is_empty();
    let assigned = Assigned { technician: Some(technician), is_assigned, times, violations, ..Assigned::not_yet(task) };
    if !assigned.is_assigned {
        return Ok(assigned);
    }
    let mut fields = BTreeMap::from([("assigned_to", user.to_string()), ("state", "assigned".to_owned())]);
    if let Some(start) = wanted.start {
        let end = assigned.times.as_ref().map(|times| times.estimated_end);
        fields.insert("expected_start", start.to_string());
        fields.extend(end.map(|end| ("estimated_end", end.to_string())));
    }
    fields.extend(assigned.times.iter().flat_map(way));
    if !assigned.violations.is_empty() {
        let against: Vec<&str> = assigned.violations.iter().map(|violation| violation.problem.as_str()).collect();
        fields.insert("work_notes", format!("Assigned although: {}.", against.join("; ")));
    }
    let is_locked = task.says("schedule_lock");
    if is_locked {
        write(call, task, BTreeMap::from([("schedule_lock", "false".to_owned())]))?;
        fields.insert("schedule_lock", "true".to_owned());
    }
    write(call, task, fields)?;
    Ok(assigned)
}

fn by_itself(call: &mut Call<'_>, task: &Record, within: Span) -> Result<Assigned> {
    let found = slots::of(call, &Wanted::Task(task.id.sys_id), within, SLOT_SECONDS)?;
    let Some(Slot { technician, crew, room, .. }) = found.slots.into_iter().next() else {
        let in_the_way = found.absent.into_iter().chain(found.in_the_way).collect();
        return Ok(Assigned { in_the_way, ..Assigned::not_yet(task) });
    };
    write(call, task, assignment(technician.user, &crew, &room.times).collect())?;
    let (technician, times) = (Some(technician), Some(room.times));
    Ok(Assigned { technician, crew, is_assigned: true, times, ..Assigned::not_yet(task) })
}

fn write(call: &mut Call<'_>, task: &Record, fields: BTreeMap<&str, String>) -> Result<()> {
    let fields = fields.into_iter().map(|(field, text)| (field.to_owned(), text)).collect();
    match table::update(call, "wm_task", task.id.sys_id, &Input { fields, as_displayed: false }) {
        Ok(_) => Ok(()),
        Err(TableError::Service(error)) => Err(error.into()),
        Err(problem) => Err(DispatchError::Invalid { field: "task", problem: problem.to_string() }),
    }
}
