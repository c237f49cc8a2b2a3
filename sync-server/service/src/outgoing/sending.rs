//! Hands requests to whoever sends them, and hears what became of them.
//!
//! A request is claimed before it is sent: its job moves to when somebody else may try. Who dies after sending and before
//! saying so lets it be sent again then, under the same identity. A claim counts as an attempt.

use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};
use fieldline_storage::Job;
use rand_core::Rng;

use super::policy::{Policy, retry_after_milliseconds};
use super::{Asked, CONNECTIONS, ERROR_CHARACTERS, KIND, State, TABLE};
use crate::call::Call;
use crate::error::Result;
use crate::server::Server;
use crate::webhooks::{self, WEBHOOKS};

/// How long whoever claimed a request may take before others try.
const LEASE_MILLISECONDS: i64 = 5 * 60_000;
/// Claims of one request that nobody ended, whatever its plan says.
const MOST_CLAIMS: u32 = 110;
/// The longest answer that is kept.
const ANSWER_CHARACTERS: usize = 65_000;
/// The status of who wants to hear no more.
const GONE: u16 = 410;

/// A request that its claimant is to send. Not printable, so that no log can hold its credential.
pub struct Request {
    /// The row of `sys_outbound_http_log`.
    pub id: SysId,
    /// When somebody else may try.
    pub claimed_until: Timestamp,
    /// Its method.
    pub method: String,
    /// Where it goes.
    pub url: String,
    /// What is said before the body; the credential is beside it.
    pub headers: Vec<(String, String)>,
    /// What it says.
    pub body: String,
    /// How long the answer may take.
    pub timeout_seconds: u64,
    /// Who asks.
    pub credential: Credential,
}

/// What somebody is asked with. Not printable, so that no log can hold it.
pub enum Credential {
    /// Nothing.
    None,
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A header with a key.
    Header {
        /// The header's name.
        name: String,
        /// The key.
        value: String,
    },
    /// A token that is asked for first (RFC 6749, section 4.4).
    ClientCredentials {
        /// The record, by which a token is known again.
        credential: SysId,
        /// Where tokens are given.
        token_url: String,
        /// What this server is called there.
        client_id: String,
        /// What it proves that with.
        client_secret: String,
        /// What it wants to do; empty for the usual.
        scope: String,
    },
}

/// What somebody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// When to come back, as the header has it.
    pub retry_after: Option<String>,
    /// What it says; `None` when that is too much to keep.
    pub body: Option<String>,
    /// How long it took.
    pub milliseconds: i64,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody answered.
    Answered(Answer),
    /// Nobody answered, or it could not be sent; `is_final` when trying again would change nothing.
    Failed {
        /// In words.
        problem: String,
        /// Whether it is useless to try again.
        is_final: bool,
    },
}

/// What is to be done about what became of a request.
enum Verdict {
    Sent,
    Again(Option<i64>),
    Over,
}

impl Server {
    /// Claims requests that are due, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn claim_requests(&self, limit: u32, now: Timestamp, rng: &mut dyn Rng) -> Result<Vec<Request>> {
        if self.storage().read()?.due_jobs(KIND, now, 1)?.is_empty() {
            return Ok(Vec::new());
        }
        self.write(&self.system(), now, rng, |call| {
            let due = call.tx.due_jobs(KIND, now, limit)?;
            let claimed: Vec<_> = due.into_iter().map(|job| call.claim_request(job)).collect::<Result<_>>()?;
            Ok(claimed.into_iter().flatten().collect())
        })
    }

    /// When the next request is due.
    ///
    /// # Errors
    /// When the database fails.
    pub fn next_request_due(&self) -> Result<Option<Timestamp>> {
        Ok(self.storage().read()?.next_due(KIND)?)
    }

    /// Notes what became of a request: it is done, tried again later, or failed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn request_ended(
        &self,
        (request, claimed_until): (SysId, Timestamp),
        outcome: &Outcome,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<()> {
        self.write(&self.system(), now, rng, |call| {
            let row = call.row(&DocumentId::new(TABLE, request))?;
            let Some(row) = row.filter(|row| State::of(row) != State::Sent) else { return Ok(()) };
            let job = call.tx.job(&Job::name_of(KIND, request))?;
            match (verdict(&row, outcome, now), job) {
                (Verdict::Sent, _) => call.note_sent(row, outcome),
                (verdict, Some(job)) if job.due_at == claimed_until => call.note_failure(row, job, outcome, &verdict),
                // Somebody else has claimed it since.
                _ => Ok(()),
            }
        })
    }
}

fn verdict(row: &Record, outcome: &Outcome, now: Timestamp) -> Verdict {
    let is_webhook = row.reference("webhook").is_some();
    match outcome {
        Outcome::Answered(Answer { status: 200..=299, .. }) => Verdict::Sent,
        Outcome::Answered(Answer { status: GONE, .. }) if is_webhook => Verdict::Over,
        Outcome::Answered(Answer { status: 408 | 429 | 500.., retry_after, .. }) => {
            Verdict::Again(retry_after.as_ref().and_then(|header| retry_after_milliseconds(header, now)))
        }
        // Who receives webhooks may be mended; what a flow asks stays as wrong as it is.
        Outcome::Answered(_) if is_webhook => Verdict::Again(None),
        Outcome::Answered(_) | Outcome::Failed { is_final: true, .. } => Verdict::Over,
        Outcome::Failed { is_final: false, .. } => Verdict::Again(None),
    }
}

impl Outcome {
    /// In words what went wrong.
    fn problem(&self) -> String {
        match self {
            Self::Failed { problem, .. } => problem.clone(),
            Self::Answered(Answer { status: status @ 300..=399, .. }) => {
                format!("it answered {status} and sends elsewhere, where nobody follows; give its own address")
            }
            Self::Answered(Answer { status, body, .. }) => {
                let said: String = body.iter().flat_map(|body| body.chars()).take(300).collect();
                format!("it answered {status} {said}").trim_end().to_owned()
            }
        }
    }

    fn write(&self, row: &mut Record) {
        if let Self::Answered(answer) = self {
            row.set("response_status", Some(Value::Integer(i64::from(answer.status))));
            row.set("response_time", Some(Value::Integer(answer.milliseconds)));
            let body = answer.body.as_ref().map(|body| body.chars().take(ANSWER_CHARACTERS).collect::<String>());
            row.set("response_body", body.filter(|body| !body.is_empty()).map(Value::Text));
        }
    }
}

impl Call<'_> {
    fn claim_request(&mut self, job: Job) -> Result<Option<Request>> {
        let row = self.referred(TABLE, job.record())?;
        let Some(mut row) = row.filter(|row| State::of(row) != State::Sent) else {
            self.tx.remove_job(&job.name)?;
            return Ok(None);
        };
        if job.attempts >= MOST_CLAIMS {
            self.fail(row, job, "whoever sent it never said what became of it")?;
            return Ok(None);
        }
        let claimed_until = self.now.plus_milliseconds(LEASE_MILLISECONDS);
        match self.request(&row, claimed_until)? {
            Ok(request) => {
                State::Ready.write(&mut row);
                row.set("url", Some(Value::text(request.url.as_str())));
                row.set("attempts", Some(Value::Integer(i64::from(job.attempts) + 1)));
                self.put_row(row)?;
                self.put_job(&Job { due_at: claimed_until, attempts: job.attempts + 1, ..job })?;
                Ok(Some(request))
            }
            Err(problem) => self.fail(row, job, &problem).map(|()| None),
        }
    }

    /// What is to be sent for a row; in words why nothing can be.
    fn request(&self, row: &Record, claimed_until: Timestamp) -> Result<Result<Request, String>> {
        let (id, mut asked) = (row.id.sys_id, Asked::read(row));
        let mut headers: Vec<(String, String)> = std::mem::take(&mut asked.headers).into_iter().collect();
        let find = |table: &str, field: &str| self.referred(table, row.reference(field));
        let is_active = |row: &Record| row.get("active") != Some(&Value::Boolean(false));
        let credential = if row.reference("webhook").is_some() {
            let Some(webhook) = find(WEBHOOKS, "webhook")?.filter(is_active) else {
                return Ok(Err("the webhook was deleted or switched off".into()));
            };
            let Some(secret) = self.secret_of(webhook.id.sys_id)? else {
                return Ok(Err("the webhook has no secret to sign with; write one".into()));
            };
            // It may have moved since.
            asked.url = webhook.text("url").to_owned();
            match webhooks::signed(&secret, id, self.now, &asked.body) {
                Ok(signed) => headers.extend(signed),
                Err(problem) => return Ok(Err(problem)),
            }
            Credential::None
        } else {
            let Some(connection) = find(CONNECTIONS, "connection")?.filter(is_active) else {
                return Ok(Err("the connection was deleted or switched off".into()));
            };
            headers.push(("idempotency-key".into(), id.to_string()));
            match self.credential_of(&connection)? {
                Ok(credential) => credential,
                Err(problem) => return Ok(Err(problem)),
            }
        };
        let timeout_seconds = u64::try_from(asked.timeout_seconds).unwrap_or(1);
        let (method, url, body) = (asked.method, asked.url, asked.body);
        Ok(Ok(Request { id, claimed_until, method, url, headers, body, timeout_seconds, credential }))
    }

    fn note_sent(&mut self, mut row: Record, outcome: &Outcome) -> Result<()> {
        self.tx.remove_job(&Job::name_of(KIND, row.id.sys_id))?;
        State::Sent.write(&mut row);
        outcome.write(&mut row);
        row.set("sent", Some(Value::Time(self.now)));
        row.set("error_string", None);
        self.put_row(row)
    }

    fn note_failure(&mut self, mut row: Record, job: Job, outcome: &Outcome, verdict: &Verdict) -> Result<()> {
        let problem = outcome.problem();
        outcome.write(&mut row);
        if let (Verdict::Over, Outcome::Answered(Answer { status: GONE, .. })) = (verdict, outcome) {
            self.switch_off(&row)?;
        }
        let due_at = match verdict {
            Verdict::Again(wait) => {
                let policy = self.plan_of(&row)?;
                let began = row.time("sys_created_on").unwrap_or(self.now);
                policy.next(job.attempts, (began, self.now), *wait, self.rng)
            }
            _ => None,
        };
        let Some(due_at) = due_at else { return self.fail(row, job, &problem) };
        row.set("error_string", Some(Value::text(shortened(&problem))));
        self.put_row(row)?;
        self.put_job(&Job { due_at, problem: Some(problem), ..job })
    }

    fn plan_of(&self, row: &Record) -> Result<Policy> {
        let Some(connection) = row.reference("connection") else { return Ok(Policy::WEBHOOK) };
        let connection = self.row(&DocumentId::new(CONNECTIONS, connection))?;
        connection.map_or(Ok(Policy::USUAL), |connection| self.policy_of(&connection))
    }

    /// Gives up. A step's request is tried again with its run, so only webhooks wait in the queue for somebody to say so.
    fn fail(&mut self, mut row: Record, job: Job, problem: &str) -> Result<()> {
        let problem = shortened(problem);
        State::Failed.write(&mut row);
        row.set("error_string", Some(Value::text(problem.as_str())));
        let is_webhook = row.reference("webhook").is_some();
        match is_webhook {
            true => self.put_job(&Job { stopped: true, problem: Some(problem), ..job })?,
            false => drop(self.tx.remove_job(&job.name)?),
        }
        self.put_row(row)
    }

    /// Tells a webhook nothing more, because it said so.
    fn switch_off(&mut self, row: &Record) -> Result<()> {
        let webhook = self.referred(WEBHOOKS, row.reference("webhook"))?;
        let Some(mut webhook) = webhook else { return Ok(()) };
        webhook.set("active", Some(Value::Boolean(false)));
        webhook.set("problem", Some(Value::text("it answered 410: it wants to hear no more")));
        self.because("it answered 410 Gone".into(), |call| call.put_row(webhook))
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(ERROR_CHARACTERS).collect()
}
