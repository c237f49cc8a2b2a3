//! Working hours as this server keeps them, and what would leave them without meaning.

use fieldline_model::calendar::rows::{DEEPEST, Hours, Schedules, entry, hours};
use fieldline_model::condition::Filter;
use fieldline_model::{Dictionary, Record, SysId};
use fieldline_storage::{Selection, Tx};

use super::agreement::zone_problem;
use crate::call::Call;
use crate::error::Result;
use crate::table::{self, TableError};

pub(crate) const SCHEDULES: &str = "cmn_schedule";
pub(crate) const SPANS: &str = "cmn_schedule_span";
pub(crate) const CHILDREN: &str = "cmn_other_schedule";
/// Reads the hours of a schedule; `None` when there is no such schedule.
pub(crate) fn read(dictionary: &Dictionary, tx: &dyn Tx, schedule: SysId) -> Result<Option<Hours>> {
    hours(&Stored { dictionary, tx }, schedule)
}

struct Stored<'a> {
    dictionary: &'a Dictionary,
    tx: &'a dyn Tx,
}

impl Stored<'_> {
    fn rows(&self, table: &str, schedule: SysId) -> Result<Vec<Record>> {
        let of_it = Filter::equals("schedule", schedule);
        Ok(self.tx.select(&Selection::of(self.dictionary.family(table), &of_it), u32::MAX, 0)?)
    }
}

impl Schedules for Stored<'_> {
    type Error = crate::error::ServiceError;

    fn schedule(&self, id: SysId) -> Result<Option<Record>> {
        Ok(self.tx.find(self.dictionary.family(SCHEDULES), id)?)
    }

    fn entries(&self, schedule: SysId) -> Result<Vec<Record>> {
        self.rows(SPANS, schedule)
    }

    fn children(&self, schedule: SysId) -> Result<Vec<Record>> {
        self.rows(CHILDREN, schedule)
    }
}

/// Refuses what would leave a schedule without meaning.
///
/// # Errors
/// Names what is wrong with it.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| Err(TableError::invalid(&row.id, Some(&field.into()), problem));
    match row.id.table.as_str() {
        SCHEDULES => check_zone(row),
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

/// Refuses a schedule, of whichever table, whose zone nobody knows.
///
/// # Errors
/// Names the zone.
pub(crate) fn check_zone(row: &Record) -> table::Result<()> {
    match zone_problem(row.text("time_zone")) {
        Some(problem) => Err(TableError::invalid(&row.id, Some(&"time_zone".into()), problem)),
        None => Ok(()),
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
