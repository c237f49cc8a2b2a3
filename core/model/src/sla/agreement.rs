//! A definition (`contract_sla`) as it is worked with.

use std::sync::Arc;

use super::{Duration, Met, Terms, WhenToCancel, WhenToResume};
use crate::calendar::Calendar;
use crate::condition::Query;
use crate::id::SysId;
use crate::record::Record;
use crate::time::Timestamp;
use crate::value::Value;

/// The fields with its conditions, in the order of [`Agreement::conditions`].
pub const CONDITIONS: [&str; 6] =
    ["start_condition", "stop_condition", "pause_condition", "resume_condition", "reset_condition", "cancel_condition"];
/// A promise longer than this is a slip of the pen.
const LONGEST_MILLISECONDS: i64 = 3_660 * 86_400_000;

/// A definition.
#[derive(Debug)]
pub struct Agreement {
    /// The record that says so.
    pub id: SysId,
    /// What people call it.
    pub name: String,
    /// How often that record has been changed.
    pub version: i64,
    /// Whether tasks are given new clocks by it.
    pub active: bool,
    /// The table whose records it is about, and those of tables that extend it.
    pub table: String,
    /// `response` or `resolution`.
    pub target: String,
    /// What is promised.
    pub terms: Terms,
    /// When a clock starts, stops, pauses, resumes, is reset and cancelled, in this order; `None` is never met.
    pub conditions: [Option<Query>; 6],
    /// The field a retroactive start is read from.
    pub starts_at: String,
    /// The schedule its hours are from.
    pub schedule: Option<SysId>,
    /// The way from the task to a time zone, when it is not the definition's own.
    pub zone_path: Vec<String>,
    /// The definition's own.
    pub zone: String,
    hours: Option<Arc<Calendar>>,
}

impl Agreement {
    /// A definition from its row and the hours of its schedule; all hours count where it has none.
    ///
    /// # Errors
    /// When it promises nothing that can be worked with; begins with the name of the field at fault.
    pub fn of(row: &Record, hours: Option<Calendar>) -> Result<Self, String> {
        let mut terms = Terms::new(duration(row)?);
        terms.when_to_cancel = match row.text("when_to_cancel") {
            "on_condition" => WhenToCancel::CancelMet,
            "never" => WhenToCancel::Never,
            _ => WhenToCancel::StartNotMet,
        };
        terms.when_to_resume = match row.text("when_to_resume") {
            "on_condition" => WhenToResume::ResumeMet,
            _ => WhenToResume::PauseNotMet,
        };
        (terms.retroactive_start, terms.retroactive_pause) = (row.says("retroactive"), row.says("retroactive_pause"));
        let condition = |field: &str| {
            // A start without conditions is of every task; anything else without conditions never happens.
            let text = row.text(field);
            (!text.is_empty() || field == "start_condition").then(|| Query::parse(text).query)
        };
        let source = row.text("timezone_source").strip_prefix("task.").unwrap_or_default();
        let starts_at = if row.text("set_start_to").is_empty() { "opened_at" } else { row.text("set_start_to") };
        Ok(Self {
            id: row.id.sys_id,
            name: row.text("name").to_owned(),
            version: row.get("sys_mod_count").and_then(Value::as_integer).unwrap_or_default(),
            active: row.says("active"),
            table: row.text("collection").to_owned(),
            target: row.text("target").to_owned(),
            terms,
            conditions: CONDITIONS.map(condition),
            starts_at: starts_at.to_owned(),
            schedule: row.reference("schedule"),
            zone_path: source.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect(),
            zone: row.text("timezone").to_owned(),
            hours: hours.map(Arc::new),
        })
    }

    /// The hours that count; all of them where there is no schedule.
    pub fn calendar(&self) -> Option<&Calendar> {
        self.hours.as_deref()
    }

    /// The name of the zone its clocks are read in, where no other record decides that: that of its hours, else its own.
    pub fn own_zone(&self) -> Option<&str> {
        let of_hours = self.calendar().and_then(Calendar::time_zone);
        of_hours.or_else(|| self.zone_path.is_empty().then_some(self.zone.as_str()))
    }

    /// When a clock pauses, and when it resumes.
    pub fn pauses_by(&self) -> [Option<&Query>; 2] {
        [self.conditions[2].as_ref(), self.conditions[3].as_ref()]
    }

    /// Which of its conditions hold, by whoever can ask a query of the task.
    pub fn met(&self, holds: impl Fn(&Query) -> bool) -> Met {
        let meets = |query: &Option<Query>| query.as_ref().is_some_and(&holds);
        let [start, stop, pause, resume, reset, cancel] = self.conditions.each_ref().map(meets);
        Met { start, stop, pause, resume, reset, cancel }
    }
}

fn duration(row: &Record) -> Result<Duration, String> {
    let milliseconds = row.time("duration").map_or(0, |Timestamp(milliseconds)| milliseconds);
    Ok(match row.text("duration_type") {
        "due_date" => Duration::DueDate,
        "end_of_next_business_day" => Duration::END_OF_NEXT_BUSINESS_DAY,
        "next_business_day_at" => {
            let at_seconds = Some(seconds_of_day(row.text("relative_time"))?);
            Duration::BusinessDay { days: 1, at_seconds, latest_start_seconds: None }
        }
        _ if (1..=LONGEST_MILLISECONDS).contains(&milliseconds) => Duration::Working { milliseconds },
        _ => return Err("duration: must be longer than nothing and at most ten years".into()),
    })
}

fn seconds_of_day(text: &str) -> Result<u32, String> {
    let parts = text.split_once(':').and_then(|(hours, minutes)| Some((hours.parse().ok()?, minutes.parse().ok()?)));
    match parts {
        Some((hours @ 0..24_u32, minutes @ 0..60_u32)) => Ok(hours * 3_600 + minutes * 60),
        _ => Err(format!("relative_time: \"{text}\" is no time of day; write it as 16:00")),
    }
}
