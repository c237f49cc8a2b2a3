//! Mail that comes in: every mail is kept once, and becomes a comment, a note, a new case, or nothing.
//!
//! * `parts.rs` and `letter.rs` read a mail, whatever it is; `quoted.rs` cuts what it quotes, `bounce.rs` reads reports of mail that
//!   did not arrive.
//! * `guards.rs` says what is kept and not followed, so that no loop of answers lasts.
//! * `thread.rs` finds what it is about, `sender.rs` who wrote it, `follow.rs` says it there or opens a case.
//! * `files.rs` takes the files with it.
//!
//! [`receive`] is the one way in, whoever fetched the mail. A mail is known by its Message-ID, so one that comes twice is followed
//! once; one that cannot be followed is kept, with the reason. Who writes is believed as the mail server in front believes it: it
//! has to refuse what is forged (SPF, DKIM, DMARC). Left out: encrypted and signed mail is kept as files, not opened.

mod bounce;
mod files;
mod follow;
mod guards;
mod letter;
mod parts;
mod quoted;
mod sender;
mod thread;

use fieldline_model::{DocumentId, Record, SysId, Value};

pub use letter::Letter;
pub(crate) use letter::address;
pub(crate) use sender::contact_of;

use crate::call::{Call, Caller};
use crate::error::ServiceError;
use crate::named::sys_id_of;
use crate::rules::TOLD;
use crate::table::{Result, TableError};

/// The largest mail that is taken whole: one with a file of a hundred megabytes, encoded.
pub const MAIL_BYTES: usize = 160 << 20;
/// Who may hand mail in.
const ROLE: &str = "integration";

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The row of `sys_email`.
    pub mail: SysId,
    /// What it led to.
    pub outcome: Outcome,
}

/// What a mail led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It came before.
    KnownBefore,
    /// It is kept and not followed.
    Ignored(String),
    /// It is a report about a mail that was sent.
    Bounced,
    /// It was said in a record.
    Commented(DocumentId),
    /// It was noted in a record, for those inside the house only.
    Noted(DocumentId),
    /// It opened a record.
    Opened(DocumentId),
}

impl Outcome {
    /// The record it led to.
    pub fn record(&self) -> Option<&DocumentId> {
        match self {
            Self::Commented(record) | Self::Noted(record) | Self::Opened(record) => Some(record),
            Self::KnownBefore | Self::Ignored(_) | Self::Bounced => None,
        }
    }
}

/// Whether somebody may hand mail in, before any of it is read.
///
/// # Errors
/// Says who may.
pub fn check_may(caller: &Caller) -> Result<()> {
    if caller.may(&[ROLE.to_owned()]) {
        return Ok(());
    }
    let problem = format!("only who has the role {ROLE} hands in mail; ask an administrator for it");
    Err(TableError::Denied { record: TOLD[0].into(), problem })
}

/// Takes a mail as it came (RFC 5322).
///
/// # Errors
/// When the caller may not hand mail in, or the database fails; a mail that cannot be followed is none.
pub fn receive(call: &mut Call<'_>, raw: &[u8]) -> Result<Received> {
    check_may(&call.caller)?;
    let letter = Letter::read(raw);
    let mail = letter.message_id.as_deref().map_or_else(|| unnamed(raw), thread::row_of);
    let known = letter.message_id.as_deref().map(|id| call.mail_known_as(id)).transpose()?.flatten();
    if known.is_some() || call.row(&DocumentId::new(TOLD[0], mail))?.is_some() {
        return Ok(Received { mail, outcome: Outcome::KnownBefore });
    }
    let system = call.server.identity().system_user;
    call.on_behalf_of(system, |call| take(call, mail, &letter))
}

/// The identity of a mail that has no name of its own.
fn unnamed(raw: &[u8]) -> SysId {
    sys_id_of([b"unnamed mail/", raw].concat())
}

fn take(call: &mut Call<'_>, mail: SysId, letter: &Letter<'_>) -> Result<Received> {
    let mut row = written(mail, letter);
    row.set("received_at", Some(Value::Time(call.now)));
    call.put_row(row)?;
    let outcome = match decide(call, mail, letter) {
        Ok(outcome) => outcome,
        Err(TableError::Service(error)) => return Err(error.into()),
        // A rule of the organisation refuses what it asks for; somebody has to look.
        Err(problem) => Outcome::Ignored(problem.to_string()),
    };
    note_outcome(call, mail, &outcome)?;
    Ok(Received { mail, outcome })
}

fn decide(call: &mut Call<'_>, mail: SysId, letter: &Letter<'_>) -> Result<Outcome> {
    if let Some(bounce) = &letter.bounce
        && call.note_bounce(bounce)?
    {
        return Ok(Outcome::Bounced);
    }
    if let Some(why) = call.not_followed(letter)? {
        return Ok(Outcome::Ignored(why));
    }
    let from = letter.from.as_deref().unwrap_or_default();
    let sender = call.sender(letter, from)?;
    match call.thread_of(letter)? {
        Some(record) => follow::say(call, mail, letter, &sender, record),
        None => follow::open(call, mail, letter, &sender, None),
    }
}

fn written(mail: SysId, letter: &Letter<'_>) -> Record {
    let mut row = Record::new(DocumentId::new(TOLD[0], mail));
    for (field, text) in [
        ("type", "received"),
        ("origin", letter.from.as_deref().unwrap_or_default()),
        ("subject", letter.subject.as_str()),
        ("body", letter.text.as_str()),
        ("message_id", letter.message_id.as_deref().unwrap_or_default()),
        ("in_reply_to", letter.references.first().map(String::as_str).unwrap_or_default()),
    ] {
        row.set(field, Some(Value::text(text)).filter(|_| !text.is_empty()));
    }
    row
}

fn note_outcome(call: &mut Call<'_>, mail: SysId, outcome: &Outcome) -> Result<(), ServiceError> {
    let Some(mut row) = call.row(&DocumentId::new(TOLD[0], mail))? else { return Ok(()) };
    let ignored = match outcome {
        Outcome::Ignored(why) => Some(why.chars().take(1_000).collect::<String>()),
        _ => None,
    };
    row.set("state", Some(Value::text(if ignored.is_some() { "ignored" } else { "processed" })));
    if ignored.is_some() {
        row.set("type", Some(Value::text("received-ignored")));
    }
    row.set("error_string", ignored.map(Value::Text));
    if let Some(record) = outcome.record() {
        row.set("target_table", Some(Value::text(record.table.as_str())));
        for field in ["instance", "parent"] {
            row.set(field, Some(Value::text(record.sys_id.to_string())));
        }
    }
    call.put_row(row)
}

#[cfg(test)]
mod tests;
