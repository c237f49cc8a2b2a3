//! Does what is due: one job a transaction, so what a job did and that it is done are durable together, and one that fails keeps
//! none of the others waiting.

use fieldline_model::Timestamp;
use fieldline_storage::Job;
use rand_core::Rng;

use crate::call::Call;
use crate::error::{Result, ServiceError};
use crate::server::Server;
use crate::sla::timer;

/// What does a job of a kind.
type Worker = fn(&mut Call<'_>, &Job) -> Result<()>;
const WORKERS: [(&str, Worker); 1] = [(timer::KIND, timer::ring)];
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

impl Call<'_> {
    fn put_off(&mut self, job: Job, problem: &ServiceError) -> Result<()> {
        let attempts = job.attempts.saturating_add(1);
        tracing::error!(job = job.name, attempts, %problem, "a job was not possible");
        let wait = FIRST_WAIT_MILLISECONDS << attempts.min(20);
        let (due_at, problem) = (self.now.plus_milliseconds(wait), Some(problem.to_string()));
        Ok(self.tx.put_job(&Job { attempts, due_at, problem, stopped: attempts >= ATTEMPTS, ..job })?)
    }
}
