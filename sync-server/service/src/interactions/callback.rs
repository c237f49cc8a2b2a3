//! Calls that somebody asked for: at their moment an outbound interaction is opened, which agents are offered like any other.
//!
//! An interaction that asks for a call has one job. What it opens is known by the interaction and the moment, so it is opened once.

use fieldline_model::{DocumentId, Record, SysId, Timestamp};
use fieldline_storage::Job;

use super::{INTERACTIONS, relate, tasks_of, worked_on};
use crate::call::Call;
use crate::named::sys_id_of;
use crate::table::{self, Input, Result, TableError};

/// The jobs of calls that somebody asked for.
pub(crate) const KIND: &str = "callback";
/// The furthest ahead a call may be asked for.
const FURTHEST_DAYS: i64 = 90;
const DAY_MILLISECONDS: i64 = 86_400_000;
const TITLE_CHARACTERS: usize = 160;

/// Notes that somebody wants to be called at a moment.
///
/// # Errors
/// When there is no such interaction for the caller, the moment does not fit, or there is no number to call.
pub fn request(call: &mut Call<'_>, interaction: SysId, at: Timestamp, number: Option<&str>) -> Result<Record> {
    let interaction = worked_on(call, interaction)?;
    let moment = at.to_string();
    let mut fields = vec![("callback_at", moment.as_str())];
    fields.extend(number.map(|number| ("phone_number", number)));
    Ok(table::update(call, INTERACTIONS, interaction.id.sys_id, &Input::of(&fields))?.record)
}

/// Refuses a call that could not be made.
pub(super) fn check(call: &Call<'_>, before: Option<&Record>, interaction: &Record) -> Result<()> {
    let Some(at) = interaction.time("callback_at") else { return Ok(()) };
    if before.is_some_and(|before| before.time("callback_at") == Some(at)) {
        return Ok(());
    }
    let latest = call.now.plus_milliseconds(FURTHEST_DAYS * DAY_MILLISECONDS);
    let invalid = |field: &str, problem: &str| Err(TableError::invalid(&interaction.id, Some(&field.into()), problem));
    match () {
        () if at < call.now || at > latest => invalid("callback_at", "must be within the next 90 days"),
        () if super::phone::Number::parse(interaction.text("phone_number")).is_none() => {
            invalid("phone_number", "must be the number to call; send it along")
        }
        () => Ok(()),
    }
}

/// Lets the job follow what an interaction asks for.
pub(super) fn time(call: &mut Call<'_>, before: Option<&Record>, interaction: &Record) -> Result<()> {
    let at = interaction.time("callback_at");
    if before.and_then(|before| before.time("callback_at")) == at {
        return Ok(());
    }
    match at {
        Some(at) => Ok(call.put_job(&Job::of(KIND, interaction.id.sys_id, at))?),
        None => Ok(call.tx.remove_job(&Job::name_of(KIND, interaction.id.sys_id)).map(drop)?),
    }
}

/// Opens the call whose moment has come.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> Result<()> {
    call.tx.remove_job(&job.name)?;
    let asked = call.referred(INTERACTIONS, job.record())?;
    let Some((asked, at)) = asked.and_then(|asked| asked.time("callback_at").map(|at| (asked, at))) else {
        return Ok(());
    };
    let id = sys_id_of(format!("callback/{}/{}", asked.id, at.0));
    if call.row(&DocumentId::new(INTERACTIONS, id))?.is_some() {
        return Ok(());
    }
    let title: String =
        format!("Call back: {}", asked.text("short_description")).chars().take(TITLE_CHARACTERS).collect();
    let mut input = Input::of(&[
        ("type", "phone"),
        ("direction", "outbound"),
        ("short_description", title.trim_end_matches([':', ' '])),
    ]);
    input.fields.insert("sys_id".into(), id.to_string());
    input.fields.insert("parent".into(), asked.id.sys_id.to_string());
    for field in ["phone_number", "contact", "account", "opened_for", "assignment_group", "skills", "priority"] {
        input.fields.extend(asked.get(field).map(|value| (field.to_owned(), value.to_string())));
    }
    let opened = table::create(call, INTERACTIONS, &input)?.record;
    for task in tasks_of(call, asked.id.sys_id)? {
        relate(call, &opened, &task, "task")?;
    }
    Ok(())
}
