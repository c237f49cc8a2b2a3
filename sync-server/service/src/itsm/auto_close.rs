//! What stayed resolved is closed by itself, some days after it was resolved, whatever was written on it since: incidents, and cases
//! whose customers did not answer. What was reopened waits anew, and a major incident is closed by people.
//!
//! Each resolved record has one job in the queue. How many days an organisation says in a property; 0 is never, and what is no
//! number is as if it were not said. A new number holds for what is resolved already.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{Record, Timestamp};
use fieldline_storage::Job;

use super::incident::INCIDENTS;
use crate::call::{Call, Changed};
use crate::cases::CASES;
use crate::error::Result;
use crate::table;

/// The jobs that close what stayed resolved.
pub(crate) const KIND: &str = "autoclose";
const DAYS: u32 = 7;
const DAY_MILLISECONDS: i64 = 86_400_000;
/// The state of what is resolved.
const RESOLVED: i64 = 6;

/// What is closed by itself.
pub(crate) struct Stays {
    table: &'static str,
    /// The property that says after how many days.
    setting: &'static str,
    /// The step that closes it.
    step: &'static str,
}

pub(crate) const INCIDENTS_STAY: Stays = Stays { table: INCIDENTS, setting: "glide.ui.autoclose.time", step: "close" };
pub(crate) const CASES_STAY: Stays =
    Stays { table: CASES, setting: "csm.case.autoclose.days", step: "close_unanswered" };
const ALL: [&Stays; 2] = [&INCIDENTS_STAY, &CASES_STAY];

/// Whether a property says when something is closed.
pub(crate) fn is_setting(property: &str) -> bool {
    ALL.iter().any(|stays| stays.setting == property)
}

/// Closes a record whose time has come.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    for stays in ALL {
        let record = call.referred(stays.table, job.record())?;
        let Some(record) = record else { continue };
        let is_due = call.closing_time(stays, &record)?.is_some_and(|due_at| due_at <= call.now);
        return Ok(call.because("it stayed resolved".into(), |call| match is_due {
            true => {
                let step = Act::Transition { step: stays.step.into(), reason: None };
                call.author_as_system(record.id, vec![step])
            }
            false => call.time_closing(stays, &record),
        })?);
    }
    Ok(())
}

impl Call<'_> {
    /// Lets the job that closes a record follow a change of it.
    pub(crate) fn follow_closing(&mut self, stays: &Stays, changed: &Changed) -> Result<()> {
        if changed.before.is_none() || changed.turned(&["state", "resolved_at", "major_incident_state"]) {
            return self.time_closing(stays, &changed.projection.record);
        }
        Ok(())
    }

    /// Lets every job follow a new number of days.
    pub(crate) fn time_every_closing(&mut self) -> Result<()> {
        for stays in ALL {
            for record in self.rows(stays.table, &Filter::equals("state", RESOLVED))? {
                self.time_closing(stays, &record)?;
            }
        }
        Ok(())
    }

    fn time_closing(&mut self, stays: &Stays, record: &Record) -> Result<()> {
        match self.closing_time(stays, record)? {
            Some(due_at) => self.put_job(&Job::of(KIND, record.id.sys_id, due_at)),
            None => {
                self.tx.remove_job(&Job::name_of(KIND, record.id.sys_id))?;
                Ok(())
            }
        }
    }

    /// When a record is to be closed, if it is.
    fn closing_time(&self, stays: &Stays, record: &Record) -> Result<Option<Timestamp>> {
        let may_close = self.stage_shown(record) == Some("resolved");
        let is_major = record.text("major_incident_state") == "accepted";
        let Some(resolved_at) = record.time("resolved_at").filter(|_| may_close && !is_major) else {
            return Ok(None);
        };
        let days = self.property_as(stays.setting)?.unwrap_or(DAYS);
        Ok((days > 0).then(|| resolved_at.plus_milliseconds(i64::from(days) * DAY_MILLISECONDS)))
    }
}
