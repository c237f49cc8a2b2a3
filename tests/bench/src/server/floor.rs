//! The floor: plain SQLite that keeps the same bytes as durably and does nothing else with them.

use std::path::Path;

use rusqlite::{Connection, params};

use super::Result;
use crate::measure::{Cost, cost};

const SCHEMA: &str = "
CREATE TABLE edit (position INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE record (sys_id BLOB PRIMARY KEY, fields BLOB NOT NULL) WITHOUT ROWID;
";

/// What one row of `record` holds, about a projected task.
const ROW_BYTES: usize = 700;

/// What one edit of a visit takes, signed and encoded.
const EDIT_BYTES: usize = 250;

/// Inserts so many edits and replaces a row for each, so many in a transaction, among `records` rows.
pub fn insert(path: &Path, records: usize, edits: usize, in_a_transaction: usize) -> Result<Cost> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
    connection.execute_batch(SCHEMA)?;
    let tx = connection.transaction()?;
    for number in 0..records {
        put(&tx, number, 0)?;
    }
    tx.commit()?;
    let (spent, done) = cost(|| -> Result<()> {
        for first in (0..edits).step_by(in_a_transaction) {
            let tx = connection.transaction()?;
            for number in first..edits.min(first + in_a_transaction) {
                tx.prepare_cached("INSERT INTO edit (body) VALUES (?1)")?.execute([[1; EDIT_BYTES].as_slice()])?;
                put(&tx, number * 7919 % records, 1)?;
            }
            tx.commit()?;
        }
        Ok(())
    });
    done.map(|()| spent)
}

fn put(connection: &Connection, number: usize, filling: u8) -> Result<()> {
    let sql = "INSERT INTO record (sys_id, fields) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET fields = excluded.fields";
    let id = crate::data::sys_id(number).0;
    connection.prepare_cached(sql)?.execute(params![id, [filling; ROW_BYTES].as_slice()])?;
    Ok(())
}
