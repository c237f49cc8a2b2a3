//! The fields that have a column of their own in `record`, because people filter and order by them.
//!
//! A column holds what `fields` holds under its name. A write names only the columns it changes: SQLite leaves the indexes of
//! the others alone, and most edits change none but when the record was changed last.

use std::array;

use fieldline_model::{Record, Value};
use rusqlite::Row;
use rusqlite::types::Value as Sql;

/// The columns, in the order of [`values`].
pub(crate) const COLUMNS: [&str; 14] = [
    "number",
    "state",
    "active",
    "priority",
    "assigned_to",
    "assignment_group",
    "caller_id",
    "parent",
    "task",
    "child",
    "name",
    "user_name",
    "sys_created_on",
    "sys_updated_on",
];

/// What the columns hold for a record.
pub(crate) fn values(record: &Record) -> [Sql; COLUMNS.len()] {
    array::from_fn(|at| record.get(COLUMNS[at]).map_or(Sql::Null, value))
}

/// What they held for the record in a row that selects them after `first` others.
pub(crate) fn held(row: &Row<'_>, first: usize) -> rusqlite::Result<[Sql; COLUMNS.len()]> {
    let mut held = array::from_fn(|_| Sql::Null);
    for (value, at) in held.iter_mut().zip(first..) {
        *value = row.get(at)?;
    }
    Ok(held)
}

/// A value as SQL compares it the way a filter does: text in lower case, moments in milliseconds.
fn value(value: &Value) -> Sql {
    match value {
        Value::Text(text) if text.is_empty() => Sql::Null,
        Value::Text(text) => Sql::Text(text.to_lowercase()),
        Value::Integer(number) => Sql::Integer(*number),
        Value::Decimal(number) if number.millionths % 1_000_000 == 0 => Sql::Integer(number.millionths / 1_000_000),
        Value::Decimal(number) => Sql::Real(number.millionths as f64 / 1e6),
        Value::Boolean(yes) => Sql::Integer(i64::from(*yes)),
        Value::Time(moment) => Sql::Integer(moment.0),
        Value::Reference(_) | Value::List(_) => Sql::Text(value.to_string()),
    }
}
