//! Contacts with people outside: calls, chats, and the mail that begins a conversation, each a row that leads to what is worked on.
//!
//! * `phone.rs` knows who calls from a number, `callback.rs` calls back at the moment somebody asked for.
//! * `row.rs` says what an interaction may become, and what follows from it.
//!
//! What is over stays over: a closed interaction keeps its state, its people and its words, and only its notes go on.
//! Left out: telephones themselves. A switchboard tells of a call over HTTP, and is told whose it is.

mod callback;
pub mod phone;
mod row;

use fieldline_model::{DocumentId, Record, SysId, Value};

pub use callback::request as request_callback;
pub(crate) use callback::{KIND, ring};
pub(crate) use row::{prepare, written};

use crate::call::Call;
use crate::cases::CASES;
use crate::table::{self, Input, Result, TableError};

/// The table.
pub const INTERACTIONS: &str = "interaction";
/// What interactions led to.
pub const RELATED: &str = "interaction_related_record";
/// Whose work interactions are.
const WORKERS: [&str; 4] = ["case_agent", "itil", "awa_agent", "integration"];

/// Whether an interaction is over.
pub(crate) fn is_over(interaction: &Record) -> bool {
    interaction.text("state").starts_with("closed_")
}

/// An interaction the caller may work on.
///
/// # Errors
/// When there is none for the caller, or the caller works on none.
pub(crate) fn worked_on(call: &Call<'_>, id: SysId) -> Result<Record> {
    let interaction = table::read(call, INTERACTIONS, id)?;
    table::only(call, &WORKERS, &interaction.id, "work on interactions")?;
    Ok(interaction)
}

/// Opens an interaction and says who it could be with, as far as its number tells; the one person it can only be is its contact.
///
/// # Errors
/// When the caller may not, or a field does not fit.
pub fn open(call: &mut Call<'_>, mut input: Input) -> Result<(Record, Vec<phone::Known>)> {
    let given = |name: &str| input.fields.get(name).map(String::as_str).unwrap_or_default();
    let known = match given("phone_number") {
        "" => Vec::new(),
        number => phone::known(call, number)?,
    };
    if given("contact").is_empty()
        && given("opened_for").is_empty()
        && let [only] = &known[..]
    {
        let field = if only.person.id.table == *"sys_user" { "opened_for" } else { "contact" };
        input.fields.insert(field.into(), only.person.id.sys_id.to_string());
    }
    let record = table::create(call, INTERACTIONS, &input)?.record;
    Ok((record, known))
}

/// Says that a task is what an interaction is about, once however often it is said.
///
/// # Errors
/// When there is no such interaction or task for the caller, or the caller works on none.
pub fn link(call: &mut Call<'_>, interaction: SysId, task: SysId) -> Result<Record> {
    let (interaction, task) = (worked_on(call, interaction)?, table::read(call, "task", task)?);
    relate(call, &interaction, &task, "task")
}

/// Opens a case for an interaction: for its contact, by its channel, with what is known of it.
///
/// # Errors
/// When there is no such interaction for the caller, or the caller may open no case.
pub fn open_case(call: &mut Call<'_>, interaction: SysId, mut input: Input) -> Result<Record> {
    let interaction = worked_on(call, interaction)?;
    let from = |field: &str| interaction.get(field).map(ToString::to_string).filter(|text| !text.is_empty());
    let channel = Some(interaction.text("type").to_owned())
        .filter(|channel| matches!(channel.as_str(), "chat" | "email" | "phone" | "web"));
    for (field, text) in [
        ("contact", from("contact")),
        ("account", from("account")),
        ("contact_type", channel),
        ("short_description", from("short_description")),
        ("description", from("transcript").map(|text| text.chars().take(4_000).collect())),
        // What an agent writes down is not for the customer, who reads the description.
        ("work_notes", from("notes")),
    ] {
        if let Some(text) = text {
            input.fields.entry(field.to_owned()).or_insert(text);
        }
    }
    let case = table::create(call, CASES, &input)?.record;
    relate(call, &interaction, &case, "task_created")?;
    Ok(case)
}

/// Ends an interaction with what came of it.
///
/// # Errors
/// When there is no such interaction for the caller, it is over, or nothing is said of what came of it.
pub fn close(call: &mut Call<'_>, interaction: SysId, code: &str, notes: &str) -> Result<Record> {
    let interaction = worked_on(call, interaction)?;
    if code.trim().is_empty() {
        let problem = "must not be empty; say what came of it";
        return Err(TableError::invalid(&interaction.id, Some(&"wrap_up_code".into()), problem));
    }
    let ended = [("state", "closed_complete"), ("wrap_up_code", code), ("wrap_up_notes", notes)];
    Ok(table::update(call, INTERACTIONS, interaction.id.sys_id, &Input::of(&ended))?.record)
}

pub(crate) fn relate(call: &mut Call<'_>, interaction: &Record, task: &Record, how: &str) -> Result<Record> {
    let (parent, to) = (interaction.id.sys_id, task.id.sys_id);
    let held = call.rows_with(RELATED, &[("parent", &parent.to_string()), ("task", &to.to_string())])?;
    if let Some(held) = held.into_iter().next() {
        return Ok(held);
    }
    let mut row = Record::new(DocumentId::new(RELATED, call.new_sys_id()));
    row.set("parent", Some(Value::Reference(parent)));
    row.set("task", Some(Value::Reference(to)));
    row.set("document_table", Some(Value::text(task.id.table.as_str())));
    row.set("document_id", Some(Value::text(to.to_string())));
    row.set("type", Some(Value::text(how)));
    call.put_row(row.clone())?;
    Ok(row)
}

/// The tasks an interaction led to or is about.
pub(crate) fn tasks_of(call: &Call<'_>, interaction: SysId) -> crate::error::Result<Vec<Record>> {
    let related = call.rows_with(RELATED, &[("parent", &interaction.to_string())])?;
    let mut tasks = Vec::new();
    for task in related.iter().filter_map(|row| row.reference("task")) {
        tasks.extend(call.tx.find(call.dictionary.family("task"), task)?);
    }
    Ok(tasks)
}

/// Notes the contact that a mail began, which is over with it: what is worked on is the record it opened.
pub(crate) fn begun_by_mail(call: &mut Call<'_>, mail: SysId, record: &Record) -> Result<()> {
    let Some(row) = call.row(&DocumentId::new(crate::rules::TOLD[0], mail))? else { return Ok(()) };
    let reference = |field: &str| record.get(field).map(ToString::to_string).unwrap_or_default();
    let (contact, caller, origin) = (reference("contact"), reference("caller_id"), row.text("origin"));
    let fields = [
        ("type", "email"),
        ("state", "closed_complete"),
        ("short_description", record.text("short_description")),
        ("contact", &contact),
        ("opened_for", &caller),
        ("guest_email", origin.get(..100).unwrap_or(origin)),
    ];
    let interaction = call.implied(|call| table::create(call, INTERACTIONS, &Input::of(&fields)))?.record;
    relate(call, &interaction, record, "task_created").map(drop)
}
