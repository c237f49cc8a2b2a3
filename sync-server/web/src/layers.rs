//! What every request passes: an id, a time limit, a log line, counters, and headers that keep browsers from guessing.
//!
//! The log line and the counters hold the method, the route's template, the status, the duration and the request id. They
//! never hold a path, a query string, a name, a token or a body: those are personal data or keys.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fieldline_sync::frame::MEDIA_TYPE;
use rand_core::Rng;
use tracing::Instrument;

use crate::App;
use crate::edge;
use crate::refusal::{Refusal, refuse};

/// How long a request may take, reading its body included. A phone on a slow link sends at most one body cap in it.
pub const REQUEST_SECONDS: u64 = 60;

/// How long a file may take to arrive; whoever sends nothing meanwhile is let go much sooner.
const UPLOAD_SECONDS: u64 = 3_600;

/// The longest request line. Clients build queries of eight kilobytes; beyond this they move them into a body.
const URI_BYTES: usize = 16_384;

/// The mark of a request whose line never was one: an item of a batch.
#[derive(Debug, Clone, Copy)]
pub struct LongLine;

/// The name of the header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Sent with every answer: nothing here is to be guessed at or kept in a cache.
const ALWAYS: [(HeaderName, HeaderValue); 2] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Sent with every answer but a sync frame, which no browser shows whatever happens: nothing here is a page. On 2G these
/// lines would take as long as an edit.
const NO_PAGE: [(HeaderName, HeaderValue); 2] = [
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox")),
];

/// Sent over HTTPS to whoever reached this server by a name: it is never asked without again.
const ENCRYPTED_FROM_NOW_ON: (HeaderName, HeaderValue) =
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));

/// Watches over one request from its first byte to its answer.
pub async fn observe(State(app): State<App>, matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let started = app.clock.now();
    let method = known_method(request.method());
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str).to_owned();
    let request_id = format!("{:016x}", app.entropy.clone().next_u64());
    let span = tracing::info_span!("request", request_id);
    let encrypted = edge::is_encrypted_by_name(request.headers());

    let mut response = answer(request, next).instrument(span.clone()).await;
    let headers = response.headers_mut();
    let is_frame = headers.get(header::CONTENT_TYPE).is_some_and(|given| given == MEDIA_TYPE);
    let more = NO_PAGE.into_iter().chain(encrypted.then_some(ENCRYPTED_FROM_NOW_ON));
    for (name, value) in ALWAYS.into_iter().chain(more.filter(|_| !is_frame)) {
        headers.entry(name).or_insert(value);
    }
    headers.insert(REQUEST_ID, HeaderValue::from_str(&request_id).expect("hex digits are a header value"));

    let milliseconds = app.clock.now().milliseconds_since(started);
    let status = response.status().as_u16();
    app.metrics.answered(method, &route, status, milliseconds);
    span.in_scope(|| tracing::info!(method, route, status, milliseconds, "answered"));
    response
}

async fn answer(request: Request, next: Next) -> Response {
    let is_overlong = request.uri().path_and_query().is_some_and(|target| target.as_str().len() > URI_BYTES);
    if is_overlong && request.extensions().get::<LongLine>().is_none() {
        return uri_too_long();
    }
    let path = request.uri().path().to_owned();
    let takes_file =
        path.ends_with("/attachment/file") || path.ends_with("/attachment/upload") || path == crate::mail::PATH;
    let patience = Duration::from_secs(if takes_file { UPLOAD_SECONDS } else { REQUEST_SECONDS });
    let answer = tokio::time::timeout(patience, next.run(request)).await;
    answer.unwrap_or_else(|_| refuse(&path, Refusal::TimedOut))
}

/// Clients tell an overlong line by an HTML body, because a proxy would answer so before any server reads it.
fn uri_too_long() -> Response {
    let body = format!("<html><body><h1>414</h1><p>{}</p></body></html>\n", Refusal::UriTooLong(URI_BYTES));
    (StatusCode::URI_TOO_LONG, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response()
}

/// Methods as the log and the counters name them, so that invented ones cannot fill the memory.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// What is said of a path that nothing answers.
pub const NO_SUCH_PATH: &str = "no such path; GET /openapi.json lists those there are";

/// Answers a path that does not exist.
pub async fn no_such_path(request: Request) -> Response {
    let path = request.uri().path();
    refuse(path, Refusal::NotFound(NO_SUCH_PATH.into()))
}

/// Answers a path that exists, but not for this method.
pub async fn no_such_method(request: Request) -> Response {
    refuse(request.uri().path(), Refusal::MethodNotAllowed)
}
