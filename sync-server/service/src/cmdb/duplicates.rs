//! Items that cannot be told apart are for somebody to look at: a de-duplication task (`reconcile_duplicate_task`) with the items it
//! is about (`duplicate_audit_result`). An item is in one open task at a time; what turns out to be alike later joins it.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::ROOT;
use crate::call::Call;
use crate::error::Result as Done;
use crate::table::{self, Input, Result};

const TASKS: &str = "reconcile_duplicate_task";
const ITEMS: &str = "duplicate_audit_result";

/// Sees to it that records that are alike are in an open task; which one.
///
/// # Errors
/// When the database fails.
pub(super) fn report(call: &mut Call<'_>, records: &[Record], fields: &str) -> Result<Option<SysId>> {
    let mut open = None;
    let mut missing = Vec::new();
    for record in records {
        match open_task_of(call, record.id.sys_id)? {
            Some(task) => open = open.or(Some(task)),
            None => missing.push(record.id.sys_id),
        }
    }
    let task = match open {
        Some(task) => task,
        None => create(call, records, fields)?,
    };
    for item in missing {
        let mut row = Record::new(DocumentId::new(ITEMS, item));
        row.set("duplicate_ci", Some(Value::Reference(item)));
        row.set("task", Some(Value::Reference(task)));
        call.put_row(row)?;
    }
    Ok(Some(task))
}

fn open_task_of(call: &Call<'_>, item: SysId) -> Done<Option<SysId>> {
    let Some(row) = call.row(&DocumentId::new(ITEMS, item))? else { return Ok(None) };
    let Some(task) = row.reference("task") else { return Ok(None) };
    let held = call.row(&DocumentId::new(TASKS, task))?;
    Ok(held.filter(|held| held.says("active")).map(|_| task))
}

fn create(call: &mut Call<'_>, records: &[Record], fields: &str) -> Result<SysId> {
    let name = records.first().map_or("", |record| record.text("name"));
    let title: String = format!("Remediate {} duplicates of {name}", records.len()).chars().take(160).collect();
    let list = records.iter().map(|record| record.id.to_string()).collect::<Vec<_>>().join(", ");
    let text = format!(
        "These configuration items are alike in {fields}. Choose the one that stays and write it into duplicate_of of the \
         others; the task closes itself once that is done: {list}"
    );
    let text: String = text.chars().take(4_000).collect();
    let first = records.first();
    let item = first.map_or_else(String::new, |record| record.id.sys_id.to_string());
    let class = first.map_or("", |record| record.id.table.as_str());
    let attributes = fields.replace(' ', "");
    let input = [
        ("short_description", title.as_str()),
        ("description", &text),
        ("cmdb_ci", &item),
        ("class_name", class),
        ("attributes", &attributes),
    ];
    Ok(call.implied(|call| table::create(call, TASKS, &Input::of(&input)))?.record.id.sys_id)
}

/// Closes a task of which no two items are left that are alike and not marked as duplicates.
///
/// # Errors
/// When the database fails.
pub(super) fn settle(call: &mut Call<'_>, task: SysId) -> Result<()> {
    let Some(task) = call.row(&DocumentId::new(TASKS, task))? else { return Ok(()) };
    let attributes: Vec<&str> = task.text("attributes").split(',').collect();
    let mut kinds = BTreeSet::new();
    for row in call.rows(ITEMS, &Filter::equals("task", task.id.sys_id))? {
        let item = call.tx.find(call.dictionary.family(ROOT), row.id.sys_id)?;
        let Some(item) = item.filter(|item| item.reference("duplicate_of").is_none()) else { continue };
        let told = |name: &&str| item.get(name).map_or_else(String::new, |value| value.to_string().to_lowercase());
        // Two that are alike in all of them make one, and one of them is one too many.
        if !kinds.insert(attributes.iter().map(told).collect::<Vec<_>>()) {
            return Ok(());
        }
    }
    Ok(call.step_towards(&task, "closed_complete")?)
}
