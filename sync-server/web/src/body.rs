//! Reading a body: refused by its declared length before a byte is read, cut off at the same cap while reading, and
//! parsed into what the handler expects with an error that says where it went wrong. What was sent compressed is inflated,
//! up to the same cap.

use std::io::Read;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;
use crate::xml;

/// The largest JSON body: a record with every field at its longest is a tenth of it.
pub const JSON_BODY_BYTES: usize = 1_048_576;

/// The whole body of at most `cap` bytes, inflated if it was sent compressed.
///
/// # Errors
/// [`Refusal::TooLarge`] when it is or claims to be longer, [`Refusal::Malformed`] when the connection broke off,
/// [`Refusal::Encoding`] when it is compressed in another way than with gzip.
pub async fn read(headers: &HeaderMap, body: Body, cap: usize) -> Result<Vec<u8>, Refusal> {
    let gzip = is_gzip(headers)?;
    let bytes = received(headers, body, cap).await?;
    if gzip { inflated(&bytes, cap) } else { Ok(bytes) }
}

/// Whether a body is compressed.
///
/// # Errors
/// [`Refusal::Encoding`] when it is compressed in another way than with gzip.
pub fn is_gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap_or_default().trim());
    match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => Ok(false),
        Some("gzip" | "x-gzip") => Ok(true),
        Some(_) => Err(Refusal::Encoding),
    }
}

fn inflated(bytes: &[u8], cap: usize) -> Result<Vec<u8>, Refusal> {
    let mut inflated = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(cap as u64 + 1).read_to_end(&mut inflated);
    read.map_err(|problem| Refusal::Malformed(format!("the body is no whole gzip stream: {problem}")))?;
    if inflated.len() > cap { Err(Refusal::TooLarge(cap)) } else { Ok(inflated) }
}

async fn received(headers: &HeaderMap, body: Body, cap: usize) -> Result<Vec<u8>, Refusal> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > cap as u64) {
        return Err(Refusal::TooLarge(cap));
    }
    match to_bytes(body, cap).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(error) if is_over_cap(&error) => Err(Refusal::TooLarge(cap)),
        Err(_) => Err(Refusal::Malformed("the body broke off before its end; send the request again".into())),
    }
}

/// Whether `to_bytes` stopped at its cap, which it says only in its source.
fn is_over_cap(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.to_string().contains("length limit exceeded"))
}

/// The whole body of at most `cap` bytes, if it is of a media type.
///
/// # Errors
/// [`Refusal::MediaType`] for another one, and as [`read`].
pub async fn read_as(
    media_type: &'static str,
    headers: &HeaderMap,
    body: Body,
    cap: usize,
) -> Result<Vec<u8>, Refusal> {
    if is(headers, media_type) { read(headers, body, cap).await } else { Err(Refusal::MediaType(media_type)) }
}

/// Reads a JSON body, or the same in XML.
///
/// # Errors
/// [`Refusal::MediaType`] for another content type; [`Refusal::Malformed`] says at which line and column it stops being
/// JSON, or which member is missing or of the wrong type.
pub async fn json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Refusal> {
    if is_xml(headers) {
        return xml::parsed(&read(headers, body, JSON_BODY_BYTES).await?);
    }
    parsed(&read_as("application/json", headers, body, JSON_BODY_BYTES).await?)
}

/// Reads a JSON body, or the same in XML; `None` when there is no body at all.
///
/// # Errors
/// As [`json`].
pub async fn json_if_any<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<Option<T>, Refusal> {
    let bytes = read(headers, body, JSON_BODY_BYTES).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if is_xml(headers) {
        return xml::parsed(&bytes).map(Some);
    }
    if !is(headers, "application/json") {
        return Err(Refusal::MediaType("application/json"));
    }
    parsed(&bytes).map(Some)
}

/// Bytes as JSON.
///
/// # Errors
/// [`Refusal::Malformed`] as [`json`].
pub fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| Refusal::Malformed(format!("the JSON body: {error}")))
}

fn is_xml(headers: &HeaderMap) -> bool {
    is(headers, "application/xml") || is(headers, "text/xml")
}

/// Whether the body is of a media type, whatever its parameters.
pub fn is(headers: &HeaderMap, media_type: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use serde_json::Value;

    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[tokio::test]
    async fn a_body_over_the_cap_is_refused_by_its_declared_and_by_its_real_length() {
        let declared = headers(header::CONTENT_LENGTH, "11");
        assert_eq!(read(&declared, Body::empty(), 10).await, Err(Refusal::TooLarge(10)));
        assert_eq!(read(&HeaderMap::new(), Body::from("12345678901"), 10).await, Err(Refusal::TooLarge(10)));
        assert_eq!(read(&HeaderMap::new(), Body::from("1234567890"), 10).await, Ok(b"1234567890".to_vec()));
    }

    #[tokio::test]
    async fn a_compressed_body_is_inflated_up_to_the_cap_and_other_encodings_are_refused() {
        let gzip = headers(header::CONTENT_ENCODING, "gzip");
        let packed = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut encoder, bytes).expect("memory");
            encoder.finish().expect("memory")
        };
        let bomb = packed(&[0; 100_000]);
        assert!(bomb.len() < 1_000);
        assert_eq!(read(&gzip, Body::from(bomb), 1_000).await, Err(Refusal::TooLarge(1_000)));
        assert_eq!(read(&gzip, Body::from(packed(&[7; 1_000])), 1_000).await, Ok(vec![7; 1_000]));
        let whole = packed(b"whole");
        let cut = read(&gzip, Body::from(whole[..whole.len() - 3].to_vec()), 1_000).await;
        assert!(matches!(cut, Err(Refusal::Malformed(_))), "{cut:?}");
        let other = headers(header::CONTENT_ENCODING, "br");
        assert_eq!(read(&other, Body::from("x"), 10).await, Err(Refusal::Encoding));
    }

    #[tokio::test]
    async fn json_is_taken_with_parameters_and_refused_under_another_type() {
        let typed = headers(header::CONTENT_TYPE, "Application/JSON; charset=utf-8");
        assert_eq!(json::<Value>(&typed, Body::from("1")).await, Ok(Value::from(1)));
        let form = headers(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        assert_eq!(json::<Value>(&form, Body::from("1")).await, Err(Refusal::MediaType("application/json")));
        let broken = json::<Value>(&typed, Body::from("{\n\"a\" 1}")).await.expect_err("no colon");
        assert_eq!(broken, Refusal::Malformed("the JSON body: expected `:` at line 2 column 5".into()));
    }
}
