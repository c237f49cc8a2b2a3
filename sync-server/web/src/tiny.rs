//! Addresses that are too long for some proxies: kept under a short name, and put in its place when it is asked for.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{TableCaller, blocking, identify};
use crate::credentials::Credentials;
use crate::edge::{ClientAddress, Visitor};
use crate::endpoint::{Access, Content, Endpoint};
use crate::links::escaped;
use crate::refusal::{Failure, Refusal};

/// The longest address that is kept; the type that holds it can hold little more.
const ADDRESS_BYTES: usize = 60_000;
const PARAMETER: &str = "sysparm_tiny";

pub fn endpoints() -> Vec<Endpoint> {
    let endpoint = |path: &str| Endpoint {
        method: "post",
        path: path.to_owned(),
        summary: "Keeps a long address of the Table API under a short name for sysparm_tiny",
        access: Access::Person,
        request: Content::Json("LongAddress"),
        status: 201,
        answer: Content::Json("ShortAddress"),
        handler: post(keep),
    };
    ["/api/now/tinyurl", "/api/now/v1/tinyurl", "/api/now/v2/tinyurl"].map(endpoint).into()
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "LongAddress": { "type": "object", "required": ["url"], "properties": { "url": text } },
        "ShortAddress": { "type": "object", "required": ["result"], "properties": { "result": text } },
    })
}

#[derive(Deserialize)]
struct LongAddress {
    url: String,
}

async fn keep(
    State(app): State<App>,
    TableCaller(caller): TableCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let LongAddress { url } = crate::body::json(&headers, body).await?;
    if url.len() > ADDRESS_BYTES {
        return Err(Failure(Refusal::Malformed(format!("url: {ADDRESS_BYTES} bytes are the most"))));
    }
    let path = url.split('?').next().unwrap_or_default();
    let table = path.split_once("/table/").map(|(_, table)| table.split('/').next().unwrap_or_default().to_owned());
    let Some(table) = table.filter(|table| !table.is_empty()) else {
        let problem = "url: must lead to a table, such as https://host/api/now/table/incident?sysparm_query=…";
        return Err(Failure(Refusal::Malformed(problem.into())));
    };
    let name =
        blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| call.keep_address(&url))).await?;
    Ok((StatusCode::CREATED, Json(json!({ "result": format!("{table}_list.do?{PARAMETER}={name}") }))).into_response())
}

/// Puts the kept query in the place of its short name; parameters beside the name come first and so count.
pub async fn resolve(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let Some(name) = named(&request) else { return next.run(request).await };
    let visitor = Visitor(request.extensions().get::<ClientAddress>().map(|told| told.0));
    match kept(&app, request.headers(), visitor, name).await.and_then(|address| lengthened(request.uri(), &address)) {
        Ok(uri) => {
            *request.uri_mut() = uri;
            next.run(request).await
        }
        Err(refusal) => Failure(refusal).into_response(),
    }
}

fn named(request: &Request) -> Option<String> {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let query = request.uri().query().filter(|_| reads && request.uri().path().starts_with("/api/now/"))?;
    pairs(query).find_map(|(name, value)| (name == PARAMETER).then(|| value.to_owned()))
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter_map(|pair| pair.split_once('='))
}

async fn kept(app: &App, headers: &HeaderMap, visitor: Visitor, name: String) -> Result<String, Refusal> {
    let caller = identify(app, Credentials::of(headers)?, visitor).await?;
    let address =
        blocking(app, move |server, now, rng| server.read(&caller, now, rng, |call| call.kept_address(&name)));
    let unknown = || Refusal::NotFound(format!("{PARAMETER} names no address of yours; POST it to /api/now/tinyurl"));
    address.await?.ok_or_else(unknown)
}

fn lengthened(asked: &Uri, address: &str) -> Result<Uri, Refusal> {
    let beside = pairs(asked.query().unwrap_or_default()).filter(|(name, _)| *name != PARAMETER);
    let beside: Vec<(String, String)> = beside.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let kept = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let kept = pairs(kept).filter(|(name, _)| !beside.iter().any(|(given, _)| given == name));
    let all = beside.iter().map(|(name, value)| format!("{name}={value}"));
    let all: Vec<String> = all.chain(kept.map(|(name, value)| format!("{name}={}", escaped(value)))).collect();
    let target = PathAndQuery::try_from(format!("{}?{}", asked.path(), all.join("&")));
    let unfit = |_| Refusal::Malformed("the kept address cannot be read; keep it again".into());
    Ok(Uri::from(target.map_err(unfit)?))
}
