//! The floor: the same SQLite library without documents or outbox, doing the least that gives the same answer; without a
//! key, and with SQLCipher's.

use std::error::Error;
use std::path::Path;

use fieldline_model::{Record, SysId, Timestamp, Value};
use rusqlite::{Connection, params};

use crate::data::{DAY, SCREEN, USER, note};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Records of one transaction.
const PAGE: usize = 500;
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record (
  sys_id BLOB PRIMARY KEY, table_name TEXT, fields TEXT, assigned_to BLOB, starts_at INTEGER, state INTEGER, number TEXT
);
CREATE INDEX IF NOT EXISTS record_by_person ON record (assigned_to, starts_at);
CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5 (text, content = '', contentless_delete = 1);
";

/// Opens the database; `is_keyed` for SQLCipher with a raw key, so that nothing is stretched.
pub fn open(path: &Path, is_keyed: bool) -> Result<Connection> {
    let connection = Connection::open(path)?;
    if is_keyed {
        connection.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "07".repeat(48)))?;
    }
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

pub fn fill(connection: &mut Connection, records: impl Iterator<Item = Record>) -> Result<()> {
    let mut records = records.peekable();
    while records.peek().is_some() {
        let tx = connection.transaction()?;
        records.by_ref().take(PAGE).try_for_each(|record| put_searchable(&tx, &record))?;
        tx.commit()?;
    }
    connection.execute_batch("INSERT INTO search (search) VALUES ('optimize')")?;
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// A note on a record: one row, replaced.
pub fn edit(connection: &Connection, record: &Record, turn: usize) -> Result<()> {
    let mut noted = record.clone();
    noted.set("work_notes", Some(Value::text(note(turn))));
    put(connection, &noted)
}

fn put(connection: &Connection, record: &Record) -> Result<()> {
    let reference = |field| record.reference(field).map(|id: SysId| id.0);
    let starts_at = record.get("expected_start").and_then(Value::as_time).map(|Timestamp(moment)| moment);
    let fields = serde_json::to_string(&record.fields)?;
    let sql = "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
      ON CONFLICT DO UPDATE SET fields = excluded.fields, state = excluded.state";
    connection.prepare_cached(sql)?.execute(params![
        record.id.sys_id.0,
        record.id.table.as_str(),
        fields,
        reference("assigned_to"),
        starts_at,
        record.get("state").and_then(Value::as_integer),
        record.text("number"),
    ])?;
    Ok(())
}

/// One row and its search entry, replaced.
pub fn put_searchable(connection: &Connection, record: &Record) -> Result<()> {
    put(connection, record)?;
    let texts: Vec<&str> = record.fields.values().filter_map(Value::as_text).collect();
    let id: i64 = connection
        .prepare_cached("SELECT rowid FROM record WHERE sys_id = ?1")?
        .query_row([record.id.sys_id.0], |row| row.get(0))?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO search (rowid, text) VALUES (?1, ?2)")?
        .execute(params![id, texts.join("\n")])?;
    Ok(())
}

pub fn today(connection: &Connection) -> Result<usize> {
    rows(
        connection,
        "SELECT * FROM record WHERE assigned_to = ?1 AND starts_at < ?2 ORDER BY starts_at LIMIT ?3",
        params![USER.0, DAY.1.0, SCREEN],
    )
}

pub fn search(connection: &Connection, words: &str) -> Result<usize> {
    let words: Vec<String> = words.split(' ').map(|word| format!("\"{word}\"")).collect();
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
