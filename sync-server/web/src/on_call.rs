//! Who is on call, and that somebody takes what the people on call are told of.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use fieldline_model::{DocumentId, SysId};
use fieldline_service::on_call::{self, OnCall};
use fieldline_service::{Call, TableError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/on-call";

pub fn endpoints() -> Vec<Endpoint> {
    let who = "Says who is on call now or at a moment, by group, shift and roster";
    let take = "Takes a task that the people on call are being told of, so that nobody else is";
    let taken = (200, Content::Json("Acknowledged"));
    vec![
        endpoint("get", PATH, who, Content::Empty, (200, Content::Json("OnCall")), get(now)),
        endpoint(
            "post",
            format!("{PATH}/escalations/{{sys_id}}/acknowledge"),
            take,
            Content::Empty,
            taken,
            post(acknowledge),
        ),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    if path == PATH { &["group", "at"] } else { &[] }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let person = json!({ "type": ["object", "null"], "properties": { "sys_id": text, "name": text } });
    let named = json!({ "type": "object", "properties": { "sys_id": text, "name": text } });
    let duty = json!({ "type": "object", "required": ["group", "rota", "roster", "level", "user"], "properties": {
        "group": named, "rota": named, "roster": named, "level": { "type": "integer", "description": "1 is the primary roster" },
        "user": person, "instead_of": person,
    } });
    json!({
        "OnCall": { "type": "object", "required": ["at", "on_call"], "properties": {
            "at": text, "on_call": { "type": "array", "items": duty },
        } },
        "Acknowledged": { "type": "object", "required": ["sys_id", "state"], "properties": { "sys_id": text, "state": text } },
    })
}

#[derive(Deserialize)]
struct Asked {
    group: Option<String>,
    at: Option<String>,
}

async fn now(
    State(app): State<App>,
    Signed(caller): Signed,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let group = asked.group.as_deref().filter(|group| !group.is_empty()).map(given::sys_id).transpose()?;
    let at = asked.at.as_deref().map(|at| given::moment("at", at)).transpose()?;
    let answer = blocking(&app, move |server, now, rng| {
        let at = at.unwrap_or(now);
        server.read(&caller, now, rng, |call| {
            let on_call = on_call::on_call(call, group, at)?;
            let shown: Result<Vec<Value>, TableError> = on_call.iter().map(|duty| shown(call, duty)).collect();
            Ok::<_, TableError>(json!({ "at": at.to_string(), "on_call": shown? }))
        })
    });
    Ok(Json(answer.await?))
}

fn shown(call: &Call<'_>, duty: &OnCall) -> Result<Value, TableError> {
    let named = |table: &str, id: SysId| -> Result<Value, TableError> {
        let row = call.tx.record(&DocumentId::new(table, id))?;
        Ok(json!({ "sys_id": id, "name": row.as_ref().map_or("", |(_, row)| row.text("name")) }))
    };
    let person = |user: Option<SysId>| user.map_or(Ok(Value::Null), |user| named("sys_user", user));
    let part = |(id, name): &(SysId, String)| json!({ "sys_id": id, "name": name });
    Ok(json!({
        "group": named("sys_user_group", duty.group)?,
        "rota": part(&duty.rota),
        "roster": part(&duty.roster),
        "level": duty.level,
        "user": person(duty.user)?,
        "instead_of": person(duty.instead_of)?,
    }))
}

async fn acknowledge(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(escalation): Path<String>,
) -> Result<Json<Value>, Problem> {
    let escalation = given::sys_id(&escalation)?;
    let taken = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| on_call::acknowledge(call, escalation))
    });
    let taken = taken.await?;
    Ok(Json(json!({ "sys_id": taken.id.sys_id, "state": taken.text("state") })))
}
