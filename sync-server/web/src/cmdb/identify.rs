//! The Identification and Reconciliation API: what a source says about many items at once, written or only tried.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use fieldline_service::cmdb::{self, payload::Payload};
use serde_json::{Value, json};

use crate::App;
use crate::asking::Ask;
use crate::caller::blocking;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};
use crate::table::answered;

/// Items of one request, which are written in one transaction.
const ITEMS_AT_MOST: usize = 1_000;

pub fn endpoints() -> Vec<Endpoint> {
    let payload = Content::Json("IdentifyPayload");
    let endpoint = |path, summary, handler| {
        endpoint("post", path, summary, payload, (200, Content::Json("IdentifyResult")), handler)
    };
    let (writes, tries) = ("Writes what a source says about items", "Says what would be written about items");
    versioned(
        "/api/now/{v}identifyreconcile",
        vec![
            endpoint("", writes, post(reconcile)),
            endpoint("/enhanced", writes, post(reconcile)),
            endpoint("/query", tries, post(rehearse)),
            endpoint("/queryEnhanced", tries, post(rehearse)),
        ],
    )
}

async fn payload(ask: &Ask, body: Body) -> Result<Payload, Refusal> {
    let payload: Payload = ask.json(body).await?;
    match payload.items.len() + payload.relations.len() <= 2 * ITEMS_AT_MOST && payload.items.len() <= ITEMS_AT_MOST {
        true => Ok(payload),
        false => Err(Refusal::Malformed(format!("send at most {ITEMS_AT_MOST} items and as many relations at once"))),
    }
}

async fn reconcile(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let payload = payload(&ask, body).await?;
    let outcome = ask.write(&app, move |ask, call| {
        let source = ask.parameter("data_source").unwrap_or_default();
        Ok(cmdb::reconcile(call, source, &payload)?)
    });
    Ok(answered(StatusCode::OK, json!(outcome.await?)))
}

async fn rehearse(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let payload = payload(&ask, body).await?;
    let outcome = blocking(&app, move |server, now, rng| {
        let source = ask.parameter("data_source").unwrap_or_default();
        cmdb::rehearse(server, &ask.caller, source, &payload, (now, rng))
    });
    Ok(answered(StatusCode::OK, json!(outcome.await?)))
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let id = json!({ "type": ["string", "integer", "null"] });
    let index = json!({ "type": ["integer", "null"], "minimum": 0 });
    let companion = json!({
        "type": "object",
        "required": ["className"],
        "properties": { "className": text, "internal_id": id, "values": { "type": "object" } },
    });
    let companions = json!({ "type": "array", "items": companion });
    let item = json!({
        "type": "object",
        "required": ["className"],
        "properties": {
            "className": text, "internal_id": id, "values": { "type": "object" },
            "lookup": companions, "related": companions, "settings": { "type": "object" },
            "sys_object_source_info": { "type": ["object", "null"] },
        },
    });
    let relation = json!({
        "type": "object",
        "required": ["type"],
        "properties": { "parent": index, "child": index, "parent_id": id, "child_id": id, "type": text },
    });
    let operation = json!({ "enum": [
        "INSERT", "UPDATE", "UPDATE_WITH_UPGRADE", "UPDATE_WITH_DOWNGRADE", "UPDATE_WITH_SWITCH", "NO_CHANGE",
        "INSERT_AS_INCOMPLETE",
    ] });
    let outcome = json!({
        "type": "object",
        "required": ["className", "operation", "sysId", "inputIndices", "errorCount"],
        "properties": {
            "className": text, "operation": operation, "sysId": text, "errorCount": number,
            "inputIndices": { "type": "array", "items": number },
            "errors": { "type": "array", "items": { "type": "object" } },
        },
    });
    let outcomes = json!({ "type": "array", "items": outcome });
    let result = json!({
        "type": "object",
        "required": ["items", "relations"],
        "properties": { "items": outcomes, "relations": outcomes },
    });
    json!({
        "IdentifyPayload": {
            "type": "object",
            "required": ["items"],
            "properties": {
                "items": { "type": "array", "items": item, "maxItems": ITEMS_AT_MOST },
                "relations": { "type": "array", "items": relation },
                "referenceItems": { "type": "array", "items": { "type": "object" } },
            },
        },
        "IdentifyResult": { "type": "object", "required": ["result"], "properties": { "result": result } },
    })
}
