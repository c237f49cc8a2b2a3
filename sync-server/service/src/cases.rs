//! Cases as customers' systems see them: by identity or number, with what has been said, and what a field may hold.

use fieldline_documents::journal::{Entry, Note};
use fieldline_model::condition::Query;
use fieldline_model::dictionary::FieldType;
use fieldline_model::{Record, SysId, Timestamp};

use crate::call::Call;
use crate::named::sys_id_of;
use crate::question::Question;
use crate::table::{self, Detail, Input, Result, TableError, declared};

/// The table.
pub const CASES: &str = "sn_customerservice_case";

/// A case by identity, or by number.
///
/// # Errors
/// When there is none for the caller.
pub fn read(call: &mut Call<'_>, name: &str) -> Result<Detail> {
    let sys_id = match name.parse::<SysId>() {
        Ok(sys_id) => Some(sys_id),
        Err(_) => call.rows_with(CASES, &[("number", name)])?.first().map(|case| case.id.sys_id),
    };
    let missing = || TableError::NotFound(format!("{CASES}/{}", name.chars().take(40).collect::<String>()));
    table::get(call, CASES, sys_id.ok_or_else(missing)?)
}

/// Creates a case.
///
/// # Errors
/// When the caller may not, or a field does not fit.
pub fn create(call: &mut Call<'_>, input: Input) -> Result<Record> {
    Ok(table::create(call, CASES, &input)?.record)
}

/// Something said about a case.
pub struct Activity {
    /// `comments` or `work_notes`.
    pub journal: &'static str,
    /// The same whenever it is asked for.
    pub sys_id: SysId,
    /// Who.
    pub by: SysId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// Whether the caller may read what is said inside the house.
pub fn sees_work_notes(call: &Call<'_>) -> bool {
    declared(call, CASES).is_ok_and(|table| call.caller.reads_all(&table))
}

/// What has been said about a case, newest first.
pub fn activities(call: &Call<'_>, case: &Detail) -> Vec<Activity> {
    let Some(projection) = &case.projection_of_document else { return Vec::new() };
    let inside: &[Entry<Note>] = if sees_work_notes(call) { &projection.work_notes } else { &[] };
    let said = |journal| move |entry: &Entry<Note>| activity(&case.record, journal, entry);
    let mut all: Vec<Activity> = projection.comments.iter().map(said("comments")).collect();
    all.extend(inside.iter().map(said("work_notes")));
    all.sort_by_key(|activity| std::cmp::Reverse((activity.at, activity.sys_id)));
    all
}

fn activity(case: &Record, journal: &'static str, entry: &Entry<Note>) -> Activity {
    let Entry { by, at, device, epoch, counter, act, .. } = entry;
    let named = format!("{}/{device}/{epoch}/{counter}/{act}", case.id);
    let sys_id = sys_id_of(named);
    Activity { journal, sys_id, by: *by, at: *at, text: entry.what.text.clone() }
}

/// A value a field may hold.
pub struct Choice {
    /// As stored.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// The values a field of a case may hold: its choices, its life cycle's states, or the records it may refer to.
///
/// # Errors
/// When there is no such field, or anything may be written into it.
pub fn field_values(call: &Call<'_>, field: &str, query: &str, (limit, offset): (u32, u32)) -> Result<Vec<Choice>> {
    let table = declared(call, CASES)?;
    let unknown = |problem: &str| {
        TableError::invalid(CASES, Some(&field.chars().take(80).collect::<String>().as_str().into()), problem)
    };
    let declared = table.field(field).ok_or_else(|| unknown("there is no such field"))?;
    let page = |all: Vec<Choice>| all.into_iter().skip(offset as usize).take(limit as usize).collect();
    if let (FieldType::Reference, Some(target)) = (declared.field_type, &declared.reference) {
        return referable(call, target.as_str(), query, (limit, offset));
    }
    if field == "state"
        && let Some(life_cycle) = call.dictionary.life_cycle_of(CASES)
    {
        let stages = life_cycle.stages.iter();
        let states = stages.map(|stage| Choice { value: stage.state.to_string(), label: stage.label.clone() });
        return Ok(page(states.collect()));
    }
    if declared.choices.is_empty() {
        return Err(unknown("is neither a choice nor a reference"));
    }
    let choices = declared.choices.iter().map(|one| Choice { value: one.value.clone(), label: one.label.clone() });
    Ok(page(choices.collect()))
}

fn referable(call: &Call<'_>, table: &str, query: &str, (limit, offset): (u32, u32)) -> Result<Vec<Choice>> {
    let display = declared(call, table)?.display.clone();
    let records = Question::new(call, table, &Query::parse(query).query)?.records(call, limit, offset)?;
    let label = |record: &Record| record.get(display.as_str()).map_or_else(String::new, ToString::to_string);
    let choice = |record: &Record| Choice { value: record.id.sys_id.to_string(), label: label(record) };
    Ok(records.iter().map(choice).collect())
}
