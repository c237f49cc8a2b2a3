//! Which answers are compressed: record answers and pages over a kilobyte, for clients that take it.
//!
//! Never what holds a token, because its length would tell about it beside what a stranger can have reflected; and never
//! what phones sync, which is compressed already.

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Below this, headers outweigh what is saved.
const SMALLEST_BYTES: u16 = 1_024;
/// Where answers hold records and descriptions, never tokens.
const PATHS: [&str; 5] = ["/api/now/", "/api/sn_", "/api/v1/records", "/api/v1/dispatch", "/openapi"];

/// The mark of an answer that may be compressed.
#[derive(Clone, Copy)]
struct Compressible;

/// Marks answers of paths that may be compressed.
pub async fn mark(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let may = PATHS.iter().any(|prefix| path.starts_with(prefix));
    let mut response = next.run(request).await;
    if may && is_text(response.headers().get(header::CONTENT_TYPE)) && !is_file(&response) {
        response.extensions_mut().insert(Compressible);
    }
    response
}

/// Compresses the answers that are marked.
pub fn layer() -> CompressionLayer<impl Predicate> {
    let marked = |_, _, _: &axum::http::HeaderMap, extensions: &axum::http::Extensions| {
        extensions.get::<Compressible>().is_some()
    };
    CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(SMALLEST_BYTES).and(marked))
}

fn is_text(content_type: Option<&HeaderValue>) -> bool {
    let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    ["application/json", "application/xml", "text/html", "text/xml", "application/problem+json"]
        .iter()
        .any(|kind| text.starts_with(kind))
}

/// A file is given byte for byte, so that it can be taken up where it broke off.
fn is_file(response: &Response) -> bool {
    response.headers().contains_key(header::CONTENT_DISPOSITION)
}
