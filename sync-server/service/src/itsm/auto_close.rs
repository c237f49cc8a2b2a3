//! What stayed resolved is closed by itself, some days after it was resolved, whatever was written on it since. An incident
//! that was reopened waits anew, and a major one is closed by people.
//!
//! Each resolved incident has one job in the queue. How many days an organisation says in the property [`SETTING`]; 0 is never,
//! and what is no number is as if it were not said. A new number holds for what is resolved already.

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, Timestamp};
use fieldline_storage::Job;

use super::incident::INCIDENTS;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::table;

/// The jobs that close incidents.
pub(crate) const KIND: &str = "autoclose";
/// The property that says after how many days.
pub(crate) const SETTING: &str = "glide.ui.autoclose.time";
const DAYS: u32 = 7;
const DAY_MILLISECONDS: i64 = 86_400_000;
/// The state of what is resolved.
const RESOLVED: i64 = 6;

/// Closes an incident whose time has come.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let incident = job.record().map(|id| call.row(&DocumentId::new(INCIDENTS, id))).transpose()?.flatten();
    let Some(incident) = incident else { return Ok(()) };
    let is_due = call.closing_time(&incident)?.is_some_and(|due_at| due_at <= call.now);
    Ok(call.because("it stayed resolved".into(), |call| match is_due {
        true => call.step_towards(&incident, "closed"),
        false => call.time_closing(&incident),
    })?)
}

impl Call<'_> {
    /// Lets the job that closes an incident follow a change of it.
    pub(super) fn follow_closing(&mut self, changed: &Changed) -> Result<()> {
        if changed.before.is_none() || changed.turned(&["state", "resolved_at", "major_incident_state"]) {
            return self.time_closing(&changed.projection.record);
        }
        Ok(())
    }

    /// Lets every job follow a new number of days.
    pub(crate) fn time_every_closing(&mut self) -> Result<()> {
        let resolved = self.rows(INCIDENTS, &Filter::equals("state", RESOLVED))?;
        resolved.iter().try_for_each(|incident| self.time_closing(incident))
    }

    fn time_closing(&mut self, incident: &Record) -> Result<()> {
        match self.closing_time(incident)? {
            Some(due_at) => self.put_job(&Job::of(KIND, incident.id.sys_id, due_at)),
            None => {
                self.tx.remove_job(&Job::name_of(KIND, incident.id.sys_id))?;
                Ok(())
            }
        }
    }

    /// When an incident is to be closed, if it is.
    fn closing_time(&self, incident: &Record) -> Result<Option<Timestamp>> {
        let may_close = self.stage_shown(incident) == Some("resolved");
        let is_major = incident.text("major_incident_state") == "accepted";
        let Some(resolved_at) = incident.time("resolved_at").filter(|_| may_close && !is_major) else {
            return Ok(None);
        };
        let days = self.property(SETTING)?.and_then(|days| days.trim().parse().ok()).unwrap_or(DAYS);
        Ok((days > 0).then(|| resolved_at.plus_milliseconds(i64::from(days) * DAY_MILLISECONDS)))
    }
}
