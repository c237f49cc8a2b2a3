//! Requests to outside systems, as rows that somebody else sends: what steps of flows ask of a connection, and webhooks.
//!
//! * A request is a row of [`TABLE`] with a job, written in the transaction it follows from. Nothing is sent here.
//! * `connection.rs` finds where an alias leads and with which credential, `policy.rs` says when something is tried again.
//! * `sending.rs` hands requests to whoever can send them, and hears what became of them.
//!
//! A request may arrive more than once, always under the same `Idempotency-Key` or `webhook-id`, which is the row's identity.
//! Requests wait for nobody: those about one record may overtake each other.

mod connection;
mod policy;
mod sending;

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::Job;

use crate::call::Call;
use crate::error::Result;

pub(crate) use connection::{CONNECTIONS, Connection, TOKEN_GIVERS, check_connection, check_url, timeout};
pub use sending::{Answer, Credential, Outcome, Request};

/// Where requests wait.
pub(crate) const TABLE: &str = "sys_outbound_http_log";
/// The jobs that send them. Whoever can send does them, and nobody else.
pub(crate) const KIND: &str = "http";
/// The most bytes of a body that is sent.
pub(crate) const MOST_BODY_BYTES: usize = 60_000;
/// As many characters as the fields of a row hold.
const ERROR_CHARACTERS: usize = 1_000;
const URL_CHARACTERS: usize = 4_000;

/// What is asked of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub timeout_seconds: i64,
}

/// Why it is asked.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    /// A step of a run asks a connection.
    Step { run: SysId, connection: SysId },
    /// A webhook is told of an event.
    Event { webhook: SysId, event: String, about: Option<DocumentId> },
}

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    Sent,
    Failed,
}

impl State {
    pub fn of(row: &Record) -> Self {
        match row.text("state") {
            "sent" => Self::Sent,
            "failed" => Self::Failed,
            _ => Self::Ready,
        }
    }

    fn write(self, row: &mut Record) {
        let word = match self {
            Self::Ready => "ready",
            Self::Sent => "sent",
            Self::Failed => "failed",
        };
        row.set("state", Some(Value::text(word)));
    }
}

impl Asked {
    /// What a row asks.
    pub fn read(row: &Record) -> Self {
        Self {
            method: row.text("method").to_owned(),
            url: row.text("url").to_owned(),
            headers: serde_json::from_str(row.text("request_headers")).unwrap_or_default(),
            body: row.text("request_body").to_owned(),
            timeout_seconds: crate::query::number_field(row, "timeout").unwrap_or(connection::USUAL_SECONDS),
        }
    }

    fn write(&self, row: &mut Record) {
        let headers = serde_json::to_string(&self.headers).expect("texts");
        for (field, text) in [
            ("method", self.method.as_str()),
            ("url", &self.url),
            ("hostname", connection::host_of(&self.url).unwrap_or_default()),
            ("request_headers", &headers),
            ("request_body", &self.body),
        ] {
            row.set(field, Some(Value::text(text)).filter(|_| !text.is_empty()));
        }
        row.set("timeout", Some(Value::Integer(self.timeout_seconds)));
    }
}

impl Call<'_> {
    /// Writes a request into the outbox, with the job that sends it.
    pub(crate) fn send_out(&mut self, id: SysId, asked: &Asked, cause: &Cause) -> Result<()> {
        let mut row = Record::new(DocumentId::new(TABLE, id));
        State::Ready.write(&mut row);
        asked.write(&mut row);
        match cause {
            Cause::Step { run, connection } => {
                row.set("context", Some(Value::Reference(*run)));
                row.set("connection", Some(Value::Reference(*connection)));
            }
            Cause::Event { webhook, event, about } => {
                row.set("webhook", Some(Value::Reference(*webhook)));
                row.set("event", Some(Value::text(event.as_str())));
                if let Some(about) = about {
                    row.set("target_table", Some(Value::text(about.table.as_str())));
                    row.set("instance", Some(Value::text(about.sys_id.to_string())));
                }
            }
        }
        row.set("attempts", Some(Value::Integer(0)));
        self.put_row(row)?;
        self.put_job(&Job::of(KIND, id, self.now))
    }

    /// Lets a request that failed be tried again, as if for the first time.
    pub(crate) fn send_again(&mut self, mut row: Record) -> Result<()> {
        State::Ready.write(&mut row);
        row.set("error_string", None);
        let id = row.id.sys_id;
        self.put_row(row)?;
        self.put_job(&Job::of(KIND, id, self.now))
    }
}
