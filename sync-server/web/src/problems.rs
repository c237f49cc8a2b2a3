//! What a person tells of a problem to those who work on its incidents: how to live with it, and what was done about it.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::post;
use fieldline_model::SysId;
use fieldline_service::TableError;
use fieldline_service::itsm::problem::{self, What};
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::refusal::Problem;

const PATH: &str = "/api/v1/problems/{sys_id}";

pub fn endpoints() -> Vec<Endpoint> {
    let told = || (200, Content::Json("Told"));
    let workaround = "Writes a problem's workaround into the work notes of its incidents that are worked on";
    let fix = "Writes a problem's fix into the work notes of its incidents that are worked on";
    let by = |what: What| {
        post(move |app: State<App>, signed: Signed, sys_id: Path<String>| communicate(app, signed, sys_id, what))
    };
    vec![
        endpoint(
            "post",
            format!("{PATH}/communicate-workaround"),
            workaround,
            Content::Empty,
            told(),
            by(What::Workaround),
        ),
        endpoint("post", format!("{PATH}/communicate-fix"), fix, Content::Empty, told(), by(What::Fix)),
    ]
}

pub fn schemas() -> Value {
    let incidents = json!({ "type": "integer", "description": "How many incidents it was written into" });
    json!({ "Told": { "type": "object", "required": ["incidents"], "properties": { "incidents": incidents } } })
}

async fn communicate(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(sys_id): Path<String>,
    what: What,
) -> Result<Json<Value>, Problem> {
    let problem: SysId = sys_id.parse().map_err(|_| TableError::NotFound(format!("problem/{sys_id}")))?;
    let told = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| problem::communicate(call, problem, what))
    });
    Ok(Json(json!({ "incidents": told.await? })))
}
