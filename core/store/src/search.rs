//! The full-text index: what goes in. What is found in it is [`crate::hits`]' business.
//!
//! A record is found by its number, its title, every other text of its fields, what was written in its journals, and the
//! names of the records it refers to. When such a name changes, or arrives after the record, the entry is made again.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Record, SysId};
use ring::digest;
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::documents::document_id;
use crate::error::Doing;
use crate::records::{body_text, decode_fields, references};
use crate::{Result, Tx};

/// Brings the index up to date with everything the transaction touched, each record once.
pub(crate) fn bring_up_to_date(tx: &Tx<'_>) -> Result<()> {
    let stale = std::mem::take(&mut *tx.stale.borrow_mut());
    if plant::is(Plant::SearchNotUpdated) {
        return Ok(());
    }
    let mut names = Names { tx, known: BTreeMap::new() };
    stale.into_iter().try_for_each(|key| index(tx, key, &mut names))
}

/// The records whose entry may wait to be made: those with unsent edits.
pub(crate) fn may_be_unindexed(connection: &Connection) -> Result<BTreeSet<i64>> {
    let sql = "SELECT id FROM record WHERE sys_id IN (SELECT sys_id FROM edit WHERE state IN ('local', 'sent'))";
    connection
        .prepare_cached(sql)
        .and_then(|mut sql| sql.query_map([], |row| row.get(0))?.collect())
        .doing("finding what is to be indexed")
}

struct Source {
    id: DocumentId,
    fields: Option<Vec<u8>>,
    display: String,
    journal: String,
    digest: Option<i64>,
}

fn index(tx: &Tx<'_>, key: i64, names: &mut Names<'_, '_>) -> Result<()> {
    let source = tx
        .connection
        .prepare_cached("SELECT table_name, sys_id, fields, display, journal, text_digest FROM record WHERE id = ?1")
        .and_then(|mut sql| {
            let read = |row: &rusqlite::Row<'_>| {
                Ok(Source {
                    id: document_id(row)?,
                    fields: row.get("fields")?,
                    display: row.get("display")?,
                    journal: row.get("journal")?,
                    digest: row.get("text_digest")?,
                })
            };
            sql.query_row([key], read).optional()
        })
        .doing("reading what to index")?;
    let Some(source) = source else { return Ok(()) };
    let Some(fields) = source.fields.as_deref() else { return Ok(()) };
    let record = decode_fields(&source.id, fields)?;
    let title = match record.text("short_description") {
        "" => &source.display,
        title => title,
    };
    let (body, names) = (body_text(&record, &["number", "short_description"]), names.of(&record)?);
    let columns = [record.text("number"), title, &body, &source.journal, &names];
    let digest = digest_of(&columns);
    if source.digest == Some(digest) {
        return Ok(());
    }
    write(tx, key, columns, digest).doing(format_args!("indexing {} for search", source.id))
}

fn write(tx: &Tx<'_>, key: i64, columns: [&str; 5], digest: i64) -> rusqlite::Result<()> {
    let [number, title, body, journal, names] = columns;
    tx.connection.prepare_cached(include_str!("sql/index.sql"))?.execute(named_params! {
        ":id": key, ":number": number, ":title": title, ":body": body, ":journal": journal, ":names": names,
    })?;
    tx.connection.prepare_cached("UPDATE record SET text_digest = ?2 WHERE id = ?1")?.execute((key, digest))?;
    Ok(())
}

/// What records are called, each looked up once: the records of an answer refer to the same few.
struct Names<'t, 'c> {
    tx: &'t Tx<'c>,
    known: BTreeMap<SysId, Option<String>>,
}

impl Names<'_, '_> {
    /// The names of the records a record refers to, as far as they are here.
    fn of(&mut self, record: &Record) -> Result<String> {
        let targets = references(record);
        for target in &targets {
            if !self.known.contains_key(target) {
                let name = self.look_up(*target)?;
                self.known.insert(*target, name);
            }
        }
        let names: Vec<&str> = targets.iter().filter_map(|target| self.known.get(target)?.as_deref()).collect();
        Ok(names.join("\n"))
    }

    fn look_up(&self, target: SysId) -> Result<Option<String>> {
        self.tx
            .connection
            .prepare_cached("SELECT display FROM record WHERE sys_id = ?1")
            .and_then(|mut sql| sql.query_row([target.0], |row| row.get(0)).optional())
            .doing("reading a name")
    }
}

fn digest_of(columns: &[&str]) -> i64 {
    let digest = digest::digest(&digest::SHA256, columns.join("\0").as_bytes());
    i64::from_be_bytes(digest.as_ref()[..8].try_into().expect("a digest has 32 bytes"))
}
