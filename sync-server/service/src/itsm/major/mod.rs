//! Major incidents: how people are kept informed, what those who have the trouble are told at its end, and what is looked at
//! afterwards.
//!
//! * `communication.rs` follows the plans for an incident that becomes a major one, and sends what is due when somebody says so.
//! * [`board`] says of each how much of its time is gone; [`report`] makes a document of what happened, for the review.
//!
//! When one is resolved its children are, too (`family.rs`), and the caller of each is told here.

pub mod board;
mod communication;
pub mod report;

use super::incident::INCIDENTS;
use crate::call::{Call, Changed};
use crate::error::Result;
use fieldline_model::Record;

pub(crate) use communication::{PLAN_DEFINITIONS, TASKS as COMMUNICATIONS};

const STATE: &str = "major_incident_state";
/// Who looks after major incidents.
const ROLES: [&str; 3] = ["itil", "incident_manager", "major_incident_manager"];

impl Call<'_> {
    /// Does what follows when an incident becomes a major one, or ends as one.
    pub(super) fn follow_major(&mut self, changed: &Changed) -> Result<()> {
        let incident = &changed.projection.record;
        let was_major = changed.before.as_ref().is_some_and(is_major);
        if is_major(incident) && !was_major {
            self.begin_plans(incident)?;
        }
        if changed.arrived() == Some("resolved") && self.is_of_a_major_one(incident)? {
            let by = changed.projection.accepted.last().map(|step| step.by);
            if let Some(caller) = incident.reference("caller_id").filter(|caller| Some(*caller) != by) {
                let subject =
                    format!("{} is resolved: {}", incident.text("number"), incident.text("short_description"));
                let body = format!("{}\n\nIf you still have the trouble, reopen it.", incident.text("close_notes"));
                self.tell_now(caller, &incident.id, &subject, &body)?;
            }
        }
        Ok(())
    }

    /// Whether an incident is a major one, or a child of one.
    fn is_of_a_major_one(&self, incident: &Record) -> Result<bool> {
        let parent = self.referred(INCIDENTS, incident.reference("parent_incident"))?;
        Ok(is_major(incident) || parent.is_some_and(|parent| is_major(&parent)))
    }
}

fn is_major(incident: &Record) -> bool {
    incident.text(STATE) == "accepted"
}
