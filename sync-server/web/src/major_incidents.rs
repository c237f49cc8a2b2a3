//! Major incidents for whoever looks after them: which there are and how they stand, and the report of one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fieldline_service::itsm::major::board::{self, Line};
use fieldline_service::itsm::major::report;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::Problem;

const PATH: &str = "/api/v1/major-incidents";

pub fn endpoints() -> Vec<Endpoint> {
    let list = "Lists major incidents and candidates with what is left of their promised times, flagged ones first";
    let tell = "Writes the report of an incident for its review, as Markdown";
    vec![
        endpoint("get", PATH, list, Content::Empty, (200, Content::Json("MajorIncidents")), get(lines)),
        endpoint(
            "get",
            format!("{PATH}/{{sys_id}}/report"),
            tell,
            Content::Empty,
            (200, Content::Markdown),
            get(written),
        ),
    ]
}

pub fn schemas() -> Value {
    let (text, number, yes) = (json!({ "type": "string" }), json!({ "type": "integer" }), json!({ "type": "boolean" }));
    let waiting =
        json!({ "type": "object", "properties": { "sys_id": text, "due_at": { "type": ["string", "null"] } } });
    let line = json!({ "type": "object", "required": ["sys_id", "number", "is_flagged"], "properties": {
        "sys_id": text, "number": text, "short_description": text, "major_incident_state": text, "children": number,
        "gone_percent": { "type": ["string", "null"], "description": "Of the promised time that is nearest to its end" },
        "breaches_at": { "type": ["string", "null"] }, "has_breached": yes,
        "is_flagged": { "type": "boolean", "description": "Whether 75 percent of a promised time are gone" },
        "communications": { "type": "array", "items": waiting }, "late_communications": number,
    } });
    json!({ "MajorIncidents": {
        "type": "object",
        "required": ["incidents"],
        "properties": { "incidents": { "type": "array", "items": line } },
    } })
}

async fn lines(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Value>, Problem> {
    let lines = blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| board::lines(call)));
    let incidents: Vec<Value> = lines.await?.iter().map(shown).collect();
    Ok(Json(json!({ "incidents": incidents })))
}

fn shown(line: &Line) -> Value {
    let incident = &line.incident;
    let waiting = line
        .communications
        .iter()
        .map(|(task, due)| json!({ "sys_id": task, "due_at": due.map(|due| due.to_string()) }));
    json!({
        "sys_id": incident.id.sys_id,
        "number": incident.text("number"),
        "short_description": incident.text("short_description"),
        "major_incident_state": incident.text("major_incident_state"),
        "children": line.children,
        "gone_percent": line.gone.map(|gone| gone.to_string()),
        "breaches_at": line.breaches_at.map(|at| at.to_string()),
        "has_breached": line.has_breached,
        "is_flagged": line.is_flagged,
        "communications": waiting.collect::<Vec<_>>(),
        "late_communications": line.late,
    })
}

async fn written(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(incident): Path<String>,
) -> Result<Response, Problem> {
    let incident = given::sys_id(&incident)?;
    let report =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| report::report(call, incident)));
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], report.await?).into_response())
}
