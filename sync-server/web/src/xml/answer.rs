//! The APIs that answer JSON answer XML to whoever prefers it: `<response><result>…</result></response>`.
//!
//! Rendered around the routes, so that no endpoint has a second answer: members are elements, items of a list are elements of
//! one name, and an empty list is none. Errors take the same way.
//!
//! Source: ServiceNow "REST API" (supported formats), RFC 9110, 12.5.1.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;

use super::writing::{Writing, named};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/xml;charset=UTF-8");
/// What tells the entity tag of an answer in XML from that of the same answer in JSON.
const TAG_MARK: &str = "-xml\"";

/// Renders an answer in XML for a client that prefers it.
pub async fn in_xml(mut request: Request, next: Next) -> Response {
    if !speaks_both(request.uri().path()) {
        return next.run(request).await;
    }
    let prefers_xml = prefers_xml(request.headers());
    if prefers_xml {
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        retagged(headers, header::IF_NONE_MATCH, |tags| tags.replace(TAG_MARK, "\""));
    }
    let mut response = next.run(request).await;
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    if prefers_xml { rendered(response).await } else { response }
}

/// Whether what is behind a path is answered in JSON and in XML. SCIM has a format of its own.
pub fn speaks_both(path: &str) -> bool {
    (path.starts_with("/api/now/") || path.starts_with("/api/sn_")) && !path.contains("/scim/")
}

/// Whether XML is what the client likes best; what it does not name is JSON.
fn prefers_xml(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, false);
    for kind in accepted.split(',') {
        let mut parts = kind.split(';').map(str::trim);
        let is_xml = match parts.next().map(str::to_ascii_lowercase).as_deref() {
            Some("application/xml" | "text/xml") => true,
            Some("application/json" | "application/*" | "*/*") => false,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        if weight > best.0 {
            best = (weight, is_xml);
        }
    }
    best.1
}

async fn rendered(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|given| given.starts_with("application/json"));
    retagged(&mut parts.headers, header::ETAG, |tag| tag.strip_suffix('"').unwrap_or_default().to_owned() + TAG_MARK);
    // A file is given as it was sent, whatever is in it.
    if !is_json || parts.headers.contains_key(header::CONTENT_DISPOSITION) {
        return Response::from_parts(parts, body);
    }
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { return Response::from_parts(parts, Body::empty()) };
    let Ok(value) = serde_json::from_slice(&bytes) else { return Response::from_parts(parts, Body::from(bytes)) };
    parts.headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    let mut writing = Writing::new();
    write(&mut writing, "response", &value);
    Response::from_parts(parts, Body::from(writing.done()))
}

fn retagged(headers: &mut HeaderMap, name: header::HeaderName, tag: impl Fn(&str) -> String) {
    let given = headers.get(&name).and_then(|value| value.to_str().ok());
    if let Some(tag) = given.and_then(|given| HeaderValue::from_str(&tag(given)).ok()) {
        headers.insert(name, tag);
    }
}

fn write(writing: &mut Writing, name: &str, value: &Value) {
    match value {
        Value::Null => writing.leaf(name, ""),
        Value::String(text) => writing.leaf(name, text),
        Value::Bool(_) | Value::Number(_) => writing.leaf(name, &value.to_string()),
        Value::Object(members) => writing.within(name, |writing| {
            for (name, value) in members {
                write(writing, &named(name), value);
            }
        }),
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Array(_) => writing.within(name, |writing| write(writing, "item", item)),
                    item => write(writing, name, item),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_best_liked_format_is_answered_and_json_to_who_does_not_say() {
        for (accept, xml) in [
            ("application/xml", true),
            ("text/xml; charset=utf-8", true),
            ("application/json, application/xml", false),
            ("application/json;q=0.5, Application/XML", true),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", false),
            ("application/xml;q=0", false),
            ("text/html", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(prefers_xml(&headers), xml, "{accept}");
        }
        assert!(!prefers_xml(&HeaderMap::new()));
    }

    #[test]
    fn members_are_elements_and_items_repeat_the_name_of_their_list() {
        let value = json!({ "result": [{ "a.b": "<", "c": null, "0": 1 }, { "d": [[true], []] }], "none": [] });
        let mut writing = Writing::new();
        write(&mut writing, "response", &value);
        let text = String::from_utf8(writing.done()).expect("text");
        let wanted = "<response><result><a.b>&lt;</a.b><c/><_x0030_>1</_x0030_></result>\
                      <result><d><item>true</item></d><d></d></result></response>";
        assert_eq!(text.split_once("?>").expect("a declaration").1, wanted);
    }
}
