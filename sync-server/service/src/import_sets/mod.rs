//! Import sets: rows as another system has them, kept as they came and made into records by transform maps.
//!
//! A staging table is any table that extends `sys_import_set_row`, and any name that a transform map reads from. What a map
//! makes of a row is done at once and with the caller's roles; a row that does not fit says why and stops no other.
//! `map.rs` reads the definitions, `transform.rs` sends one row through one map. No scripts, no dot-walking.

mod map;
mod transform;

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{DocumentId, Record, SysId, Value};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::ServiceError;
use crate::table::{self, Input, Result, TableError, declared};

pub use map::TransformMap;

/// The table of staged rows that have no table of their own, and the parent of those that have.
const ROWS: &str = "sys_import_set_row";

/// Rows that came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSet {
    /// The `sys_import_set` record.
    pub sys_id: SysId,
    /// What people call it.
    pub number: String,
    /// The staging table.
    pub staging: String,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// A record was created.
    Inserted,
    /// A record was changed.
    Updated,
    /// The record was as the row says already.
    Ignored,
    /// A rule of the map says that the row does not count.
    Skipped,
    /// It does not fit.
    Error,
}

/// What one transform map made of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transformed {
    /// The map's name.
    pub transform_map: String,
    /// The table it writes to.
    pub table: String,
    /// The field people recognise that table's records by.
    pub display_name: String,
    /// What it says in the record.
    pub display_value: String,
    /// What became of the row.
    pub status: Status,
    /// The record, if there is one.
    pub record: Option<SysId>,
    /// Why, where nothing was written.
    pub message: Option<String>,
}

/// Whether rows may be sent under this name.
///
/// # Errors
/// When the database fails.
pub fn is_staging(call: &Call<'_>, name: &str) -> Result<bool> {
    Ok(call.dictionary.is_a(name, ROWS) || !map::all_of(call, name)?.is_empty())
}

/// The columns that the active maps of a staging table read, and how many maps there are.
///
/// # Errors
/// When the database fails.
pub fn columns(call: &Call<'_>, staging: &str) -> Result<(BTreeSet<String>, usize)> {
    let maps = map::active(call, staging)?;
    let sources = maps.iter().flat_map(|map| &map.entries).map(|entry| entry.source.clone());
    Ok((sources.filter(|source| !source.is_empty()).collect(), maps.len()))
}

/// Opens an import set for a staging table.
///
/// # Errors
/// When the caller may not import.
pub fn open(call: &mut Call<'_>, staging: &str) -> Result<ImportSet> {
    let fields = [("table_name", staging), ("state", "loading"), ("mode", "synchronous")];
    let made = table::create(call, "sys_import_set", &Input::of(&fields))?.record;
    let set = ImportSet { sys_id: made.id.sys_id, number: made.text("number").to_owned(), staging: staging.to_owned() };
    Ok(set)
}

/// Says that every row of a set has come and been transformed.
///
/// # Errors
/// When the caller may not import.
pub fn close(call: &mut Call<'_>, set: &ImportSet) -> Result<()> {
    let now = Value::Time(call.now).to_string();
    let fields = [("state", "processed"), ("load_completed", now.as_str())];
    table::update(call, "sys_import_set", set.sys_id, &Input::of(&fields)).map(drop)
}

/// Keeps a row and sends it through every active map of its staging table, in their order. Answers where it is kept and what
/// became of it.
///
/// # Errors
/// When the caller may not import, or the database fails; what is wrong with the row itself is told in the results.
pub fn load(
    call: &mut Call<'_>,
    set: &ImportSet,
    number: i64,
    row: &BTreeMap<String, String>,
) -> Result<(SysId, Vec<Transformed>)> {
    let maps = map::active(call, &set.staging)?;
    let mut results = Vec::with_capacity(maps.len());
    for map in &maps {
        results.push(transform::transform(call, map, row)?);
    }
    let kept = keep(call, set, number, row, &maps, &results)?;
    Ok((kept, results))
}

/// Keeps a row that cannot be read at all, with what is wrong.
///
/// # Errors
/// When the caller may not import, or the database fails.
pub fn refuse(call: &mut Call<'_>, set: &ImportSet, number: i64, sent: &str, problem: String) -> Result<SysId> {
    let row = BTreeMap::from([("row".to_owned(), sent.to_owned())]);
    let refused = Transformed {
        transform_map: String::new(),
        table: String::new(),
        display_name: String::new(),
        display_value: String::new(),
        status: Status::Error,
        record: None,
        message: Some(problem),
    };
    keep(call, set, number, &row, &[], &[refused])
}

/// Writes the row down with what became of it.
fn keep(
    call: &mut Call<'_>,
    set: &ImportSet,
    number: i64,
    row: &BTreeMap<String, String>,
    maps: &[TransformMap],
    results: &[Transformed],
) -> Result<SysId> {
    let name = if call.dictionary.is_a(&set.staging, ROWS) { set.staging.as_str() } else { ROWS };
    let table = declared(call, name)?;
    if !call.caller.may(&table.create) {
        let problem = format!("staging rows needs one of the roles {}", table.create.join(", "));
        return Err(TableError::Denied { record: name.into(), problem });
    }
    let mut record = Record::new(DocumentId::new(table.name.clone(), call.new_sys_id()));
    for (column, text) in row {
        let field = table.fields.iter().find(|field| map::is_column(column, field.name.as_str()));
        let value = field.filter(|field| !field.name.as_str().starts_with("sys_"));
        if let Some((field, value)) = value.and_then(|field| Some((field, field.parse(text).ok()??))) {
            record.set(field.name.clone(), Some(value));
        }
    }
    let main = results.first();
    let text = |text: &str| Some(Value::text(text));
    record.set("sys_import_set", Some(Value::Reference(set.sys_id)));
    record.set("sys_import_row", Some(Value::Integer(number)));
    record.set("sys_import_values", Some(Value::text(as_json(row))));
    record.set("sys_import_results", Some(Value::text(as_json(results))));
    record.set("sys_import_state", text(main.map_or("pending", |result| result.status.word())));
    record.set("sys_import_state_comment", main.and_then(|result| text(result.message.as_ref()?)));
    record.set("sys_target_table", main.and_then(|result| text(&result.table)));
    record.set("sys_target_sys_id", main.and_then(|result| text(&result.record?.to_string())));
    record.set("sys_transform_map", maps.first().map(|map| Value::Reference(map.sys_id)));
    let kept = record.id.sys_id;
    call.put_row(record)?;
    Ok(kept)
}

fn as_json(what: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(what).expect("texts and words can be written as JSON")
}

/// What became of a row that was sent.
///
/// # Errors
/// When there is no such row in this staging table for the caller.
pub fn read(call: &mut Call<'_>, staging: &str, row: SysId) -> Result<(ImportSet, Vec<Transformed>)> {
    let row = table::get(call, ROWS, row)?.record;
    let set = row.reference("sys_import_set").map(|set| table::get(call, "sys_import_set", set)).transpose()?;
    let set = set.map(|set| set.record).filter(|set| set.text("table_name") == staging);
    let set = set.ok_or_else(|| TableError::NotFound(row.id.to_string()))?;
    let results = serde_json::from_str(row.text("sys_import_results"));
    let results = results.map_err(|problem| ServiceError::damaged(&row.id, problem))?;
    let set = ImportSet { sys_id: set.id.sys_id, number: set.text("number").to_owned(), staging: staging.to_owned() };
    Ok((set, results))
}

impl Status {
    /// Its word in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Updated => "updated",
            Self::Ignored => "ignored",
            Self::Skipped => "skipped",
            Self::Error => "error",
        }
    }

    /// What the message beside it is called.
    pub fn message_name(self) -> &'static str {
        if self == Self::Error { "error_message" } else { "status_message" }
    }
}

impl Transformed {
    /// A row of which a map made nothing, and why.
    fn without_record(map: &TransformMap, status: Status, message: String) -> Self {
        Self {
            transform_map: map.name.clone(),
            table: map.target.to_string(),
            display_name: String::new(),
            display_value: String::new(),
            status,
            record: None,
            message: Some(message),
        }
    }

    /// A row that a map made a record of.
    fn of(call: &Call<'_>, map: &TransformMap, status: Status, record: &Record) -> Self {
        let display = call.dictionary.table(record.id.table.as_str()).map(|table| table.display.to_string());
        let display_name = display.unwrap_or_default();
        let display_value = record.get(&display_name).map_or_else(String::new, ToString::to_string);
        let message = (status == Status::Ignored).then(|| "No field values changed".to_owned());
        Self {
            transform_map: map.name.clone(),
            table: record.id.table.to_string(),
            display_name,
            display_value,
            status,
            record: Some(record.id.sys_id),
            message,
        }
    }
}
