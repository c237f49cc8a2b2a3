//! Publishes checklists, and gives new tasks the ones that are theirs.
//!
//! A version is named by what it says, so publishing the same again makes none. A task keeps the version it was given: whoever works
//! on it offline is judged by what they were shown, and a newer version is for newer tasks.

use fieldline_documents::Act;
use fieldline_model::checklist::Checklist;
use fieldline_model::condition::{Filter, Query};
use fieldline_model::{DocumentId, FieldName, Record, SysId, Value};

use super::JOBS;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::named::sys_id_of;
use crate::query::number_field;
use crate::table::{self, TableError, declared};

const CHECKLISTS: &str = "fl_checklist";
const QUESTIONS: &str = "fl_checklist_question";
pub(super) const VERSIONS: &str = "fl_checklist_version";
/// The longest version a phone is sent.
const MOST_CHARACTERS: usize = 60_000;
/// What decides which checklists a task gets.
const DECIDING: [&str; 6] = ["work_type", "asset", "cmdb_ci", "location", "account", "risk_level"];

/// Makes what a checklist says now the version that new tasks get.
///
/// # Errors
/// When the caller may not write checklists, or one of its questions could not be answered.
pub fn publish(call: &mut Call<'_>, checklist: SysId) -> table::Result<Record> {
    let mut row = table::read(call, CHECKLISTS, checklist)?;
    let table = declared(call, CHECKLISTS)?;
    table::only(call, &table.write, &row.id, "publish checklists")?;
    let version = version_of(call, &row)?;
    if call.row(&version.id)?.is_none() {
        call.put_row(version.clone())?;
    }
    row.set("version", Some(Value::Reference(version.id.sys_id)));
    call.put_row(row)?;
    call.row(&version.id)?.ok_or_else(|| TableError::NotFound(version.id.to_string()))
}

fn version_of(call: &Call<'_>, row: &Record) -> table::Result<Record> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&FieldName::from(field)), problem);
    let condition = row.text("condition");
    if !condition.is_empty() {
        call.check_condition(row, &"condition".into(), JOBS, condition)?;
    }
    let namesakes = call.rows_with(CHECKLISTS, &[("name", row.text("name"))])?;
    if namesakes.iter().any(|other| other.id != row.id) {
        return Err(invalid("name", format!("\"{}\" is another checklist's; take another", row.text("name"))));
    }
    let questions = call.rows(QUESTIONS, &Filter::equals("checklist", row.id.sys_id))?;
    let read = Checklist::of_rows(row, &questions);
    let definition = read.map_err(|problem| invalid("name", problem.to_string()))?.definition();
    if definition.chars().count() > MOST_CHARACTERS {
        return Err(invalid("name", format!("takes more than {MOST_CHARACTERS} characters; split it in two")));
    }
    let earlier = call.rows(VERSIONS, &Filter::equals("checklist", row.id.sys_id))?;
    let newest = earlier.iter().filter_map(|version| number_field(version, "version")).max().unwrap_or(0);
    let named = format!("{VERSIONS}/{}/{definition}", row.id.sys_id);
    let mut version = Record::new(DocumentId::new(VERSIONS, sys_id_of(named)));
    version.set("checklist", Some(Value::Reference(row.id.sys_id)));
    version.set("title", Some(Value::text(row.text("title"))));
    version.set("version", Some(Value::Integer(newest + 1)));
    version.set("definition", Some(Value::Text(definition)));
    Ok(version)
}

impl Call<'_> {
    /// Gives a task nobody has begun the checklists whose conditions it meets, when it is new or what decides has changed.
    pub(super) fn choose_checklists(&mut self, changed: &Changed) -> Result<()> {
        let task = &changed.projection.record;
        let may_begin = !matches!(
            changed.projection.stage.as_deref(),
            Some("work_in_progress" | "paused" | "closed_complete" | "closed_incomplete" | "cancelled")
        );
        if !may_begin || changed.before.is_some() && !changed.turned(&DECIDING) {
            return Ok(());
        }
        let mut held = Vec::new();
        for version in task.references("checklists") {
            held.extend(self.row(&DocumentId::new(VERSIONS, version))?.and_then(|row| row.reference("checklist")));
        }
        let mut rows = self.rows(CHECKLISTS, &Filter::equals("active", true))?;
        rows.retain(|row| !row.text("condition").is_empty() && !held.contains(&row.id.sys_id));
        rows.retain(|row| self.holds(&Query::parse(row.text("condition")).query, task));
        let include = |version| Act::Include { field: "checklists".into(), item: version };
        let acts: Vec<Act> = rows.iter().filter_map(|row| row.reference("version")).map(include).collect();
        if acts.is_empty() { Ok(()) } else { self.author_as_system(task.id.clone(), acts) }
    }
}
