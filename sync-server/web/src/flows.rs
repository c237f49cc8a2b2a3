//! Flows: begun by other systems, and tried on the records there are.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use fieldline_model::SysId;
use fieldline_service::flows::{self, trial};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::Problem;

/// How far back a trial looks unless told otherwise: a day.
const USUAL_MILLISECONDS: i64 = 86_400_000;

pub fn endpoints() -> Vec<Endpoint> {
    let at = |what: &str| format!("/api/v1/flows/{{sys_id}}/{what}");
    let (begin, begun) = (Content::Json("FlowStart"), Content::Json("FlowRun"));
    let (ask, trials) = (Content::Json("FlowTrialAsk"), Content::Json("FlowTrials"));
    let calls = "Begins a run of a flow that waits to be called; what is sent is what the run knows as body";
    let tries = "Shows what a flow would do about the records that changed since a moment, and undoes it";
    vec![
        endpoint("post", at("start"), "Begins a run of a flow about a record", begin, (201, begun), post(start)),
        endpoint("post", at("call"), calls, Content::Json("FlowCall"), (202, Content::Json("FlowRun")), post(call)),
        endpoint("post", at("trial"), tries, ask, (200, trials), post(try_out)),
    ]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let step = json!({
        "type": "object",
        "required": ["step", "message"],
        "properties": { "step": text, "message": text },
    });
    let trial = json!({
        "type": "object",
        "required": ["table", "sys_id", "number", "steps"],
        "properties": {
            "table": text, "sys_id": text, "number": text, "problem": { "type": ["string", "null"] },
            "steps": { "type": "array", "items": step },
        },
    });
    json!({
        "FlowStart": {
            "type": "object", "required": ["table", "record"], "properties": { "table": text, "record": text },
        },
        "FlowCall": { "description": "Any JSON; an Idempotency-Key makes a repeated call name the run it began at first" },
        "FlowRun": { "type": "object", "required": ["run"], "properties": { "run": text } },
        "FlowTrialAsk": {
            "type": "object",
            "properties": {
                "since": { "type": "string", "format": "date-time", "description": "A day ago when left out" },
                "limit": { "type": "integer", "minimum": 1, "maximum": trial::MOST_RECORDS },
            },
        },
        "FlowTrials": {
            "type": "object",
            "required": ["trials"],
            "properties": { "trials": { "type": "array", "items": trial } },
        },
    })
}

#[derive(Deserialize)]
struct Start {
    table: String,
    record: SysId,
}

async fn start(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(flow): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (flow, asked) = (given::sys_id(&flow)?, crate::body::json::<Start>(&headers, body).await?);
    let run = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| flows::start(call, flow, (&asked.table, asked.record)))
    });
    Ok((StatusCode::CREATED, Json(json!({ "run": run.await? }))))
}

async fn call(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(flow): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (flow, given) = (given::sys_id(&flow)?, crate::body::json::<Value>(&headers, body).await?);
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let run = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| flows::receive(call, flow, given, key.as_deref()))
    });
    Ok((StatusCode::ACCEPTED, Json(json!({ "run": run.await? }))))
}

#[derive(Deserialize)]
struct Ask {
    since: Option<String>,
    limit: Option<u32>,
}

async fn try_out(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(flow): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let (flow, asked) = (given::sys_id(&flow)?, crate::body::json::<Ask>(&headers, body).await?);
    let since = asked.since.as_ref().map(|text| given::moment("since", text)).transpose()?;
    let trials = blocking(&app, move |server, now, rng| {
        let since = since.unwrap_or_else(|| now.plus_milliseconds(-USUAL_MILLISECONDS));
        let limit = asked.limit.unwrap_or(trial::MOST_RECORDS);
        trial::trial(server, &caller, flow, (since, limit), now, rng)
    });
    Ok(Json(json!({ "trials": trials.await?.iter().map(shown).collect::<Vec<_>>() })))
}

fn shown(trial: &trial::Trial) -> Value {
    let steps: Vec<Value> =
        trial.steps.iter().map(|(step, message)| json!({ "step": step, "message": message })).collect();
    json!({
        "table": trial.record.table, "sys_id": trial.record.sys_id, "number": trial.number, "steps": steps,
        "problem": trial.problem,
    })
}
