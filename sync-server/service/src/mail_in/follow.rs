//! What follows from a mail: it is said in its record by whom it concerns, noted there for agents where it concerns somebody else, or
//! opens a case.

use std::collections::BTreeMap;

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::Outcome;
use super::letter::Letter;
use super::quoted;
use super::sender::Sender;
use crate::author::Authored;
use crate::call::Call;
use crate::cases::CASES;
use crate::error::ServiceError;
use crate::interactions;
use crate::rules::TOLD;
use crate::table::{self, Input, Result};

const INCIDENTS: &str = "incident";
/// As many characters as a case keeps.
const TITLE_CHARACTERS: usize = 160;
const DESCRIPTION_CHARACTERS: usize = 4_000;
/// Files that are named of those that were not taken, and how much is said of each.
const REFUSED_SHOWN: usize = 20;
const REFUSED_CHARACTERS: usize = 300;
/// The word with which a customer accepts a solution by mail.
const ACCEPTS: &str = "accept";

/// Says a mail in the record it is about.
pub(super) fn say(
    call: &mut Call<'_>,
    mail: SysId,
    letter: &Letter<'_>,
    sender: &Sender,
    record: Record,
) -> Result<Outcome> {
    if !call.concerns(&record, sender)? {
        return note(call, mail, letter, sender, &record);
    }
    let is_customer = sender.is_customer_of(&record);
    let stage = call.stage_shown(&record).map(str::to_owned);
    if record.id.table == *CASES && is_customer && matches!(stage.as_deref(), Some("closed" | "cancelled")) {
        return open(call, mail, letter, sender, Some(&record));
    }
    let own = quoted::cut(&letter.text);
    let mut acts = vec![Act::Comment { text: said_by(sender, &own) }];
    if record.id.table == *CASES && is_customer {
        let step = match stage.as_deref() {
            Some("awaiting_info") => Some("resume"),
            Some("resolved") if is_acceptance(&own) => Some("accept_solution"),
            Some("resolved") => Some("reject_solution"),
            _ => None,
        };
        acts.extend(step.map(|step| Act::Transition { step: step.into(), reason: None }));
    }
    let author = sender.user.unwrap_or(call.caller.user);
    call.author(Authored { document: record.id.clone(), author, at: call.now, acts })?;
    if let Some(contact) = sender.contact {
        call.said_by(&record.id, contact);
    }
    enclose(call, letter, sender, &record.id)?;
    Ok(Outcome::Commented(record.id))
}

/// Whether the first word of an answer accepts the solution.
fn is_acceptance(text: &str) -> bool {
    let first = text.split(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    let first = first.to_lowercase();
    first.strip_prefix(ACCEPTS).is_some_and(|rest| rest.is_empty() || rest == "ed")
}

/// What somebody says, and who says it where the record would name the server.
fn said_by(sender: &Sender, text: &str) -> String {
    let text = if text.is_empty() { "(without a text)" } else { text };
    match sender.user {
        Some(_) => text.to_owned(),
        None => format!("{} wrote:\n{text}", sender.shown()),
    }
}

/// Notes the mail of somebody whom a record does not concern; its files stay with the mail.
fn note(call: &mut Call<'_>, mail: SysId, letter: &Letter<'_>, sender: &Sender, record: &Record) -> Result<Outcome> {
    let refused = call.take_files(&letter.files, &DocumentId::new(TOLD[0], mail))?;
    let mut text = format!(
        "A mail about this came from {}, whom it does not concern, and was not made a comment:\n{}",
        sender.shown(),
        quoted::cut(&letter.text)
    );
    if !letter.files.is_empty() {
        text += &format!("\nIts files are with the mail (sys_email {mail}).");
    }
    text += &not_taken(&refused);
    call.author_as_system(record.id.clone(), vec![Act::WorkNote { text }])?;
    Ok(Outcome::Noted(record.id.clone()))
}

/// Makes the files of a mail those of a record, and says in a note which were not taken.
fn enclose(call: &mut Call<'_>, letter: &Letter<'_>, sender: &Sender, record: &DocumentId) -> Result<()> {
    let author = sender.user.unwrap_or(call.caller.user);
    let refused = call.on_behalf_of(author, |call| call.take_files(&letter.files, record))?;
    if !refused.is_empty() {
        let text = format!("A mail came with files.{}", not_taken(&refused));
        call.author_as_system(record.clone(), vec![Act::WorkNote { text }])?;
    }
    Ok(())
}

fn not_taken(refused: &[String]) -> String {
    if refused.is_empty() {
        return String::new();
    }
    let shown: Vec<String> =
        refused.iter().take(REFUSED_SHOWN).map(|one| one.chars().take(REFUSED_CHARACTERS).collect()).collect();
    let more = refused.len().saturating_sub(REFUSED_SHOWN);
    let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
    format!("\nNot taken:\n{}{more}", shown.join("\n"))
}

/// Opens a case for a customer, or an incident for somebody of the house; nothing where it is left to people.
pub(super) fn open(
    call: &mut Call<'_>,
    mail: SysId,
    letter: &Letter<'_>,
    sender: &Sender,
    follows: Option<&Record>,
) -> Result<Outcome> {
    let (table, whose) = match (sender.contact, sender.user) {
        (Some(contact), _) => (CASES, contact),
        (None, Some(user)) => (INCIDENTS, user),
        (None, None) => match call.becomes_contact(sender)? {
            Some(contact) => (CASES, contact),
            None => return Ok(Outcome::Ignored("nobody here knows its sender".into())),
        },
    };
    let author = sender.user.unwrap_or(call.caller.user);
    let input = Input { fields: fields(letter, (table, whose), follows), as_displayed: false };
    let record = call.on_behalf_of(author, |call| table::create(call, table, &input))?.record;
    if let Some(contact) = sender.contact {
        call.said_by(&record.id, contact);
    }
    enclose(call, letter, sender, &record.id)?;
    interactions::begun_by_mail(call, mail, &record)?;
    Ok(Outcome::Opened(record.id))
}

fn fields(letter: &Letter<'_>, (table, whose): (&str, SysId), follows: Option<&Record>) -> BTreeMap<String, String> {
    let own = quoted::cut(&letter.text);
    let first_line = own.lines().next().unwrap_or_default();
    let title =
        [letter.subject.as_str(), first_line, "Mail without a subject"].into_iter().find(|text| !text.is_empty());
    let mut fields = vec![
        ("short_description", title.unwrap_or_default().chars().take(TITLE_CHARACTERS).collect()),
        ("description", own.chars().take(DESCRIPTION_CHARACTERS).collect()),
        ("contact_type", "email".to_owned()),
        (if table == CASES { "contact" } else { "caller_id" }, whose.to_string()),
    ];
    if let Some(follows) = follows {
        fields.push(("parent", follows.id.sys_id.to_string()));
        fields.push(("work_notes", format!("{} is over; its customer wrote again.", follows.text("number"))));
    }
    // What is longer than a description is said as the first comment, whole.
    if own.chars().count() > DESCRIPTION_CHARACTERS {
        fields.push(("comments", own));
    }
    fields.into_iter().map(|(field, text)| (field.to_owned(), text)).collect()
}

impl Call<'_> {
    /// Notes at a mail that was sent what became of it, and in the record it is about; whether there is such a mail.
    pub(super) fn note_bounce(&mut self, bounce: &super::bounce::Bounce) -> Result<bool, ServiceError> {
        let sent = bounce.message_id.as_deref().map(|id| self.mail_known_as(id)).transpose()?.flatten();
        let Some(mut sent) = sent.filter(|mail| matches!(mail.text("type"), "sent" | "send-failed")) else {
            return Ok(false);
        };
        let why = if bounce.why.is_empty() { "the report does not say why" } else { &bounce.why };
        if bounce.is_final {
            sent.set("state", Some(Value::text("failed")));
            sent.set("type", Some(Value::text("send-failed")));
        }
        sent.set("error_string", Some(Value::text(format!("not delivered: {why}"))));
        let about = sent.text("instance").parse().ok();
        let to = sent.text("recipients").to_owned();
        self.put_row(sent)?;
        let record = about.map(|id: SysId| self.tx.find(self.dictionary.family("task"), id)).transpose()?.flatten();
        if let Some(record) = record.filter(|_| bounce.is_final) {
            let text = format!("A mail about this to {to} was not delivered: {why}");
            self.author_as_system(record.id, vec![Act::WorkNote { text }])?;
        }
        Ok(true)
    }
}
