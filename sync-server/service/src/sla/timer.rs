//! Breaches and the percentages before them, at their moment: a clock that runs has one job, due when the next of them is
//! reached, and nothing looks at it before. After a standstill what fell due meanwhile is done in order, each once.

use fieldline_model::sla::{Agreement, BusinessTime, Clock, row};
use fieldline_model::{Record, SysId, Timestamp, UserZone, Value};
use fieldline_storage::Job;

use super::{CLOCKS, SlaEvent, agreement};
use crate::author::set;
use crate::call::Call;
use crate::error::Result;
use crate::table;

/// The jobs of clocks.
pub(crate) const KIND: &str = "sla";
/// The percentages that are told of.
const PERCENTS: [u32; 3] = [50, 75, BREACH];
/// The percentage that is a breach.
const BREACH: u32 = 100;

/// The job for what comes after a moment, if anything does.
pub(super) fn next(clock: &Clock, after: Timestamp, id: SysId, business: BusinessTime<'_>) -> Option<Job> {
    let (due_at, percent) = clock.next_event(&PERCENTS, after, business)?;
    Some(Job::of(KIND, id, due_at).with(percent.to_be_bytes().to_vec()))
}

/// The percentage a job is about.
fn percent_of(job: &Job) -> Option<u32> {
    Some(u32::from_be_bytes(job.payload.as_slice().try_into().ok()?))
}

/// Does what is due of a clock.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let row = call.referred(CLOCKS, job.record())?;
    let book = call.book.clone();
    let agreement = row.as_ref().and_then(|row| book.agreement(row.reference("sla")?));
    let (Some(row), Some(agreement)) = (row, agreement) else { return Ok(()) };
    let Some(clock) = row::clock(&row) else { return Ok(()) };
    Ok(call.because(agreement::named(agreement), |call| call.wake_clock(agreement, row, clock, job))?)
}

impl Call<'_> {
    fn wake_clock(&mut self, agreement: &Agreement, mut row: Record, mut clock: Clock, job: &Job) -> Result<()> {
        let zone = UserZone::named(row.text("timezone"));
        let business = BusinessTime { calendar: agreement.calendar(), zone: &zone };
        let (due_at, percent) = (job.due_at, percent_of(job));
        let breaches = !clock.has_breached && clock.is_breached_by(due_at);
        if breaches {
            clock.has_breached = true;
            self.note_breach(agreement, &row)?;
        }
        row::write(&mut row, &clock);
        row::show_elapsed(&mut row, &clock, due_at, business);
        let id = row.id.sys_id;
        self.put_row(row)?;
        if let Some(percent) = percent.filter(|percent| *percent < BREACH) {
            self.tell_of_clock(agreement, id, SlaEvent::Percent(percent))?;
        }
        if breaches {
            self.tell_of_clock(agreement, id, SlaEvent::Breached)?;
        }
        // What lies between this and now is due at once, and each is done.
        if let Some(job) = next(&clock, due_at, id, business) {
            self.put_job(&job)?;
        }
        Ok(())
    }

    /// Notes on a task that a promise about it was not kept.
    pub(super) fn note_breach(&mut self, agreement: &Agreement, clock: &Record) -> Result<()> {
        self.server.metrics.breaches.increment();
        let task =
            clock.reference("task").map(|task| self.tx.find(self.dictionary.family("task"), task)).transpose()?;
        let Some(task) = task.flatten().filter(|task| task.get("made_sla") != Some(&Value::Boolean(false))) else {
            return Ok(());
        };
        tracing::info!(task = %task.id, agreement = %agreement.id, "a service level was breached");
        self.author_as_system(task.id, vec![set("made_sla", Value::Boolean(false))])
    }
}
