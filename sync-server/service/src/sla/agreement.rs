//! A definition (`contract_sla`) as it is worked with, and what makes one impossible.

use std::sync::Arc;

use fieldline_model::calendar::Calendar;
use fieldline_model::condition::{Condition, Query, Term};
use fieldline_model::sla::{Duration, Terms, WhenToCancel, WhenToResume};
use fieldline_model::{Dictionary, Record, SysId, Timestamp, Value};
use fieldline_storage::Tx;

use super::schedule;
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::table::{self, TableError};

pub(crate) const AGREEMENTS: &str = "contract_sla";
/// Its conditions.
const CONDITIONS: [&str; 6] =
    ["start_condition", "stop_condition", "pause_condition", "resume_condition", "reset_condition", "cancel_condition"];
/// A promise longer than this is a slip of the pen.
const LONGEST_MILLISECONDS: i64 = 3_660 * 86_400_000;

/// A definition.
#[derive(Debug)]
pub(crate) struct Agreement {
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
    /// What is promised.
    pub terms: Terms,
    /// When a clock starts, stops, pauses, resumes, is reset and cancelled, in this order; `None` is never met.
    pub conditions: [Option<Query>; 6],
    /// The field a retroactive start is read from.
    pub starts_at: String,
    /// The hours that count; all of them where there is no schedule.
    hours: Option<Arc<Calendar>>,
    /// The schedule they are from.
    pub schedule: Option<SysId>,
    /// The way from the task to a time zone, when it is not the definition's own.
    pub zone_path: Vec<String>,
    /// The definition's own.
    pub zone: String,
}

impl Agreement {
    /// Reads a definition; why it cannot be worked with, when it cannot.
    pub(crate) fn read(
        row: &Record,
        dictionary: &Dictionary,
        tx: &dyn Tx,
    ) -> Result<std::result::Result<Self, String>> {
        let schedule = row.reference("schedule");
        let hours = schedule.map(|id| schedule::read(dictionary, tx, id)).transpose()?.flatten();
        Ok(hours.transpose().and_then(|hours| Self::of(row, schedule, hours)))
    }

    fn of(row: &Record, schedule: Option<SysId>, hours: Option<Calendar>) -> std::result::Result<Self, String> {
        let says = |field: &str| row.get(field) == Some(&Value::Boolean(true));
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
        (terms.retroactive_start, terms.retroactive_pause) = (says("retroactive"), says("retroactive_pause"));
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
            version: number_field(row, "sys_mod_count").unwrap_or_default(),
            active: says("active"),
            table: row.text("collection").to_owned(),
            terms,
            conditions: CONDITIONS.map(condition),
            starts_at: starts_at.to_owned(),
            hours: hours.map(Arc::new),
            schedule,
            zone_path: source.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect(),
            zone: row.text("timezone").to_owned(),
        })
    }

    /// The hours that count.
    pub(crate) fn calendar(&self) -> Option<&Calendar> {
        self.hours.as_deref()
    }

    /// How histories name it.
    pub(crate) fn named(&self) -> String {
        format!("SLA \"{}\" ({AGREEMENTS}/{}, version {})", self.name, self.id, self.version)
    }

    /// When a clock pauses, and when it resumes.
    pub(crate) fn pauses_by(&self) -> [Option<&Query>; 2] {
        [self.conditions[2].as_ref(), self.conditions[3].as_ref()]
    }
}

fn duration(row: &Record) -> std::result::Result<Duration, String> {
    let milliseconds = match row.get("duration") {
        Some(Value::Time(Timestamp(milliseconds))) => *milliseconds,
        _ => 0,
    };
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

fn seconds_of_day(text: &str) -> std::result::Result<u32, String> {
    let parts = text.split_once(':').and_then(|(hours, minutes)| Some((hours.parse().ok()?, minutes.parse().ok()?)));
    match parts {
        Some((hours @ 0..24_u32, minutes @ 0..60_u32)) => Ok(hours * 3_600 + minutes * 60),
        _ => Err(format!("relative_time: \"{text}\" is no time of day; write it as 16:00")),
    }
}

/// What is wrong with the name of a time zone; nothing when it is empty.
pub(crate) fn zone_problem(name: &str) -> Option<String> {
    let is_known = name.is_empty() || name.parse::<chrono_tz::Tz>().is_ok();
    (!is_known).then(|| format!("\"{name}\" is no time zone; write it as Europe/Monaco"))
}

/// Refuses a definition that could not do what it says.
///
/// # Errors
/// Names what does not fit.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&field.into()), problem);
    let table = row.text("collection");
    if !call.dictionary.is_a(table, "task") {
        return Err(invalid(
            "collection",
            format!("\"{table}\" is no table of tasks; name task or one that extends it"),
        ));
    }
    for field in CONDITIONS.into_iter().filter(|field| !row.text(field).is_empty()) {
        call.check_condition(row, &field.into(), table, row.text(field))?;
    }
    if let Some(problem) = zone_problem(row.text("timezone")) {
        return Err(invalid("timezone", problem));
    }
    let agreement = Agreement::read(row, &call.dictionary, &*call.tx)?;
    let agreement = agreement.map_err(|problem| match problem.split_once(": ") {
        Some((field @ ("duration" | "relative_time"), problem)) => invalid(field, problem.into()),
        _ => invalid("schedule", problem),
    })?;
    let has_hours = |hours: &Calendar| hours.next_opening(call.now, &fieldline_model::Utc0).is_some();
    if !agreement.calendar().is_none_or(has_hours) {
        return Err(invalid("schedule", "has no hours from now on, so nothing would ever be due; add an entry".into()));
    }
    if !agreement.terms.duration.is_working() && agreement.conditions[2].is_some() {
        let problem = "a promise until a moment cannot pause; leave it out, or promise a duration";
        return Err(invalid("pause_condition", problem.into()));
    }
    let declared = table::declared(call, table)?;
    match declared.field(&agreement.starts_at).map(|field| field.field_type) {
        Some(fieldline_model::FieldType::GlideDateTime) => Ok(()),
        _ => Err(invalid("set_start_to", format!("{table} has no such moment; name a field such as opened_at"))),
    }
}

/// The terms of a query that ask of a change can only be met in the moment of it.
pub(super) fn asks_of_a_change(query: &Query) -> bool {
    let terms = query.groups.iter().flat_map(|group| group.clauses.iter().flatten());
    let mut conditions = terms.filter_map(|term| match term {
        Term::Condition(Condition { operator, .. }) => Some(operator),
        _ => None,
    });
    conditions.any(|operator| operator.asks_of_a_change())
}
