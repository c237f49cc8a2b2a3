//! What may not be written about a task before its checklists are done. It binds who writes over the record API; a phone asks the
//! same before it takes the step, and what it did merges.

use fieldline_model::checklist::Checklist;
use fieldline_model::{DocumentId, FieldName, Record};

use super::JOBS;
use super::checklists::VERSIONS;
use crate::call::Call;
use crate::table::{Result, TableError};

/// Refuses a task that would begin or be closed as complete while a checklist waits.
///
/// # Errors
/// Names the checklist and what is missing.
pub(crate) fn check(call: &mut Call<'_>, before: Option<&Record>, after: &Record) -> Result<()> {
    let Some(before) = before.filter(|_| after.id.table == *JOBS) else { return Ok(()) };
    if before.get("state") == after.get("state") {
        return Ok(());
    }
    let Some(step) = call.stage_shown(after).and_then(step_to) else { return Ok(()) };
    match unfinished(call, after, step)? {
        Some(problem) => Err(TableError::invalid(&after.id, Some(&FieldName::from("checklists")), problem)),
        None => Ok(()),
    }
}

/// What a checklist still waits for before a step, the first of them that does.
pub(super) fn unfinished(call: &mut Call<'_>, task: &Record, step: &str) -> crate::error::Result<Option<String>> {
    let versions = task.references("checklists");
    if versions.is_empty() {
        return Ok(None);
    }
    let projection = call.projection(&task.id)?;
    for version in versions {
        let row = call.row(&DocumentId::new(VERSIONS, version))?;
        let checklist = row.and_then(|row| Checklist::read(row.text("definition")).ok());
        let Some(checklist) = checklist.filter(|checklist| checklist.before.step() == step) else { continue };
        let missing = checklist.report(&|key| projection.given(key)).missing;
        if !missing.is_empty() {
            let problems: Vec<&str> = missing.iter().map(|missing| missing.problem.as_str()).collect();
            return Ok(Some(format!("\"{}\" is not done: {}", checklist.title, problems.join("; "))));
        }
    }
    Ok(None)
}

fn step_to(stage: &str) -> Option<&'static str> {
    match stage {
        "work_in_progress" => Some("start_work"),
        "closed_complete" => Some("complete"),
        _ => None,
    }
}
