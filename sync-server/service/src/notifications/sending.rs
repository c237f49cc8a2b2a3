//! Hands mail to whoever sends it, and hears what became of it.
//!
//! Mail is claimed before it is sent: its job moves to when somebody else may try. Who dies after sending and before saying so
//! lets it be sent again then, under the same Message-ID, by which mail servers and readers know it again. A claim counts as an
//! attempt, so mail that kills who sends it comes to an end, too.

use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};
use fieldline_storage::Job;
use rand_core::Rng;

use super::outbox::{KIND, State, stands};
use crate::call::Call;
use crate::error::Result;
use crate::rules::TOLD;
use crate::server::Server;

/// How long whoever claimed mail may take before others try.
const LEASE_MILLISECONDS: i64 = 5 * 60_000;
/// Mail that failed so often is not tried again until a person says so.
const ATTEMPTS: u32 = 8;
/// The wait after a failure, before it is doubled for each attempt.
const WAIT_MILLISECONDS: i64 = 30_000;
/// Mail that nobody tried to send for so long is old news, and is not sent.
const OLD_MILLISECONDS: i64 = 3 * 24 * 60 * 60_000;
/// The longest explanation that is kept.
const PROBLEM_CHARACTERS: usize = 500;

/// Mail that its claimant is to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The row of `sys_email`.
    pub id: SysId,
    /// When somebody else may try.
    pub claimed_until: Timestamp,
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// The same as HTML, if it is said so, too.
    pub body_html: Option<String>,
    /// What it is known by, in angle brackets.
    pub message_id: String,
    /// The first mail about the same record to the same person.
    pub in_reply_to: Option<String>,
}

impl Server {
    /// Claims mail that is due, at most `limit`; Message-IDs end in `domain`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn claim_mail(&self, domain: &str, limit: u32, now: Timestamp, rng: &mut dyn Rng) -> Result<Vec<Mail>> {
        if self.storage().read()?.due_jobs(KIND, now, 1)?.is_empty() {
            return Ok(Vec::new());
        }
        self.write(&self.system(), now, rng, |call| {
            let due = call.tx.due_jobs(KIND, now, limit)?;
            let claimed: Vec<_> = due.into_iter().map(|job| call.claim(job, domain)).collect::<Result<_>>()?;
            Ok(claimed.into_iter().flatten().collect())
        })
    }

    /// When the next mail is due.
    ///
    /// # Errors
    /// When the database fails.
    pub fn next_mail_due(&self) -> Result<Option<Timestamp>> {
        Ok(self.storage().read()?.next_due(KIND)?)
    }

    /// Notes that mail was sent.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mail_sent(&self, mail: &Mail, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        self.write(&self.system(), now, rng, |call| {
            call.tx.remove_job(&Job::name_of(KIND, mail.id))?;
            call.rewrite(mail.id, |row| {
                stands(row, State::Sent);
                row.set("sent", Some(Value::Time(now)));
                row.set("error_string", None);
            })
        })
    }

    /// Notes that mail could not be sent, unless somebody else has claimed it since: it is tried again later, each time after
    /// twice as long, until it was tried often enough; at once no more when it was refused for good.
    ///
    /// # Errors
    /// When the database fails.
    pub fn mail_failed(
        &self,
        mail: &Mail,
        (problem, is_final): (&str, bool),
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<()> {
        self.write(&self.system(), now, rng, |call| {
            let job = call.tx.job(&Job::name_of(KIND, mail.id))?.filter(|job| job.due_at == mail.claimed_until);
            let Some(job) = job else { return Ok(()) };
            let due_at = now.plus_milliseconds(WAIT_MILLISECONDS << job.attempts.min(20));
            let attempts = if is_final { ATTEMPTS } else { job.attempts };
            call.put_off_mail(mail.id, Job { due_at, attempts, ..job }, problem)
        })
    }
}

impl Call<'_> {
    fn claim(&mut self, job: Job, domain: &str) -> Result<Option<Mail>> {
        let row = self.referred(TOLD[0], job.record())?;
        let Some(row) = row.filter(|row| row.text("state") != "sent") else {
            self.tx.remove_job(&job.name)?;
            return Ok(None);
        };
        let id = row.id.sys_id;
        if self.now.milliseconds_since(job.due_at) > OLD_MILLISECONDS {
            self.tx.remove_job(&job.name)?;
            self.rewrite(id, |row| fails(row, "nobody sent it for three days; serve with --smtp"))?;
            return Ok(None);
        }
        if job.attempts >= ATTEMPTS {
            self.put_off_mail(id, job, "whoever sent it never said what became of it")?;
            return Ok(None);
        }
        let row = self.identified(row, domain)?;
        let claimed_until = self.now.plus_milliseconds(LEASE_MILLISECONDS);
        self.put_job(&Job { due_at: claimed_until, attempts: job.attempts + 1, ..job })?;
        let [to, subject, body, body_html, message_id, in_reply_to] =
            ["recipients", "subject", "body", "body_html", "message_id", "in_reply_to"]
                .map(|field| row.text(field).to_owned());
        let [body_html, in_reply_to] = [body_html, in_reply_to].map(|text| Some(text).filter(|text| !text.is_empty()));
        Ok(Some(Mail { id, claimed_until, to, subject, body, body_html, message_id, in_reply_to }))
    }

    /// Mail with its Message-ID, given once so that it is the same each time it is sent.
    fn identified(&mut self, mut row: Record, domain: &str) -> Result<Record> {
        if row.text("message_id").is_empty() {
            let first = self.first_of_conversation(&row)?;
            row.set("message_id", Some(Value::text(format!("<{}@{domain}>", row.id.sys_id))));
            row.set("in_reply_to", first.map(Value::Text));
            self.put_row(row.clone())?;
        }
        Ok(row)
    }

    /// The first mail about the same record to the same person that was given to somebody to send.
    fn first_of_conversation(&self, row: &Record) -> Result<Option<String>> {
        let (thread, to) = (row.text("parent"), row.text("recipients"));
        if thread.is_empty() {
            return Ok(None);
        }
        let mut earlier = self.rows_with(TOLD[0], &[("parent", thread), ("recipients", to)])?;
        earlier.retain(|mail| !mail.text("message_id").is_empty());
        earlier.sort_by_key(|mail| (mail.time("sys_created_on"), mail.id.sys_id));
        Ok(earlier.first().map(|mail| mail.text("message_id").to_owned()))
    }

    fn put_off_mail(&mut self, id: SysId, job: Job, problem: &str) -> Result<()> {
        let problem: String = problem.chars().take(PROBLEM_CHARACTERS).collect();
        let stopped = job.attempts >= ATTEMPTS;
        if stopped {
            self.rewrite(id, |row| fails(row, &problem))?;
        }
        self.put_job(&Job { stopped, problem: Some(problem), ..job })
    }

    fn rewrite(&mut self, id: SysId, change: impl FnOnce(&mut Record)) -> Result<()> {
        let Some(mut row) = self.row(&DocumentId::new(TOLD[0], id))? else { return Ok(()) };
        change(&mut row);
        self.put_row(row)
    }
}

fn fails(row: &mut Record, problem: &str) {
    stands(row, State::Failed);
    row.set("error_string", Some(Value::text(problem)));
}
