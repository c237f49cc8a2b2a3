//! What a meeting talks about: the changes its condition names, each at one meeting of a board at a time. What was added by hand
//! stays.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use super::meetings::{identity, invite};
use super::{ITEMS, MEETINGS, items_of};
use crate::author::set;
use crate::call::Call;
use crate::change_requests::CHANGES;
use crate::query::number_field;
use crate::table::TableError;

/// Fills the agenda of a meeting.
///
/// # Errors
/// When the database fails.
pub(super) fn fill(call: &mut Call<'_>, meeting: &Record) -> crate::error::Result<()> {
    if !meeting.says("auto_add_changes") || meeting.says("agenda_locked") {
        return Ok(());
    }
    let elsewhere = at_other_meetings(call, meeting)?;
    let mut wanted = call.rows_of_query(CHANGES, meeting.text("change_condition"))?;
    let range = if meeting.says("ignore_change_date_range") { None } else { Some(range_of(call, meeting)?) };
    wanted
        .retain(|change| !elsewhere.contains(&change.id.sys_id) && range.is_none_or(|range| begins_in(change, range)));
    let items = items_of(call, meeting)?;
    for item in &items {
        let is_open = item.text("state") == "pending" && item.text("added") == "auto";
        let is_wanted = wanted.iter().any(|change| item.reference("task") == Some(change.id.sys_id));
        if is_open && !is_wanted {
            call.remove_row(item)?;
        }
    }
    let last = items.iter().filter_map(|item| number_field(item, "order")).max().unwrap_or_default();
    let new = wanted.iter().filter(|change| items.iter().all(|item| item.reference("task") != Some(change.id.sys_id)));
    for (number, change) in (1..).zip(new) {
        add(call, meeting, change, last + 100 * number)?;
    }
    Ok(())
}

/// Changes that are on the agenda of another meeting of the board that is still to be held or under way.
fn at_other_meetings(call: &Call<'_>, meeting: &Record) -> crate::error::Result<BTreeSet<SysId>> {
    let Some(definition) = meeting.reference("cab_definition") else { return Ok(BTreeSet::new()) };
    let mut changes = BTreeSet::new();
    for other in call.rows(MEETINGS, &Filter::equals("cab_definition", definition))? {
        // A meeting that passed without having been held talks about nothing any more.
        let is_held = match other.text("state") {
            "in_progress" => true,
            "pending" => other.time("start").is_some_and(|start| start >= call.now),
            _ => false,
        };
        if other.id != meeting.id && is_held {
            changes.extend(items_of(call, &other)?.iter().filter_map(|item| item.reference("task")));
        }
    }
    Ok(changes)
}

/// From the end of a meeting to that of the board's next one.
fn range_of(call: &Call<'_>, meeting: &Record) -> crate::error::Result<(Timestamp, Timestamp)> {
    let end = meeting.time("end").unwrap_or(call.now);
    let of_board = meeting.reference("cab_definition").map(|board| Filter::equals("cab_definition", board));
    let others = of_board.map(|filter| call.rows(MEETINGS, &filter)).transpose()?.unwrap_or_default();
    let held = others.iter().filter(|other| other.text("state") != "canceled");
    let next = held
        .filter(|other| other.time("start").is_some_and(|start| start >= end))
        .filter_map(|other| other.time("end"));
    Ok((end, next.min().unwrap_or(Timestamp(i64::MAX))))
}

fn begins_in(change: &Record, (from, until): (Timestamp, Timestamp)) -> bool {
    change.time("start_date").is_some_and(|start| from <= start && start <= until)
}

fn add(call: &mut Call<'_>, meeting: &Record, change: &Record, order: i64) -> crate::error::Result<()> {
    let is_approved = change.text("approval") == "approved";
    let is_complete = is_approved && meeting.says("complete_preapproved_changes");
    let id = identity(&[&meeting.id.to_string(), &change.id.to_string()]);
    let mut item = Record::new(DocumentId::new(ITEMS, id));
    item.set("cab_meeting", Some(Value::Reference(meeting.id.sys_id)));
    item.set("task", Some(Value::Reference(change.id.sys_id)));
    item.set("short_description", Some(Value::text(change.text("short_description"))));
    item.set("order", Some(Value::Integer(order)));
    item.set("state", Some(Value::text(if is_complete { "complete" } else { "pending" })));
    item.set("decision", is_approved.then(|| Value::text("preapproved")));
    item.set("added", Some(Value::text("auto")));
    item.set("allotted_minutes", meeting.get("time_per_agenda_item").cloned());
    call.put_row(item)?;
    let start = meeting.time("start").map(Value::Time);
    if change.get("cab_date_time") != start.as_ref() {
        call.author_as_system(change.id.clone(), vec![set("cab_date_time", start)])?;
    }
    match change.reference("assigned_to").map(|owner| invite(call, meeting, owner, "change_owner")) {
        Some(Err(TableError::Service(error))) => Err(error),
        _ => Ok(()),
    }
}
