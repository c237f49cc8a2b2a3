//! The floor: the same SQLite library without key, documents or outbox, doing the least that gives the same answer.

use std::error::Error;
use std::path::Path;

use fieldline_model::{Record, SysId, Timestamp, Value};
use rusqlite::{Connection, params};

use crate::data::{DAY, SCREEN, SEARCH, USER};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record (
  sys_id BLOB PRIMARY KEY, table_name TEXT, fields TEXT, assigned_to BLOB, starts_at INTEGER, state INTEGER, number TEXT
);
CREATE INDEX IF NOT EXISTS record_by_person ON record (assigned_to, starts_at);
CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5 (text, content = '', contentless_delete = 1);
";

pub fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

pub fn fill(connection: &mut Connection, records: &[Record]) -> Result<()> {
    for page in records.chunks(500) {
        let tx = connection.transaction()?;
        for record in page {
            put(&tx, record)?;
            let texts: Vec<&str> = record.fields.values().filter_map(Value::as_text).collect();
            let id: i64 =
                tx.query_row("SELECT rowid FROM record WHERE sys_id = ?1", [record.id.sys_id.0], |row| row.get(0))?;
            tx.execute("INSERT INTO search (rowid, text) VALUES (?1, ?2)", params![id, texts.join("\n")])?;
        }
        tx.commit()?;
    }
    connection.execute_batch("INSERT INTO search (search) VALUES ('optimize')")?;
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// One row, replaced.
pub fn put(connection: &Connection, record: &Record) -> Result<()> {
    let reference = |field| record.reference(field).map(|id: SysId| id.0);
    let starts_at = record.get("expected_start").and_then(Value::as_time).map(|Timestamp(moment)| moment);
    let fields = serde_json::to_string(&record.fields)?;
    connection.prepare_cached("INSERT OR REPLACE INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(
        params![
            record.id.sys_id.0,
            record.id.table.as_str(),
            fields,
            reference("assigned_to"),
            starts_at,
            record.get("state").and_then(Value::as_integer),
            record.text("number"),
        ],
    )?;
    Ok(())
}

pub fn today(connection: &Connection) -> Result<usize> {
    rows(
        connection,
        "SELECT * FROM record WHERE assigned_to = ?1 AND starts_at < ?2 ORDER BY starts_at LIMIT ?3",
        params![USER.0, DAY.1.0, SCREEN],
    )
}

pub fn search(connection: &Connection) -> Result<usize> {
    let words: Vec<String> = SEARCH.split(' ').map(|word| format!("\"{word}\"")).collect();
    rows(
        connection,
        "SELECT record.* FROM search JOIN record ON record.rowid = search.rowid WHERE search MATCH ?1 ORDER BY rank LIMIT ?2",
        params![words.join(" ") + "*", SCREEN],
    )
}

/// Reads every row whole, as a screen would.
fn rows(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<usize> {
    let mut sql = connection.prepare_cached(sql)?;
    let fields = sql.query_map(params, |row| row.get::<_, String>("fields"))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(fields.len())
}
