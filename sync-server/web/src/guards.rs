//! The headers by which a client says which version of a record it means, and that it may ask twice.
//!
//! An entity tag has two halves: the record's version, and what this answer showed of it. A writer is held to the first, so
//! that a tag of any view of the record will do; a reader is spared an answer only when both are the same.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldline_model::hex;
use fieldline_service::guard::Expected;

use crate::refusal::Refusal;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const KEY_BYTES: usize = 255;

/// Which versions the writer has in mind, from `If-Match`, or that there is none, from `If-None-Match: *`. A `*` in the former is
/// any that exists, which the record's path asks for anyway.
pub fn expected(headers: &HeaderMap) -> Expected {
    if tags(headers, &header::IF_NONE_MATCH).any(|tag| tag == "*") {
        return Expected::Nothing;
    }
    let tags: Vec<&str> = tags(headers, &header::IF_MATCH).collect();
    if tags.is_empty() || tags.contains(&"*") {
        return Expected::Any;
    }
    // A weak tag never matches a writer's.
    let version = |tag: &str| Some(tag.strip_prefix('"')?.split(['-', '"']).next()?.to_owned());
    Expected::OneOf(tags.into_iter().filter_map(version).collect())
}

/// An answer with its tag, or that it is what the reader has.
pub fn tagged(
    headers: &HeaderMap,
    version: &str,
    status: StatusCode,
    content_type: HeaderValue,
    body: Vec<u8>,
) -> Response {
    let shown = ring::digest::digest(&ring::digest::SHA256, &body);
    let tag = format!("\"{version}-{}\"", hex::encode(&shown.as_ref()[..6]));
    let is_same = |given: &str| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag;
    let tag = HeaderValue::from_str(&tag).expect("hexadecimal digits make a header");
    if tags(headers, &header::IF_NONE_MATCH).any(is_same) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    (status, [(header::CONTENT_TYPE, content_type), (header::ETAG, tag)], body).into_response()
}

fn tags<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|tag| !tag.is_empty())
}

/// The key of a request that may come twice.
///
/// # Errors
/// [`Refusal::Malformed`] when it is none.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(given) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let text = given.to_str().map(str::trim).unwrap_or_default();
    if text.is_empty() || text.len() > KEY_BYTES {
        return Err(Refusal::Malformed(format!("Idempotency-Key: must be 1 to {KEY_BYTES} plain characters")));
    }
    Ok(Some(text.to_owned()))
}
