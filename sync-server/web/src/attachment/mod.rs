//! The files of records, in the shape of the ServiceNow Attachment API: lists, what is known of one, its bytes, uploads.
//!
//! `upload.rs` takes files in, `download.rs` gives them out; neither holds more of one in memory than a few pieces.

mod download;
mod upload;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use fieldline_model::condition::{self, Condition, Group, Operator};
use fieldline_model::{Record, SysId, TableName};
use fieldline_service::attachments;
use fieldline_service::question::Found;
use fieldline_service::{Call, Caller, TableError};
use serde_json::{Map, Value, json};

use crate::App;
use crate::caller::{TableCaller, blocking};
use crate::endpoint::{Content, Endpoint, endpoint, under};
use crate::links::{Origin, Page};
use crate::refusal::{Failure, Refusal, no_record};
use crate::table::{TOTAL_COUNT, answered};

/// Files of a list unless it asks for fewer.
const FILES_AT_MOST: u32 = 1_000;

pub fn endpoints() -> Vec<Endpoint> {
    let bases = ["/api/now/attachment", "/api/now/v1/attachment", "/api/now/v2/attachment"];
    bases.into_iter().flat_map(|base| under(base, &of_files())).collect()
}

fn of_files() -> Vec<Endpoint> {
    let (none, known, file) = (Content::Empty, "/{sys_id}", Content::Json("AttachmentResult"));
    let (attributes_of, attribute_of) = ("/{sys_id}/attributes", "/{sys_id}/attributes/{key}");
    let (new_name, pairs) = (Content::Json("AttachmentName"), Content::Json("AttachmentAttributes"));
    let (one, made, gone) = ((200, file), (201, file), (204, none));
    let (many, all, pair) =
        ((200, Content::Json("AttachmentResults")), (200, pairs), Content::Json("AttachmentAttribute"));
    let (from_form, keeps) = ("Attaches a form's file to a record", "Keeps pairs about a file");
    vec![
        endpoint("get", "", "Lists files of records that match a query", none, many, get(list)),
        endpoint("get", known, "Answers what is known of a file", none, one, get(read)),
        endpoint("patch", known, "Gives a file another name", new_name, gone, patch(rename)),
        endpoint("delete", known, "Removes a file", none, gone, delete(remove)),
        endpoint("get", "/{sys_id}/file", "Answers a file's bytes", none, (200, Content::Bytes), get(download::file)),
        endpoint("post", "/file", "Attaches the body to a record", Content::Bytes, made, post(upload::binary)),
        endpoint("post", "/upload", from_form, Content::Multipart, made, upload::form_route()),
        endpoint("get", attributes_of, "Answers what is kept about a file", none, all, get(attributes)),
        endpoint("post", attributes_of, keeps, pairs, all, post(keep_attributes)),
        endpoint("put", attributes_of, keeps, pairs, all, put(keep_attributes)),
        endpoint("get", attribute_of, "Answers one pair", none, (200, pair), get(attribute)),
        endpoint("delete", attribute_of, "Forgets one pair", none, gone, delete(forget_attribute)),
    ]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let fields: Map<String, Value> = METADATA.iter().map(|name| ((*name).to_owned(), text.clone())).collect();
    let file = json!({ "type": "object", "properties": fields });
    let pair = json!({ "type": "object", "required": ["key", "value"], "properties": { "key": text, "value": text } });
    let many = json!({ "type": "array", "items": file });
    json!({
        "AttachmentResult": { "type": "object", "required": ["result"], "properties": { "result": file } },
        "AttachmentResults": { "type": "object", "required": ["result"], "properties": { "result": many } },
        "AttachmentName": { "type": "object", "required": ["file_name"], "properties": { "file_name": text } },
        "AttachmentAttribute": pair,
        "AttachmentAttributes": { "type": "array", "items": pair },
    })
}

/// What an answer says of a file, every value a string.
const METADATA: [&str; 20] = [
    "sys_id",
    "table_name",
    "table_sys_id",
    "file_name",
    "content_type",
    "size_bytes",
    "size_compressed",
    "chunk_size_bytes",
    "compressed",
    "hash",
    "state",
    "image_height",
    "image_width",
    "average_image_color",
    "encryption_context",
    "sys_created_on",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
];

/// Who asks, for which file, from where.
pub struct Asked {
    caller: Caller,
    sys_id: Option<SysId>,
    key: String,
    /// Where this API was addressed, version included.
    base: String,
    pairs: Vec<(String, String)>,
    headers: HeaderMap,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let TableCaller(caller) = TableCaller::from_request_parts(parts, app).await?;
        let unreadable = |problem: &dyn std::fmt::Display| Refusal::Malformed(format!("the address: {problem}"));
        let named = Path::<Vec<(String, String)>>::from_request_parts(parts, app).await;
        let Path(named) = named.map_err(|problem| unreadable(&problem))?;
        let Query(pairs) = Query::try_from_uri(&parts.uri).map_err(|problem| unreadable(&problem))?;
        let part = |wanted: &str| named.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let version = parts.uri.path().split("/attachment").next().unwrap_or_default();
        let base = Origin::of(&parts.headers).at(&format!("{version}/attachment"));
        let (sys_id, key) = (part("sys_id").and_then(|id| id.parse().ok()), part("key").unwrap_or_default().to_owned());
        Ok(Self { caller, sys_id, key, base, pairs, headers: parts.headers.clone() })
    }
}

impl Asked {
    /// The file in the address; an ill-formed identity is one that no file has.
    fn file(&self) -> Result<SysId, Refusal> {
        self.sys_id.ok_or_else(no_record)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, otherwise: u32) -> Result<u32, Refusal> {
        let wrong = |_| Refusal::Malformed(format!("{name} must be a whole number from 0, such as 100"));
        self.parameter(name).map_or(Ok(otherwise), |text| text.trim().parse().map_err(wrong))
    }

    /// An encoded query, or plain pairs.
    fn query(&self) -> condition::Query {
        if let Some(text) = self.parameter("sysparm_query") {
            return condition::Query::parse(text).query;
        }
        let pairs = self.pairs.iter().filter(|(name, _)| !name.starts_with("sysparm_"));
        let clauses: Vec<_> = pairs
            .map(|(name, value)| {
                let path = name.split('.').map(str::to_owned).collect();
                vec![Condition { path, operator: Operator::Equals, value: value.clone() }.into()]
            })
            .collect();
        let groups = if clauses.is_empty() { Vec::new() } else { vec![Group { clauses }] };
        condition::Query { groups, order: Vec::new() }
    }
}

/// What is known of a file.
fn metadata(call: &Call<'_>, row: &Record, base: &str) -> Result<Value, TableError> {
    let mut shown = Map::new();
    for name in METADATA {
        let value = match name {
            "sys_id" => row.id.sys_id.to_string(),
            "sys_created_by" | "sys_updated_by" => user_name(call, row.reference(name))?,
            name => row.get(name).map(ToString::to_string).unwrap_or_default(),
        };
        shown.insert(name.into(), value.into());
    }
    shown.insert("sys_tags".into(), "".into());
    shown.insert("download_link".into(), format!("{base}/{}/file", row.id.sys_id).into());
    Ok(shown.into())
}

fn user_name(call: &Call<'_>, user: Option<SysId>) -> Result<String, TableError> {
    let Some(user) = user else { return Ok(String::new()) };
    let found = call.tx.find(&[TableName::from("sys_user")], user)?;
    Ok(found.map(|user| user.text("user_name").to_owned()).unwrap_or_default())
}

async fn list(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let limit = asked.number("sysparm_limit", FILES_AT_MOST)?.min(10_000);
    let offset = asked.number("sysparm_offset", 0)?;
    let (base, pairs) = (asked.base.clone(), asked.pairs.clone());
    let (results, total) = blocking(&app, move |server, now, rng| {
        let query = asked.query();
        server.read(&asked.caller, now, rng, |call| {
            let Found { records, total } = attachments::query(call, &query, limit, offset)?;
            let results = records.iter().map(|row| metadata(call, row, &asked.base));
            Ok::<_, TableError>((results.collect::<Result<Vec<_>, _>>()?, total))
        })
    })
    .await?;
    let mut response = answered(StatusCode::OK, results.into());
    response.headers_mut().insert(TOTAL_COUNT, HeaderValue::from(total));
    if let Some(links) = (Page { limit, offset, total }).links(&base, &pairs) {
        response.headers_mut().insert(header::LINK, links);
    }
    Ok(response)
}

async fn read(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let id = asked.file()?;
    let result = blocking(&app, move |server, now, rng| {
        server.read(&asked.caller, now, rng, |call| metadata(call, &attachments::get(call, id)?, &asked.base))
    });
    Ok(answered(StatusCode::OK, result.await?))
}

async fn rename(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let id = asked.file()?;
    let body: Value = crate::body::json(&asked.headers, body).await?;
    let Some(name) = body["file_name"].as_str().map(str::to_owned) else {
        return Err(Failure(Refusal::Malformed("file_name: must be the new name, such as report.pdf".into())));
    };
    blocking(&app, move |server, now, rng| {
        server.write(&asked.caller, now, rng, |call| attachments::change(call, id, "file_name", &name))
    })
    .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn remove(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let id = asked.file()?;
    blocking(&app, move |server, now, rng| server.write(&asked.caller, now, rng, |call| attachments::remove(call, id)))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The pairs clients keep about a file, which its row holds as JSON.
fn kept(row: &Record) -> Map<String, Value> {
    serde_json::from_str(row.text("attributes")).unwrap_or_default()
}

fn listed(pairs: &Map<String, Value>) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

async fn read_attributes(app: &App, asked: Asked) -> Result<Map<String, Value>, Refusal> {
    let id = asked.file()?;
    blocking(app, move |server, now, rng| {
        server.read(&asked.caller, now, rng, |call| Ok::<_, TableError>(kept(&attachments::get(call, id)?)))
    })
    .await
}

async fn attributes(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    Ok(answered(StatusCode::OK, listed(&read_attributes(&app, asked).await?)))
}

async fn attribute(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let key = asked.key.clone();
    let pairs = read_attributes(&app, asked).await?;
    let value = pairs.get(&key).ok_or_else(no_record)?;
    Ok(answered(StatusCode::OK, json!({ "key": key, "value": value })))
}

async fn keep_attributes(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let body: Value = crate::body::json(&asked.headers, body).await?;
    let given = body.as_array().cloned().unwrap_or_else(|| vec![body]);
    let pair = |one: &Value| {
        Some((one["key"].as_str().filter(|key| !key.is_empty())?.to_owned(), one["value"].as_str()?.to_owned()))
    };
    let given: Option<Vec<_>> = given.iter().map(pair).collect();
    let problem = "send a list of {\"key\": …, \"value\": …}, each a text";
    let given = given.ok_or_else(|| Refusal::Malformed(problem.into()))?;
    let pairs = change_attributes(&app, asked, move |pairs| {
        pairs.extend(given.into_iter().map(|(key, value)| (key, value.into())));
        true
    });
    Ok(answered(StatusCode::OK, listed(&pairs.await?)))
}

async fn forget_attribute(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let key = asked.key.clone();
    change_attributes(&app, asked, move |pairs| pairs.remove(&key).is_some()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes the pairs kept about a file; refuses when the change finds nothing to change.
async fn change_attributes(
    app: &App,
    asked: Asked,
    change: impl FnOnce(&mut Map<String, Value>) -> bool + Send + 'static,
) -> Result<Map<String, Value>, Refusal> {
    let id = asked.file()?;
    blocking(app, move |server, now, rng| {
        server.write(&asked.caller, now, rng, |call| {
            let mut pairs = kept(&attachments::get(call, id)?);
            if !change(&mut pairs) {
                return Err(TableError::NotFound(asked.key.clone()));
            }
            attachments::change(call, id, "attributes", &Value::from(pairs.clone()).to_string())?;
            Ok(pairs)
        })
    })
    .await
}
