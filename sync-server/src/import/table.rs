//! Loads a table: one row a record, through the same service as the record API, so the same rules hold.
//!
//! Empty cells and `?` are unknown and leave a field as it is. A row with a `sys_id` that exists changes that record; every
//! other row creates one. References may be written as people read them.

use std::collections::BTreeMap;

use fieldline_model::{SysId, Timestamp};
use fieldline_service::table::{self, Input};
use fieldline_service::{Server, TableError};
use rand_core::Rng;

use super::progress::Progress;
use super::report::Report;
use super::source::{Row, RowError, Source};
use crate::failed::Failed;

/// Loads every row; each is a transaction of its own, so a refused one costs only itself.
///
/// # Errors
/// When there is no such table or field, the file cannot be read, or the database fails. What was loaded before stays.
pub fn load(
    server: &Server,
    table: &str,
    source: &mut Source,
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<Report, Failed> {
    let columns: Vec<(usize, String)> = source.columns().map(|(index, name)| (index, name.to_owned())).collect();
    check_columns(server, table, &columns)?;
    let mut rows = Vec::new();
    while let Some(row) = source.next()? {
        rows.push(row);
    }
    let mut report = Report { rows: rows.len() as u64, ..Report::default() };
    let mut progress = Progress::of(report.rows, "rows");
    for row in &rows {
        match load_row(server, table, &input(&columns, row), now, rng) {
            Ok(true) => report.created += 1,
            Ok(false) => report.changed += 1,
            Err(TableError::Service(error)) => return Err(error.into()),
            Err(problem) => source.reject(row, &row_error(problem))?,
        }
        progress.advance(1);
    }
    Ok(report)
}

fn check_columns(server: &Server, table: &str, columns: &[(usize, String)]) -> Result<(), Failed> {
    let dictionary = server.dictionary();
    let Some(declared) = dictionary.table(table) else {
        let known: Vec<&str> = dictionary.tables().map(|table| table.name.as_str()).collect();
        return Err(Failed::Usage(format!("there is no table {table}; use one of {}", known.join(", "))));
    };
    let is_known = |name: &str| declared.field(name).is_some() || ["comments", "work_notes"].contains(&name);
    match columns.iter().find(|(_, name)| !is_known(name)) {
        Some((index, name)) => {
            let known: Vec<&str> = declared.fields.iter().map(|field| field.name.as_str()).collect();
            let problem = format!(
                "column {} \"{name}\" is no field of {table}; rename it to one of {}",
                index + 1,
                known.join(", ")
            );
            Err(Failed::Usage(problem))
        }
        None => Ok(()),
    }
}

fn input(columns: &[(usize, String)], row: &Row) -> Input {
    let known = |text: &&str| !text.trim().is_empty() && text.trim() != "?";
    let cell = |(index, name): &(usize, String)| Some((name.clone(), row.cells.get(*index).filter(known)?.to_owned()));
    Input { fields: columns.iter().filter_map(cell).collect::<BTreeMap<_, _>>(), as_displayed: true }
}

/// Creates or changes a record; whether it was created.
fn load_row(server: &Server, name: &str, input: &Input, now: Timestamp, rng: &mut dyn Rng) -> Result<bool, TableError> {
    server.write(&server.system(), now, rng, |call| {
        let given = input.fields.get("sys_id").and_then(|text| text.parse::<SysId>().ok());
        match given {
            Some(sys_id) if call.tx.find(call.dictionary.family(name), sys_id)?.is_some() => {
                table::update(call, name, sys_id, input).map(|_| false)
            }
            _ => table::create(call, name, input).map(|_| true),
        }
    })
}

fn row_error(problem: TableError) -> RowError {
    match problem {
        TableError::Invalid { field: Some(field), problem, .. } => RowError::new(field.as_str(), problem),
        TableError::Invalid { field: None, problem, .. } | TableError::Denied { problem, .. } => {
            // Problems with a field's text begin with the field's name.
            let (column, reason) = problem.split_once(": ").unwrap_or(("", &problem));
            RowError::new(column, reason)
        }
        other => RowError::new("", other.to_string()),
    }
}
