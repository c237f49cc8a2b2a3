//! Many requests in one: each goes through the same routes as if it had come alone, in order, as the same caller.
//!
//! One that fails does not stop the others. What is over a limit, and what was not begun in time, is named as unserviced, and
//! nothing of it was done unless its answer alone was too large.
//!
//! A client that takes `multipart/mixed` (RFC 2046, 5.1.3) is answered the same envelope without bodies, and after it each answer
//! as it is (`application/http`, RFC 9112, 10.2) under its request's id.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand_core::Rng;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::App;
use crate::body;
use crate::caller::TableCaller;
use crate::edge::{ClientAddress, FORWARDED_PROTO};
use crate::endpoint::{Access, Content, Endpoint};
use crate::layers::LongLine;
use crate::links::escaped;
use crate::refusal::{Failure, Refusal};

/// A whole batch, as it travels or inflated.
const BATCH_BYTES: usize = 24 << 20;
/// One request's body.
const ITEM_BYTES: usize = 5 << 20;
/// One answer's body.
const ANSWER_BYTES: usize = 10 << 20;
/// All answers together: they are in memory until the last one is there.
const ANSWERS_BYTES: usize = 64 << 20;
/// After this no further request is begun.
const BATCH_SECONDS: u64 = 30;
/// The longest address of a request; the type that holds it can hold no more.
const ADDRESS_BYTES: usize = 60_000;

const MOST_OUTPUT: HeaderName = HeaderName::from_static("x-batchrequest-max-output-size");
const API_KEY: HeaderName = HeaderName::from_static("x-sn-apikey");
/// What a request in a batch has from the batch: who sends it, and where to.
const INHERITED: [HeaderName; 5] = [header::AUTHORIZATION, header::COOKIE, header::HOST, API_KEY, FORWARDED_PROTO];

/// The routes that serve the requests of a batch.
#[derive(Clone)]
pub struct Routes(pub Arc<Router>);

pub fn endpoints() -> Vec<Endpoint> {
    let paths = ["/api/now/batch", "/api/now/v1/batch", "/api/now/v2/batch"];
    let endpoint = |path: &str| Endpoint {
        method: "post",
        path: path.to_owned(),
        summary: "Does several requests in order, each as if it had come alone",
        access: Access::Person,
        request: Content::Json("Batch"),
        status: 200,
        answer: Content::Json("BatchAnswer"),
        handler: post(answer),
    };
    paths.map(endpoint).into()
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let id = json!({ "type": ["string", "number"] });
    let headers =
        json!({ "type": "array", "items": { "type": "object", "properties": { "name": text, "value": text } } });
    let base64 = json!({ "type": "string", "contentEncoding": "base64" });
    let asked = json!({
        "type": "object",
        "required": ["id", "method", "url"],
        "properties": {
            "id": id, "method": text, "url": text, "headers": headers, "body": base64,
            "exclude_response_headers": { "type": "boolean" },
        },
    });
    let answered = json!({
        "type": "object",
        "properties": {
            "id": text, "body": base64, "status_code": { "type": "integer" }, "status_text": text, "headers": headers,
            "execution_time": { "type": "integer", "description": "Milliseconds" },
        },
    });
    json!({
        "Batch": {
            "type": "object",
            "required": ["rest_requests"],
            "properties": { "batch_request_id": id, "rest_requests": { "type": "array", "items": asked } },
        },
        "BatchAnswer": {
            "type": "object",
            "properties": {
                "batch_request_id": text,
                "serviced_requests": { "type": "array", "items": answered },
                "unserviced_requests": { "type": "array", "items": text },
            },
        },
    })
}

#[derive(Deserialize)]
struct Batch {
    #[serde(default)]
    batch_request_id: Value,
    rest_requests: Vec<Item>,
}

/// One request; what is missing or of the wrong kind is its own fault and not the batch's.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Item {
    id: Value,
    method: Value,
    url: Value,
    headers: Value,
    body: Value,
    exclude_response_headers: Value,
}

async fn answer(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    TableCaller::from_request_parts(&mut parts, &app).await?;
    let Some(Routes(routes)) = parts.extensions.get::<Routes>().cloned() else {
        return Err(Failure(Refusal::Malformed("a batch cannot hold a batch; send its requests themselves".into())));
    };
    let bytes = body::read_as("application/json", &parts.headers, body, BATCH_BYTES).await?;
    let batch: Batch = body::parsed(&bytes)?;
    let client = parts.extensions.get::<ClientAddress>().copied();
    let run = Run { app: &app, routes, headers: &parts.headers, client, most_bytes: most_bytes(&parts.headers) };
    let answers = run.all(batch).await;
    Ok(if wants_parts(&parts.headers) { answers.in_parts(&app) } else { Json(answers.envelope(true)).into_response() })
}

/// Whether the client takes the answers one by one rather than in JSON.
fn wants_parts(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accepted.split([',', ';']).next().unwrap_or_default();
    first.trim().eq_ignore_ascii_case("multipart/mixed")
}

/// The largest answer the client takes, never above the limit.
fn most_bytes(headers: &HeaderMap) -> usize {
    let given = headers.get(MOST_OUTPUT).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    given.map_or(ANSWER_BYTES, |given: usize| given.min(ANSWER_BYTES))
}

/// One batch under way.
struct Run<'a> {
    app: &'a App,
    routes: Arc<Router>,
    headers: &'a HeaderMap,
    client: Option<ClientAddress>,
    most_bytes: usize,
}

impl Run<'_> {
    async fn all(&self, batch: Batch) -> Answers {
        let mut answers = Answers { id: text(&batch.batch_request_id), serviced: Vec::new(), unserviced: Vec::new() };
        let (until, mut room) = (Instant::now() + Duration::from_secs(BATCH_SECONDS), ANSWERS_BYTES);
        for item in batch.rest_requests {
            let answered = if Instant::now() < until { self.one(&item, room.min(self.most_bytes)).await } else { None };
            match answered {
                Some(answer) => {
                    room = room.saturating_sub(answer.body.len());
                    answers.serviced.push(answer);
                }
                None => answers.unserviced.push(text(&item.id)),
            }
        }
        answers
    }

    /// The answer to one request; `None` when the request or its answer is over a limit.
    async fn one(&self, item: &Item, most_bytes: usize) -> Option<Answered> {
        let began = self.app.clock.now();
        let body = decoded(&item.body);
        if body.as_ref().is_ok_and(|body| body.len() > ITEM_BYTES) {
            return None;
        }
        let response = match body.and_then(|body| self.request(item, body)) {
            Ok(request) => self.routes.as_ref().clone().oneshot(request).await.unwrap_or_else(|never| match never {}),
            Err(refusal) => Failure(refusal).into_response(),
        };
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, most_bytes).await.ok()?;
        let headers = if is_true(&item.exclude_response_headers) { Vec::new() } else { shown(&parts.headers) };
        let milliseconds = self.app.clock.now().milliseconds_since(began);
        Some(Answered { id: text(&item.id), status: parts.status, headers, body, milliseconds })
    }

    fn request(&self, item: &Item, body: Vec<u8>) -> Result<Request, Refusal> {
        let method = text(&item.method).to_ascii_uppercase();
        let method = Method::from_bytes(method.as_bytes());
        let method =
            method.map_err(|_| Refusal::Malformed("method: must be GET, POST, PUT, PATCH or DELETE".into()))?;
        let mut request = Request::new(Body::from(body));
        (*request.method_mut(), *request.uri_mut()) = (method, address(&text(&item.url))?);
        let headers = request.headers_mut();
        for (name, value) in given(&item.headers)? {
            headers.append(name, value);
        }
        for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::ACCEPT_ENCODING] {
            headers.remove(name);
        }
        for name in INHERITED {
            headers.remove(&name);
            headers.extend(self.headers.get(&name).map(|value| (name, value.clone())));
        }
        request.extensions_mut().insert(LongLine);
        if let Some(client) = self.client {
            request.extensions_mut().insert(client);
        }
        Ok(request)
    }
}

/// One answer.
struct Answered {
    id: String,
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Bytes,
    milliseconds: i64,
}

/// What became of a batch.
struct Answers {
    id: String,
    serviced: Vec<Answered>,
    unserviced: Vec<String>,
}

impl Answers {
    /// The answers in JSON.
    fn envelope(&self, with_bodies: bool) -> Value {
        let header = |(name, value): &(String, String)| json!({ "name": name, "value": value });
        let serviced = self.serviced.iter().map(|answer| {
            json!({
                "id": answer.id,
                "body": if with_bodies { BASE64_STANDARD.encode(&answer.body) } else { String::new() },
                "status_code": answer.status.as_u16(),
                "status_text": status_text(answer.status),
                "execution_time": answer.milliseconds,
                "headers": answer.headers.iter().map(header).collect::<Vec<_>>(),
            })
        });
        json!({
            "batch_request_id": self.id,
            "serviced_requests": serviced.collect::<Vec<_>>(),
            "unserviced_requests": self.unserviced,
        })
    }

    /// The answers one by one, between marks that nobody can foresee and so none of them holds.
    fn in_parts(&self, app: &App) -> Response {
        let mark = format!("{:016x}{:016x}", app.entropy.clone().next_u64(), app.entropy.clone().next_u64());
        let mut body =
            format!("--{mark}\r\nContent-Type: application/json\r\n\r\n{}\r\n", self.envelope(false)).into_bytes();
        for answer in &self.serviced {
            let id: String = answer.id.chars().filter(|letter| letter.is_ascii_graphic()).collect();
            let head =
                format!("--{mark}\r\nContent-Type: application/http; msgtype=response\r\nContent-ID: <{id}>\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            let status = format!("HTTP/1.1 {} {}\r\n", answer.status.as_u16(), status_text(answer.status));
            body.extend_from_slice(status.as_bytes());
            for (name, value) in &answer.headers {
                body.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
            body.extend_from_slice(b"\r\n");
            body.extend_from_slice(&answer.body);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{mark}--\r\n").as_bytes());
        ([(header::CONTENT_TYPE, format!("multipart/mixed; boundary={mark}"))], body).into_response()
    }
}

/// Numbers go back as the strings they are written as.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn is_true(value: &Value) -> bool {
    text(value).eq_ignore_ascii_case("true")
}

fn decoded(body: &Value) -> Result<Vec<u8>, Refusal> {
    let mut encoded = text(body);
    encoded.retain(|letter| !letter.is_ascii_whitespace());
    BASE64_STANDARD.decode(encoded).map_err(|problem| Refusal::Malformed(format!("body: must be base64: {problem}")))
}

fn given(headers: &Value) -> Result<Vec<(HeaderName, HeaderValue)>, Refusal> {
    let unfit = |name: &str| {
        Refusal::Malformed(format!("headers: {:?} is no header", name.chars().take(80).collect::<String>()))
    };
    let pairs = headers.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(|one| {
        let (name, value) = (text(&one["name"]), text(&one["value"]));
        match (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            (Ok(name), Ok(value)) => Ok((name, value)),
            _ => Err(unfit(&name)),
        }
    });
    pairs.collect()
}

/// The path and query of a request's address, with what clients leave unescaped escaped. A host is left out: it is this one.
fn address(url: &str) -> Result<Uri, Refusal> {
    let path = match url.split_once("://") {
        Some((_, rest)) if !url.starts_with('/') => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => url,
    };
    if !path.starts_with('/') {
        return Err(Refusal::Malformed("url: must begin with a slash, such as /api/now/table/incident".into()));
    }
    let escaped = escaped(path);
    if escaped.len() > ADDRESS_BYTES {
        return Err(Refusal::UriTooLong(ADDRESS_BYTES));
    }
    escaped.parse().map_err(|problem| Refusal::Malformed(format!("url: {problem}")))
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (written(name), text(value))).collect()
}

/// A header's name as people write it: clients of batches compare names letter by letter.
fn written(name: &HeaderName) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    name.as_str()
        .split('-')
        .map(|part| if part.is_empty() { String::new() } else { capital(part) })
        .collect::<Vec<_>>()
        .join("-")
}

fn status_text(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_with_or_without_a_host_and_with_what_is_unescaped() {
        let path = |url: &str| address(url).map(|uri| uri.to_string());
        assert_eq!(path("https://h:1/api/now/x?a=b").as_deref(), Ok("/api/now/x?a=b"));
        assert_eq!(path("/x?q=name=a b^ORc>d&u=http://e").as_deref(), Ok("/x?q=name=a%20b^ORc%3Ed&u=http://e"));
        assert_eq!(path("/x?q=é|%C3%A9").as_deref(), Ok("/x?q=%C3%A9%7C%C3%A9"));
        assert!(path("api/now/x").is_err() && path("").is_err());
        assert_eq!(address(&format!("/{}", "a".repeat(70_000))), Err(Refusal::UriTooLong(ADDRESS_BYTES)));
    }

    #[test]
    fn names_of_headers_are_written_as_people_write_them() {
        assert_eq!(written(&HeaderName::from_static("x-total-count")), "X-Total-Count");
    }
}
