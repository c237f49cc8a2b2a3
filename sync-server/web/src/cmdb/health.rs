//! The health of the CMDB: scores, what costs how many points, and the items that no service needs.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use fieldline_model::{Decimal, SysId};
use fieldline_service::cmdb::health::score::Metric;
use fieldline_service::cmdb::health::{self, Card, Loss, Scope};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/cmdb/health";
/// Losses and items listed when nobody says how many, and the most.
const LISTED: usize = 100;
const MOST_LISTED: usize = 10_000;

pub fn endpoints() -> Vec<Endpoint> {
    let at = |what: &str| format!("{PATH}{what}");
    let scores = "Scores the CMDB overall, by class and by service";
    let losses = "Lists what costs points in a score (overall, or of a class or service), and how many each";
    let lean = "Lists the items that no service needs";
    let cycle = "Begins a cycle that looks at everything, opens and closes tasks and keeps scorecards";
    vec![
        endpoint("get", PATH, scores, Content::Empty, (200, Content::Json("CmdbHealth")), get(scored)),
        endpoint("get", at("/losses"), losses, Content::Empty, (200, Content::Json("CmdbLosses")), get(lost)),
        endpoint(
            "get",
            at("/without_service"),
            lean,
            Content::Empty,
            (200, Content::Json("CmdbLean")),
            get(lean_report),
        ),
        endpoint("post", at("/cycle"), cycle, Content::Empty, (202, Content::Empty), post(begin)),
    ]
}

pub fn schemas() -> Value {
    let (text, number, whole) =
        (json!({ "type": "string" }), json!({ "type": "number" }), json!({ "type": "integer" }));
    let by_word = json!({ "type": "object", "additionalProperties": { "type": "number" } });
    let moment = json!({ "type": "string", "format": "date-time" });
    let card = json!({
        "type": "object",
        "required": ["scope", "items", "score", "kpis", "lost", "tested", "failed"],
        "properties": {
            "scope": text, "class": text, "service": text, "items": whole, "score": number, "kpis": by_word, "lost": by_word,
            "tested": by_word, "failed": by_word,
        },
    });
    let subject = json!({
        "type": "object",
        "required": ["class", "sys_id"],
        "properties": { "class": text, "sys_id": text },
    });
    let loss = json!({
        "type": "object",
        "required": ["metric", "kpi", "subject", "detail", "points"],
        "properties": {
            "metric": text, "kpi": text, "subject": subject, "item": { "oneOf": [subject, { "type": "null" }] },
            "detail": text, "points": number,
        },
    });
    let list = |of: &str| json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{of}") } });
    json!({
        "CmdbScore": card,
        "CmdbLoss": loss,
        "CmdbHealth": {
            "type": "object",
            "required": ["at", "scores"],
            "properties": { "at": moment, "scores": list("CmdbScore") },
        },
        "CmdbLosses": {
            "type": "object",
            "required": ["at", "score", "count", "points", "losses"],
            "properties": { "at": moment, "score": number, "count": whole, "points": number, "losses": list("CmdbLoss") },
        },
        "CmdbLean": {
            "type": "object",
            "required": ["at", "count", "items"],
            "properties": { "at": moment, "count": whole, "items": { "type": "array", "items": subject } },
        },
    })
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    class: Option<String>,
    service: Option<String>,
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

impl Asked {
    fn scope(&self) -> Result<Scope, Refusal> {
        match (&self.class, &self.service) {
            (Some(_), Some(_)) => Err(Refusal::Malformed("class, service: ask for one of them".into())),
            (Some(class), None) => Ok(Scope::Class(class.clone())),
            (None, Some(service)) => Ok(Scope::Service(given::sys_id(service)?)),
            (None, None) => Ok(Scope::Overall),
        }
    }

    fn page<T>(&self, all: impl Iterator<Item = T>) -> Vec<T> {
        all.skip(self.offset).take(self.limit.unwrap_or(LISTED).min(MOST_LISTED)).collect()
    }
}

type AskedQuery = Result<Query<Asked>, QueryRejection>;

fn read(asked: AskedQuery) -> Result<Asked, Refusal> {
    asked.map(|Query(asked)| asked).map_err(|problem| Refusal::Malformed(problem.body_text()))
}

async fn scored(State(app): State<App>, Signed(caller): Signed) -> Result<Json<Value>, Problem> {
    let (at, cards) = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| health::health(call).map(|health| (health.at, health.cards().to_vec())))
    })
    .await?;
    Ok(Json(json!({ "at": at.to_rfc3339(), "scores": cards.iter().map(card).collect::<Vec<_>>() })))
}

async fn lost(State(app): State<App>, Signed(caller): Signed, asked: AskedQuery) -> Result<Json<Value>, Problem> {
    let asked = read(asked)?;
    let scope = asked.scope()?;
    let (at, found) = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| {
            health::health(call).map(|health| (health.at, health.card(&scope).cloned().zip(health.losses(&scope))))
        })
    })
    .await?;
    let missing =
        || Refusal::NotFound("there is no score of that class or service; ask for those that are listed".into());
    let (card, losses) = found.ok_or_else(missing)?;
    let whole: i64 = losses.iter().map(|loss| loss.points).sum();
    let count = losses.len();
    Ok(Json(json!({
        "at": at.to_rfc3339(), "score": points(card.score.overall), "count": count, "points": points(whole),
        "losses": asked.page(losses.iter().map(loss)),
    })))
}

async fn lean_report(
    State(app): State<App>,
    Signed(caller): Signed,
    asked: AskedQuery,
) -> Result<Json<Value>, Problem> {
    let asked = read(asked)?;
    let health =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| health::health(call))).await?;
    let items = health.without_service();
    let count = items.len();
    let items = asked.page(items.into_iter().map(|item| subject(item.table.as_str(), item.sys_id)));
    Ok(Json(json!({ "at": health.at.to_rfc3339(), "count": count, "items": items })))
}

async fn begin(State(app): State<App>, Signed(caller): Signed) -> Result<StatusCode, Problem> {
    blocking(&app, move |server, now, rng| server.write(&caller, now, rng, health::begin)).await?;
    Ok(StatusCode::ACCEPTED)
}

fn card(card: &Card) -> Value {
    let (scope, class, service) = match &card.scope {
        Scope::Overall => ("overall", None, None),
        Scope::Class(class) => ("class", Some(class.clone()), None),
        Scope::Service(service) => ("service", None, Some(service.to_string())),
    };
    let words = |figures: [u32; 9]| {
        let pairs = Metric::ALL.into_iter().map(|metric| (metric.word().to_owned(), json!(figures[metric as usize])));
        Value::Object(pairs.collect())
    };
    let kpis = card.score.kpis.iter().map(|(kpi, score)| (kpi.word().to_owned(), points(*score)));
    let lost = card.score.lost.iter().map(|(metric, lost)| (metric.word().to_owned(), points(*lost)));
    let mut shown = json!({
        "scope": scope, "items": card.items, "score": points(card.score.overall),
        "kpis": Value::Object(kpis.collect()), "lost": Value::Object(lost.collect()),
        "tested": words(card.counts.tested), "failed": words(card.counts.failed),
    });
    if let Some(class) = class {
        shown["class"] = class.into();
    }
    if let Some(service) = service {
        shown["service"] = service.into();
    }
    shown
}

fn loss(loss: &Loss) -> Value {
    let item = loss.item.as_ref().map(|item| subject(item.table.as_str(), item.sys_id));
    json!({
        "metric": loss.metric.word(), "kpi": loss.metric.kpi().word(),
        "subject": subject(loss.subject.table.as_str(), loss.subject.sys_id), "item": item, "detail": loss.detail,
        "points": points(loss.points),
    })
}

fn subject(class: &str, sys_id: SysId) -> Value {
    json!({ "class": class, "sys_id": sys_id })
}

/// Points as a number with exactly the digits there are.
fn points(millionths: i64) -> Value {
    serde_json::from_str(&Decimal { millionths }.to_string()).unwrap_or(Value::Null)
}
