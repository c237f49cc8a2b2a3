//! What changed, in a table of its own: written with every change, never changed, and read as the tables `sys_audit` and
//! `sys_history_line` through views of these names.

use fieldline_model::{DocumentId, Record, SysId, TableName, Timestamp, Value};
use fieldline_storage::{Audit, Noted, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Row, Statement};

use crate::transaction::Transaction;

/// The tables that are views here; each has the columns of the table, `id` and `table_name`.
const VIEWS: [&str; 2] = ["sys_audit", "sys_history_line"];

/// Where the records of some tables are, when it is not with the others.
pub(crate) fn view(tables: &[TableName]) -> Option<&'static str> {
    let [table] = tables else { return None };
    VIEWS.into_iter().find(|view| *table == **view)
}

/// The columns that hold what people wrote, in their case. They compare without regard to that of the letters a to z.
const WRITTEN: [&str; 9] =
    ["fieldname", "oldvalue", "newvalue", "reason", "field", "old", "new", "old_value", "new_value"];

/// The SQL expression of a column of a view.
pub(crate) fn column(alias: &str, name: &str) -> String {
    if WRITTEN.contains(&name) { format!("lower({alias}.\"{name}\")") } else { format!("{alias}.\"{name}\"") }
}

impl Audit for Transaction<'_> {
    fn note(&mut self, noted: &[Noted<'_>]) -> Result<()> {
        let sql = "INSERT INTO audit (tablename, documentkey, fieldname, oldvalue, newvalue, author, reason, record_checkpoint, at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        for Noted { record, field, old, new, author, reason, updates, at } in noted {
            let (key, author) = (record.sys_id.to_string(), author.to_string());
            let values = (record.table.as_str(), key, field, old, new, author, reason, updates, at.0);
            self.run(format_args!("noting a change of {record}"), sql, values)?;
        }
        Ok(())
    }
}

impl Transaction<'_> {
    /// A line of a view, by its identity.
    pub(crate) fn line(&self, view: &str, sys_id: SysId) -> Result<Option<Record>> {
        let (zeros, id) = sys_id.0.split_at(8);
        let id = i64::from_be_bytes(id.try_into().expect("sixteen less eight"));
        if zeros.iter().any(|byte| *byte != 0) {
            return Ok(None);
        }
        self.line_at(view, id)
    }

    /// A line of a view, by its row.
    pub(crate) fn line_at(&self, view: &str, id: i64) -> Result<Option<Record>> {
        self.first("reading the audit", &format!("SELECT * FROM {view} WHERE id = ?1"), [id], |row| record(view, row))
    }
}

fn record(view: &str, row: &Row<'_>) -> rusqlite::Result<Record> {
    let id: i64 = row.get("id")?;
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&id.to_be_bytes());
    let mut record = Record::new(DocumentId::new(view, SysId(bytes)));
    let statement: &Statement<'_> = row.as_ref();
    for (at, column) in statement.column_names().enumerate() {
        let is_moment = column.ends_with("_on") || column.ends_with("_time");
        let value = match row.get_ref(at)? {
            ValueRef::Integer(moment) if is_moment => Some(Value::Time(Timestamp(moment))),
            ValueRef::Integer(number) => Some(Value::Integer(number)),
            ValueRef::Text(_) if matches!(column, "sys_created_by" | "sys_updated_by") => {
                row.get_ref(at)?.as_str()?.parse().ok().map(Value::Reference)
            }
            ValueRef::Text(_) => Some(Value::text(row.get_ref(at)?.as_str()?)),
            _ => None,
        };
        if !matches!(column, "id" | "sys_id" | "table_name") {
            record.set(column, value);
        }
    }
    Ok(record)
}
