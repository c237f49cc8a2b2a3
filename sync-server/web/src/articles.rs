//! The Knowledge Management API: articles for who looks for something, the most viewed ones, and one to read.
//!
//! Looking and reading are noted, because what knowledge spares a desk is counted from them. Left out: featured articles by
//! keyword, attachments under this address (the Attachment API has them), and readers who are not signed in.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use fieldline_model::condition::Query;
use fieldline_model::{Record, SysId};
use fieldline_service::knowledge::search::{self, Found};
use fieldline_service::knowledge::used::{self, Led};
use fieldline_service::question::Question;
use fieldline_service::{Call, TableError};
use serde_json::{Map, Value, json};

use crate::App;
use crate::asking::Ask;
use crate::caller::blocking;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};
use crate::search::INDEXED_FIRST;
use crate::table::{Reader, Show, answered};

const BASE: &str = "/api/sn_km_api/{v}knowledge/articles";
const ARTICLES: &str = "kb_knowledge";
/// Articles answered when the client names no number, and the most.
const USUAL_LIMIT: u32 = 30;
const MOST: u32 = 100;
/// What is listed where nobody looks for words.
const VIEWED_MOST: &str = "workflow_state=published^ORDERBYDESCview_count^ORDERBYnumber";

pub fn endpoints() -> Vec<Endpoint> {
    let listed = || (200, Content::Json("ArticlesResult"));
    let one = (200, Content::Json("ArticleResult"));
    let nothing = Content::Empty;
    versioned(
        BASE,
        vec![
            endpoint(
                "get",
                "",
                "Finds articles for what somebody describes, the best first",
                nothing,
                listed(),
                get(list),
            ),
            endpoint(
                "get",
                "/most_viewed",
                "Lists the articles that are read most",
                nothing,
                listed(),
                get(most_viewed),
            ),
            endpoint("get", "/{id}", "Answers an article to read", nothing, one, get(read)),
        ],
    )
}

pub fn schemas() -> Value {
    let (text, number) = (json!({ "type": "string" }), json!({ "type": "number" }));
    let fields = json!({ "type": "object", "additionalProperties": {
        "type": "object",
        "properties": { "name": text, "label": text, "type": text, "value": text, "display_value": text },
    } });
    let article = json!({ "type": "object", "required": ["id", "number", "title", "rank"], "properties": {
        "id": text, "link": text, "number": text, "title": text, "snippet": text, "rank": number, "score": number, "fields": fields,
    } });
    let meta = json!({ "type": "object", "properties": {
        "start": number, "end": number, "count": number, "query": text, "filter": text, "kb": text, "fields": text, "language": text,
        "ts_query_id": text, "status": { "type": "object", "properties": { "code": number } },
    } });
    let result = |properties: Value| {
        json!({
            "type": "object", "required": ["result"], "properties": { "result": { "type": "object", "properties": properties } },
        })
    };
    json!({
        "ArticlesResult": result(json!({ "meta": meta, "articles": { "type": "array", "items": article } })),
        "ArticleResult": result(json!({
            "sys_id": text, "number": text, "short_description": text, "content": text, "template": { "type": "boolean" },
            "fields": fields,
        })),
    })
}

/// Names in a parameter that may be said with commas and more than once.
fn names(ask: &Ask, parameter: &str) -> Vec<String> {
    let said =
        ask.pairs.iter().filter(|(name, _)| name == parameter || name.strip_prefix("sysparm_") == Some(parameter));
    let names = said.flat_map(|(_, value)| value.split(',').map(str::trim));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Which articles are looked at.
fn filter(ask: &Ask) -> Result<String, Refusal> {
    let bases: Result<Vec<SysId>, Refusal> = names(ask, "kb").iter().map(|base| crate::given::sys_id(base)).collect();
    let languages: Vec<String> = names(ask, "language").into_iter().filter(|name| name != "all").collect();
    let mut parts = vec![search::in_bases(&bases?)];
    if !languages.is_empty() {
        parts.push(format!("languageIN{}", languages.join(",")));
    }
    parts.push(ask.parameter("filter").unwrap_or_default().to_owned());
    parts.retain(|part| !part.is_empty());
    Ok(parts.join("^"))
}

async fn list(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let words = ask.parameter("query").unwrap_or_default().trim().to_owned();
    if words.is_empty() {
        return most_viewed(State(app), ask).await;
    }
    let (limit, offset) = page(&ask)?;
    let filter = filter(&ask)?;
    let answer = blocking(&app, move |server, now, rng| {
        server.index_due(INDEXED_FIRST, now, rng).map_err(TableError::from)?;
        server.write(&ask.caller.clone(), now, rng, |call| {
            let found = search::search(call, &words, &Query::parse(&filter).query)?;
            let searched = used::note_search(call, &words, found.len())?;
            let total = found.len();
            let shown: Vec<Found> = found.into_iter().skip(offset as usize).take(limit as usize).collect();
            listed(&ask, call, &shown, (offset, total), Some(searched))
        })
    });
    Ok(answered(StatusCode::OK, answer.await?))
}

async fn most_viewed(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let ((limit, offset), filter) = (page(&ask)?, filter(&ask)?);
    ask.answer(&app, move |ask, call| {
        let order = if filter.is_empty() { VIEWED_MOST.to_owned() } else { format!("{filter}^{VIEWED_MOST}") };
        let question = Question::new(call, ARTICLES, &Query::parse(&order).query)?;
        let records = question.records(call, limit, offset)?;
        let total = usize::try_from(question.count(call)?).unwrap_or(usize::MAX);
        let found: Vec<Found> = records.into_iter().map(|article| Found { article, score: 0.0 }).collect();
        Ok(listed(ask, call, &found, (offset, total), None)?)
    })
    .await
}

fn page(ask: &Ask) -> Result<(u32, u32), Refusal> {
    Ok((ask.number("limit", USUAL_LIMIT)?.min(MOST), ask.number("offset", 0)?))
}

fn listed(
    ask: &Ask,
    call: &mut Call<'_>,
    found: &[Found],
    (offset, total): (u32, usize),
    search: Option<SysId>,
) -> Result<Value, TableError> {
    let words = ask.parameter("query").unwrap_or_default();
    let (fields, query_id) = (names(ask, "fields"), search.map(|id| id.to_string()).unwrap_or_default());
    let mut articles = Vec::new();
    for (at, one) in found.iter().enumerate() {
        let (id, rank) = (one.article.id.sys_id, offset as usize + at + 1);
        articles.push(json!({
            "id": format!("{ARTICLES}:{id}"),
            "link": format!("?sys_kb_id={id}&id=kb_article_view&sysparm_rank={rank}&sysparm_tsqueryId={query_id}"),
            "rank": rank,
            "score": one.score,
            "number": one.article.text("number"),
            "title": one.article.text("short_description"),
            "snippet": one.snippet(words),
            "fields": shown(call, &one.article, &fields)?,
        }));
    }
    let given = |name: &str| names(ask, name).join(",");
    Ok(json!({
        "meta": {
            "start": offset,
            "end": offset as usize + articles.len(),
            "count": total,
            "query": words,
            "filter": ask.parameter("filter").unwrap_or_default(),
            "kb": given("kb"),
            "fields": given("fields"),
            "language": given("language"),
            "ts_query_id": query_id,
            "status": { "code": 200 },
        },
        "articles": articles,
    }))
}

/// Fields of an article with what people call them.
fn shown(call: &mut Call<'_>, article: &Record, fields: &[String]) -> Result<Value, TableError> {
    let dictionary = call.dictionary.clone();
    let names = fields.iter().map(|name| Cow::Borrowed(name.as_str())).collect();
    let row = Reader::new(call, &dictionary, names, Show::All).row(article, None)?;
    let declared = dictionary.table(ARTICLES);
    let described = row.into_iter().map(|(name, cell)| {
        let field = declared.and_then(|table| table.field(&name));
        let described = json!({
            "name": name,
            "label": field.map_or("", |field| &field.label),
            "type": field.map(|field| field.field_type),
            "value": cell.value,
            "display_value": cell.display_value,
        });
        (name, described)
    });
    Ok(described.collect::<Map<_, _>>().into())
}

async fn read(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let id = ask.name("id").strip_prefix("kb_knowledge:").unwrap_or(ask.name("id"));
    let article: Result<SysId, String> = id.parse().map_err(|_| id.to_owned());
    let led = Led {
        search: ask.parameter("search_id").and_then(|id| id.parse().ok()),
        rank: ask.parameter("search_rank").and_then(|rank| rank.parse().ok()),
    };
    let work = move |ask: &Ask, call: &mut Call<'_>| {
        let article = match article {
            Ok(id) => id,
            Err(number) => numbered(call, &number)?,
        };
        let article = match ask.is_set("update_view") {
            true => used::note_view(call, article, led)?,
            false => fieldline_service::table::read(call, ARTICLES, article)?,
        };
        Ok(json!({
            "sys_id": article.id.sys_id,
            "number": article.text("number"),
            "short_description": article.text("short_description"),
            "content": article.text("text"),
            "template": false,
            "fields": shown(call, &article, &names(ask, "fields"))?,
        }))
    };
    let article = match ask.is_set("update_view") {
        true => ask.write(&app, work).await?,
        false => ask.read(&app, work).await?,
    };
    Ok(answered(StatusCode::OK, article))
}

/// The article of a number that is the newest for the caller to read.
fn numbered(call: &Call<'_>, number: &str) -> Result<SysId, TableError> {
    let query = format!("number={}^ORDERBYDESCpublished", number.replace('^', "^^"));
    let found = Question::new(call, ARTICLES, &Query::parse(&query).query)?.records(call, 1, 0)?;
    found.first().map(|article| article.id.sys_id).ok_or_else(|| TableError::NotFound(format!("article {number}")))
}
