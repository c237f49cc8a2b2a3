//! What becomes of a problem, carried to its incidents (ServiceNow "Synchronization between incident and problem records").
//!
//! * A fix that was applied resolves the incidents that wait for it; an accepted risk is told to those who work on them.
//! * The incidents of a duplicate are the other problem's.
//! * What is closed needs no tasks any more.
//! * [`communicate`] tells a workaround or a fix to whoever works on an incident of the problem, when a person says so.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Value};

use super::incident::{INCIDENTS, awaits_problem};
use crate::author::{Authored, set};
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::table::{self, TableError};

pub(super) const PROBLEMS: &str = "problem";
pub(super) const TASKS: &str = "problem_task";
/// Who may speak for a problem.
const ROLES: [&str; 4] = ["itil", "problem_manager", "problem_coordinator", "problem_admin"];
/// What an incident says that its problem resolved.
const CLOSE_CODE: &str = "Resolved by problem";

/// What there is to tell about a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// How to live with it.
    Workaround,
    /// What was done about it.
    Fix,
}

impl What {
    fn field(self) -> &'static str {
        match self {
            Self::Workaround => "workaround",
            Self::Fix => "fix_notes",
        }
    }

    /// The fields that say when it was told, and who did.
    fn stamps(self) -> (&'static str, &'static str) {
        match self {
            Self::Workaround => ("workaround_communicated_at", "workaround_communicated_by"),
            Self::Fix => ("fix_communicated_at", "fix_communicated_by"),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Workaround => "Workaround",
            Self::Fix => "Fix",
        }
    }
}

/// Writes a problem's workaround or fix into the work notes of its incidents that are worked on; returns how many those are.
///
/// # Errors
/// When the caller may not, or there is nothing to tell.
pub fn communicate(call: &mut Call<'_>, problem: SysId, what: What) -> table::Result<usize> {
    let problem = table::read(call, PROBLEMS, problem)?;
    table::only(call, &ROLES, &problem.id, "may tell of it")?;
    let text = problem.text(what.field());
    if text.is_empty() {
        let nothing = "is empty, so there is nothing to tell; write it first";
        return Err(TableError::invalid(&problem.id, Some(&what.field().into()), nothing));
    }
    let text = format!("{} of {}: {text}", what.label(), problem.text("number"));
    let incidents = call.incidents_of(&problem, &["new", "in_progress", "on_hold"])?;
    let (author, at) = (call.caller.user, call.now);
    for incident in &incidents {
        let acts = vec![Act::WorkNote { text: text.clone() }];
        call.author(Authored { document: incident.id.clone(), author, at, acts })?;
    }
    let (told_at, told_by) = what.stamps();
    let acts = vec![set(told_at, Value::Time(at)), set(told_by, Value::Reference(author))];
    call.author(Authored { document: problem.id, author, at, acts })?;
    Ok(incidents.len())
}

impl Call<'_> {
    pub(super) fn react_to_problem(&mut self, changed: &Changed) -> Result<()> {
        let (Some(before), problem) = (&changed.before, &changed.projection.record) else { return Ok(()) };
        let [was, is] = [before, problem].map(|record| accomplished(self.stage_shown(record), record));
        let is_news = was != is || changed.turned(&["state", "duplicate_of"]);
        let why = format!("{} came to this", problem.text("number"));
        self.because(why, |call| {
            if changed.arrived() == Some("closed") {
                call.cancel_tasks(problem)?;
            }
            match is {
                Some("fix_applied") if is_news => call.resolve_waiting(problem),
                Some("risk_accepted") if was != is => call.tell_of_risk(problem),
                Some("duplicate") if is_news => call.hand_over(problem),
                _ => Ok(()),
            }
        })
    }

    fn cancel_tasks(&mut self, problem: &Record) -> Result<()> {
        let open = Filter::equals("problem", problem.id.sys_id).and(Filter::equals("active", true));
        for task in self.rows(TASKS, &open)? {
            let Some(step) = self.step_to(&task, "closed") else { continue };
            let acts = vec![set("close_code", Value::text("canceled")), Act::Transition { step, reason: None }];
            self.author_as_system(task.id, acts)?;
        }
        Ok(())
    }

    fn resolve_waiting(&mut self, problem: &Record) -> Result<()> {
        let notes = match problem.text("fix_notes") {
            "" => format!("{} was resolved.", problem.text("number")),
            notes => notes.to_owned(),
        };
        for incident in self.waiting(problem)? {
            let Some(step) = self.step_to(&incident, "resolved") else { continue };
            let acts = vec![
                set("close_code", Value::text(CLOSE_CODE)),
                set("close_notes", Value::text(notes.as_str())),
                Act::Transition { step, reason: None },
            ];
            self.author_as_system(incident.id, acts)?;
        }
        Ok(())
    }

    /// Tells who works on a waiting incident that nothing will be done, and why: what the problem was closed with.
    fn tell_of_risk(&mut self, problem: &Record) -> Result<()> {
        let text = format!("Risk of {} accepted: {}", problem.text("number"), problem.text("close_notes"));
        for incident in self.waiting(problem)? {
            self.author_as_system(incident.id, vec![Act::WorkNote { text: text.clone() }])?;
        }
        Ok(())
    }

    /// Gives the incidents of a duplicate to the problem it is one of.
    fn hand_over(&mut self, problem: &Record) -> Result<()> {
        let other = problem.reference("duplicate_of").filter(|other| *other != problem.id.sys_id);
        let Some(other) = other else { return Ok(()) };
        for incident in self.rows(INCIDENTS, &Filter::equals("problem_id", problem.id.sys_id))? {
            self.author_as_system(incident.id, vec![set("problem_id", Value::Reference(other))])?;
        }
        Ok(())
    }

    fn waiting(&self, problem: &Record) -> Result<Vec<Record>> {
        let mut incidents = self.incidents_of(problem, &["on_hold"])?;
        incidents.retain(awaits_problem);
        Ok(incidents)
    }

    /// The incidents of a problem that are at one of these stages.
    fn incidents_of(&self, problem: &Record, stages: &[&str]) -> Result<Vec<Record>> {
        let mut incidents = self.rows(INCIDENTS, &Filter::equals("problem_id", problem.id.sys_id))?;
        incidents.retain(|incident| self.stage_shown(incident).is_some_and(|stage| stages.contains(&stage)));
        Ok(incidents)
    }
}

/// What was accomplished with a problem that has come to an end.
fn accomplished<'r>(stage: Option<&str>, problem: &'r Record) -> Option<&'r str> {
    let has_ended = matches!(stage, Some("resolved" | "closed"));
    Some(problem.text("resolution_code")).filter(|_| has_ended)
}
