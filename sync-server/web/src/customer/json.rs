//! A customer's visit for apps.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use fieldline_model::Timestamp;
use fieldline_service::appointments::Offered;
use fieldline_service::customer_links::sign::{self, Word};
use fieldline_service::customer_links::visit::{self, Visit};
use fieldline_service::customer_links::{self, Opened};
use fieldline_service::{Call, TableError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::DAYS_SHOWN;
use crate::App;
use crate::appointments::{answered, windows_json};
use crate::caller::blocking;
use crate::edge::Visitor;
use crate::given;
use crate::refusal::{Problem, Refusal};

/// Does something by a link, in one transaction.
///
/// # Errors
/// When the visitor asks too often, the link does not work, or whatever `work` returns.
pub async fn does<T: Send + 'static>(
    app: &App,
    visitor: Visitor,
    token: String,
    work: impl FnOnce(&mut Call<'_>, &Opened) -> Result<T, TableError> + Send + 'static,
) -> Result<T, Refusal> {
    super::lets(app, visitor)?;
    let work = by_link(token, work);
    blocking(app, move |server, now, rng| server.write(&server.system(), now, rng, work)).await
}

/// Looks at something by a link.
///
/// # Errors
/// As [`does`].
pub async fn looks<T: Send + 'static>(
    app: &App,
    visitor: Visitor,
    token: String,
    work: impl FnOnce(&mut Call<'_>, &Opened) -> Result<T, TableError> + Send + 'static,
) -> Result<T, Refusal> {
    super::lets(app, visitor)?;
    let work = by_link(token, work);
    blocking(app, move |server, now, rng| server.read(&server.system(), now, rng, work)).await
}

fn by_link<T>(
    token: String,
    work: impl FnOnce(&mut Call<'_>, &Opened) -> Result<T, TableError>,
) -> impl FnOnce(&mut Call<'_>) -> Result<T, TableError> {
    move |call| work(call, &customer_links::open(call, &token)?)
}

pub async fn show(State(app): State<App>, visitor: Visitor, Path(token): Path<String>) -> Result<Json<Value>, Problem> {
    let visit = looks(&app, visitor, token, visit::visit).await?;
    Ok(Json(visit_json(&visit)))
}

#[derive(Deserialize)]
pub struct WindowsAsk {
    from: Option<String>,
    days: Option<u32>,
}

pub async fn windows(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    asked: Result<Query<WindowsAsk>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let from = asked.from.as_deref().map(|from| given::moment("from", from)).transpose()?;
    let days = asked.days.unwrap_or(DAYS_SHOWN);
    let offered: Offered =
        looks(&app, visitor, token, move |call, opened| opened.windows(call, from.unwrap_or(call.now), days)).await?;
    Ok(Json(windows_json(&offered)))
}

#[derive(Deserialize)]
struct BookAsk {
    start: String,
}

pub async fn book(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: BookAsk = crate::body::json(&headers, body).await?;
    let start = given::moment("start", &asked.start)?;
    let answer = does(&app, visitor, token, move |call, opened| opened.book(call, start)).await?;
    Ok(Json(answered(answer)?))
}

#[derive(Deserialize)]
struct CancelAsk {
    #[serde(default)]
    reason: String,
}

pub async fn cancel(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: CancelAsk = crate::body::json(&headers, body).await?;
    let answer = does(&app, visitor, token, move |call, opened| opened.cancel(call, &asked.reason)).await?;
    Ok(Json(answered(answer)?))
}

#[derive(Deserialize)]
struct SignAsk {
    name: String,
    decision: String,
    #[serde(default)]
    reason: String,
}

pub async fn sign(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: SignAsk = crate::body::json(&headers, body).await?;
    let word = word(&asked.decision, asked.reason)?;
    does(&app, visitor, token.clone(), move |call, opened| sign::sign(call, opened, &asked.name, &word)).await?;
    show(State(app), visitor, Path(token)).await
}

/// What a customer says.
///
/// # Errors
/// When it is neither of the two words.
pub fn word(decision: &str, reason: String) -> Result<Word, Refusal> {
    match decision {
        "accept" => Ok(Word::Accepts),
        "refuse" => Ok(Word::Refuses(reason)),
        _ => Err(Refusal::Malformed("decision: is neither accept nor refuse".into())),
    }
}

fn visit_json(visit: &Visit) -> Value {
    let moment = |moment: Option<Timestamp>| moment.map(Timestamp::to_rfc3339);
    json!({
        "number": visit.number, "what": visit.what, "purpose": visit.purpose.name(),
        "state": visit.standing.name(), "words": visit.standing.words(), "time_zone": visit.time_zone,
        "window_start": moment(visit.window.map(|window| window.start)),
        "window_end": moment(visit.window.map(|window| window.end)),
        "technician": visit.technician,
        "arrives_at": moment(visit.arrives.map(|(at, _)| at)),
        "arrival_said_at": moment(visit.arrives.map(|(_, said)| said)),
        "signed_by": visit.signed.as_ref().map(|(name, _)| name),
        "signed_on": moment(visit.signed.as_ref().map(|(_, at)| *at)),
        "signature_refusal": visit.refused,
    })
}
