//! How visits of a kind may be booked.

use fieldline_model::{FieldName, Record, SysId, Timestamp, UserZone, Value};

use super::CONFIGS;
use crate::call::Call;
use crate::query::number_field;
use crate::sla;
use crate::table::{Result, TableError};
use fieldline_model::calendar::Calendar;

/// Windows no shorter than a quarter of an hour and no longer than a day.
const WINDOW_SECONDS: std::ops::RangeInclusive<i64> = 900..=86_400;
/// How far ahead anybody may book.
const MOST_DAYS_AHEAD: i64 = 366;
/// How many stretches of open hours somebody is told who asked for another time.
const HOURS_TOLD: usize = 5;

/// How visits of a kind may be booked.
pub(super) struct Config {
    pub id: SysId,
    pub window_seconds: u32,
    pub lead_seconds: i64,
    pub days_ahead: u32,
    pub most_per_window: Option<usize>,
    pub reschedule_cutoff_seconds: i64,
    pub cancel_cutoff_seconds: i64,
    /// Whom to call who comes too late.
    pub hint: String,
    hours: Option<(String, Calendar)>,
}

impl Config {
    /// How a task may be booked.
    ///
    /// # Errors
    /// When nothing says how.
    pub fn of(call: &Call<'_>, task: &Record) -> Result<Self> {
        let group = task.reference("dispatch_group").map(|group| group.to_string()).unwrap_or_default();
        let kind = task.text("work_type");
        let query = format!(
            "active=true^dispatch_group={group}^ORdispatch_groupISEMPTY^work_type={kind}^ORwork_typeISEMPTY^ORDERBYorder"
        );
        let row = call.rows_of_query(CONFIGS, &query)?.into_iter().next();
        let missing = "no appointments are offered for such visits; call us, and we find a time together";
        let row = row.ok_or_else(|| TableError::invalid(&task.id, None, missing))?;
        let number = |field: &str, usual: i64| number_field(&row, field).unwrap_or(usual);
        Ok(Self {
            id: row.id.sys_id,
            window_seconds: u32::try_from(number("window_seconds", 7_200)).unwrap_or(7_200),
            lead_seconds: number("lead_seconds", 3_600),
            days_ahead: u32::try_from(number("days_ahead", 14)).unwrap_or(14),
            most_per_window: number_field(&row, "most_per_window").and_then(|most| usize::try_from(most).ok()),
            reschedule_cutoff_seconds: number("reschedule_cutoff_seconds", 86_400),
            cancel_cutoff_seconds: number("cancel_cutoff_seconds", 86_400),
            hint: row.text("contact_hint").to_owned(),
            hours: hours(call, &row)?,
        })
    }

    /// Whether a window lies within the hours.
    pub fn is_open(&self, from: Timestamp, until: Timestamp) -> bool {
        let Some((_, calendar)) = &self.hours else { return true };
        calendar.open_spans(from, until, &zone(calendar)) == [(from, until)]
    }

    /// The hours ahead in words; `None` where any time is good.
    pub fn hours_in_words(&self, from: Timestamp) -> Option<String> {
        let (name, calendar) = self.hours.as_ref()?;
        let (zone, until) = (zone(calendar), from.plus_milliseconds(14 * 86_400_000));
        let spans = calendar.open_spans(from, until, &zone);
        let told = spans.iter().take(HOURS_TOLD).map(|(from, until)| {
            let (from, until) = (zone.shown(*from), zone.shown(*until));
            format!("{} to {}", &from[..16], &until[..16])
        });
        let told = told.collect::<Vec<_>>().join(", ");
        Some(format!("{name} ({}): {told}", calendar.time_zone().unwrap_or("UTC")))
    }

    /// What somebody reads who comes too late: whom to call.
    pub fn way_out(&self) -> String {
        if self.hint.is_empty() { "call us, and we find a way".to_owned() } else { self.hint.clone() }
    }
}

fn zone(calendar: &Calendar) -> UserZone {
    UserZone::named(calendar.time_zone().unwrap_or_default())
}

fn hours(call: &Call<'_>, row: &Record) -> Result<Option<(String, Calendar)>> {
    let Some(schedule) = row.reference("schedule") else { return Ok(None) };
    match sla::schedule::read(&call.dictionary, &*call.tx, schedule)? {
        Some(Ok(calendar)) => {
            let named = call.tx.find(call.dictionary.family(sla::schedule::SCHEDULES), schedule)?;
            Ok(Some((named.map_or_else(String::new, |row| row.text("name").to_owned()), calendar)))
        }
        Some(Err(problem)) => Err(TableError::invalid(&row.id, Some(&FieldName::from("schedule")), problem)),
        None => Ok(None),
    }
}

/// Refuses a configuration nobody could book by.
///
/// # Errors
/// Names the field, and what would be right.
pub(crate) fn check(row: &Record) -> Result<()> {
    let invalid =
        |field: &str, problem: String| Err(TableError::invalid(&row.id, Some(&FieldName::from(field)), problem));
    let within = |field: &str, range: std::ops::RangeInclusive<i64>| match row.get(field) {
        Some(Value::Integer(number)) if !range.contains(number) => {
            invalid(field, format!("is not between {} and {}; correct it", range.start(), range.end()))
        }
        _ => Ok(()),
    };
    within("window_seconds", WINDOW_SECONDS)?;
    within("days_ahead", 1..=MOST_DAYS_AHEAD)?;
    within("most_per_window", 1..=10_000)?;
    let cutoffs = ["lead_seconds", "reschedule_cutoff_seconds", "cancel_cutoff_seconds"];
    cutoffs.into_iter().try_for_each(|field| within(field, 0..=MOST_DAYS_AHEAD * 86_400))
}
