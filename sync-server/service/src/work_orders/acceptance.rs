//! Who is sent has to say that they come. A task that is assigned is due to be accepted some time after; when that has passed, whoever
//! assigned it is told, or it is withdrawn, as the organisation says.
//!
//! What was promised to a customer is never withdrawn by itself.

use fieldline_documents::Act;
use fieldline_model::{Record, Timestamp, Value};
use fieldline_storage::Job;

use super::TASKS;
use crate::appointments;
use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::query::number_field;
use crate::table;

/// The jobs that are due when a task should have been accepted.
pub(crate) const KIND: &str = "acceptance";
/// The property that says how many seconds there are to accept a task that says nothing itself; none are without it.
const SECONDS: &str = "fieldline.work_orders.acceptance_seconds";
/// The property that says what happens then: `tell`, or `withdraw`.
const THEN: &str = "fieldline.work_orders.not_accepted";
/// What says that somebody else, or somebody again, was asked.
const ASKED: [&str; 5] = ["state", "sub_state", "assigned_to", "dispatched_on", "acceptance_duration"];

impl Call<'_> {
    /// Lets the moment by which a task has to be accepted follow a change of it.
    pub(super) fn follow_acceptance(&mut self, changed: &Changed) -> Result<()> {
        if changed.before.is_some() && !changed.turned(&ASKED) {
            return Ok(());
        }
        let task = &changed.projection.record;
        let is_asked = changed.projection.stage.as_deref() == Some("assigned");
        // Whoever else is asked has the whole time to answer.
        let asked_at = task.time("dispatched_on").filter(|_| !changed.turned(&["assigned_to"])).unwrap_or(self.now);
        let due_at = if is_asked { self.acceptance_due(task, asked_at)? } else { None };
        match due_at {
            Some(due_at) => self.put_job(&Job::of(KIND, task.id.sys_id, due_at))?,
            None => drop(self.tx.remove_job(&Job::name_of(KIND, task.id.sys_id))?),
        }
        if task.time("acceptance_due") == due_at {
            return Ok(());
        }
        self.author_as_system(task.id.clone(), vec![set("acceptance_due", due_at.map(Value::Time))])
    }

    fn acceptance_due(&self, task: &Record, asked_at: Timestamp) -> Result<Option<Timestamp>> {
        let seconds = match number_field(task, "acceptance_duration") {
            Some(seconds) => Some(seconds),
            None => self.property_as(SECONDS)?,
        };
        Ok(seconds.filter(|seconds| *seconds > 0).map(|seconds| asked_at.plus_milliseconds(seconds * 1_000)))
    }
}

/// Sees to a task that should have been accepted by now.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let task = call.referred(TASKS, job.record())?;
    let Some(task) = task.filter(|task| call.stage_shown(task) == Some("assigned")) else { return Ok(()) };
    let is_promised = appointments::booked(call, task.id.sys_id)?.is_some();
    let withdraws = call.property(THEN)?.as_deref() == Some("withdraw") && !is_promised;
    let number = task.text("number");
    let what = if withdraws { "was withdrawn; send somebody else" } else { "still waits; call the technician" };
    call.tell_dispatcher(
        &task,
        &format!("{number} was not accepted in time"),
        &format!("Nobody accepted it. It {what}."),
    )?;
    let text = "It was not accepted in time.".to_owned();
    let step = withdraws.then(|| Act::Transition { step: "withdraw".into(), reason: None });
    let acts = [Act::WorkNote { text }].into_iter().chain(step).collect();
    Ok(call.because("it was not accepted in time".into(), |call| call.author_as_system(task.id, acts))?)
}
