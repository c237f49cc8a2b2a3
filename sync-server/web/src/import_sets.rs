//! The Import Set API: rows into a staging table, and what its transform maps made of them. Its answers are not wrapped.
//!
//! Everything is transformed before the answer, `insertMultiple` too, in transactions of some rows each.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use fieldline_model::{DocumentId, SysId};
use fieldline_service::import_sets::{self, ImportSet, Transformed};
use fieldline_service::{Call, TableError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::asking::Ask;
use crate::caller::blocking;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::links::Origin;
use crate::refusal::{Failure, Refusal, TABLE_CONTENT_TYPE};
use crate::table::{link, texts};

/// Rows of one transaction of `insertMultiple`.
const ROWS_AT_ONCE: usize = 50;

pub fn endpoints() -> Vec<Endpoint> {
    let (row, result) = (Content::Json("ImportRow"), Content::Json("ImportResult"));
    let (rows, sets) = (Content::Json("ImportRows"), Content::Json("ImportSets"));
    let transforms = "Puts a row into a staging table and transforms it";
    let many = "Puts rows into a staging table and transforms them";
    let reads = "Says what became of a row";
    versioned(
        "/api/now/{v}import/{staging}",
        vec![
            endpoint("post", "", transforms, row, (201, result), post(insert)),
            endpoint("post", "/insertMultiple", many, rows, (201, sets), post(insert_multiple)),
            endpoint("get", "/{sys_id}", reads, Content::Empty, (200, result), get(read)),
        ],
    )
}

async fn insert(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let row = texts(flattened(ask.json(body).await?))?;
    let answer = ask.write(&app, move |ask, call| {
        let set = open(ask, call)?;
        let (_, results) = import_sets::load(call, &set, 0, &row)?;
        import_sets::close(call, &set)?;
        Ok(described(&set, results, &ask.origin))
    });
    Ok(plain(StatusCode::CREATED, &answer.await?))
}

async fn read(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let row = ask.sys_id("sys_id")?;
    let answer = ask.read(&app, move |ask, call| {
        let (set, results) = import_sets::read(call, ask.name("staging"), row)?;
        Ok(described(&set, results, &ask.origin))
    });
    Ok(plain(StatusCode::OK, &answer.await?))
}

#[derive(Deserialize)]
struct Rows {
    records: Vec<Value>,
}

async fn insert_multiple(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let Rows { records } = ask.json(body).await?;
    let rows: Vec<Row> = records.into_iter().map(Row::read).collect();
    let asked_for = ask.parameter("multi_import_set_id").map(str::to_owned);
    let set = blocking(&app, move |server, now, rng| {
        let set = server.write(&ask.caller, now, rng, |call| open(&ask, call))?;
        for (chunk, rows) in rows.chunks(ROWS_AT_ONCE).enumerate() {
            server.write(&ask.caller, now, rng, |call| load(call, &set, chunk * ROWS_AT_ONCE, rows))?;
        }
        server.write(&ask.caller, now, rng, |call| import_sets::close(call, &set))?;
        Ok::<_, Refusal>(set.sys_id.to_string())
    })
    .await?;
    let several = asked_for.unwrap_or_else(|| set.clone());
    Ok(plain(StatusCode::CREATED, &json!({ "import_set_id": set, "multi_import_set_id": several })))
}

/// A row as it was sent: its columns, or what is wrong with it.
enum Row {
    Columns(BTreeMap<String, String>),
    Unreadable { sent: String, problem: String },
}

impl Row {
    fn read(row: Value) -> Self {
        let sent = row.to_string();
        match texts(flattened(row)) {
            Ok(columns) => Self::Columns(columns),
            Err(problem) => Self::Unreadable { sent, problem: problem.to_string() },
        }
    }
}

fn load(call: &mut Call<'_>, set: &ImportSet, before: usize, rows: &[Row]) -> Result<(), TableError> {
    for (index, row) in rows.iter().enumerate() {
        let number = i64::try_from(before + index).unwrap_or(i64::MAX);
        match row {
            Row::Columns(columns) => drop(import_sets::load(call, set, number, columns)?),
            Row::Unreadable { sent, problem } => {
                import_sets::refuse(call, set, number, sent, problem.clone())?;
            }
        }
    }
    Ok(())
}

fn open(ask: &Ask, call: &mut Call<'_>) -> Result<ImportSet, Refusal> {
    let staging = ask.name("staging");
    if !import_sets::is_staging(call, staging)? {
        return Err(Refusal::UnknownTable(staging.chars().take(80).collect()));
    }
    Ok(import_sets::open(call, staging)?)
}

/// Columns hold text; what is nested is kept as the JSON it is.
fn flattened(row: Value) -> Value {
    let flat = |value: Value| match value {
        Value::Object(_) | Value::Array(_) => value.to_string().into(),
        plain => plain,
    };
    match row {
        Value::Object(columns) => columns.into_iter().map(|(name, value)| (name, flat(value))).collect(),
        other => other,
    }
}

fn described(set: &ImportSet, results: Vec<Transformed>, origin: &Origin) -> Value {
    let results: Vec<Value> = results.into_iter().map(|result| entry(result, origin)).collect();
    json!({ "import_set": set.number, "staging_table": set.staging, "result": results })
}

fn entry(result: Transformed, origin: &Origin) -> Value {
    let at = |record: SysId| link(&DocumentId::new(result.table.as_str(), record), origin);
    let mut entry = json!({
        "transform_map": result.transform_map,
        "table": result.table,
        "display_name": result.display_name,
        "display_value": result.display_value,
        "record_link": result.record.map(at).unwrap_or_default(),
        "status": result.status.word(),
        "sys_id": result.record.map(|record| record.to_string()).unwrap_or_default(),
    });
    if let Some(message) = result.message {
        entry[result.status.message_name()] = message.into();
    }
    entry
}

fn plain(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, TABLE_CONTENT_TYPE)], body.to_string()).into_response()
}

/// What its bodies look like.
pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let result = json!({
        "type": "object",
        "required": ["transform_map", "table", "display_name", "display_value", "record_link", "status", "sys_id"],
        "properties": {
            "transform_map": text, "table": text, "display_name": text, "display_value": text,
            "record_link": text, "sys_id": text, "status_message": text, "error_message": text,
            "status": { "enum": ["inserted", "updated", "ignored", "skipped", "error"] },
        },
    });
    json!({
        "ImportRow": {
            "type": "object",
            "description": "Values by column of the staging table; what is nested is kept as JSON text",
            "additionalProperties": true,
        },
        "ImportRows": {
            "type": "object",
            "required": ["records"],
            "properties": { "records": { "type": "array", "items": { "$ref": "#/components/schemas/ImportRow" } } },
        },
        "ImportResult": {
            "type": "object",
            "required": ["import_set", "staging_table", "result"],
            "properties": { "import_set": text, "staging_table": text, "result": { "type": "array", "items": result } },
        },
        "ImportSets": {
            "type": "object",
            "required": ["import_set_id", "multi_import_set_id"],
            "properties": { "import_set_id": text, "multi_import_set_id": text },
        },
    })
}
