//! Current rows, queries over them, and number leases.

use std::fmt::Write;

use fieldline_model::condition::Query;
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Record, SysId, TableName, Value};
use fieldline_storage::{Position, Records, Result};
use rusqlite::types::Type;
use rusqlite::{Row, params_from_iter};

use crate::query::Compiled;
use crate::row::{integer, natural};
use crate::transaction::Transaction;

impl Records for Transaction<'_> {
    fn record(&self, id: &DocumentId) -> Result<Option<(Position, Record)>> {
        let sql = "SELECT record, position FROM record WHERE sys_id = ?1 AND table_name = ?2";
        let params = (id.sys_id.to_string(), id.table.as_str());
        self.first(format_args!("reading {id}"), sql, params, |row| Ok((natural(row, 1)?, record(row)?)))
    }

    fn find(&self, tables: &[TableName], sys_id: SysId) -> Result<Option<Record>> {
        let sql = format!("SELECT record FROM record WHERE sys_id = ?1 AND table_name IN ({})", marks(2, tables.len()));
        let sys_id = sys_id.to_string();
        let params = std::iter::once(&*sys_id).chain(tables.iter().map(TableName::as_str));
        self.first(format_args!("looking for {sys_id}"), &sql, params_from_iter(params), record)
    }

    fn put_record(&mut self, record: &Record) -> Result<()> {
        let sql = "INSERT INTO record (sys_id, table_name, record, fields) VALUES (?1, ?2, ?3, jsonb(?4))
                   ON CONFLICT DO UPDATE SET record = excluded.record, fields = excluded.fields";
        let exact = minicbor::to_vec(record).expect("encoding to memory cannot fail");
        let params = (record.id.sys_id.to_string(), record.id.table.as_str(), exact, queryable(record));
        self.run(format_args!("writing {}", record.id), sql, params).map(drop)
    }

    fn query(&self, tables: &[TableName], query: &Query, limit: u32, offset: u32) -> Result<Vec<Record>> {
        let mut compiled = Compiled::new(tables, query)?;
        let window = format!("LIMIT {} OFFSET {}", compiled.bind(i64::from(limit)), compiled.bind(i64::from(offset)));
        let Compiled { condition, order, values } = compiled;
        let sql = format!("SELECT r.record FROM record AS r WHERE {condition} ORDER BY {order} {window}");
        self.all("answering a query", &sql, params_from_iter(values), record)
    }

    fn count(&self, tables: &[TableName], query: &Query) -> Result<u64> {
        let Compiled { condition, values, .. } = Compiled::new(tables, query)?;
        let sql = format!("SELECT count(*) FROM record AS r WHERE {condition}");
        let count = self.first("counting a query", &sql, params_from_iter(values), |row| natural(row, 0))?;
        Ok(count.unwrap_or_default())
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

/// `?first, ?first+1, …`
pub(crate) fn marks(first: usize, count: usize) -> String {
    (first..first + count).map(|mark| format!("?{mark}")).collect::<Vec<_>>().join(", ")
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    minicbor::decode(row.get_ref(0)?.as_blob()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(error)))
}

/// A record's fields as JSON that SQL compares the way [`Query`] does: text in lower case, moments as milliseconds. Written by
/// hand because a decimal must reach SQLite digit by digit, not through a binary fraction.
fn queryable(record: &Record) -> String {
    let mut json = String::from("{");
    for (name, value) in &record.fields {
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
