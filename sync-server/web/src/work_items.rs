//! What agents do with the work they are offered, and whether they are there for it.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post, put};
use fieldline_model::{Record, SysId};
use fieldline_service::work_items::{self, To, Waiting};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/work-items";
const PRESENCE: &str = "/api/v1/presence";

pub fn endpoints() -> Vec<Endpoint> {
    let at = |what: &str| format!("{PATH}/{{sys_id}}/{what}");
    let inbox = "Lists what the caller is offered and what they have, the most urgent first";
    let accepts = "Takes what the caller is offered: its record is theirs from now on";
    let rejects = "Declines what the caller is offered, so that others are asked";
    let hands = "Hands what the caller has to another queue or agent";
    let is_there = "Says whether the caller is there";
    let comes = "Says that the caller is in a presence state from now on";
    let (nothing, done, presence) = (Content::Empty, (204, Content::Empty), (200, Content::Json("Presence")));
    vec![
        endpoint("get", PATH, inbox, nothing, (200, Content::Json("Inbox")), get(list)),
        endpoint("post", at("accept"), accepts, nothing, (200, Content::Json("WorkItem")), post(accept)),
        endpoint("post", at("reject"), rejects, Content::Json("Rejection"), done, post(reject)),
        endpoint("post", at("hand-over"), hands, Content::Json("HandOver"), done, post(hand_over)),
        endpoint("get", PRESENCE, is_there, nothing, presence, get(presence_now)),
        endpoint("put", PRESENCE, comes, Content::Json("PresenceAsk"), presence, put(set_presence)),
    ]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let item = json!({ "type": "object", "required": ["sys_id", "state"], "properties": {
        "sys_id": text, "state": { "enum": ["pending_accept", "accepted"] }, "table": text, "record": text, "number": text, "title": text,
        "priority": { "type": ["integer", "null"] }, "accept_until": { "type": ["string", "null"] },
    } });
    json!({
        "WorkItem": item,
        "Inbox": { "type": "object", "required": ["items"], "properties": { "items": { "type": "array", "items": item } } },
        "Rejection": { "type": "object", "properties": { "reason": text } },
        "HandOver": { "type": "object", "description": "Either a queue or an agent", "properties": { "queue": text, "agent": text } },
        "Presence": { "type": "object", "required": ["state"], "properties": { "state": { "type": ["string", "null"] }, "since": { "type": ["string", "null"] } } },
        "PresenceAsk": { "type": "object", "required": ["state"], "properties": { "state": text } },
    })
}

fn shown(item: &Record, record: Option<&Record>) -> Value {
    let moment = |field: &str| item.time(field).map(|at| at.to_string());
    json!({
        "sys_id": item.id.sys_id,
        "state": item.text("state"),
        "table": item.text("document_table"),
        "record": item.text("document_id"),
        "number": record.map_or("", |record| record.text("number")),
        "title": record.map_or("", |record| record.text("short_description")),
        "priority": item.get("priority").and_then(|priority| priority.to_string().parse::<i64>().ok()),
        "accept_until": moment("accept_until"),
    })
}

async fn list(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Value>, Problem> {
    let inbox = blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| work_items::inbox(call)));
    let items: Vec<Value> = inbox.await?.iter().map(|Waiting { item, record }| shown(item, record.as_ref())).collect();
    Ok(Json(json!({ "items": items })))
}

async fn accept(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let id = given::sys_id(&id)?;
    let item =
        blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| work_items::accept(call, id)));
    Ok(Json(shown(&item.await?, None)))
}

#[derive(Deserialize, Default)]
struct Rejection {
    reason: Option<SysId>,
}

async fn reject(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let id = given::sys_id(&id)?;
    let said: Rejection = crate::body::json_if_any(&headers, body).await?.unwrap_or_default();
    let done = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| work_items::reject(call, id, said.reason))
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct HandOver {
    queue: Option<SysId>,
    agent: Option<SysId>,
}

async fn hand_over(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let (id, said): (_, HandOver) = (given::sys_id(&id)?, crate::body::json(&headers, body).await?);
    let to = match (said.queue, said.agent) {
        (Some(queue), None) => To::Queue(queue),
        (None, Some(agent)) => To::Agent(agent),
        _ => return Err(Problem(Refusal::Malformed("send either a queue or an agent to hand it to".into()))),
    };
    let done = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| work_items::hand_over(call, id, to))
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn presence_shown(row: Option<&Record>) -> Value {
    let state = row.and_then(|row| row.reference("current_presence_state"));
    let since = row.and_then(|row| row.time("since")).map(|since| since.to_string());
    json!({ "state": state, "since": since })
}

async fn presence_now(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Value>, Problem> {
    let row = blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| work_items::presence(call)));
    Ok(Json(presence_shown(row.await?.as_ref())))
}

#[derive(Deserialize)]
struct PresenceAsk {
    state: SysId,
}

async fn set_presence(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: PresenceAsk = crate::body::json(&headers, body).await?;
    let row = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| work_items::set_presence(call, asked.state))
    });
    Ok(Json(presence_shown(Some(&row.await?))))
}
