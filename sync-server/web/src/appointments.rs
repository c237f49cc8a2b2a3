//! Appointments that somebody of the house books for a customer.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::routing::post;
use fieldline_model::Record;
use fieldline_service::appointments::{self, Answer, Offered, Window};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/appointments/{task}";

pub fn endpoints() -> Vec<Endpoint> {
    let windows = "Lists the windows a customer may book for a work order task, in their order";
    let book = "Books a window for a work order task, in place of the one it has";
    let cancel = "Cancels the appointment of a work order task";
    let of = |what: &str, summary, request, answer, handler| {
        endpoint(
            "post",
            format!("{PATH}/{what}"),
            summary,
            Content::Json(request),
            (200, Content::Json(answer)),
            handler,
        )
    };
    vec![
        of("windows", windows, "WindowsAsk", "Windows", post(offered)),
        of("book", book, "BookAsk", "Appointment", post(booked)),
        of("cancel", cancel, "CancelAsk", "Appointment", post(cancelled)),
    ]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let moment = json!({ "type": "string", "format": "date-time" });
    let window = json!({ "type": "object", "properties": { "start": moment, "end": moment } });
    json!({
        "WindowsAsk": { "type": "object", "properties": { "from": moment, "days": { "type": "integer", "maximum": 14 } } },
        "Windows": { "type": "object", "required": ["windows"], "properties": {
            "windows": { "type": "array", "items": window }, "hours": { "type": ["string", "null"] },
            "in_the_way": { "type": "array", "items": { "$ref": "#/components/schemas/InTheWay" } },
        } },
        "BookAsk": { "type": "object", "required": ["start"], "properties": { "start": moment } },
        "CancelAsk": { "type": "object", "required": ["reason"], "properties": { "reason": text } },
        "Appointment": { "type": "object", "required": ["number", "state", "start", "end"], "properties": {
            "number": text, "state": { "enum": ["booked", "rescheduled", "cancelled"] }, "start": moment, "end": moment,
        } },
    })
}

/// Which days are asked about.
#[derive(Deserialize, Default)]
struct WindowsAsk {
    from: Option<String>,
    days: Option<u32>,
}

async fn offered(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(task): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: WindowsAsk = crate::body::json_if_any(&headers, body).await?.unwrap_or_default();
    let task = given::sys_id(&task)?;
    let from = asked.from.as_deref().map(|from| given::moment("from", from)).transpose()?;
    let found = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| {
            appointments::for_agents(call)?;
            appointments::offered(call, task, from.unwrap_or(now), asked.days.unwrap_or(7))
        })
    });
    let found = found.await?;
    let mut answer = windows_json(&found);
    answer["in_the_way"] = serde_json::to_value(&found.in_the_way).map_err(|_| Refusal::Broken)?;
    Ok(Json(answer))
}

#[derive(Deserialize)]
struct BookAsk {
    start: String,
}

async fn booked(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(task): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: BookAsk = crate::body::json(&headers, body).await?;
    let (task, start) = (given::sys_id(&task)?, given::moment("start", &asked.start)?);
    let done = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| {
            appointments::for_agents(call)?;
            appointments::book(call, task, start, None)
        })
    });
    Ok(Json(answered(done.await?)?))
}

#[derive(Deserialize)]
struct CancelAsk {
    reason: String,
}

async fn cancelled(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(task): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: CancelAsk = crate::body::json(&headers, body).await?;
    let task = given::sys_id(&task)?;
    let done = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| {
            appointments::for_agents(call)?;
            appointments::cancel(call, task, &asked.reason, None)
        })
    });
    Ok(Json(answered(done.await?)?))
}

/// An appointment, or why nothing can be changed any more.
///
/// # Errors
/// When it is too late.
pub fn answered(answer: Answer) -> Result<Value, Refusal> {
    match answer {
        Answer::Done(booking) => Ok(booking_json(&booking)),
        Answer::TooLate(way_out) => Err(Refusal::Rejected(way_out)),
    }
}

fn booking_json(booking: &Record) -> Value {
    let moment = |field: &str| booking.time(field).map(fieldline_model::Timestamp::to_rfc3339);
    json!({
        "number": booking.text("number"), "state": booking.text("state"),
        "start": moment("start_date"), "end": moment("end_date"),
    })
}

/// Windows as customers and agents read them.
pub fn windows_json(offered: &Offered) -> Value {
    let window = |window: &Window| json!({ "start": window.start.to_rfc3339(), "end": window.end.to_rfc3339() });
    json!({ "windows": offered.windows.iter().map(window).collect::<Vec<_>>(), "hours": offered.hours })
}
