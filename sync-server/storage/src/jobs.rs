//! What is to happen later: timers that ring at a moment, and things to send once a transaction is durable.
//!
//! A job has a name, and there is one of a name; putting it again moves it. Whoever does a job whose effect is in the database
//! does both in one transaction. Whoever does one whose effect is outside claims it first, by moving it to when somebody else
//! may try: a claim that is never ended is tried again.

use fieldline_model::{SysId, Timestamp};

use crate::Result;

/// Something to be done at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What it is about; there is one job of a name.
    pub name: String,
    /// Who does it.
    pub kind: String,
    /// When it is to be done, and after a failure when it is tried again.
    pub due_at: Timestamp,
    /// What whoever does it needs to know.
    pub payload: Vec<u8>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Why it was not possible the last time.
    pub problem: Option<String>,
    /// Whether nobody tries it again until a person says so.
    pub stopped: bool,
}

impl Job {
    /// A job that was not tried yet.
    pub fn new(name: impl Into<String>, kind: impl Into<String>, due_at: Timestamp) -> Self {
        let (name, kind) = (name.into(), kind.into());
        Self { name, kind, due_at, payload: Vec::new(), attempts: 0, problem: None, stopped: false }
    }

    /// A job of this kind about a record.
    pub fn of(kind: &str, record: SysId, due_at: Timestamp) -> Self {
        Self::new(Self::name_of(kind, record), kind, due_at)
    }

    /// What the job of a kind about a record is called.
    pub fn name_of(kind: &str, record: SysId) -> String {
        format!("{kind}/{record}")
    }

    /// The record it is about, if it is about one.
    pub fn record(&self) -> Option<SysId> {
        self.name.rsplit('/').next()?.parse().ok()
    }

    /// The same with what whoever does it needs to know.
    pub fn with(self, payload: Vec<u8>) -> Self {
        Self { payload, ..self }
    }
}

/// The one queue.
pub trait Jobs {
    /// A job by its name.
    fn job(&self, name: &str) -> Result<Option<Job>>;
    /// Inserts a job, or replaces the one of its name.
    fn put_job(&mut self, job: &Job) -> Result<()>;
    /// Removes a job; whether there was one.
    fn remove_job(&mut self, name: &str) -> Result<bool>;
    /// Jobs of a kind that are due and not stopped, the longest due first; equally due by name.
    fn due_jobs(&self, kind: &str, now: Timestamp, limit: u32) -> Result<Vec<Job>>;
    /// When the next job of a kind that is not stopped is due.
    fn next_due(&self, kind: &str) -> Result<Option<Timestamp>>;
    /// Jobs that were stopped, the longest due first.
    fn stopped_jobs(&self, limit: u32) -> Result<Vec<Job>>;
}
