//! The queue at work: what is due is done at its moment, and what was stopped is shown and tried again when a person says so.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use fieldline_due::{AFTER_A_FAILURE, Bell, pause_until};
use fieldline_service::{TableError, jobs};
use fieldline_storage::Job;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::refusal::Problem;

const PATH: &str = "/api/v1/jobs";
/// Jobs done in one go, before others have their turn.
const AT_ONCE: u32 = 100;
/// Stopped jobs that are listed at the most.
const LISTED: u32 = 1_000;

pub fn endpoints() -> Vec<Endpoint> {
    let (jobs, job, name) = (Content::Json("Jobs"), Content::Json("Job"), Content::Json("JobName"));
    vec![
        endpoint(
            "get",
            PATH,
            "Lists the jobs that failed until they were stopped",
            Content::Empty,
            (200, jobs),
            get(list),
        ),
        endpoint("post", format!("{PATH}/retry"), "Tries a stopped job again", name, (200, job), post(retry)),
    ]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let job = json!({
        "type": "object",
        "required": ["name", "kind", "due_at", "attempts"],
        "properties": {
            "name": text, "kind": text, "due_at": { "type": "string", "format": "date-time" },
            "attempts": { "type": "integer" }, "problem": { "type": ["string", "null"] },
        },
    });
    json!({
        "Job": job,
        "JobName": { "type": "object", "required": ["name"], "properties": { "name": text } },
        "Jobs": {
            "type": "object",
            "required": ["stopped"],
            "properties": { "stopped": { "type": "array", "items": { "$ref": "#/components/schemas/Job" } } },
        },
    })
}

async fn list(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Value>, Problem> {
    let stopped =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| jobs::stopped(call, LISTED)));
    Ok(Json(json!({ "stopped": stopped.await?.iter().map(shown).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

async fn retry(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let Named { name } = crate::body::json(&headers, body).await?;
    let tried =
        blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| jobs::retry(call, &name)));
    Ok(Json(shown(&tried.await?)))
}

fn shown(job: &Job) -> Value {
    let Job { name, kind, due_at, attempts, problem, .. } = job;
    json!({ "name": name, "kind": kind, "due_at": due_at.to_rfc3339(), "attempts": attempts, "problem": problem })
}

/// Does what is due for as long as the server runs, and sleeps until something is.
pub async fn keep_doing(app: App) -> std::convert::Infallible {
    let bell = Bell::of(&app.server);
    loop {
        let done = blocking(&app, |server, now, rng| {
            let done = server.do_due(AT_ONCE, now, rng)?;
            Ok::<_, TableError>((done, pause_until(server.next_due()?, now)))
        });
        let pause = match done.await {
            Ok((AT_ONCE, _)) => Duration::ZERO,
            Ok((_, pause)) => pause,
            Err(_) => AFTER_A_FAILURE,
        };
        bell.rings_within(pause).await;
    }
}
