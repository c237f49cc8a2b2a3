//! What lists are counted by most is counted as it is written: how many records a table has, and how many of each value of some
//! fields. A page of a list says how many there are in all, and boards show how many are in each state.
//!
//! Answers only what it can answer exactly: every record of the tables is in sight, the field is known of all of them, and
//! nothing else is asked. Everything else is counted by reading an index.

use fieldline_model::TableName;
use fieldline_model::condition::{Check, Filter, Path};
use fieldline_storage::{Aggregation, Bucket, Result, Selection};
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use crate::audit;
use crate::query::Compiler;
use crate::row::natural;
use crate::transaction::Transaction;

/// The fields whose values are tallied, by the triggers of `record`.
const TALLIED: [&str; 3] = ["state", "active", "priority"];

impl Transaction<'_> {
    /// How many records are selected, when that is tallied.
    pub(crate) fn tallied(&self, selection: &Selection<'_>) -> Result<Option<u64>> {
        if !sees_all(selection) {
            return Ok(None);
        }
        if *selection.filter == Filter::everything() {
            return self.total(selection).map(Some);
        }
        let Some((field, check)) = only(selection.filter).filter(|(field, _)| is_known(selection, field)) else {
            return Ok(None);
        };
        let mut compiler = Compiler::new(selection.sight);
        let (tables, field) = (compiler.names(names(selection)), compiler.bind(field.to_owned()));
        let passes = compiler.check("value", check);
        let sql = format!(
            "SELECT coalesce(sum(records), 0) FROM tally WHERE table_name IN ({tables}) AND field = {field} AND {passes}"
        );
        let count = self.first("counting records", &sql, params_from_iter(compiler.values), |row| natural(row, 0))?;
        Ok(Some(count.unwrap_or_default()))
    }

    /// The groups asked for, when they are tallied.
    pub(crate) fn tallied_groups(&self, selection: &Selection<'_>, asked: &Aggregation) -> Result<Option<Vec<Bucket>>> {
        let [by] = &asked.group_by[..] else { return Ok(None) };
        let is_everything =
            asked.figures.is_empty() && *selection.filter == Filter::everything() && sees_all(selection);
        let Some(field) = tallied_field(by).filter(|field| is_everything && is_known(selection, field)) else {
            return Ok(None);
        };
        let mut compiler = Compiler::new(selection.sight);
        let (tables, bound) = (compiler.names(names(selection)), compiler.bind(field.to_owned()));
        let sql = format!(
            "SELECT value, sum(records) FROM tally WHERE table_name IN ({tables}) AND field = {bound}
             GROUP BY value HAVING sum(records) > 0 ORDER BY value"
        );
        let filled: Vec<(Value, u64)> =
            self.all("counting groups", &sql, params_from_iter(compiler.values), |row| {
                Ok((row.get(0)?, natural(row, 1)?))
            })?;
        let empty = self.total(selection)?.saturating_sub(filled.iter().map(|(_, records)| records).sum());
        let empty = (empty > 0).then_some((Value::Null, empty));
        let groups = empty.into_iter().chain(filled);
        groups.map(|(value, count)| self.group(selection, field, value, count)).collect::<Result<_>>().map(Some)
    }

    fn group(&self, selection: &Selection<'_>, field: &str, value: Value, count: u64) -> Result<Bucket> {
        let mut compiler = Compiler::new(selection.sight);
        let (tables, value) = (compiler.names(names(selection)), compiler.bind(value));
        let sql = format!("SELECT rowid FROM record WHERE table_name IN ({tables}) AND {field} IS {value} LIMIT 1");
        let row = self.first("counting groups", &sql, params_from_iter(compiler.values), |row| row.get(0))?;
        Ok(Bucket { example: row.map(|row| self.at(selection, row)).transpose()?, count, figures: Vec::new() })
    }

    /// How many records the tables have.
    fn total(&self, selection: &Selection<'_>) -> Result<u64> {
        let mut compiler = Compiler::new(selection.sight);
        let tables = compiler.names(names(selection));
        let sql = format!("SELECT coalesce(sum(records), 0) FROM record_count WHERE table_name IN ({tables})");
        let count = self.first("counting records", &sql, params_from_iter(compiler.values), |row| natural(row, 0))?;
        Ok(count.unwrap_or_default())
    }
}

fn names<'s>(selection: &'s Selection<'_>) -> impl Iterator<Item = &'s str> {
    selection.tables.iter().map(TableName::as_str)
}

fn sees_all(selection: &Selection<'_>) -> bool {
    selection.tables.iter().all(|table| selection.sight.sees_all(table)) && audit::view(selection.tables).is_none()
}

/// Whether what a field holds is known of every record of the tables.
fn is_known(selection: &Selection<'_>, field: &str) -> bool {
    let known = |table: &TableName| selection.sight.known.get(table);
    selection.tables.iter().all(|table| known(table).is_none_or(|fields| !fields.contains_key(field)))
}

fn tallied_field(path: &Path) -> Option<&str> {
    Some(path.field.as_str()).filter(|field| path.steps.is_empty() && TALLIED.contains(field))
}

/// The one thing a filter asks of a tallied field, if that is all it asks.
fn only(filter: &Filter) -> Option<(&str, &Check)> {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => match &parts[..] {
            [part] => only(part),
            _ => None,
        },
        Filter::Test(_, Check::SameAs(_) | Check::CompareField(..)) => None,
        Filter::Test(path, check) => Some((tallied_field(path)?, check)),
        _ => None,
    }
}
