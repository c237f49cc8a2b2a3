//! How ids and numbers are written in columns, and read back with the column named when one cannot be.

use std::str::FromStr;

use fieldline_model::{DocumentId, TableName, Timestamp};
use fieldline_storage::{Interval, Position, ScopeKey};
use rusqlite::Row;
use rusqlite::types::Type;

/// A position or size as SQLite keeps it; nothing real is beyond nine quintillion.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An id kept as text.
pub(crate) fn id<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

/// An id kept as text that may be missing.
pub(crate) fn optional_id<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let missing = row.get_ref(column)? == rusqlite::types::ValueRef::Null;
    if missing { Ok(None) } else { id(row, column).map(Some) }
}

/// A record's full name in two columns, the table first.
pub(crate) fn document(row: &Row<'_>, column: usize) -> rusqlite::Result<DocumentId> {
    let table = TableName::from(row.get_ref(column)?.as_str()?);
    Ok(DocumentId { table, sys_id: id(row, column + 1)? })
}

/// A number that was never negative.
pub(crate) fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<Position> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

/// A scope key.
pub(crate) fn scope_key(row: &Row<'_>, column: usize) -> rusqlite::Result<ScopeKey> {
    row.get(column).map(ScopeKey)
}

/// An interval in two columns.
pub(crate) fn interval(row: &Row<'_>, column: usize) -> rusqlite::Result<Interval> {
    let until = row.get::<_, Option<i64>>(column + 1)?.map(i64::unsigned_abs);
    Ok(Interval { from: natural(row, column)?, until })
}

/// A moment.
pub(crate) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp)
}
