//! Change advisory boards: when they meet, what they talk about, and what they said.
//!
//! * `meetings.rs` makes the meetings of the days ahead from a definition's schedule, by a job; `agenda.rs` fills the agendas.
//! * Here is what follows from what happens in a meeting: an item that is decided is complete and the next one begins, those the
//!   next items concern are told that their turn is near, and the decision is written down at the change.
//!
//! A definition is a schedule itself: its entries are when the board meets, its child schedules when it does not.
//!
//! Left out: invitations to calendars, and the clock that runs for an item. A decision answers no approval: whoever was asked to
//! approve does.
//!
//! Source: ServiceNow "Create a CAB definition", "Attend a CAB meeting using the CAB Workbench".

mod agenda;
mod meetings;

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, FieldName, Record, Value};

use super::CHANGES;
use crate::author::set;
use crate::call::Call;
use crate::query::number_field;
use crate::sla::schedule;
use crate::table::{Result, TableError};

pub(crate) use meetings::{KIND, ring};

const DEFINITIONS: &str = "cab_definition";
const MEETINGS: &str = "cab_meeting";
const ITEMS: &str = "cab_agenda_item";
const ATTENDEES: &str = "cab_attendee";
const MOST_DAYS: i64 = 366;
/// Decisions that end the talk about an item.
const ENDS: [&str; 3] = ["approved", "rejected", "no_decision"];

fn invalid(row: &Record, field: &str, problem: impl Into<String>) -> TableError {
    TableError::invalid(&row.id, Some(&FieldName::from(field)), problem)
}

/// Judges a row of a board before it is written, and fills what follows from it.
///
/// # Errors
/// Names what does not fit.
pub(crate) fn prepare(call: &Call<'_>, before: Option<&Record>, row: &mut Record) -> Result<()> {
    match row.id.table.as_str() {
        DEFINITIONS | MEETINGS => {
            check_definition(call, row)?;
            stamp(call, before, row);
            Ok(())
        }
        ITEMS => {
            let is_decided = before.is_none_or(|before| before.text("decision") != row.text("decision"));
            if is_decided && ENDS.contains(&row.text("decision")) {
                row.set("state", Some(Value::text("complete")));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_definition(call: &Call<'_>, row: &Record) -> Result<()> {
    let condition = row.text("change_condition");
    if !condition.is_empty() {
        call.check_condition(row, &"change_condition".into(), CHANGES, condition)?;
    }
    schedule::check_zone(row)?;
    let days = number_field(row, "rolling_window_days");
    if row.id.table == *DEFINITIONS && !days.is_some_and(|days| (1..=MOST_DAYS).contains(&days)) {
        return Err(invalid(
            row,
            "rolling_window_days",
            format!("must be 1 to {MOST_DAYS}; say how far ahead it meets"),
        ));
    }
    match row.time("start").zip(row.time("end")) {
        Some((start, end)) if end <= start => Err(invalid(row, "end", "must be after the start of the meeting")),
        _ => Ok(()),
    }
}

/// Begins and ends a meeting at this moment.
fn stamp(call: &Call<'_>, before: Option<&Record>, row: &mut Record) {
    let was = before.map_or("pending", |before| before.text("state")).to_owned();
    let field = match row.text("state") {
        state if state == was => return,
        "in_progress" => "actual_start",
        "complete" => "actual_end",
        _ => return,
    };
    row.set(field, Some(Value::Time(call.now)));
}

/// Lets what follows from a row of a board follow.
///
/// # Errors
/// When the database fails.
pub(crate) fn written(call: &mut Call<'_>, before: Option<&Record>, row: &Record) -> crate::error::Result<()> {
    let turned = |field: &str| before.is_none_or(|before| before.get(field) != row.get(field));
    match row.id.table.as_str() {
        DEFINITIONS => meetings::soon(call, row.id.sys_id),
        "cmn_schedule_span" | "cmn_other_schedule" => match row.reference("schedule") {
            Some(schedule) if call.row(&DocumentId::new(DEFINITIONS, schedule))?.is_some() => {
                meetings::soon(call, schedule)
            }
            _ => Ok(()),
        },
        MEETINGS if turned("state") => match row.text("state") {
            "in_progress" => {
                agenda::fill(call, row)?;
                go_on(call, row)
            }
            "complete" => put_back(call, row),
            _ => Ok(()),
        },
        ITEMS => {
            if turned("decision") && !row.text("decision").is_empty() {
                decided(call, row)?;
            }
            match meeting_of(call, row)? {
                Some(meeting) if turned("state") && meeting.text("state") == "in_progress" => go_on(call, &meeting),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn meeting_of(call: &Call<'_>, item: &Record) -> crate::error::Result<Option<Record>> {
    call.referred(MEETINGS, item.reference("cab_meeting"))
}

/// The items of a meeting, in order.
fn items_of(call: &Call<'_>, meeting: &Record) -> crate::error::Result<Vec<Record>> {
    let mut items = call.rows(ITEMS, &Filter::equals("cab_meeting", meeting.id.sys_id))?;
    items.sort_by_key(|item| (number_field(item, "order").unwrap_or(100), item.id.sys_id));
    Ok(items)
}

/// Begins the next item when none is talked about, and tells those whose turn is near.
fn go_on(call: &mut Call<'_>, meeting: &Record) -> crate::error::Result<()> {
    let items = items_of(call, meeting)?;
    let mut waiting = items.iter().filter(|item| item.text("state") == "pending");
    if !items.iter().any(|item| item.text("state") == "in_progress") {
        let Some(next) = waiting.next() else { return Ok(()) };
        let mut next = next.clone();
        next.set("state", Some(Value::text("in_progress")));
        call.put_row(next)?;
    }
    let lead = number_field(meeting, "notification_lead_time").and_then(|lead| usize::try_from(lead).ok()).unwrap_or(0);
    for item in waiting.take(lead).filter(|item| item.get("notified").is_none()) {
        let mut item = item.clone();
        item.set("notified", Some(Value::Time(call.now)));
        call.put_row(item)?;
    }
    Ok(())
}

/// What a meeting did not come to waits for another one.
fn put_back(call: &mut Call<'_>, meeting: &Record) -> crate::error::Result<()> {
    for mut item in items_of(call, meeting)? {
        if item.text("state") == "in_progress" {
            item.set("state", Some(Value::text("pending")));
            call.put_row(item)?;
        }
    }
    Ok(())
}

/// Writes a decision down at the change, and in the notes of the meeting.
fn decided(call: &mut Call<'_>, item: &Record) -> crate::error::Result<()> {
    let (Some(meeting), Some(change)) = (meeting_of(call, item)?, item.reference("task")) else { return Ok(()) };
    let Some(change) = call.row(&DocumentId::new(CHANGES, change))? else { return Ok(()) };
    let label = call.dictionary.table(ITEMS).and_then(|table| table.field("decision"));
    let word = label.map_or_else(String::new, |field| field.display(&Value::text(item.text("decision"))));
    let who = call.row(&DocumentId::new("sys_user", call.caller.user))?;
    let who = who.map_or_else(String::new, |who| who.text("name").to_owned());
    let line = format!("(CAB Automation) - {} - {word} - {who} - {} UTC", change.text("number"), call.now);
    let minutes = item.text("meeting_notes");
    let note = if minutes.is_empty() { line.clone() } else { format!("{line}\n{minutes}") };
    let recommendation: String = format!("{word}. {minutes}").trim_end().chars().take(4_000).collect();
    let mut acts = vec![
        Act::WorkNote { text: format!("{}: {note}", meeting.text("name")) },
        set("cab_recommendation", Value::text(recommendation)),
        set("cab_date_time", meeting.time("start").map(Value::Time)),
    ];
    let is_delegate = matches!(meeting.get("delegates"), Some(Value::List(ids)) if ids.contains(&call.caller.user));
    if is_delegate {
        acts.push(set("cab_delegate", Value::text(who)));
    }
    call.author_as_system(change.id, acts)?;
    if meeting.says("auto_add_decisions") {
        let mut meeting = meeting;
        let notes: String =
            format!("{}\n{line}", meeting.text("meeting_notes")).trim_start().chars().take(8_000).collect();
        meeting.set("meeting_notes", Some(Value::Text(notes)));
        call.put_row(meeting)?;
    }
    Ok(())
}
