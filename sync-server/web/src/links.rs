//! Absolute addresses as the client sees this server: scheme and host of the request, which `edge.rs` has made true.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::edge::FORWARDED_PROTO;

/// Where the client found this server, such as `https://field.example.org`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

impl Origin {
    /// Reads the headers. A host with characters no host has is replaced, so that it cannot write headers or markup into an
    /// answer.
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let scheme = if text(&FORWARDED_PROTO) == "https" { "https" } else { "http" };
        let host = text(&header::HOST);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        let host = if !host.is_empty() && host.bytes().all(plain) { host } else { "localhost" };
        Self(format!("{scheme}://{host}"))
    }

    /// The address of a path on this server.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

/// The page a list request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows on a page.
    pub limit: u32,
    /// Rows before it.
    pub offset: u32,
    /// Rows in all.
    pub total: u64,
}

impl Page {
    /// The `Link` header: first, previous, next and last page at the same address with the same other parameters.
    pub fn links(&self, address: &str, pairs: &[(String, String)]) -> Option<HeaderValue> {
        let (limit, offset) = (u64::from(self.limit.max(1)), u64::from(self.offset));
        let last = self.total.saturating_sub(1) / limit * limit;
        let mut pages = vec![("first", 0)];
        if offset > 0 {
            pages.push(("prev", offset.saturating_sub(limit)));
        }
        if offset + limit < self.total {
            pages.push(("next", offset + limit));
        }
        pages.push(("last", last));
        let link =
            |(rel, offset): (&str, u64)| format!("<{address}?{}>;rel=\"{rel}\"", page_query(pairs, limit, offset));
        let links: Vec<_> = pages.into_iter().map(link).collect();
        HeaderValue::from_str(&links.join(",")).ok()
    }
}

fn page_query(pairs: &[(String, String)], limit: u64, offset: u64) -> String {
    let kept = pairs.iter().filter(|(name, _)| name != "sysparm_limit" && name != "sysparm_offset");
    let mut parts: Vec<_> = kept.map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    parts.push(format!("sysparm_limit={limit}"));
    parts.push(format!("sysparm_offset={offset}"));
    parts.join("&")
}

/// An address with what clients leave unescaped percent-encoded, and nothing else.
pub fn escaped(address: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\`{|}#".contains(&byte);
    address.bytes().map(|byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") }).collect()
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub fn escape(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if unreserved(byte) { char::from(byte).into() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(headers: &[(&'static str, &'static str)]) -> String {
        let pairs =
            headers.iter().map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)));
        Origin::of(&pairs.collect()).0
    }

    #[test]
    fn the_address_is_the_one_the_client_used() {
        assert_eq!(origin(&[("host", "127.0.0.1:8080")]), "http://127.0.0.1:8080");
        let encrypted = [("host", "field.example.org"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "other")];
        assert_eq!(origin(&encrypted), "https://field.example.org");
        assert_eq!(origin(&[("host", "a\"><b>")]), "http://localhost");
        assert_eq!(origin(&[]), "http://localhost");
    }

    #[test]
    fn a_page_links_to_its_neighbours_and_keeps_the_query() {
        let pairs = [("sysparm_query".to_owned(), "a=1^b=é".to_owned()), ("sysparm_limit".to_owned(), "10".to_owned())];
        let links = Page { limit: 10, offset: 10, total: 35 }.links("http://h/t", &pairs).expect("plain text");
        let query = "sysparm_query=a%3D1%5Eb%3D%C3%A9&sysparm_limit=10&sysparm_offset";
        let wanted = [("first", 0), ("prev", 0), ("next", 20), ("last", 30)]
            .map(|(rel, offset)| format!("<http://h/t?{query}={offset}>;rel=\"{rel}\""));
        assert_eq!(links, wanted.join(","));
        let only = Page { limit: 10, offset: 0, total: 10 }.links("http://h/t", &[]).expect("plain text");
        assert!(!only.to_str().expect("plain").contains("next"), "{only:?}");
    }
}
