//! Giving files out: whole, or from where a download broke off, a piece in memory at a time.

use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldline_model::BlobHash;
use fieldline_service::{ServiceError, TableError, attachments};
use fieldline_sync::caps::CHUNK_BYTES;
use futures_util::stream;
use serde_json::Value;

use super::{Asked, metadata};
use crate::App;
use crate::caller::blocking;
use crate::links::escape;
use crate::refusal::{Failure, Refusal};

const METADATA: HeaderName = HeaderName::from_static("x-attachment-metadata");

pub async fn file(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let (id, headers) = (asked.file()?, asked.headers.clone());
    let (shown, content) = blocking(&app, move |server, now, rng| {
        server.read(&asked.caller, now, rng, |call| {
            let row = attachments::get(call, id)?;
            Ok::<_, TableError>((metadata(call, &row, &asked.base)?, attachments::content(call, &row)?))
        })
    })
    .await?;
    let waiting = || Refusal::NotFound("the file has not arrived yet; the phone that took it will deliver it".into());
    let (blob, size_bytes) = content.ok_or_else(waiting)?;
    let tag = format!("\"{blob}\"");
    let mut response = match wanted(&headers, size_bytes, &tag) {
        Wanted::Nothing => StatusCode::NOT_MODIFIED.into_response(),
        Wanted::Beyond => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            response.headers_mut().insert(header::CONTENT_RANGE, text(&format!("bytes */{size_bytes}")));
            response
        }
        Wanted::Part(range) => {
            let length = range.end - range.start;
            let given = format!("bytes {}-{}/{size_bytes}", range.start, range.end - 1);
            let status = if length == size_bytes { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
            let mut response = (status, bytes(app, blob, range)).into_response();
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            if status == StatusCode::PARTIAL_CONTENT {
                response.headers_mut().insert(header::CONTENT_RANGE, text(&given));
            }
            response
        }
    };
    describe(response.headers_mut(), &shown, &tag);
    Ok(response)
}

/// What a browser is told about a file that somebody else sent: it is saved and never shown as a page of this server.
fn describe(headers: &mut HeaderMap, shown: &Value, tag: &str) {
    let field = |name: &str| shown[name].as_str().unwrap_or_default();
    let name = field("file_name");
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_graphic() && !"\"\\/;%".contains(c) || c == ' ' { c } else { '_' })
        .collect();
    let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", escape(name));
    let content_type = HeaderValue::from_str(field("content_type"));
    headers.insert(header::CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CONTENT_DISPOSITION, text(&disposition));
    headers.insert(header::ETAG, text(tag));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(METADATA, text(&ascii(&shown.to_string())));
}

fn text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// JSON that fits into a header.
fn ascii(json: &str) -> String {
    let mut plain = String::new();
    for c in json.chars() {
        if c.is_ascii() && !c.is_ascii_control() {
            plain.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| plain += &format!("\\u{unit:04x}"));
        }
    }
    plain
}

/// What a request wants of a file.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Part(Range<u64>),
    Nothing,
    Beyond,
}

/// Reads the conditions and the range of a request; a range that cannot be read, or of another version, asks for all.
fn wanted(headers: &HeaderMap, size_bytes: u64, tag: &str) -> Wanted {
    let given = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if given(header::IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|one| [tag, "*"].contains(&one.trim()))) {
        return Wanted::Nothing;
    }
    let is_this = given(header::IF_RANGE).is_none_or(|one| one.trim() == tag);
    let range = given(header::RANGE).filter(|_| is_this).and_then(|range| range.strip_prefix("bytes="));
    let Some((first, last)) = range.and_then(|range| range.split_once('-')) else { return Wanted::Part(0..size_bytes) };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let part = match (number(first), number(last)) {
        (Some(first), None) if last.trim().is_empty() => first..size_bytes,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size_bytes),
        (None, Some(length)) if first.trim().is_empty() => size_bytes.saturating_sub(length)..size_bytes,
        _ => return Wanted::Part(0..size_bytes),
    };
    if part.is_empty() { Wanted::Beyond } else { Wanted::Part(part) }
}

/// The bytes of a range, each piece read when the client has taken the one before.
fn bytes(app: App, blob: BlobHash, range: Range<u64>) -> Body {
    Body::from_stream(stream::try_unfold(range, move |range| {
        let app = app.clone();
        async move {
            if range.is_empty() {
                return Ok(None);
            }
            let piece = piece(&app, blob, range.start).await?;
            let length = (piece.len() as u64).min(range.end - range.start);
            let piece = piece.slice(..usize::try_from(length).unwrap_or(piece.len()));
            Ok::<_, std::io::Error>(Some((piece, range.start + length..range.end)))
        }
    }))
}

/// What a piece holds from a byte on.
async fn piece(app: &App, blob: BlobHash, from: u64) -> Result<Bytes, std::io::Error> {
    let index = u32::try_from(from / CHUNK_BYTES as u64).unwrap_or(u32::MAX);
    let read = blocking(app, move |server, _, _| Ok::<_, ServiceError>(server.storage().read()?.chunk(blob, index)?));
    let piece = read.await.map_err(std::io::Error::other)?;
    let within = usize::try_from(from % CHUNK_BYTES as u64).unwrap_or_default();
    let piece = piece.filter(|piece| within < piece.len());
    let gone = || std::io::Error::other("the file was removed while it was read");
    Ok(Bytes::from(piece.ok_or_else(gone)?).slice(within..))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(HeaderName, &'static str)]) -> Wanted {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        wanted(&headers, 100, "\"a\"")
    }

    #[test]
    fn ranges_are_read_as_http_has_them() {
        let range = |text| asked(&[(header::RANGE, text)]);
        assert_eq!(range("bytes=0-9"), Wanted::Part(0..10));
        assert_eq!(range("bytes=90-"), Wanted::Part(90..100));
        assert_eq!(range("bytes=-5"), Wanted::Part(95..100));
        assert_eq!(range("bytes=50-18446744073709551615"), Wanted::Part(50..100));
        assert_eq!((range("bytes=100-"), range("bytes=-0")), (Wanted::Beyond, Wanted::Beyond));
        for all in ["bytes=9-1", "items=1-2", "bytes=a-b", "bytes=1-2,5-6"] {
            assert_eq!(range(all), Wanted::Part(0..100), "{all}");
        }
        let other = [(header::RANGE, "bytes=5-"), (header::IF_RANGE, "\"b\"")];
        assert_eq!(asked(&other), Wanted::Part(0..100));
        assert_eq!(asked(&[(header::IF_NONE_MATCH, "\"b\", \"a\"")]), Wanted::Nothing);
    }

    #[test]
    fn a_header_holds_any_name() {
        assert_eq!(ascii("{\"a\":\"é\u{1f600}\"}"), "{\"a\":\"\\u00e9\\ud83d\\ude00\"}");
    }
}
