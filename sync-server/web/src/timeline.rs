//! What happened to a record and all it is linked with, in one answer.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use fieldline_service::timeline::{self, Audience};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/records/{table}/{sys_id}/timeline";

pub fn endpoints() -> Vec<Endpoint> {
    let tell = "Tells what happened to a record and everything linked with it, in order, for those who work on it or its customer";
    vec![endpoint("get", PATH, tell, Content::Empty, (200, Content::Json("Timeline")), get(told))]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    if path == PATH { &["audience"] } else { &[] }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let of = |properties: Value| json!({ "type": "array", "items": { "type": "object", "properties": properties } });
    json!({ "Timeline": { "type": "object", "required": ["records", "links", "entries", "is_cut"], "properties": {
        "records": of(json!({ "table": text, "sys_id": text, "number": text, "title": text, "state": text })),
        "links": of(json!({ "from": text, "field": text, "to": text })),
        "entries": of(json!({ "at": text, "number": text, "kind": text, "by": { "type": ["string", "null"] }, "text": text })),
        "is_cut": { "type": "boolean", "description": "Whether there is more than is told" },
    } } })
}

#[derive(Deserialize)]
struct Asked {
    audience: Option<String>,
}

async fn told(
    State(app): State<App>,
    Signed(caller): Signed,
    Path((table, sys_id)): Path<(String, String)>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let sys_id = given::sys_id(&sys_id)?;
    let audience = match asked.audience.as_deref() {
        None | Some("" | "agent") => Audience::Agent,
        Some("customer") => Audience::Customer,
        Some(_) => return Err(Refusal::Malformed("audience: is agent or customer".into()).into()),
    };
    let told = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| timeline::timeline(call, &table, sys_id, audience))
    });
    Ok(Json(serde_json::to_value(told.await?).map_err(|_| Refusal::Broken)?))
}
