//! Current rows, queries over them, and number leases.

use std::fmt::Write;

use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Names, Record, SysId, TableName, Value};
use fieldline_storage::{Aggregation, Bucket, Figure, Position, Records, Result, Selection};
use rusqlite::types::{Type, Value as Sql, ValueRef};
use rusqlite::{Row, params_from_iter};

use crate::audit;
use crate::columns::{self, COLUMNS};
use crate::query::Compiler;
use crate::row::{integer, natural};
use crate::transaction::Transaction;

impl Records for Transaction<'_> {
    fn record(&self, id: &DocumentId) -> Result<Option<(Position, Record)>> {
        let sql = "SELECT record, position FROM record WHERE sys_id = ?1 AND table_name = ?2";
        let params = (id.sys_id.to_string(), id.table.as_str());
        self.first(format_args!("reading {id}"), sql, params, |row| Ok((natural(row, 1)?, record(row)?)))
    }

    fn find(&self, tables: &[TableName], sys_id: SysId) -> Result<Option<Record>> {
        if let Some(view) = audit::view(tables) {
            return self.line(view, sys_id);
        }
        let sql = format!("SELECT record FROM record WHERE sys_id = ?1 AND table_name IN ({})", marks(2, tables.len()));
        let sys_id = sys_id.to_string();
        let params = std::iter::once(&*sys_id).chain(tables.iter().map(TableName::as_str));
        self.first(format_args!("looking for {sys_id}"), &sql, params_from_iter(params), record)
    }

    fn put_record(&mut self, record: &Record) -> Result<()> {
        let (sys_id, table) = (record.id.sys_id.to_string(), record.id.table.as_str());
        let exact = Sql::Blob(minicbor::to_vec(record).expect("encoding to memory cannot fail"));
        let (all, new) = (COLUMNS.join(", "), columns::values(record));
        let sql = format!("SELECT rowid, {all} FROM record WHERE sys_id = ?1 AND table_name = ?2");
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, columns::held(row, 1)?));
        let held = self.first(format_args!("writing {}", record.id), &sql, (&sys_id, table), read)?;
        let mut params = Vec::from([exact, Sql::Text(queryable(record))]);
        let sql = match held {
            Some((row, old)) => {
                params.push(Sql::Integer(row));
                let changed = new.into_iter().zip(old).zip(COLUMNS).filter(|((new, old), _)| new != old);
                changed.fold("UPDATE record SET record = ?1, fields = jsonb(?2)".to_owned(), |sql, ((new, _), name)| {
                    params.push(new);
                    format!("{sql}, {name} = ?{}", params.len())
                }) + " WHERE rowid = ?3"
            }
            None => {
                params.extend([Sql::Text(sys_id), Sql::Text(table.to_owned())]);
                params.extend(new);
                let values = marks(3, params.len() - 2);
                format!(
                    "INSERT INTO record (record, fields, sys_id, table_name, {all}) VALUES (?1, jsonb(?2), {values})"
                )
            }
        };
        self.run(format_args!("writing {}", record.id), &sql, params_from_iter(params)).map(drop)
    }

    /// The rows are found in the indexes first and read when it is known which: most never are.
    fn select(&self, selection: &Selection<'_>, limit: u32, offset: u32) -> Result<Vec<Record>> {
        let mut compiler = Compiler::new(selection.sight);
        let (condition, order) = (compiler.condition(selection)?, compiler.order(selection.order)?);
        let window = format!("LIMIT {} OFFSET {}", compiler.bind(i64::from(limit)), compiler.bind(i64::from(offset)));
        let sql = format!("SELECT {} FROM {condition} ORDER BY {order} {window}", compiler.row());
        let rows: Vec<i64> =
            self.all("answering a query", &sql, params_from_iter(compiler.values), |row| row.get(0))?;
        if audit::view(selection.tables).is_some() {
            return rows.into_iter().map(|row| self.at(selection, row)).collect();
        }
        let mut names = Names::default();
        let read = |row: &Row<'_>| Record::decode_among(row.get_ref(0)?.as_blob()?, &mut names).map_err(unreadable);
        self.each("reading what a query found", "SELECT record FROM record WHERE rowid = ?1", rows, read)
    }

    fn count(&self, selection: &Selection<'_>) -> Result<u64> {
        if let Some(count) = self.tallied(selection)? {
            return Ok(count);
        }
        let mut compiler = Compiler::new(selection.sight);
        let condition = compiler.condition(selection)?;
        let sql = format!("SELECT count(*) FROM {condition}");
        let count = self.first("counting a query", &sql, params_from_iter(compiler.values), |row| natural(row, 0))?;
        Ok(count.unwrap_or_default())
    }

    fn aggregate(&self, selection: &Selection<'_>, asked: &Aggregation) -> Result<Vec<Bucket>> {
        if let Some(groups) = self.tallied_groups(selection, asked)? {
            return Ok(groups);
        }
        let mut compiler = Compiler::new(selection.sight);
        let condition = compiler.condition(selection)?;
        let mut columns = vec![compiler.row().to_owned(), "count(*)".to_owned()];
        for (function, path) in &asked.figures {
            columns.push(compiler.figure(*function, path)?);
        }
        let keys = asked.group_by.iter().map(|path| compiler.key(path)).collect::<Result<Vec<_>>>()?;
        let grouped =
            if keys.is_empty() { String::new() } else { format!(" GROUP BY {0} ORDER BY {0}", keys.join(", ")) };
        let sql = format!("SELECT {} FROM {condition}{grouped}", columns.join(", "));
        let rows: Vec<(Option<i64>, u64, Vec<Option<Figure>>)> =
            self.all("counting groups", &sql, params_from_iter(compiler.values), |row| {
                let figures =
                    (2..2 + asked.figures.len()).map(|column| figure(row, column)).collect::<Result<_, _>>()?;
                Ok((row.get(0)?, natural(row, 1)?, figures))
            })?;
        let bucket = |(example, count, figures): (Option<i64>, u64, _)| {
            Ok(Bucket { example: example.map(|row| self.at(selection, row)).transpose()?, count, figures })
        };
        rows.into_iter().map(bucket).collect()
    }

    fn remove_record(&mut self, id: &DocumentId) -> Result<bool> {
        let sql = "DELETE FROM record WHERE sys_id = ?1 AND table_name = ?2";
        let removed = self.run(format_args!("deleting {id}"), sql, (id.sys_id.to_string(), id.table.as_str()))?;
        Ok(removed > 0)
    }

    fn lease_numbers(&mut self, prefix: &str, count: u64) -> Result<u64> {
        let sql = "INSERT INTO number_lease (prefix, next_number) VALUES (?1, 1 + ?2)
                   ON CONFLICT DO UPDATE SET next_number = next_number + ?2
                   RETURNING next_number - ?2";
        let doing = format_args!("leasing numbers of {prefix}");
        let count = if plant::is(Plant::NumbersLeasedTwice) { 1 } else { count };
        self.must_write(doing)?;
        let first = self.first(doing, sql, (prefix, integer(count)), |row| natural(row, 0))?;
        Ok(first.expect("an upsert returns its row"))
    }

    fn numbers_used(&mut self, prefix: &str, number: u64) -> Result<()> {
        let sql = "INSERT INTO number_lease (prefix, next_number) VALUES (?1, 1 + ?2)
                   ON CONFLICT DO UPDATE SET next_number = max(next_number, excluded.next_number)";
        let doing = format_args!("noting the number {prefix}{number}");
        self.run(doing, sql, (prefix, integer(number))).map(drop)
    }
}

impl Transaction<'_> {
    /// The record in a row that a query of the same transaction has found.
    pub(crate) fn at(&self, selection: &Selection<'_>, row: i64) -> Result<Record> {
        if let Some(view) = audit::view(selection.tables) {
            return Ok(self.line_at(view, row)?.expect("a transaction sees one state"));
        }
        let found =
            self.first("reading what a query found", "SELECT record FROM record WHERE rowid = ?1", [row], record)?;
        Ok(found.expect("a transaction sees one state"))
    }
}

fn figure(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Figure>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null | ValueRef::Blob(_) => None,
        ValueRef::Integer(whole) => Some(Figure::Whole(whole)),
        ValueRef::Real(real) => Some(Figure::Real(real)),
        text @ ValueRef::Text(_) => Some(Figure::Text(text.as_str()?.to_owned())),
    })
}

/// `?first, ?first+1, …`
pub(crate) fn marks(first: usize, count: usize) -> String {
    (first..first + count).map(|mark| format!("?{mark}")).collect::<Vec<_>>().join(", ")
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    minicbor::decode(row.get_ref(0)?.as_blob()?).map_err(unreadable)
}

fn unreadable(problem: minicbor::decode::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(problem))
}

/// A record's fields as JSON that SQL compares the way a filter does: text in lower case, moments as milliseconds. Written by
/// hand because a decimal must reach SQLite digit by digit, not through a binary fraction.
fn queryable(record: &Record) -> String {
    let mut json = String::from("{");
    let filled = |(_, value): &(&_, &Value)| !matches!(value, Value::Text(text) if text.is_empty());
    for (name, value) in record.fields.iter().filter(filled) {
        let comma = if json.len() > 1 { "," } else { "" };
        let name = serde_json::Value::from(name.as_str());
        let value = match value {
            Value::Text(text) => serde_json::Value::from(text.to_lowercase()).to_string(),
            Value::Integer(_) | Value::Decimal(_) | Value::Boolean(_) => value.to_string(),
            Value::Time(moment) => moment.0.to_string(),
            Value::Reference(_) | Value::List(_) => format!("\"{value}\""),
        };
        write!(json, "{comma}{name}:{value}").expect("writing to a String cannot fail");
    }
    json.push('}');
    json
}
