//! Planned maintenance: orders for work that comes again, made before it is due.
//!
//! * A plan (`wm_planned_work_plan`) says what is kept up: the assets or configuration items that match, by which template, and how long
//!   ahead. Its schedules say when.
//! * `due.rs` says what is due by a schedule with one record: by the calendar, by a meter, or because a condition came true.
//! * `make.rs` makes the order of it, or its part of the one order of a day.
//!
//! Each schedule has one job in the queue. What is due, the order of it and how far the schedule has come with a record
//! (`wm_m2m_work_plan_to_record`) are one transaction, and orders are known by what they are for, so a restart neither makes one twice nor
//! forgets one. Of what came due during a standstill only the last is made.
//!
//! Left out: schedules by script, and the next maintenance counted from when the last one was completed.
//!
//! Source: ServiceNow "Configure a maintenance schedule", "Planned Work Management components".

mod due;
mod make;

use fieldline_model::recurrence::Unit;
use fieldline_model::{DocumentId, FieldName, Record, SysId, Value};
use fieldline_storage::Job;

use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::table::{self, TableError};
use due::Schedule;

/// The jobs that make orders of what is due, named by their schedules.
pub(crate) const KIND: &str = "planned_work";
pub(crate) const PLANS: &str = "wm_planned_work_plan";
pub(crate) const SCHEDULES: &str = "wm_planned_work_schedule";
const RECORDS: &str = "wm_m2m_work_plan_to_record";
/// The most records of one plan; more are split into several plans.
const MOST_RECORDS: u32 = 5_000;
/// A plan may have other records tomorrow, a meter another reading in an hour.
const DAY_MILLISECONDS: i64 = 86_400_000;
const HOUR_MILLISECONDS: i64 = 3_600_000;

/// Refuses a plan or a schedule that means nothing.
///
/// # Errors
/// Names the field, and what would be right.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid =
        |field: &str, problem: &str| Err(TableError::invalid(&row.id, Some(&FieldName::from(field)), problem));
    match row.id.table.as_str() {
        PLANS => call.check_condition(row, &"condition".into(), row.text("table"), row.text("condition")),
        SCHEDULES => match row.text("trigger") {
            "meter" if row.text("meter").is_empty() => invalid("meter", "names no meter; write its name"),
            "meter" if !matches!(row.get("every"), Some(Value::Decimal(every)) if every.millionths > 0) => {
                invalid("every", "is no number of units above zero; correct it")
            }
            "condition" => {
                let plan = call.referred(PLANS, row.reference("work_plan"))?;
                let table = plan.map_or_else(String::new, |plan| plan.text("table").to_owned());
                call.check_condition(row, &"condition".into(), &table, row.text("condition"))
            }
            "duration" if row.time("first_due").is_none() => invalid("first_due", "is empty; say when it is first due"),
            "duration" if Unit::named(row.text("repeat_unit")).is_none() => {
                invalid("repeat_unit", "is no unit; choose one")
            }
            "duration" if !(1..=1_200).contains(&number_field(row, "repeat").unwrap_or(0)) => {
                invalid("repeat", "is not between 1 and 1200; correct it")
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Lets the jobs of a plan or a schedule follow a change of it.
pub(crate) fn written(call: &mut Call<'_>, row: &Record) -> Result<()> {
    let now = call.now;
    match row.id.table.as_str() {
        PLANS => {
            let schedules = call.rows_with(SCHEDULES, &[("work_plan", &row.id.sys_id.to_string())])?;
            schedules.iter().try_for_each(|schedule| call.put_job(&Job::of(KIND, schedule.id.sys_id, now)))
        }
        SCHEDULES => call.put_job(&Job::of(KIND, row.id.sys_id, now)),
        _ => Ok(()),
    }
}

/// Makes orders of what is due by a schedule, and sees to when it is looked at next.
///
/// # Errors
/// When the plan's template is gone, or the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let Some(schedule) = job.record().map(|id| Schedule::read(call, id)).transpose()?.flatten() else { return Ok(()) };
    let plan = &schedule.plan;
    let query = fieldline_model::condition::Query::parse(plan.text("condition")).query;
    let mut next =
        call.now.plus_milliseconds(if schedule.is_by_calendar() { DAY_MILLISECONDS } else { HOUR_MILLISECONDS });
    for record in call.some_rows_of(plan.text("table"), &query, (MOST_RECORDS, 0))? {
        let mut stands = standing(call, schedule.id, &record)?;
        let is_held_up = plan.says("suppress") && is_open(call, &stands)?;
        let seen = schedule.look(call, &record, &stands, is_held_up)?;
        for due in &seen.due {
            let task = make::order(call, plan, &schedule, &record, due)?;
            stands.set("task", task.map(Value::Reference));
        }
        if seen.note(&mut stands) {
            call.put_row(stands)?;
        }
        next = seen.look_at.map_or(next, |look_at| next.min(look_at));
    }
    Ok(call.put_job(&Job::of(KIND, schedule.id, next))?)
}

/// How far a schedule has come with a record.
fn standing(call: &Call<'_>, schedule: SysId, record: &Record) -> Result<Record> {
    let id = DocumentId::new(RECORDS, crate::named::sys_id_of(format!("planned-record/{schedule}/{}", record.id)));
    if let Some(row) = call.row(&id)? {
        return Ok(row);
    }
    let mut row = Record::new(id);
    row.set("schedule", Some(Value::Reference(schedule)));
    row.set("document_table", Some(Value::text(record.id.table.as_str())));
    row.set("document_id", Some(Value::text(record.id.sys_id.to_string())));
    Ok(row)
}

/// Whether what was made last is still to be done.
fn is_open(call: &Call<'_>, stands: &Record) -> Result<bool> {
    let task = call.referred("wm_task", stands.reference("task"))?;
    Ok(task.is_some_and(|task| task.says("active")))
}
