//! Why a record holds what it holds.

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use fieldline_service::explain::{self, Explanation};
use serde_json::{Value, json};

use super::Asked;
use crate::App;
use crate::caller::blocking;
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::refusal::{Problem, Refusal};

pub fn endpoints() -> Vec<Endpoint> {
    let path = "/api/v1/records/{table}/{sys_id}/explanation";
    let summary = "Says of each field who or which rule wrote it, when, and in place of what";
    vec![endpoint("get", path, summary, Content::Empty, (200, Content::Json("Explanation")), get(explain_record))]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let line = json!({
        "type": "object",
        "required": ["field", "value", "by", "why"],
        "properties": { "field": text, "value": text, "old": text, "by": text, "at": text, "why": text },
    });
    json!({ "Explanation": {
        "type": "object",
        "required": ["fields"],
        "properties": { "fields": { "type": "array", "items": line } },
    } })
}

async fn explain_record(State(app): State<App>, asked: Result<Asked, super::Failure>) -> Result<Json<Value>, Problem> {
    let asked = asked.map_err(|failure| failure.0)?;
    let sys_id = asked.sys_id()?;
    let lines = blocking(&app, move |server, now, rng| {
        let table = asked.view.table.name.as_str();
        asked.who.read(server, now, rng, |call| explain::explain(call, table, sys_id).map_err(Refusal::from))
    })
    .await?;
    Ok(Json(json!({ "fields": lines.iter().map(line).collect::<Vec<_>>() })))
}

fn line(said: &Explanation) -> Value {
    let Explanation { field, value, old, by, at, why } = said;
    let value = value.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut line = json!({ "field": field.as_str(), "value": value, "by": by, "why": why });
    if let Some(old) = old {
        line["old"] = json!(old);
    }
    if let Some(at) = at {
        line["at"] = json!(at.to_rfc3339());
    }
    line
}
