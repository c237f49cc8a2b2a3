//! Looking for records by words.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::routing::get;
use fieldline_service::{TableError, search};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Access, Content, Endpoint};
use crate::refusal::{Problem, Refusal};

/// Records indexed before somebody looks, so that what was just written is found.
pub const INDEXED_FIRST: u32 = 200;
/// Records indexed at once in an idle moment.
const INDEXED_AT_ONCE: u32 = 500;
/// How often it is looked whether something is due.
const LOOK_SECONDS: u64 = 1;
/// Hits answered when nobody says how many, and the most.
const HITS: u32 = 25;
const MOST_HITS: u32 = 200;

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint {
        method: "get",
        path: "/api/v1/search".to_owned(),
        summary: "Looks for records by words, the best first",
        access: Access::Person,
        request: Content::Empty,
        status: 200,
        answer: Content::Json("Hits"),
        handler: get(look),
    }]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let hit = json!({
        "type": "object",
        "required": ["table", "sys_id", "display_value", "score"],
        "properties": { "table": text, "sys_id": text, "number": text, "display_value": text, "score": { "type": "number" } },
    });
    json!({ "Hits": {
        "type": "object",
        "required": ["hits"],
        "properties": { "hits": { "type": "array", "items": hit } },
    } })
}

#[derive(Deserialize)]
struct Asked {
    /// The words; all of them must be there, or begin so.
    words: String,
    /// Tables with commas; every table when left out.
    tables: Option<String>,
    limit: Option<u32>,
}

async fn look(
    State(app): State<App>,
    Signed(caller): Signed,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let tables = asked.tables.as_deref().unwrap_or_default();
    let tables: Vec<String> =
        tables.split(',').map(str::trim).filter(|table| !table.is_empty()).map(str::to_owned).collect();
    let limit = asked.limit.unwrap_or(HITS).min(MOST_HITS);
    let hits = blocking(&app, move |server, now, rng| {
        server.index_due(INDEXED_FIRST, now, rng)?;
        server.read(&caller, now, rng, |call| {
            let hits = search::search(call, &asked.words, &tables, limit)?;
            Ok::<_, TableError>(hits.iter().map(|hit| shown(call, hit)).collect::<Vec<_>>())
        })
    })
    .await?;
    Ok(Json(json!({ "hits": hits })))
}

fn shown(call: &fieldline_service::Call<'_>, hit: &fieldline_storage::Hit) -> Value {
    let record = &hit.record;
    let display = call.dictionary.table(record.id.table.as_str()).and_then(|table| record.get(table.display.as_str()));
    json!({
        "table": record.id.table,
        "sys_id": record.id.sys_id,
        "number": record.text("number"),
        "display_value": display.map_or_else(String::new, ToString::to_string),
        "score": hit.score,
    })
}

/// Reads files that have come, one after the other, for as long as the server runs.
pub async fn keep_reading(app: App) -> std::convert::Infallible {
    loop {
        let read = blocking(&app, |server, now, rng| server.read_files(1, now, rng)).await;
        if !matches!(read, Ok(1)) {
            tokio::time::sleep(Duration::from_secs(LOOK_SECONDS)).await;
        }
    }
}

/// Indexes what is due, a little at a time, for as long as the server runs.
pub async fn keep_indexing(app: App) -> std::convert::Infallible {
    loop {
        let indexed = blocking(&app, |server, now, rng| server.index_due(INDEXED_AT_ONCE, now, rng)).await;
        match indexed {
            Ok(count) if count == INDEXED_AT_ONCE as usize => tokio::task::yield_now().await,
            _ => tokio::time::sleep(Duration::from_secs(LOOK_SECONDS)).await,
        }
    }
}
