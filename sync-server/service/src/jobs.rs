//! Does what is due. What a job did and that it is done are one transaction, which several jobs share because a disk makes few
//! things durable a second; where one of them is not possible each is done alone, so it keeps none of the others waiting.

use fieldline_model::Timestamp;
use fieldline_storage::Job;
use rand_core::Rng;

use crate::auto_responder;
use crate::call::Call;
use crate::change_requests::{cab, conflicts, risk};
use crate::chat;
use crate::cmdb::health::cycle;
use crate::csm::entitlements::terms;
use crate::error::{Result, ServiceError};
use crate::flows;
use crate::interactions;
use crate::itsm::auto_close;
use crate::knowledge;
use crate::maintenance;
use crate::notifications::digest;
use crate::on_call;
use crate::on_site;
use crate::retention;
use crate::server::Server;
use crate::sla::timer;
use crate::stock::restock;
use crate::table::TableError;
use crate::work_items;
use crate::work_orders::acceptance;

/// Who does the jobs of a kind.
struct Worker {
    kind: &'static str,
    /// What is looked at first, while others write.
    prepare: Option<Prepare>,
    work: fn(&mut Call<'_>, &Job) -> Result<(), TableError>,
    /// What is done when that was not possible.
    failed: fn(&mut Call<'_>, Job, &str) -> Result<()>,
}

type Prepare = fn(&Server, &[Job], Timestamp, &mut dyn Rng) -> Result<()>;

const WORKERS: [Worker; 22] = [
    Worker { kind: timer::KIND, prepare: None, work: timer::ring, failed: put_off },
    Worker { kind: knowledge::KIND, prepare: None, work: knowledge::come, failed: put_off },
    Worker { kind: terms::KIND, prepare: None, work: terms::come, failed: put_off },
    Worker { kind: auto_close::KIND, prepare: None, work: auto_close::ring, failed: put_off },
    Worker { kind: flows::SCHEDULE, prepare: None, work: flows::begin_scheduled, failed: put_off },
    Worker { kind: flows::KIND, prepare: None, work: flows::carry_on, failed: flows::stopped },
    Worker { kind: on_call::KIND, prepare: None, work: on_call::ring, failed: put_off },
    Worker { kind: on_site::KIND, prepare: None, work: on_site::ring, failed: put_off },
    Worker { kind: interactions::KIND, prepare: None, work: interactions::ring, failed: put_off },
    Worker { kind: work_items::KIND, prepare: None, work: work_items::ring, failed: put_off },
    Worker { kind: work_items::TAKE_BACK, prepare: None, work: work_items::take_back, failed: put_off },
    Worker { kind: chat::KIND, prepare: None, work: chat::ring, failed: put_off },
    Worker { kind: auto_responder::KIND, prepare: None, work: auto_responder::ring, failed: put_off },
    Worker { kind: digest::KIND, prepare: None, work: digest::write, failed: put_off },
    Worker { kind: cycle::KIND, prepare: Some(cycle::prepare), work: cycle::ring, failed: put_off },
    Worker { kind: risk::KIND, prepare: None, work: risk::ring, failed: put_off },
    Worker { kind: cab::KIND, prepare: None, work: cab::ring, failed: put_off },
    Worker { kind: conflicts::KIND, prepare: None, work: conflicts::ring, failed: put_off },
    Worker { kind: acceptance::KIND, prepare: None, work: acceptance::ring, failed: put_off },
    Worker { kind: maintenance::KIND, prepare: None, work: maintenance::ring, failed: put_off },
    Worker { kind: restock::KIND, prepare: None, work: restock::ring, failed: put_off },
    Worker { kind: retention::KIND, prepare: None, work: retention::tidy, failed: put_off },
];
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
        for worker in &WORKERS {
            let due = self.storage().read()?.due_jobs(worker.kind, now, limit.saturating_sub(done))?;
            done += u32::try_from(due.len()).unwrap_or(u32::MAX);
            if !due.is_empty() {
                self.prepare_and_try(worker, due, now, rng)?;
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
        let due: Vec<_> = WORKERS.iter().map(|worker| tx.next_due(worker.kind)).collect::<Result<_, _>>()?;
        Ok(due.into_iter().flatten().min())
    }

    /// Looks at what a worker looks at first, and does the jobs.
    fn prepare_and_try(&self, worker: &Worker, jobs: Vec<Job>, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        match worker.prepare.map_or(Ok(()), |prepare| prepare(self, &jobs, now, rng)) {
            Ok(()) => self.try_jobs(worker, jobs, now, rng),
            Err(ServiceError::Storage(error)) => Err(error.into()),
            Err(problem) => self.write(&self.system(), now, rng, |call| {
                let problem = problem.to_string();
                tracing::error!(kind = worker.kind, problem, "what a job is about could not be looked at");
                jobs.into_iter().try_for_each(|job| (worker.failed)(call, job, &problem))
            }),
        }
    }

    /// Does jobs together, or each alone when one of them is not possible.
    fn try_jobs(&self, worker: &Worker, mut jobs: Vec<Job>, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        let done = self.write(&self.system(), now, rng, |call| jobs.iter().try_for_each(|job| worker.begin(call, job)));
        match done {
            Ok(()) => Ok(()),
            Err(TableError::Service(ServiceError::Storage(error))) => Err(error.into()),
            Err(_) if jobs.len() > 1 => jobs.into_iter().try_for_each(|job| self.try_jobs(worker, vec![job], now, rng)),
            Err(problem) => {
                let (problem, job) = (problem.to_string(), jobs.remove(0));
                tracing::error!(job = job.name, problem, "a job was not possible");
                self.write(&self.system(), now, rng, |call| (worker.failed)(call, job, &problem))
            }
        }
    }
}

impl Worker {
    fn begin(&self, call: &mut Call<'_>, job: &Job) -> Result<(), TableError> {
        match call.tx.job(&job.name)? {
            // Moved or done by somebody else since it was looked for.
            Some(held) if held.due_at != job.due_at || held.stopped => Ok(()),
            Some(held) => (self.work)(call, &held),
            None => Ok(()),
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
}

/// Tries a job again later, each time after twice as long, until it was tried often enough.
fn put_off(call: &mut Call<'_>, job: Job, problem: &str) -> Result<()> {
    let attempts = job.attempts.saturating_add(1);
    let wait = FIRST_WAIT_MILLISECONDS << attempts.min(20);
    let (due_at, problem) = (call.now.plus_milliseconds(wait), Some(problem.to_owned()));
    call.put_job(&Job { attempts, due_at, problem, stopped: attempts >= ATTEMPTS, ..job })
}
