//! Everything that was ever done to an asset: edits, readings, parts, work, moves and changes, in one list.

use fieldline_model::{DocumentId, Record, SysId, Timestamp};

use crate::call::Call;
use crate::stock::ASSETS;
use crate::stock::ledger::{MOVEMENTS, quantity_of};
use crate::table::{self, Result, TableError};

/// Lines one answer shows at the most.
pub const MOST_LINES: usize = 200;

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// `edit`, `reading`, `part`, `work`, `movement` or `change`.
    pub kind: &'static str,
    /// What, in words.
    pub what: String,
    /// Who, where that is known.
    pub by: Option<SysId>,
    /// The record it is told by.
    pub record: DocumentId,
}

/// A page of what was done to an asset, newest first, and how many lines there are in all.
///
/// # Errors
/// When there is no such asset for the caller.
pub fn history(call: &mut Call<'_>, asset: SysId, limit: usize, offset: usize) -> Result<(Vec<Line>, usize)> {
    let row = table::read(call, ASSETS, asset)?;
    let mut lines = edits(call, &row.id)?;
    lines.extend(work(call, &row)?);
    lines.extend(movements(call, asset)?);
    lines.sort_by(|a, b| (b.at, b.kind, &b.what).cmp(&(a.at, a.kind, &a.what)));
    let all = lines.len();
    Ok((lines.into_iter().skip(offset).take(limit.min(MOST_LINES)).collect(), all))
}

/// What people did on the asset itself.
fn edits(call: &mut Call<'_>, id: &DocumentId) -> Result<Vec<Line>> {
    let dictionary = call.dictionary.clone();
    let readings = call.projection(id)?.readings;
    let document = call.document(id)?;
    let edit = |line: fieldline_documents::history::HistoryLine| {
        let deeds: Vec<String> = line.deeds.iter().map(|deed| format!("{}: {}", deed.subject, deed.detail)).collect();
        Line { at: line.at, kind: "edit", what: deeds.join("; "), by: Some(line.by), record: id.clone() }
    };
    let mut lines: Vec<Line> = document.history(&dictionary).into_iter().map(edit).collect();
    lines.extend(readings.into_iter().map(|reading| Line {
        at: reading.at,
        kind: "reading",
        what: format!("{}: {} {}", reading.what.meter, reading.what.value, reading.what.unit),
        by: Some(reading.by),
        record: id.clone(),
    }));
    Ok(lines)
}

/// The work and the changes that were about it or its configuration item, and the readings and parts of that work.
fn work(call: &mut Call<'_>, asset: &Record) -> Result<Vec<Line>> {
    let mut tasks: Vec<Record> = Vec::new();
    for (table, field) in [("wm_task", "asset"), ("wm_order", "asset"), ("sn_customerservice_case", "asset")] {
        tasks.extend(call.rows_with(table, &[(field, &asset.id.sys_id.to_string())])?);
    }
    if let Some(item) = asset.reference("ci") {
        tasks.extend(call.rows_with("task", &[("cmdb_ci", &item.to_string())])?);
    }
    tasks.sort_by(|a, b| a.id.cmp(&b.id));
    tasks.dedup_by(|a, b| a.id == b.id);
    let mut lines = Vec::new();
    for task in tasks {
        if !call.sees(&task)? {
            continue;
        }
        let at =
            ["work_end", "closed_at", "work_start", "opened_at", "sys_created_on"].iter().find_map(|it| task.time(it));
        let is_change = call.dictionary.is_a(task.id.table.as_str(), "change_request");
        let what = format!("{} {}", task.text("number"), task.text("short_description"));
        let kind = if is_change { "change" } else { "work" };
        let by = task.reference("assigned_to");
        lines.extend(at.map(|at| Line { at, kind, what, by, record: task.id.clone() }));
        lines.extend(done_on(call, &task.id)?);
    }
    Ok(lines)
}

fn done_on(call: &mut Call<'_>, task: &DocumentId) -> Result<Vec<Line>> {
    let projection = call.projection(task)?;
    let mut lines = Vec::new();
    for entry in projection.readings {
        let what = format!("{}: {} {}", entry.what.meter, entry.what.value, entry.what.unit);
        lines.push(Line { at: entry.at, kind: "reading", what, by: Some(entry.by), record: task.clone() });
    }
    for entry in projection.parts {
        let part = call.name_at("cmdb_model", entry.what.model, "display_name")?;
        let what = format!("{} of {part}", entry.what.quantity);
        lines.push(Line { at: entry.at, kind: "part", what, by: Some(entry.by), record: task.clone() });
    }
    Ok(lines)
}

fn movements(call: &Call<'_>, asset: SysId) -> Result<Vec<Line>, TableError> {
    let rows = call.rows_with(MOVEMENTS, &[("asset", &asset.to_string())])?;
    let mut lines = Vec::new();
    for row in rows {
        let room = row.reference("stockroom").map(|room| call.name_at("alm_stockroom", room, "name")).transpose()?;
        let (quantity, kind) = (quantity_of(&row), row.text("kind"));
        let what = format!("{kind}: {quantity} in {}", room.unwrap_or_else(|| "no stockroom".into()));
        let (at, by) = (row.time("moved_at").unwrap_or(call.now), row.reference("moved_by"));
        lines.push(Line { at, kind: "movement", what, by, record: row.id });
    }
    Ok(lines)
}
