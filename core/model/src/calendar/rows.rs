//! Working hours as records: `cmn_schedule` with its entries (`cmn_schedule_span`) and the schedules it adds or takes away
//! (`cmn_other_schedule`).

use super::{Calendar, Child, CivilTime, Entry, EntryKind, Monthly, Repeats, Weekdays, Yearly};
use crate::id::SysId;
use crate::record::Record;
use crate::value::Value;

/// Schedules within schedules; deeper ones are a circle or nothing a person would look through.
pub const DEEPEST: usize = 8;

/// Where schedules are kept.
pub trait Schedules {
    /// Why they cannot be read.
    type Error;

    /// A schedule.
    ///
    /// # Errors
    /// When it cannot be read; so with the rest.
    fn schedule(&self, id: SysId) -> Result<Option<Record>, Self::Error>;
    /// The entries of a schedule.
    fn entries(&self, schedule: SysId) -> Result<Vec<Record>, Self::Error>;
    /// What a schedule adds and takes away.
    fn children(&self, schedule: SysId) -> Result<Vec<Record>, Self::Error>;
}

/// A schedule's hours, or why they cannot be told.
pub type Hours = Result<Calendar, String>;

/// Reads the hours of a schedule; `None` when there is no such schedule.
///
/// # Errors
/// When the rows cannot be read.
pub fn hours<S: Schedules>(kept: &S, schedule: SysId) -> Result<Option<Hours>, S::Error> {
    at_depth(kept, schedule, 0)
}

fn at_depth<S: Schedules>(kept: &S, schedule: SysId, depth: usize) -> Result<Option<Hours>, S::Error> {
    let Some(row) = kept.schedule(schedule)? else { return Ok(None) };
    if depth == DEEPEST {
        return Ok(Some(Err(format!("\"{}\" is within itself, or too deep; take a child out", row.text("name")))));
    }
    let entries: Result<Vec<Entry>, String> = kept.entries(schedule)?.iter().map(entry).collect();
    let mut children = Vec::new();
    for child in kept.children(schedule)? {
        let Some(id) = child.reference("child_schedule") else { continue };
        match at_depth(kept, id, depth + 1)? {
            Some(Ok(hours)) if child.text("type") == "include" => children.push(Child::Included(hours)),
            Some(Ok(hours)) => children.push(Child::Excluded(hours)),
            Some(Err(problem)) => return Ok(Some(Err(problem))),
            None => {}
        }
    }
    let zone = Some(row.text("time_zone")).filter(|zone| !zone.is_empty()).map(str::to_owned);
    let named = |problem: String| format!("schedule \"{}\": {problem}", row.text("name"));
    let whole =
        |entries: Vec<Entry>| Calendar::new(zone, &entries, &children).map_err(|error| named(error.to_string()));
    Ok(Some(entries.map_err(named).and_then(whole)))
}

/// An entry of a schedule.
///
/// # Errors
/// Says what is wrong with it.
pub fn entry(row: &Record) -> Result<Entry, String> {
    let civil = |field: &str| row.time(field).map(|moment| CivilTime(moment.0.div_euclid(1_000)));
    let (Some(start), Some(end)) = (civil("start_date_time"), civil("end_date_time")) else {
        return Err("an entry has no start or no end".into());
    };
    let is_weekday = row.text("monthly_type") == "weekday";
    let repeats = match row.text("repeat_type") {
        "daily" => Repeats::Daily,
        "weekly" => Repeats::Weekly(Weekdays::of_digits(row.text("days_of_week"))),
        "monthly" if is_weekday => Repeats::Monthly(Monthly::Weekday),
        "monthly" => Repeats::Monthly(Monthly::Date),
        "yearly" => Repeats::Yearly(Yearly::Date),
        _ => Repeats::Never,
    };
    let every = row.get("repeat_count").and_then(Value::as_integer);
    let entry = Entry {
        kind: if row.text("type") == "exclude" { EntryKind::Excluded } else { EntryKind::Works },
        start,
        end,
        all_day: row.says("all_day"),
        repeats,
        every: every.map_or(1, |every| u32::try_from(every).unwrap_or_default()),
        repeat_until: civil("repeat_until"),
    };
    entry.check().map(|()| entry.clone()).map_err(|problem| problem.to_string())
}
