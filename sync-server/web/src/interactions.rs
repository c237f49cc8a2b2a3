//! Calls as a switchboard tells of them: who it is, what is open for them, what came of it, and when to call back.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use fieldline_model::{Record, SysId};
use fieldline_service::cases::CASES;
use fieldline_service::interactions::phone::{self, Known};
use fieldline_service::interactions::{self, INTERACTIONS};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};
use crate::table::{record_input, texts};

const PATH: &str = "/api/v1/interactions";

pub fn endpoints() -> Vec<Endpoint> {
    let at = |what: &str| format!("{PATH}{what}");
    let callers = "Says whose a phone number is, however it is written, and what is open for them";
    let opened = "Opens an interaction, such as a call from phone_number, and says who it could be with";
    let linked = "Says that a task is what an interaction is about";
    let case = "Opens a case for an interaction, with what is known of it";
    let closed = "Ends an interaction with what came of it";
    let called = "Asks for a call at a moment, when it is offered to agents";
    let (nothing, one) = (Content::Empty, (200, Content::Json("Interaction")));
    vec![
        endpoint("get", at("/callers"), callers, nothing, (200, Content::Json("Callers")), get(callers_of)),
        endpoint(
            "post",
            PATH,
            opened,
            Content::Json(INTERACTIONS),
            (201, Content::Json("InteractionOpened")),
            post(open),
        ),
        endpoint("post", at("/{sys_id}/link"), linked, Content::Json("TaskAsk"), one, post(link)),
        endpoint(
            "post",
            at("/{sys_id}/case"),
            case,
            Content::Json(CASES),
            (201, Content::Json("Interaction")),
            post(open_case),
        ),
        endpoint("post", at("/{sys_id}/close"), closed, Content::Json("WrapUp"), one, post(close)),
        endpoint("post", at("/{sys_id}/callback"), called, Content::Json("CallbackAsk"), one, post(call_back)),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    if path.strip_prefix(PATH) == Some("/callers") { &["number"] } else { &[] }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let list = |item: &Value| json!({ "type": "array", "items": item });
    let brief =
        json!({ "type": "object", "properties": { "sys_id": text, "table": text, "number": text, "title": text } });
    let caller = json!({ "type": "object", "properties": { "person": brief, "account": brief, "open": list(&brief) } });
    json!({
        "Interaction": { "type": "object", "required": ["sys_id"], "properties": { "sys_id": text, "table": text, "number": text } },
        "InteractionOpened": { "type": "object", "required": ["interaction", "callers"], "properties": {
            "interaction": brief, "callers": list(&caller),
        } },
        "Callers": { "type": "object", "required": ["callers"], "properties": { "callers": list(&caller) } },
        "WrapUp": { "type": "object", "required": ["wrap_up_code"], "properties": { "wrap_up_code": text, "wrap_up_notes": text } },
        "CallbackAsk": { "type": "object", "required": ["at"], "properties": { "at": text, "phone_number": text } },
    })
}

fn brief(record: &Record) -> Value {
    let title = ["short_description", "name"].into_iter().map(|field| record.text(field)).find(|text| !text.is_empty());
    json!({
        "sys_id": record.id.sys_id,
        "table": record.id.table.as_str(),
        "number": record.text("number"),
        "title": title.unwrap_or_default(),
    })
}

fn known(known: &[Known]) -> Value {
    let shown = |known: &Known| {
        let open: Vec<Value> = known.tasks.iter().map(brief).collect();
        json!({ "person": brief(&known.person), "account": known.account.as_ref().map(brief), "open": open })
    };
    known.iter().map(shown).collect()
}

async fn callers_of(
    State(app): State<App>,
    Signed(caller): Signed,
    asked: Result<Query<BTreeMap<String, String>>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(mut asked) = asked.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let number = asked.remove("number").unwrap_or_default();
    let found =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| phone::known(call, &number)));
    Ok(Json(json!({ "callers": known(&found.await?) })))
}

async fn open(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let fields = texts(crate::body::json(&headers, body).await?)?;
    let opened = blocking(&app, move |server, now, rng| {
        let input = record_input(server, INTERACTIONS, fields, false);
        server.write(&caller, now, rng, |call| interactions::open(call, input))
    });
    let (interaction, callers) = opened.await?;
    let shown = json!({ "interaction": brief(&interaction), "callers": known(&callers) });
    Ok((StatusCode::CREATED, Json(shown)))
}

#[derive(Deserialize)]
struct TaskAsk {
    task: SysId,
}

async fn link(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let (id, asked): (_, TaskAsk) = (given::sys_id(&id)?, crate::body::json(&headers, body).await?);
    let linked = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| interactions::link(call, id, asked.task))
    });
    Ok(Json(brief(&linked.await?)))
}

async fn open_case(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (id, fields) = (given::sys_id(&id)?, texts(crate::body::json(&headers, body).await?)?);
    let opened = blocking(&app, move |server, now, rng| {
        let input = record_input(server, CASES, fields, false);
        server.write(&caller, now, rng, |call| interactions::open_case(call, id, input))
    });
    Ok((StatusCode::CREATED, Json(brief(&opened.await?))))
}

#[derive(Deserialize)]
struct WrapUp {
    wrap_up_code: String,
    #[serde(default)]
    wrap_up_notes: String,
}

async fn close(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let (id, said): (_, WrapUp) = (given::sys_id(&id)?, crate::body::json(&headers, body).await?);
    let closed = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| interactions::close(call, id, &said.wrap_up_code, &said.wrap_up_notes))
    });
    Ok(Json(brief(&closed.await?)))
}

#[derive(Deserialize)]
struct CallbackAsk {
    at: String,
    phone_number: Option<String>,
}

async fn call_back(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let (id, asked): (_, CallbackAsk) = (given::sys_id(&id)?, crate::body::json(&headers, body).await?);
    let at = given::moment("at", &asked.at)?;
    let noted = blocking(&app, move |server, now, rng| {
        let number = asked.phone_number.as_deref();
        server.write(&caller, now, rng, |call| interactions::request_callback(call, id, at, number))
    });
    Ok(Json(brief(&noted.await?)))
}
