//! Does what is due: one job a transaction, so what a job did and that it is done are durable together, and one that fails keeps
//! none of the others waiting.

use fieldline_model::Timestamp;
use fieldline_storage::Job;
use rand_core::Rng;

use crate::call::Call;
use crate::error::{Result, ServiceError};
use crate::itsm::auto_close;
use crate::server::Server;
use crate::sla::timer;
use crate::table::TableError;

/// What does a job of a kind.
type Worker = fn(&mut Call<'_>, &Job) -> Result<()>;
const WORKERS: [(&str, Worker); 2] = [(timer::KIND, timer::ring), (auto_close::KIND, auto_close::ring)];
/// A job that failed so often is not tried again until a person says so.
const ATTEMPTS: u32 = 8;
/// The first wait after a failure; each next one is twice as long.
const FIRST_WAIT_MILLISECONDS: i64 = 1_000;

impl Server {
    /// Does what is due, at most `limit` jobs; returns how many were tried.
    ///
    /// # Errors
    /// When the database fails; what was done stays done.
    pub fn do_due(&self, limit: u32, now: Timestamp, rng: &mut dyn Rng) -> Result<u32> {
        let mut done = 0;
        for (kind, worker) in WORKERS {
            let due = self.storage().read()?.due_jobs(kind, now, limit.saturating_sub(done))?;
            for job in due {
                self.try_job(worker, job, now, rng)?;
                done += 1;
            }
        }
        Ok(done)
    }

    /// When the next job is due.
    ///
    /// # Errors
    /// When the database fails.
    pub fn next_due(&self) -> Result<Option<Timestamp>> {
        let tx = self.storage().read()?;
        let due: Vec<_> = WORKERS.iter().map(|(kind, _)| tx.next_due(kind)).collect::<Result<_, _>>()?;
        Ok(due.into_iter().flatten().min())
    }

    fn try_job(&self, worker: Worker, job: Job, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        let done = self.write(&self.system(), now, rng, |call| match call.tx.job(&job.name)? {
            // Moved or done by somebody else since it was looked for.
            Some(held) if held.due_at != job.due_at || held.stopped => Ok(()),
            Some(held) => worker(call, &held),
            None => Ok(()),
        });
        match done {
            Ok(()) => Ok(()),
            Err(ServiceError::Storage(error)) => Err(error.into()),
            Err(problem) => self.write(&self.system(), now, rng, |call| call.put_off(job, &problem)),
        }
    }
}

/// The jobs that were stopped, for administrators.
///
/// # Errors
/// When the caller is none.
pub fn stopped(call: &Call<'_>, limit: u32) -> Result<Vec<Job>, TableError> {
    for_administrators(call)?;
    Ok(call.tx.stopped_jobs(limit)?)
}

/// Lets a job that was stopped be tried again, at once and as if for the first time.
///
/// # Errors
/// When there is no such job, or the caller is no administrator.
pub fn retry(call: &mut Call<'_>, name: &str) -> Result<Job, TableError> {
    for_administrators(call)?;
    let job = call.tx.job(name)?.filter(|job| job.stopped);
    let job = job.ok_or_else(|| TableError::NotFound(format!("a stopped job \"{name}\"")))?;
    let job = Job { due_at: call.now, attempts: 0, stopped: false, ..job };
    call.put_job(&job)?;
    Ok(job)
}

fn for_administrators(call: &Call<'_>) -> Result<(), TableError> {
    let problem = || "only administrators look after the queue; ask one".to_owned();
    let denied = || TableError::Denied { record: "the queue".into(), problem: problem() };
    call.caller.is_administrator().then_some(()).ok_or_else(denied)
}

impl Call<'_> {
    /// Puts a job into the queue, or moves the one of its name.
    pub(crate) fn put_job(&mut self, job: &Job) -> Result<()> {
        self.pending.queued = true;
        Ok(self.tx.put_job(job)?)
    }

    fn put_off(&mut self, job: Job, problem: &ServiceError) -> Result<()> {
        let attempts = job.attempts.saturating_add(1);
        tracing::error!(job = job.name, attempts, %problem, "a job was not possible");
        let wait = FIRST_WAIT_MILLISECONDS << attempts.min(20);
        let (due_at, problem) = (self.now.plus_milliseconds(wait), Some(problem.to_string()));
        self.put_job(&Job { attempts, due_at, problem, stopped: attempts >= ATTEMPTS, ..job })
    }
}
