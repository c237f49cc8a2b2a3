//! What is done with articles beside reading them: new versions, what fits while somebody types, what helped with a task, and what
//! all of it spared the desk.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use fieldline_model::condition::Query as Condition;
use fieldline_model::{Record, SysId};
use fieldline_service::knowledge::deflection::{self, Activity, Outcome, Visit, What};
use fieldline_service::knowledge::{self, drafting, search, used};
use fieldline_service::{Call, TableError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/knowledge";
/// Articles suggested while somebody types, when they say no number, and the most.
const SUGGESTED: u32 = 3;
const MOST_SUGGESTED: u32 = 10;
/// How long a case is waited for unless told otherwise.
const USUAL_WINDOW_MINUTES: u32 = 24 * 60;
const MOST_WINDOW_MINUTES: u32 = 90 * 24 * 60;
/// Visits answered when nobody says how many, and the most; the numbers count all.
const VISITS: u32 = 100;
const MOST_VISITS: u32 = 1_000;
const MINUTE_MILLISECONDS: i64 = 60_000;

pub fn endpoints() -> Vec<Endpoint> {
    let versions = "Begins a new version of a published article, a draft that takes its place when it is published";
    let suggest = "Suggests articles for what somebody is typing, the best first";
    let attach = "Attaches an article to a task that it helped with";
    let begin = "Begins an article with what is known of a task, a known error with what is known of a problem";
    let spared = "Counts visits that ended in a case, without one and with praise, and without one and nothing said";
    let (nothing, drafted) = (Content::Empty, (201, Content::Json("CheckedOut")));
    let at = |what: &str| format!("{PATH}/{what}");
    vec![
        endpoint("post", at("{sys_id}/checkout"), versions, nothing, drafted, post(check_out)),
        endpoint(
            "post",
            at("{sys_id}/attach"),
            attach,
            Content::Json("TaskAsk"),
            (200, Content::Json("Attached")),
            post(attach_to),
        ),
        endpoint(
            "post",
            at("drafts"),
            begin,
            Content::Json("TaskAsk"),
            (201, Content::Json("CheckedOut")),
            post(draft_from),
        ),
        endpoint("get", at("suggestions"), suggest, nothing, (200, Content::Json("Suggestions")), get(suggested)),
        endpoint("get", at("deflection"), spared, nothing, (200, Content::Json("Deflection")), get(deflected)),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    match path.strip_prefix(PATH) {
        Some("/suggestions") => &["words", "limit"],
        Some("/deflection") => &["from", "until", "window_minutes", "limit", "offset"],
        _ => &[],
    }
}

pub fn schemas() -> Value {
    let (text, number) = (json!({ "type": "string" }), json!({ "type": "integer" }));
    let list = |item: Value| json!({ "type": "array", "items": item });
    let suggestion = json!({
        "type": "object",
        "required": ["sys_id", "number", "title"],
        "properties": { "sys_id": text, "number": text, "title": text, "snippet": text, "outdated": { "type": "boolean" } },
    });
    let activity = json!({ "type": "object", "properties": {
        "at": text, "what": { "enum": ["search", "view", "feedback", "praise", "case"] }, "table": text, "sys_id": text,
    } });
    let visit = json!({ "type": "object", "properties": {
        "visitor": text, "from": text, "outcome": { "enum": ["not_deflected", "confirmed", "potential", "waiting"] },
        "activities": list(activity),
    } });
    json!({
        "CheckedOut": {
            "type": "object",
            "required": ["sys_id", "number", "version"],
            "properties": { "sys_id": text, "number": text, "version": text },
        },
        "TaskAsk": { "type": "object", "required": ["task"], "properties": { "task": text } },
        "Attached": {
            "type": "object",
            "required": ["sys_id", "number", "use_count"],
            "properties": { "sys_id": text, "number": text, "use_count": number },
        },
        "Suggestions": { "type": "object", "required": ["articles"], "properties": { "articles": list(suggestion) } },
        "Deflection": {
            "type": "object",
            "required": ["not_deflected", "confirmed", "potential", "waiting", "visits"],
            "properties": {
                "from": text, "until": text, "window_minutes": number,
                "not_deflected": number, "confirmed": number, "potential": number, "waiting": number,
                "visits": list(visit),
            },
        },
    })
}

async fn check_out(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(article): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let article = given::sys_id(&article)?;
    let draft = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| knowledge::check_out(call, article))
    })
    .await?;
    Ok((StatusCode::CREATED, Json(drafted(&draft))))
}

fn drafted(draft: &Record) -> Value {
    json!({ "sys_id": draft.id.sys_id, "number": draft.text("number"), "version": draft.text("version") })
}

async fn draft_from(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let asked: TaskAsk = crate::body::json(&headers, body).await?;
    let task = given::sys_id(&asked.task)?;
    let draft =
        blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| drafting::from_task(call, task)));
    Ok((StatusCode::CREATED, Json(drafted(&draft.await?))))
}

#[derive(Deserialize)]
struct TaskAsk {
    /// The task, by its identity.
    task: String,
}

async fn attach_to(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(article): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let article = given::sys_id(&article)?;
    let asked: TaskAsk = crate::body::json(&headers, body).await?;
    let task = given::sys_id(&asked.task)?;
    let attached = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| used::attach(call, article, task))
    });
    let attached = attached.await?;
    let used = attached.get("use_count").map_or_else(|| "0".to_owned(), ToString::to_string);
    let used: u64 = used.parse().unwrap_or_default();
    Ok(Json(json!({ "sys_id": attached.id.sys_id, "number": attached.text("number"), "use_count": used })))
}

#[derive(Deserialize)]
struct Typed {
    /// What was typed so far.
    words: String,
    limit: Option<u32>,
}

async fn suggested(
    State(app): State<App>,
    Signed(caller): Signed,
    asked: Result<Query<Typed>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let limit = asked.limit.unwrap_or(SUGGESTED).min(MOST_SUGGESTED) as usize;
    let articles = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call: &mut Call<'_>| {
            let found = search::search(call, &asked.words, &Condition::default())?;
            let shown = found.iter().take(limit).map(|found| {
                let article = &found.article;
                json!({
                    "sys_id": article.id.sys_id,
                    "number": article.text("number"),
                    "title": article.text("short_description"),
                    "snippet": found.snippet(&asked.words),
                    "outdated": article.text("workflow_state") == "outdated",
                })
            });
            Ok::<_, TableError>(shown.collect::<Vec<_>>())
        })
    });
    Ok(Json(json!({ "articles": articles.await? })))
}

#[derive(Deserialize)]
struct DeflectionAsk {
    from: String,
    until: Option<String>,
    window_minutes: Option<u32>,
    limit: Option<u32>,
    offset: Option<u32>,
}

async fn deflected(
    State(app): State<App>,
    Signed(caller): Signed,
    asked: Result<Query<DeflectionAsk>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let window_minutes = asked.window_minutes.unwrap_or(USUAL_WINDOW_MINUTES);
    if !(1..=MOST_WINDOW_MINUTES).contains(&window_minutes) {
        let problem = format!("window_minutes must be 1 to {MOST_WINDOW_MINUTES}; say how long a case is waited for");
        return Err(Refusal::Malformed(problem).into());
    }
    let from = given::moment("from", &asked.from)?;
    let until = asked.until.as_deref().map(|until| given::moment("until", until)).transpose()?;
    let (limit, offset) = (asked.limit.unwrap_or(VISITS).min(MOST_VISITS), asked.offset.unwrap_or(0));
    let answer = blocking(&app, move |server, now, rng| {
        let window_milliseconds = i64::from(window_minutes) * MINUTE_MILLISECONDS;
        let ask = deflection::Ask { from, until: until.unwrap_or(now), window_milliseconds };
        let visits = server.read(&caller, now, rng, |call| deflection::visits(call, &ask))?;
        let count = |outcome| visits.iter().filter(|visit| visit.outcome == outcome).count();
        let shown = visits.iter().skip(offset as usize).take(limit as usize);
        Ok::<_, TableError>(json!({
            "from": ask.from.to_string(),
            "until": ask.until.to_string(),
            "window_minutes": window_minutes,
            "not_deflected": count(Outcome::NotDeflected),
            "confirmed": count(Outcome::Confirmed),
            "potential": count(Outcome::Potential),
            "waiting": count(Outcome::Waiting),
            "visits": shown.map(shown_visit).collect::<Vec<_>>(),
        }))
    });
    Ok(Json(answer.await?))
}

fn shown_visit(visit: &Visit) -> Value {
    let outcome = match visit.outcome {
        Outcome::NotDeflected => "not_deflected",
        Outcome::Confirmed => "confirmed",
        Outcome::Potential => "potential",
        Outcome::Waiting => "waiting",
    };
    let visitor: SysId = visit.visitor;
    let activities: Vec<Value> = visit.activities.iter().map(shown_activity).collect();
    json!({ "visitor": visitor, "from": visit.from.to_string(), "outcome": outcome, "activities": activities })
}

fn shown_activity(activity: &Activity) -> Value {
    let what = match activity.what {
        What::Search => "search",
        What::View => "view",
        What::Feedback => "feedback",
        What::Praise => "praise",
        What::Case => "case",
    };
    json!({ "at": activity.at.to_string(), "what": what, "table": activity.row.table, "sys_id": activity.row.sys_id })
}
