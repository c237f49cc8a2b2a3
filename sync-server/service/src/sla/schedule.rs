//! Working hours as records: `cmn_schedule` with its entries and the schedules it adds or takes away.

use fieldline_model::calendar::{Calendar, Child, CivilTime, Entry, EntryKind, Monthly, Repeats, Weekdays, Yearly};
use fieldline_model::condition::Filter;
use fieldline_model::{Dictionary, Record, SysId, Value};
use fieldline_storage::{Selection, Tx};

use super::agreement::zone_problem;
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::table::{self, TableError};

pub(crate) const SCHEDULES: &str = "cmn_schedule";
pub(crate) const SPANS: &str = "cmn_schedule_span";
pub(crate) const CHILDREN: &str = "cmn_other_schedule";
/// Schedules within schedules; deeper ones are a circle or nothing a person would look through.
const DEEPEST: usize = 8;

/// A schedule's hours, or why they cannot be told.
pub(crate) type Hours = std::result::Result<Calendar, String>;

/// Reads the hours of a schedule; `None` when there is no such schedule.
pub(crate) fn read(dictionary: &Dictionary, tx: &dyn Tx, schedule: SysId) -> Result<Option<Hours>> {
    Reading { dictionary, tx }.schedule(schedule, 0)
}

struct Reading<'a> {
    dictionary: &'a Dictionary,
    tx: &'a dyn Tx,
}

impl Reading<'_> {
    fn schedule(&self, schedule: SysId, depth: usize) -> Result<Option<Hours>> {
        let Some(row) = self.tx.find(self.dictionary.family(SCHEDULES), schedule)? else { return Ok(None) };
        if depth == DEEPEST {
            return Ok(Some(Err(format!("\"{}\" is within itself, or too deep; take a child out", row.text("name")))));
        }
        let entries: Result<Vec<Entry>, String> = self.rows(SPANS, schedule)?.iter().map(entry).collect();
        let mut children = Vec::new();
        for child in self.rows(CHILDREN, schedule)? {
            let Some(id) = child.reference("child_schedule") else { continue };
            match self.schedule(id, depth + 1)? {
                Some(Ok(hours)) if child.text("type") == "include" => children.push(Child::Included(hours)),
                Some(Ok(hours)) => children.push(Child::Excluded(hours)),
                Some(Err(problem)) => return Ok(Some(Err(problem))),
                None => {}
            }
        }
        let zone = Some(row.text("time_zone")).filter(|zone| !zone.is_empty()).map(str::to_owned);
        let named = |problem: String| format!("schedule \"{}\": {problem}", row.text("name"));
        let hours = entries.map_err(named);
        Ok(Some(
            hours
                .and_then(|entries| Calendar::new(zone, &entries, &children).map_err(|error| named(error.to_string()))),
        ))
    }

    fn rows(&self, table: &str, schedule: SysId) -> Result<Vec<Record>> {
        let of_it = Filter::equals("schedule", schedule);
        Ok(self.tx.select(&Selection::of(self.dictionary.family(table), &of_it), u32::MAX, 0)?)
    }
}

/// An entry of a schedule, or what is wrong with it.
fn entry(row: &Record) -> Result<Entry, String> {
    let civil = |field: &str| match row.get(field) {
        Some(Value::Time(moment)) => Some(CivilTime(moment.0.div_euclid(1_000))),
        _ => None,
    };
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
    let entry = Entry {
        kind: if row.text("type") == "exclude" { EntryKind::Excluded } else { EntryKind::Works },
        start,
        end,
        all_day: row.get("all_day") == Some(&Value::Boolean(true)),
        repeats,
        every: number_field(row, "repeat_count").map_or(1, |every| u32::try_from(every).unwrap_or_default()),
        repeat_until: civil("repeat_until"),
    };
    entry.check().map(|()| entry.clone()).map_err(|problem| problem.to_string())
}

/// Refuses what would leave a schedule without meaning.
///
/// # Errors
/// Names what is wrong with it.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| Err(TableError::invalid(&row.id, Some(&field.into()), problem));
    match row.id.table.as_str() {
        SCHEDULES => match zone_problem(row.text("time_zone")) {
            Some(problem) => invalid("time_zone", problem),
            None => Ok(()),
        },
        SPANS if row.reference("schedule").is_some() => match entry(row) {
            Err(problem) => invalid("start_date_time", problem),
            Ok(_) => Ok(()),
        },
        SPANS if row.reference("user").is_none() => {
            invalid("user", "an entry belongs to a user's roster or to a schedule; name one".into())
        }
        CHILDREN => {
            let ends = ["schedule", "child_schedule"].map(|field| row.reference(field));
            let [Some(schedule), Some(child)] = ends else { return Ok(()) };
            match contains(call, child, schedule, 0)? {
                true => invalid("child_schedule", "the schedule would be within itself; choose another one".into()),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Whether a schedule is another one or has it within.
fn contains(call: &Call<'_>, schedule: SysId, sought: SysId, depth: usize) -> Result<bool> {
    if schedule == sought || depth == DEEPEST {
        return Ok(true);
    }
    for child in call.rows(CHILDREN, &Filter::equals("schedule", schedule))? {
        if let Some(child) = child.reference("child_schedule")
            && contains(call, child, sought, depth + 1)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
