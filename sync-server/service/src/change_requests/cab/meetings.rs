//! Makes the meetings of the days ahead from a definition's schedule. A job does so every day, and once the definition or its
//! schedule changes. A meeting's identity is its board and its moment, so making it again changes nothing.

use std::collections::BTreeMap;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Timestamp, UserZone, Value};
use fieldline_storage::Job;

use super::{ATTENDEES, DEFINITIONS, MEETINGS, agenda, items_of};
use crate::call::Call;
use crate::named::sys_id_of;
use crate::query::number_field;
use crate::rules::Channel;
use crate::sla::schedule;
use crate::table;

/// The jobs that make meetings.
pub(crate) const KIND: &str = "cab";
const DAY_MILLISECONDS: i64 = 86_400_000;
/// What a meeting takes over from its definition.
const COPIED: [&str; 13] = [
    "manager",
    "delegates",
    "board_members",
    "board_groups",
    "locations",
    "conference_details",
    "notification_lead_time",
    "auto_add_decisions",
    "auto_add_changes",
    "change_condition",
    "ignore_change_date_range",
    "time_per_agenda_item",
    "complete_preapproved_changes",
];

/// Lets the meetings of a board be made at once.
pub(super) fn soon(call: &mut Call<'_>, definition: SysId) -> crate::error::Result<()> {
    call.put_job(&Job::of(KIND, definition, call.now))
}

/// Makes the meetings of a board, and fills their agendas.
///
/// # Errors
/// When the database fails, or the board's schedule cannot be told.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    let definition = call.referred(DEFINITIONS, job.record())?;
    let Some(definition) = definition.filter(|row| row.says("active")) else {
        call.tx.remove_job(&job.name)?;
        return Ok(());
    };
    let spans = spans_ahead(call, &definition)?;
    let ahead = meetings_ahead(call, &definition)?;
    for meeting in ahead.iter().filter(|meeting| was_made(meeting, &definition)) {
        let start = meeting.time("start");
        if !spans.iter().any(|(from, until)| Some(*from) == start && Some(*until) == meeting.time("end")) {
            cancel(call, meeting)?;
        }
    }
    for (start, end) in spans {
        let id = DocumentId::new(
            MEETINGS,
            identity(&[&definition.id.to_string(), &start.0.to_string(), &end.0.to_string()]),
        );
        if call.row(&id)?.is_none() {
            make(call, &definition, id, (start, end))?;
        }
    }
    for meeting in meetings_ahead(call, &definition)? {
        agenda::fill(call, &meeting)?;
    }
    let due_at = call.now.plus_milliseconds(DAY_MILLISECONDS);
    Ok(call.put_job(&Job::of(KIND, definition.id.sys_id, due_at))?)
}

/// When the board meets within its rolling window.
fn spans_ahead(call: &Call<'_>, definition: &Record) -> table::Result<Vec<(Timestamp, Timestamp)>> {
    let calendar = match schedule::read(&call.dictionary, &*call.tx, definition.id.sys_id)? {
        Some(Ok(calendar)) => calendar,
        Some(Err(problem)) => return Err(super::invalid(definition, "name", problem)),
        None => return Ok(Vec::new()),
    };
    let zone = UserZone::named(definition.text("time_zone"));
    let days = number_field(definition, "rolling_window_days").unwrap_or_default();
    let until = call.now.plus_milliseconds(days.saturating_mul(DAY_MILLISECONDS));
    // A day wider on either side, so that no meeting is cut where the looking begins or ends.
    let wide = (call.now.plus_milliseconds(-DAY_MILLISECONDS), until.plus_milliseconds(DAY_MILLISECONDS));
    let spans = calendar.open_spans(wide.0, wide.1, &zone).into_iter();
    Ok(spans.filter(|(start, _)| call.now <= *start && *start < until).collect())
}

/// The meetings of a board that are still to come, in order.
fn meetings_ahead(call: &Call<'_>, definition: &Record) -> crate::error::Result<Vec<Record>> {
    let pending = Filter::equals("cab_definition", definition.id.sys_id).and(Filter::equals("state", "pending"));
    let mut meetings = call.rows(MEETINGS, &pending)?;
    meetings.retain(|meeting| meeting.time("start").is_some_and(|start| start >= call.now));
    meetings.sort_by_key(|meeting| (meeting.time("start"), meeting.id.sys_id));
    Ok(meetings)
}

/// Whether the job made a meeting where it is; one that somebody moved is theirs.
fn was_made(meeting: &Record, definition: &Record) -> bool {
    let [start, end] = ["start", "end"].map(|field| meeting.time(field).unwrap_or_default().0.to_string());
    meeting.id.sys_id == identity(&[&definition.id.to_string(), &start, &end])
}

fn make(
    call: &mut Call<'_>,
    definition: &Record,
    id: DocumentId,
    (start, end): (Timestamp, Timestamp),
) -> table::Result<()> {
    let zone = UserZone::named(definition.text("time_zone"));
    let mut meeting = Record::new(id);
    for field in COPIED {
        meeting.set(field, definition.get(field).cloned());
    }
    let name: String = format!("{} {}", definition.text("name"), zone.shown(start)).chars().take(160).collect();
    meeting.set("name", Some(Value::Text(name)));
    meeting.set("cab_definition", Some(Value::Reference(definition.id.sys_id)));
    meeting.set("state", Some(Value::text("pending")));
    meeting.set("start", Some(Value::Time(start)));
    meeting.set("end", Some(Value::Time(end)));
    call.put_row(meeting.clone())?;
    invite_board(call, &meeting)
}

fn invite_board(call: &mut Call<'_>, meeting: &Record) -> table::Result<()> {
    for (field, reason) in [("manager", "cab_manager"), ("delegates", "delegate"), ("board_members", "board_member")] {
        for user in meeting.references(field) {
            invite(call, meeting, user, reason)?;
        }
    }
    for group in meeting.references("board_groups") {
        let mut people = BTreeMap::new();
        call.find_people("sys_user_group", group, Channel::InApp, &mut people)?;
        for user in people.into_keys() {
            invite(call, meeting, user, "board_group")?;
        }
    }
    Ok(())
}

/// Expects somebody at a meeting, once.
pub(super) fn invite(call: &mut Call<'_>, meeting: &Record, user: SysId, reason: &str) -> table::Result<()> {
    let id = DocumentId::new(ATTENDEES, identity(&[&meeting.id.to_string(), &user.to_string()]));
    if call.row(&id)?.is_some() {
        return Ok(());
    }
    let mut row = Record::new(id);
    row.set("cab_meeting", Some(Value::Reference(meeting.id.sys_id)));
    row.set("attendee", Some(Value::Reference(user)));
    row.set("reason", Some(Value::text(reason)));
    row.set("attendance", Some(Value::text("invited")));
    row.set("added", Some(Value::text("auto")));
    Ok(call.put_row(row)?)
}

/// A meeting that is no longer in the schedule is not held; one at which something was decided already stays.
fn cancel(call: &mut Call<'_>, meeting: &Record) -> table::Result<()> {
    if items_of(call, meeting)?
        .iter()
        .any(|item| item.text("state") == "complete" && item.text("decision") != "preapproved")
    {
        return Ok(());
    }
    let mut meeting = meeting.clone();
    meeting.set("state", Some(Value::text("canceled")));
    Ok(call.put_row(meeting)?)
}

/// The identity of what follows from others: the same however often it is made.
pub(super) fn identity(of: &[&str]) -> SysId {
    sys_id_of(format!("cab/{}", of.join("/")))
}
