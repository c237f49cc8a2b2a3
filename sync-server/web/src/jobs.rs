//! The queue at work: what is due is done at its moment, and what was stopped is shown and tried again when a person says so.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use fieldline_service::{TableError, jobs};
use fieldline_storage::Job;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::refusal::Problem;

const PATH: &str = "/api/v1/jobs";
/// Jobs done in one go, before others have their turn.
const AT_ONCE: u32 = 100;
/// The longest that nobody looks: another process may have put a job into the database.
const LONGEST: Duration = Duration::from_secs(60);
/// The pause after the database has failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
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
    let queued = Arc::new(Notify::new());
    let alarm = queued.clone();
    app.server.tell_of_jobs(Arc::new(move || alarm.notify_one()));
    loop {
        let done = blocking(&app, |server, now, rng| {
            let done = server.do_due(AT_ONCE, now, rng)?;
            Ok::<_, TableError>((done, server.next_due()?))
        });
        let pause = match done.await {
            Ok((AT_ONCE, _)) => Duration::ZERO,
            Ok((_, Some(due))) => {
                let milliseconds = due.milliseconds_since(app.clock.now());
                Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default()).min(LONGEST)
            }
            Ok((_, None)) => LONGEST,
            Err(_) => AFTER_A_FAILURE,
        };
        tokio::select! {
            () = queued.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
