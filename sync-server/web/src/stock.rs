//! What there is of each part, and the rights of devices to take some without asking.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{delete, get, post};
use fieldline_model::{DocumentId, Record, SysId, Value as FieldValue};
use fieldline_service::stock::{self, Asked, Place, report};
use fieldline_service::{Call, TableError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/stock";

pub fn endpoints() -> Vec<Endpoint> {
    let what = "Says what is on hand, leased and available of each part, and shows the movements that say why";
    let ask = "Leases parts of a stockroom to the device that asks, as many as are free up to what it asks for";
    let back = "Ends a lease, so that what is left of it is free";
    let leases = format!("{PATH}/leases");
    vec![
        endpoint("get", PATH, what, Content::Empty, (200, Content::Json("Stock")), get(on_hand)),
        endpoint("post", leases.clone(), ask, Content::Json("LeaseAsk"), (201, Content::Json("Lease")), post(lease)),
        endpoint(
            "post",
            format!("{PATH}/requirements/{{sys_id}}/source"),
            "Sources a part that a task needs: a transfer order brings it to the technician's van",
            Content::Json("SourceAsk"),
            (201, Content::Json("Sourced")),
            post(source),
        ),
        endpoint(
            "delete",
            format!("{leases}/{{sys_id}}"),
            back,
            Content::Empty,
            (200, Content::Json("Lease")),
            delete(give_back),
        ),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    if path == PATH { &["stockroom", "model"] } else { &[] }
}

pub fn schemas() -> Value {
    let (text, number) = (json!({ "type": "string" }), json!({ "type": "integer" }));
    let named = json!({ "type": "object", "properties": { "sys_id": text, "name": text } });
    let movement = json!({ "type": "object", "properties": {
        "sys_id": text, "kind": text, "quantity": number, "asset": { "type": ["string", "null"] },
        "cause_table": text, "cause": text, "moved_by": { "type": ["string", "null"] }, "moved_at": text,
        "received_at": text, "verified": { "type": "boolean" }, "reason": text,
    } });
    let part = json!({ "type": "object", "required": ["stockroom", "model", "on_hand", "leased", "reserved", "available"],
        "properties": {
            "stockroom": named, "model": named, "on_hand": number, "leased": number, "reserved": number,
            "available": number,
            "movements": { "type": "array", "items": movement },
        } });
    json!({
        "Stock": { "type": "object", "required": ["stock"], "properties": {
            "stock": { "type": "array", "items": part },
        } },
        "SourceAsk": { "type": "object", "required": ["from_stockroom"], "properties": {
            "from_stockroom": text, "to_stockroom": text,
        } },
        "Sourced": { "type": "object", "required": ["transfer_order", "number", "stage"], "properties": {
            "transfer_order": text, "number": text, "stage": text,
        } },
        "LeaseAsk": { "type": "object", "required": ["stockroom", "model", "quantity"], "properties": {
            "stockroom": text, "model": text, "quantity": number,
        } },
        "Lease": { "type": "object", "required": ["sys_id", "granted", "used", "state"], "properties": {
            "sys_id": text, "device": text, "stockroom": text, "model": text, "granted": number, "used": number,
            "state": text, "expires_at": { "type": ["string", "null"] },
        } },
    })
}

#[derive(Deserialize)]
struct Which {
    stockroom: Option<String>,
    model: Option<String>,
}

async fn on_hand(
    State(app): State<App>,
    Signed(caller): Signed,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(which) = which.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let id = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(given::sys_id).transpose();
    let wanted = report::Wanted { stockroom: id(which.stockroom.as_deref())?, model: id(which.model.as_deref())? };
    let answer = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| {
            let parts = report::stock(call, wanted)?;
            let shown: Result<Vec<Value>, TableError> = parts.iter().map(|part| part_shown(call, part)).collect();
            Ok::<_, TableError>(json!({ "stock": shown? }))
        })
    });
    Ok(Json(answer.await?))
}

fn part_shown(call: &Call<'_>, part: &report::Standing) -> Result<Value, TableError> {
    let named = |table: &str, id: SysId, field: &str| -> Result<Value, TableError> {
        let row = call.tx.record(&DocumentId::new(table, id))?;
        Ok(json!({ "sys_id": id, "name": row.as_ref().map_or("", |(_, row)| row.text(field)) }))
    };
    Ok(json!({
        "stockroom": named("alm_stockroom", part.place.stockroom, "name")?,
        "model": named("cmdb_model", part.place.model, "display_name")?,
        "on_hand": part.on_hand,
        "leased": part.leased,
        "reserved": part.reserved,
        "available": part.available,
        "movements": part.movements.iter().map(movement).collect::<Vec<_>>(),
    }))
}

fn movement(row: &Record) -> Value {
    let moment = |field: &str| row.time(field).map(|time| time.to_string());
    json!({
        "sys_id": row.id.sys_id,
        "kind": row.text("kind"),
        "quantity": row.get("quantity").and_then(FieldValue::as_integer),
        "asset": row.reference("asset"),
        "cause_table": row.text("cause_table"),
        "cause": row.text("cause"),
        "moved_by": row.reference("moved_by"),
        "moved_at": moment("moved_at"),
        "received_at": moment("received_at"),
        "verified": row.says("verified"),
        "reason": row.text("reason"),
    })
}

#[derive(Deserialize)]
struct LeaseAsk {
    stockroom: SysId,
    model: SysId,
    quantity: i64,
}

async fn lease(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<(axum::http::StatusCode, Json<Value>), Problem> {
    let LeaseAsk { stockroom, model, quantity } = crate::body::json(&headers, body).await?;
    let asked = Asked { place: Place { stockroom, model }, quantity };
    let lease = blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| stock::ask(call, asked)));
    Ok((axum::http::StatusCode::CREATED, Json(lease_shown(&lease.await?))))
}

async fn give_back(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(lease): Path<String>,
) -> Result<Json<Value>, Problem> {
    let lease = given::sys_id(&lease)?;
    let ended =
        blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| stock::give_back(call, lease)));
    Ok(Json(lease_shown(&ended.await?)))
}

#[derive(Deserialize)]
struct SourceAsk {
    from_stockroom: SysId,
    to_stockroom: Option<SysId>,
}

async fn source(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(requirement): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(axum::http::StatusCode, Json<Value>), Problem> {
    let requirement = given::sys_id(&requirement)?;
    let SourceAsk { from_stockroom, to_stockroom } = crate::body::json(&headers, body).await?;
    let source = stock::Source { from: from_stockroom, to: to_stockroom };
    let order = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| stock::source(call, requirement, source))
    });
    let order = order.await?;
    let (number, stage) = (order.text("number"), order.text("stage"));
    let answer = json!({ "transfer_order": order.id.sys_id, "number": number, "stage": stage });
    Ok((axum::http::StatusCode::CREATED, Json(answer)))
}

fn lease_shown(row: &Record) -> Value {
    let number = |field: &str| row.get(field).and_then(FieldValue::as_integer).unwrap_or(0);
    json!({
        "sys_id": row.id.sys_id,
        "device": row.text("device"),
        "stockroom": row.reference("stockroom"),
        "model": row.reference("model"),
        "granted": number("granted"),
        "used": number("used"),
        "state": row.text("state"),
        "expires_at": row.time("expires_at").map(|time| time.to_string()),
    })
}
