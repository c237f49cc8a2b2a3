//! What follows from a change of an incident.

use fieldline_model::Record;
use fieldline_model::condition::Filter;

use super::auto_close;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::query::number_field;

pub(super) const INCIDENTS: &str = "incident";
pub(super) const TASKS: &str = "incident_task";

/// Choices of `hold_reason`.
const AWAITING_CALLER: i64 = 1;
const AWAITING_PROBLEM: i64 = 3;

impl Call<'_> {
    pub(super) fn react_to_incident(&mut self, changed: &Changed) -> Result<()> {
        self.hear_the_caller(changed)?;
        self.end_tasks(changed)?;
        self.lead_children(changed)?;
        self.count_children(changed)?;
        self.open_again_what_is_asked_for(changed)?;
        self.follow_major(changed)?;
        self.follow_closing(&auto_close::INCIDENTS_STAY, changed)
    }

    /// Takes an incident off hold that waits for its caller, who has answered.
    fn hear_the_caller(&mut self, changed: &Changed) -> Result<()> {
        let record = &changed.projection.record;
        let caller = record.reference("caller_id");
        let caller_spoke = changed.commented.values().any(|by| Some(*by) == caller);
        if !caller_spoke || !awaits_caller(record) || changed.projection.stage.as_deref() != Some("on_hold") {
            return Ok(());
        }
        let Some(incident) = self.row(&record.id)? else { return Ok(()) };
        self.because("the caller answered".into(), |call| call.step_towards(&incident, "in_progress"))
    }

    /// Ends the tasks that nobody will be thanked for any more.
    fn end_tasks(&mut self, changed: &Changed) -> Result<()> {
        let (stage, became) = match changed.arrived() {
            Some("closed") => ("closed_incomplete", "closed"),
            Some("canceled") => ("closed_skipped", "canceled"),
            _ => return Ok(()),
        };
        let incident = &changed.projection.record;
        let open = Filter::equals("incident", incident.id.sys_id).and(Filter::equals("active", true));
        let why = format!("{} was {became}", incident.text("number"));
        let tasks = self.rows(TASKS, &open)?;
        self.because(why, |call| tasks.iter().try_for_each(|task| call.step_towards(task, stage)))
    }
}

/// Whether an incident on hold waits for its caller.
pub(super) fn awaits_caller(incident: &Record) -> bool {
    number_field(incident, "hold_reason") == Some(AWAITING_CALLER)
}

/// Whether an incident waits for its problem.
pub(super) fn awaits_problem(incident: &Record) -> bool {
    number_field(incident, "hold_reason") == Some(AWAITING_PROBLEM)
}
