//! Projections: what each record means, flattened for lists and search, and where it stands in the device's scope.

use std::collections::BTreeSet;
use std::fmt::Arguments;

use fieldline_model::plant::{self, Plant};
use fieldline_model::{BlobHash, DocumentId, FieldName, Record, SysId, Timestamp, Value};
use fieldline_sync::packing;
use fieldline_sync::wire::{Position, scope_term};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::error::Doing;
use crate::{Result, StoreError, Tx, View};

/// Fields that say when work is to begin, the most binding first; the first that is not empty counts.
const STARTS: [&str; 4] = ["expected_start", "scheduled_travel_start", "window_start", "due_date"];
/// Fields that say whose a record is: a stockroom has a manager where other records have an assignee.
const PERSONS: [&str; 2] = ["assigned_to", "manager"];

/// What a record means, in the device's words: everything its list row and its search entry are made of.
#[derive(Debug, Clone, Copy)]
pub struct RecordUpdate<'a> {
    /// Its fields.
    pub record: &'a Record,
    /// What people recognise it by; found by search in everything that refers to it.
    pub display: &'a str,
    /// Its folded stage; `None` for records without a life cycle.
    pub stage: Option<&'a str>,
    /// What people wrote in its journals, for search.
    pub journal: &'a str,
    /// How many things about it need this person: refused steps, alternatives.
    pub attention: u32,
    /// The files it shows.
    pub attachments: &'a [BlobHash],
}

impl<'a> RecordUpdate<'a> {
    /// A record of which only the fields are known.
    pub fn of_row(record: &'a Record, display: &'a str, stage: Option<&'a str>) -> Self {
        Self { record, display, stage, journal: "", attention: 0, attachments: &[] }
    }
}

/// How a record came to be here and whether it may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Made on this device; the server has not put it in scope yet.
    Born,
    /// In the device's scope; counts in the scope checksum.
    InScope,
    /// Out of scope; stays until the unsent work on it is delivered.
    Leaving,
}

impl Standing {
    pub(crate) fn from_column(number: i64) -> Self {
        [Self::Born, Self::InScope].get(number as usize).copied().unwrap_or(Self::Leaving)
    }
}

/// Reads the fields of a record as they are kept.
pub(crate) fn decode_fields(id: &DocumentId, fields: &[u8]) -> Result<Record> {
    let fields = packing::grow(fields).ok_or_else(|| StoreError::content(id, "its fields do not unpack"))?;
    let fields = minicbor::decode(&fields).map_err(|error| StoreError::content(id, error))?;
    Ok(Record { id: id.clone(), fields })
}

/// The fields of a record as they are kept: small, unless somebody waits for the edit that changed them.
pub(crate) fn encode_fields(record: &Record, is_awaited: bool) -> Result<Vec<u8>> {
    let fields = minicbor::to_vec(&record.fields).map_err(|error| StoreError::content(&record.id, error))?;
    Ok(if is_awaited { fields } else { packing::shrink(&fields) })
}

pub(crate) fn active(record: &Record) -> Option<bool> {
    record.get("active").and_then(|value| if let Value::Boolean(yes) = value { Some(*yes) } else { None })
}

/// Every record a record refers to.
pub(crate) fn references(record: &Record) -> BTreeSet<SysId> {
    let of_value = |value: &Value| match value {
        Value::Reference(id) => vec![*id],
        Value::List(ids) => ids.clone(),
        _ => Vec::new(),
    };
    record.fields.values().flat_map(of_value).collect()
}

impl View<'_> {
    /// Where a record stands, `None` when it is not here.
    pub fn standing(&self, id: &DocumentId) -> Result<Option<Standing>> {
        let standing: Option<i64> = self.record_column("standing", id)?;
        Ok(standing.map(Standing::from_column))
    }

    /// The server's position of what is held of a record; 0 when it has none.
    pub fn position(&self, id: &DocumentId) -> Result<Position> {
        let position: Option<i64> = self.record_column("position", id)?;
        Ok(Position(position.unwrap_or(0).cast_unsigned()))
    }

    pub(crate) fn record_column<T: rusqlite::types::FromSql>(
        &self,
        column: &str,
        id: &DocumentId,
    ) -> Result<Option<T>> {
        self.connection
            .prepare_cached(&format!("SELECT {column} FROM record WHERE sys_id = ?1 AND table_name = ?2"))
            .and_then(|mut sql| sql.query_row((id.sys_id.0, id.table.as_str()), |row| row.get(0)).optional())
            .doing(format_args!("reading {column} of {id}"))
    }

    /// Every record of a standing, ordered by table and identity.
    pub fn records_standing(&self, standing: Standing) -> Result<Vec<DocumentId>> {
        // Those that are not in scope are few and have an index of their own, which is used only where it is named.
        let few = if standing == Standing::InScope { "TRUE" } else { "standing <> 1" };
        let sql = "SELECT table_name, sys_id FROM record WHERE standing = ?1 AND";
        self.connection
            .prepare_cached(&format!("{sql} {few} ORDER BY table_name, sys_id"))
            .and_then(|mut sql| sql.query_map([standing as i64], crate::documents::document_id)?.collect())
            .doing("listing records by standing")
    }
}

impl Tx<'_> {
    /// Replaces what is known of a record, and its search entry. Where it stands is not touched: see
    /// [`Tx::put_standing`] and [`Tx::put_position`]. A new record is [`Standing::Born`] at position 0.
    pub fn put_record(&self, update: &RecordUpdate<'_>) -> Result<()> {
        let id = &update.record.id;
        let key = self.record_key_or_new(id)?;
        let (old, old_display, old_keys) = self.old_row(key, id)?;
        self.write_row(key, update, &old_keys)?;
        self.write_references(key, old.as_ref(), update.record)?;
        self.write_attachments(key, update)?;
        self.stale.borrow_mut().insert(key);
        if old_display != update.display {
            self.names_changed(id.sys_id)?;
        }
        Ok(())
    }

    fn old_row(&self, key: i64, id: &DocumentId) -> Result<(Option<Record>, String, Keys)> {
        let (fields, display, keys) = self
            .connection
            .prepare_cached(include_str!("sql/old_row.sql"))
            .and_then(|mut sql| {
                let read = |row: &Row<'_>| {
                    Ok((row.get::<_, Option<Vec<u8>>>("fields")?, row.get("display")?, Keys::read(row)?))
                };
                sql.query_row([key], read)
            })
            .doing(format_args!("reading {id}"))?;
        Ok((fields.map(|fields| decode_fields(id, &fields)).transpose()?, display, keys))
    }

    fn write_row(&self, key: i64, update: &RecordUpdate<'_>, old: &Keys) -> Result<()> {
        let record = update.record;
        let place = format_args!("saving {}", record.id);
        let fields = encode_fields(record, self.search_waits.get())?;
        self.connection
            .prepare_cached(include_str!("sql/write_record.sql"))
            .and_then(|mut sql| {
                sql.execute(named_params! {
                    ":id": key,
                    ":fields": fields,
                    ":display": update.display,
                    ":stage": update.stage,
                    ":active": active(record),
                    ":journal": update.journal,
                })
            })
            .doing(place)?;
        let keys = Keys::of(update);
        if keys != *old {
            keys.write(self.connection, key).doing(place)?;
        }
        Ok(())
    }

    pub(crate) fn write_references(&self, key: i64, old: Option<&Record>, new: &Record) -> Result<()> {
        let old = old.map(references).unwrap_or_default();
        let new_references = references(new);
        let doing = format_args!("noting what {} refers to", new.id);
        for gone in old.difference(&new_references) {
            self.connection
                .prepare_cached("DELETE FROM refers WHERE target = ?1 AND record = ?2")
                .and_then(|mut sql| sql.execute((gone.0, key)))
                .doing(doing)?;
        }
        for added in new_references.difference(&old) {
            self.connection
                .prepare_cached("INSERT OR IGNORE INTO refers (target, record) VALUES (?1, ?2)")
                .and_then(|mut sql| sql.execute((added.0, key)))
                .doing(doing)?;
        }
        Ok(())
    }

    fn write_attachments(&self, key: i64, update: &RecordUpdate<'_>) -> Result<()> {
        let doing = format_args!("noting the files of {}", update.record.id);
        let (old, new) = (self.files_of(key, doing)?, update.attachments.iter().copied().collect::<BTreeSet<_>>());
        for added in new.difference(&old) {
            self.connection
                .prepare_cached("INSERT INTO attachment (record, blob) VALUES (?1, ?2)")
                .and_then(|mut sql| sql.execute((key, added.0)))
                .doing(doing)?;
        }
        for gone in old.difference(&new) {
            self.connection
                .prepare_cached("DELETE FROM attachment WHERE record = ?1 AND blob = ?2")
                .and_then(|mut sql| sql.execute((key, gone.0)))
                .doing(doing)?;
            self.remove_blob_if_unneeded(*gone)?;
        }
        Ok(())
    }

    fn files_of(&self, key: i64, doing: Arguments<'_>) -> Result<BTreeSet<BlobHash>> {
        self.connection
            .prepare_cached("SELECT blob FROM attachment WHERE record = ?1")
            .and_then(|mut sql| sql.query_map([key], |row| row.get(0).map(BlobHash))?.collect())
            .doing(doing)
    }

    /// What refers to a record shows its name, so it is searched by it. Nothing would find these records after a kill, so
    /// their search entries cannot wait.
    pub(crate) fn names_changed(&self, target: SysId) -> Result<()> {
        self.search_waits.set(false);
        let referring: Vec<i64> = self
            .connection
            .prepare_cached("SELECT record FROM refers WHERE target = ?1")
            .and_then(|mut sql| sql.query_map([target.0], |row| row.get(0))?.collect())
            .doing(format_args!("finding what refers to {target}"))?;
        self.stale.borrow_mut().extend(referring);
        Ok(())
    }

    /// Notes the server's position of what is held of a record.
    pub fn put_position(&self, id: &DocumentId, position: Position) -> Result<()> {
        let key = self.record_key_or_new(id)?;
        self.connection
            .prepare_cached("UPDATE record SET position = ?2 WHERE id = ?1")
            .and_then(|mut sql| sql.execute((key, position.0.cast_signed())))
            .doing(format_args!("noting the position of {id}"))?;
        Ok(())
    }

    /// Notes where a record stands and keeps the scope checksum in step.
    pub fn put_standing(&self, id: &DocumentId, standing: Standing) -> Result<()> {
        let key = self.record_key_or_new(id)?;
        let old = self.standing(id)?;
        if old == Some(standing) {
            return Ok(());
        }
        self.connection
            .prepare_cached("UPDATE record SET standing = ?2 WHERE id = ?1")
            .and_then(|mut sql| sql.execute((key, standing as i64)))
            .doing(format_args!("noting where {id} stands"))?;
        self.count_in_scope(id, old, Some(standing));
        Ok(())
    }

    pub(crate) fn count_in_scope(&self, id: &DocumentId, old: Option<Standing>, new: Option<Standing>) {
        let term = |standing| if standing == Some(Standing::InScope) { scope_term(&id.table, id.sys_id) } else { 0 };
        self.scope_delta.set(self.scope_delta.get().wrapping_add(term(new)).wrapping_sub(term(old)));
    }

    /// Takes a record off the device: row, documents, search entry, and the files only it showed. Edits stay in the outbox, and
    /// what was captured with them stays as long as they do.
    pub fn purge(&self, id: &DocumentId) -> Result<()> {
        let Some(key) = self.record_key(id)? else { return Ok(()) };
        let doing = format_args!("purging {id}");
        let standing = self.standing(id)?;
        let blobs = self.files_of(key, doing)?;
        self.names_changed(id.sys_id)?;
        if plant::is(Plant::PurgeTakesUnsentWork) {
            self.connection.execute("DELETE FROM edit WHERE sys_id = ?1", [id.sys_id.0]).doing(doing)?;
        }
        self.connection.execute("DELETE FROM search WHERE rowid = ?1", [key]).doing(doing)?;
        self.connection.execute("DELETE FROM record WHERE id = ?1", [key]).doing(doing)?;
        self.stale.borrow_mut().remove(&key);
        self.count_in_scope(id, standing, None);
        self.purge_news(id)?;
        blobs.into_iter().try_for_each(|blob| self.remove_blob_if_unneeded(blob))
    }
}

/// When the work of a record is to begin.
pub(crate) fn starts_at(record: &Record) -> Option<Timestamp> {
    STARTS.iter().find_map(|field| record.get(field)?.as_time())
}

/// What a record is listed by. Each is a column of an index, which is written only when one of them changes.
#[derive(PartialEq)]
pub(crate) struct Keys {
    pub state: Option<i64>,
    pub number: Option<String>,
    pub assigned_to: Option<[u8; 16]>,
    pub location: Option<[u8; 16]>,
    pub asset: Option<[u8; 16]>,
    pub configuration_item: Option<[u8; 16]>,
    pub stockroom: Option<[u8; 16]>,
    pub starts_at: Option<i64>,
    pub attention: u32,
}

impl Keys {
    pub fn of(update: &RecordUpdate<'_>) -> Self {
        let record = update.record;
        let reference = |field: &str| record.reference(field).map(|id| id.0);
        Self {
            state: record.get("state").and_then(Value::as_integer),
            number: record.get("number").and_then(Value::as_text).map(str::to_owned),
            assigned_to: PERSONS.into_iter().find_map(reference),
            location: reference("location"),
            asset: reference("asset"),
            configuration_item: reference("cmdb_ci"),
            stockroom: reference("stockroom"),
            starts_at: starts_at(record).map(|moment| moment.0),
            attention: update.attention,
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            state: row.get("state")?,
            number: row.get("number")?,
            assigned_to: row.get("assigned_to")?,
            location: row.get("location")?,
            asset: row.get("asset")?,
            configuration_item: row.get("configuration_item")?,
            stockroom: row.get("stockroom")?,
            starts_at: row.get("starts_at")?,
            attention: row.get("attention")?,
        })
    }

    fn write(&self, connection: &Connection, key: i64) -> rusqlite::Result<usize> {
        connection.prepare_cached(include_str!("sql/write_keys.sql"))?.execute(named_params! {
            ":id": key,
            ":state": self.state,
            ":number": self.number,
            ":assigned_to": self.assigned_to,
            ":location": self.location,
            ":asset": self.asset,
            ":configuration_item": self.configuration_item,
            ":stockroom": self.stockroom,
            ":starts_at": self.starts_at,
            ":attention": self.attention,
        })
    }
}

/// The text of every field, for search: what is not a number, a title or a reference.
pub(crate) fn body_text(record: &Record, except: &[&str]) -> String {
    let text = |(field, value): (&FieldName, &Value)| {
        let wanted = !except.contains(&field.as_str());
        value.as_text().filter(|_| wanted).map(str::to_owned)
    };
    record.fields.iter().filter_map(text).collect::<Vec<_>>().join("\n")
}
