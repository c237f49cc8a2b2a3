//! What a scanned code stands for, and everything that was ever done to an asset.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use fieldline_service::TableError;
use fieldline_service::stock::{codes, history};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const CODE: &str = "/api/v1/codes/{code}";
const HISTORY: &str = "/api/v1/assets/{sys_id}/history";
/// Lines of a history one answer has unless more are asked for.
const USUAL_LINES: usize = 50;

pub fn endpoints() -> Vec<Endpoint> {
    let code = "Says which assets, parts, stockrooms and places a scanned code may stand for";
    let history = "Tells everything that was ever done to an asset, newest first";
    vec![
        endpoint("get", CODE, code, Content::Empty, (200, Content::Json("Meant")), get(meant)),
        endpoint("get", HISTORY, history, Content::Empty, (200, Content::Json("AssetHistory")), get(told)),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    if path == HISTORY { &["limit", "offset"] } else { &[] }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let meant = json!({ "type": "object", "properties": { "table": text, "sys_id": text, "name": text, "by": text } });
    let line = json!({ "type": "object", "properties": {
        "at": text, "kind": text, "what": text, "by": { "type": ["string", "null"] }, "table": text, "sys_id": text,
    } });
    json!({
        "Meant": { "type": "object", "required": ["code", "meant"], "properties": {
            "code": text, "meant": { "type": "array", "items": meant },
        } },
        "AssetHistory": { "type": "object", "required": ["total", "history"], "properties": {
            "total": { "type": "integer" }, "history": { "type": "array", "items": line },
        } },
    })
}

async fn meant(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(code): Path<String>,
) -> Result<Json<Value>, Problem> {
    let answer = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| {
            let meant = codes::resolve(call, &code)?;
            let shown = meant.iter().map(|one| {
                let table = call.dictionary.table(one.record.id.table.as_str());
                let name = table.map_or("", |table| one.record.text(table.display.as_str()));
                let id = &one.record.id;
                json!({ "table": id.table.as_str(), "sys_id": id.sys_id, "name": name, "by": one.by })
            });
            Ok::<_, TableError>(json!({ "code": code, "meant": shown.collect::<Vec<_>>() }))
        })
    });
    Ok(Json(answer.await?))
}

#[derive(Deserialize)]
struct Page {
    limit: Option<usize>,
    offset: Option<usize>,
}

async fn told(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(asset): Path<String>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let asset = given::sys_id(&asset)?;
    let Query(page) = page.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let (limit, offset) = (page.limit.unwrap_or(USUAL_LINES), page.offset.unwrap_or(0));
    let answer = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| {
            let (lines, total) = history::history(call, asset, limit, offset)?;
            let shown = lines.iter().map(|line| {
                json!({
                    "at": line.at.to_string(), "kind": line.kind, "what": line.what, "by": line.by,
                    "table": line.record.table.as_str(), "sys_id": line.record.sys_id,
                })
            });
            Ok::<_, TableError>(json!({ "total": total, "history": shown.collect::<Vec<_>>() }))
        })
    });
    Ok(Json(answer.await?))
}
