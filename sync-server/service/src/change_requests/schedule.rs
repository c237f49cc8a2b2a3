//! When changes collide: two that touch the same item at the same time. And when one would not.

use std::collections::BTreeSet;

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{Record, SysId, Timestamp, Value};
use serde_json::json;

use super::CHANGES;
use super::affected::items_of;
use super::worker::{self, Messages};
use crate::call::Call;
use crate::question::Question;
use crate::table::{self, Input, Result, TableError};

/// How far ahead free time is looked for.
const DAYS: i64 = 7;
const DAY_SECONDS: i64 = 86_400;
/// How long a change takes when nobody says.
const USUAL_SECONDS: i64 = 3_600;

/// Another change at the same time.
pub struct Conflict {
    /// The other change.
    pub with: Record,
    /// An item that both touch.
    pub item: SysId,
}

/// How a change stands with others.
pub struct Standing {
    /// The change.
    pub change: Record,
    /// What it collides with; nothing before that was looked for.
    pub conflicts: Vec<Conflict>,
}

/// Looks for changes that collide with a change, and writes down whether there are any.
///
/// # Errors
/// When there is no such change for the caller, or it is not planned.
pub fn check(call: &mut Call<'_>, change: SysId) -> Result<Record> {
    let record = table::get(call, CHANGES, change)?.record;
    if planned(&record).is_none() {
        let problem = "has no planned start and end; send start_date and end_date first";
        return Err(TableError::invalid(&record.id, None, problem));
    }
    let word = if conflicts(call, &record)?.is_empty() { "No Conflict" } else { "Conflict" };
    let now = Value::Time(call.now).to_string();
    let fields = Input::of(&[("conflict_status", word), ("conflict_last_run", &now)]);
    table::update(call, CHANGES, change, &fields)?;
    worker::done(call, Some(change), "conflict", &json!({ "task": change.to_string() }), &Messages::default(), None)
}

/// How a change stands with others since it was last looked.
///
/// # Errors
/// When there is no such change for the caller.
pub fn standing(call: &mut Call<'_>, change: SysId) -> Result<Standing> {
    let change = table::get(call, CHANGES, change)?.record;
    let looked = change.text("conflict_status") != "Not Run" && planned(&change).is_some();
    let conflicts = if looked { conflicts(call, &change)? } else { Vec::new() };
    Ok(Standing { change, conflicts })
}

fn planned(change: &Record) -> Option<(Timestamp, Timestamp)> {
    let (start, end) = (change.time("start_date")?, change.time("end_date")?);
    (start < end).then_some((start, end))
}

fn conflicts(call: &Call<'_>, change: &Record) -> Result<Vec<Conflict>> {
    let Some((start, end)) = planned(change) else { return Ok(Vec::new()) };
    let others = others(call, &items_of(call, change)?, Some(change.id.sys_id))?;
    let overlaps = |other: &Record| planned(other).is_some_and(|(from, until)| from < end && start < until);
    Ok(others.into_iter().filter(|conflict| overlaps(&conflict.with)).collect())
}

/// Open changes that touch one of these items, for the caller, each once.
fn others(call: &Call<'_>, items: &BTreeSet<SysId>, except: Option<SysId>) -> Result<Vec<Conflict>> {
    let mut seen: BTreeSet<SysId> = except.into_iter().collect();
    let mut found = Vec::new();
    for item in items {
        let affected = call.rows("task_ci", &Filter::equals("ci_item", *item))?;
        let ids: Vec<String> = affected.iter().filter_map(|row| Some(row.reference("task")?.to_string())).collect();
        let also = if ids.is_empty() { String::new() } else { format!("^NQsys_idIN{}^active=true", ids.join(",")) };
        let query = format!("cmdb_ci={item}^active=true{also}");
        let changes = Question::new(call, CHANGES, &Query::parse(&query).query)?.records(call, u32::MAX, 0)?;
        let new = changes.into_iter().filter(|change| seen.insert(change.id.sys_id));
        found.extend(new.map(|with| Conflict { with, item: *item }));
    }
    Ok(found)
}

/// The stretches in which nothing else touches these items, long enough for what is planned.
fn free(
    busy: &[(Timestamp, Timestamp)],
    from: Timestamp,
    until: Timestamp,
    seconds: i64,
) -> Vec<(Timestamp, Timestamp)> {
    let mut busy = busy.to_vec();
    busy.sort_unstable();
    let (mut at, mut free) = (from, Vec::new());
    for (start, end) in busy.into_iter().chain([(until, until)]) {
        if start.milliseconds_since(at) >= seconds * 1_000 {
            free.push((at, start));
        }
        at = at.max(end);
    }
    free
}

/// When a change could be done.
///
/// # Errors
/// When there is no such change for the caller.
pub fn of_change(call: &mut Call<'_>, change: SysId) -> Result<Record> {
    let record = table::get(call, CHANGES, change)?.record;
    let seconds = planned(&record).map_or(USUAL_SECONDS, |(start, end)| end.milliseconds_since(start) / 1_000);
    let items = items_of(call, &record)?;
    let request = json!({ "change_sys_id": change.to_string() });
    spans(call, Some(change), &items, (call.now, seconds), &request)
}

/// When something could be done to an item.
///
/// # Errors
/// When there is no such item for the caller.
pub fn of_item(call: &mut Call<'_>, item: SysId, start: Option<Timestamp>, seconds: i64) -> Result<Record> {
    table::get(call, "cmdb_ci", item)?;
    let request = json!({ "cmdb_ci_sys_id": item.to_string(), "duration_in_seconds": seconds });
    let from = start.unwrap_or(call.now).max(call.now);
    spans(call, None, &BTreeSet::from([item]), (from, seconds), &request)
}

fn spans(
    call: &mut Call<'_>,
    change: Option<SysId>,
    items: &BTreeSet<SysId>,
    (from, seconds): (Timestamp, i64),
    request: &serde_json::Value,
) -> Result<Record> {
    let until = from.plus_milliseconds(DAYS * DAY_SECONDS * 1_000);
    let spans = free(&busy(call, items, change)?, from, until, seconds);
    let zone = call.callers_zone();
    let moment = |at: Timestamp| json!({ "value": Value::Time(at).to_string(), "display_value": zone.shown(at) });
    let spans: Vec<_> =
        spans.into_iter().map(|(start, end)| json!({ "start": moment(start), "end": moment(end) })).collect();
    worker::done(call, change, "schedule", request, &Messages::default(), Some(&json!({ "spans": spans })))
}

fn busy(call: &Call<'_>, items: &BTreeSet<SysId>, except: Option<SysId>) -> Result<Vec<(Timestamp, Timestamp)>> {
    Ok(others(call, items, except)?.iter().filter_map(|other| planned(&other.with)).collect())
}

/// Plans a change into the first stretch in which nothing else touches its items.
///
/// # Errors
/// When there is no such change for the caller, or no such stretch soon.
pub fn first_available(call: &mut Call<'_>, change: SysId, seconds: i64) -> Result<Record> {
    let record = table::get(call, CHANGES, change)?.record;
    let (from, until) = (call.now, call.now.plus_milliseconds(DAYS * DAY_SECONDS * 1_000));
    let items = items_of(call, &record)?;
    let Some((start, _)) = free(&busy(call, &items, Some(change))?, from, until, seconds).into_iter().next() else {
        let problem = format!("nothing is free for {seconds} seconds within {DAYS} days; plan it by hand");
        return Err(TableError::invalid(&record.id, None, problem));
    };
    let moment = |at: Timestamp| Value::Time(at).to_string();
    let (start, end) = (moment(start), moment(start.plus_milliseconds(seconds.saturating_mul(1_000))));
    table::update(call, CHANGES, change, &Input::of(&[("start_date", &start), ("end_date", &end)]))?;
    let request = json!({ "change_sys_id": change.to_string(), "duration_in_seconds": seconds });
    worker::done(call, Some(change), "schedule", &request, &Messages::default(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_time_is_what_others_leave_and_is_long_enough() {
        let hours = |hour: i64| Timestamp(hour * 3_600_000);
        let busy = [(hours(5), hours(7)), (hours(1), hours(3)), (hours(2), hours(4))];
        let span = |from: i64, until: i64| (hours(from), hours(until));
        assert_eq!(free(&busy, hours(0), hours(10), 3_600), [span(0, 1), span(4, 5), span(7, 10)]);
        assert_eq!(free(&busy, hours(2), hours(10), 7_200), [span(7, 10)]);
        assert_eq!(free(&[], hours(0), hours(1), 7_200), []);
    }
}
