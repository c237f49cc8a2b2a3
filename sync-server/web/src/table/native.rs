//! Records under `/api/v1/records`: the same fields, values and rules as the Table API, without its envelope, with problem
//! documents that point at the field, and with a key for requests that may come twice.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use fieldline_service::bookmark::Bookmark;
use fieldline_service::guard::{self, Once};
use fieldline_service::question::Question;
use fieldline_service::{Call, TableError, table};
use serde_json::{Value, json};

use super::{Asked, class, criteria, record_input};
use crate::App;
use crate::body::{JSON_BODY_BYTES, parsed, read_as};
use crate::caller::blocking;
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::guards::{expected, key, tagged};
use crate::links::escape;
use crate::refusal::{Problem, Refusal};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Records on a page when nobody says how many, and the most.
const RECORDS: u32 = 100;
const MOST_RECORDS: u32 = 1_000;

/// What a list may be asked, under its plain name or as the Table API calls it, and what it does.
pub const LIST_PARAMETERS: [(&str, &str); 6] = [
    ("query", "An encoded query, such as active=true^priority<=2^ORDERBYnumber"),
    ("fields", "Field names with commas, dot-walked through references if wanted"),
    ("limit", "Records on a page, 100 when left out and 1000 at the most"),
    ("cursor", "The next of the page before"),
    ("display_value", "false (values), true (as people read them) or all (both)"),
    ("exclude_reference_link", "true answers references without links"),
];

/// Parameters under the names the Table API has for them; a cursor is none of its, and no field either.
pub fn long(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let is_short = |name: &str| LIST_PARAMETERS.iter().any(|(short, _)| *short == name);
    let named = |name: &String| if is_short(name) { format!("sysparm_{name}") } else { name.clone() };
    pairs.iter().map(|(name, value)| (named(name), value.clone())).collect()
}

pub fn endpoints() -> Vec<Endpoint> {
    let (record, empty) = (Content::Record, Content::Empty);
    let (all, this) = ("/api/v1/records/{table}", "/api/v1/records/{table}/{sys_id}");
    let once = "Creates a record, once however often it comes under one Idempotency-Key";
    let lists = "Lists records that match a query, a page and a cursor to the next one at a time";
    let puts = "Changes the fields sent, or creates the record under this sys_id where there is none";
    let reads = "Answers a record, unless it is that of If-None-Match";
    let changes = "Changes the fields sent, if it is that of If-Match";
    let deletes = "Deletes a record, if it is that of If-Match";
    vec![
        endpoint("get", all, lists, empty, (200, Content::Listed), get(list)),
        endpoint("post", all, once, record, (201, record), post(create)),
        endpoint("get", this, reads, empty, (200, record), get(read)),
        endpoint("put", this, puts, record, (200, record), put(replace)),
        endpoint("patch", this, changes, record, (200, record), patch(update)),
        endpoint("delete", this, deletes, empty, (204, empty), delete(remove)),
    ]
}

/// A record as JSON, and which version it is.
type Shown = (Vec<u8>, String);

fn shown(call: &mut Call<'_>, asked: &Asked, detail: &table::Detail) -> Result<Shown, TableError> {
    Ok((asked.view.detail(call, detail)?, guard::version(&detail.record)))
}

async fn list(State(app): State<App>, asked: Result<Asked, super::Failure>) -> Result<Response, Problem> {
    let asked = asked.map_err(|failure| failure.0)?;
    if asked.view.parameters.offset > 0 {
        return Err(Problem(Refusal::Malformed("offset: a list goes on from the cursor of the page before".into())));
    }
    let cursor = asked.pairs.iter().find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.parse::<Bookmark>());
    let cursor = cursor.transpose().map_err(|problem| Refusal::Malformed(format!("cursor: {problem}")))?;
    let (address, pairs) = (asked.view.origin.at(&asked.path), asked.pairs.clone());
    let (mut body, next) = blocking(&app, move |server, now, rng| {
        asked.who.read(server, now, rng, |call| {
            let view = &asked.view;
            let query = criteria(&view.parameters, &view.table, &call.dictionary);
            let question = Question::new(call, view.table.name.as_str(), &query)?;
            let limit = view.parameters.limit.unwrap_or(RECORDS).clamp(1, MOST_RECORDS);
            let (records, next) = question.page(call, limit, cursor.as_ref())?;
            let mut json = b"{\"records\":".to_vec();
            view.records(call, records, &mut json)?;
            Ok::<_, TableError>((json, next))
        })
    })
    .await?;
    let next = next.map(|next| next.to_string());
    let link = next.as_ref().and_then(|next| next_page(&address, &pairs, next));
    body.extend_from_slice(format!(",\"next\":{}}}", json!(next)).as_bytes());
    let mut response = (StatusCode::OK, [(header::CONTENT_TYPE, JSON)], body).into_response();
    response.headers_mut().extend(link.map(|link| (header::LINK, link)));
    Ok(response)
}

/// The next page at the same address with the same other parameters (RFC 8288).
fn next_page(address: &str, pairs: &[(String, String)], cursor: &str) -> Option<HeaderValue> {
    let kept = pairs.iter().filter(|(name, _)| name != "cursor");
    let kept: String = kept.map(|(name, value)| format!("{}={}&", escape(name), escape(value))).collect();
    HeaderValue::from_str(&format!("<{address}?{kept}cursor={cursor}>; rel=\"next\"")).ok()
}

async fn read(State(app): State<App>, asked: Result<Asked, super::Failure>) -> Result<Response, Problem> {
    let asked = asked.map_err(|failure| failure.0)?;
    let headers = asked.headers.clone();
    let (record, version) = blocking(&app, move |server, now, rng| {
        asked.who.read(server, now, rng, |call| {
            let detail = asked.view.read(call, asked.sys_id()?)?;
            shown(call, &asked, &detail).map_err(Refusal::from)
        })
    })
    .await?;
    Ok(tagged(&headers, &version, StatusCode::OK, JSON, record))
}

async fn update(State(app): State<App>, asked: Result<Asked, super::Failure>, body: Body) -> Result<Response, Problem> {
    let asked = asked.map_err(|failure| failure.0)?;
    let sys_id = asked.sys_id()?;
    let texts = asked.texts(body).await?;
    let (record, version) = blocking(&app, move |server, now, rng| {
        let table = asked.view.table.name.as_str();
        let input = record_input(server, table, texts, asked.view.parameters.input_display_value);
        asked.who.write(server, now, rng, |call| {
            guard::expect(call, table, sys_id, &expected(&asked.headers))?;
            let detail = table::update(call, table, sys_id, &input)?;
            shown(call, &asked, &detail)
        })
    })
    .await?;
    Ok(tagged(&HeaderMap::new(), &version, StatusCode::OK, JSON, record))
}

async fn replace(
    State(app): State<App>,
    asked: Result<Asked, super::Failure>,
    body: Body,
) -> Result<Response, Problem> {
    let asked = asked.map_err(|failure| failure.0)?;
    let (sys_id, address) = (asked.sys_id()?, asked.view.origin.at(&asked.path));
    let texts = asked.texts(body).await?;
    let ((record, version), is_new) = blocking(&app, move |server, now, rng| {
        let table = asked.view.table.name.as_str();
        let class = class(server, table, &texts);
        let input = record_input(server, &class, texts, asked.view.parameters.input_display_value);
        asked.who.write(server, now, rng, |call| {
            let (detail, is_new) = guard::put(call, (table, &class), sys_id, input, &expected(&asked.headers))?;
            Ok::<_, TableError>((shown(call, &asked, &detail)?, is_new))
        })
    })
    .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = tagged(&HeaderMap::new(), &version, status, JSON, record);
    if let Some(location) = HeaderValue::from_str(&address).ok().filter(|_| is_new) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn remove(state: State<App>, asked: Result<Asked, super::Failure>) -> Result<StatusCode, Problem> {
    let asked = asked.map_err(|failure| failure.0)?;
    super::remove(state, asked).await.map_err(|failure| Problem(failure.0))
}

async fn create(State(app): State<App>, asked: Result<Asked, super::Failure>, body: Body) -> Result<Response, Problem> {
    let asked = asked.map_err(|failure| failure.0)?;
    let key = key(&asked.headers)?;
    let bytes = read_as("application/json", &asked.headers, body, JSON_BODY_BYTES).await?;
    let fingerprint = fingerprint(&asked, &bytes);
    let texts = super::texts(parsed(&bytes)?)?;
    let path = asked.path.clone();
    let address = asked.view.origin.at(&path);
    let under_way = app.under_way.clone();
    let done = blocking(&app, move |server, now, rng| {
        let user = asked.who.known(server, now)?.user;
        let _turn = key.as_ref().map(|key| under_way.begin(user, key, fingerprint)).transpose()?;
        let class = class(server, asked.view.table.name.as_str(), &texts);
        let input = record_input(server, &class, texts, asked.view.parameters.input_display_value);
        asked.who.write(server, now, rng, |call| {
            let work = |call: &mut Call<'_>| {
                let detail = table::create(call, &class, &input)?;
                let (record, version) = shown(call, &asked, &detail)?;
                let record: Value = serde_json::from_slice(&record).expect("it was just written");
                let answer = json!({ "sys_id": detail.record.id.sys_id, "version": version, "record": record });
                Ok(answer.to_string().into_bytes())
            };
            match key {
                Some(key) => guard::once(call, &key, fingerprint, work),
                None => work(call).map(Once::Now),
            }
        })
    })
    .await?;
    let (Once::Now(answer) | Once::Before(answer)) = done else { return Err(Problem(Refusal::OtherRequest)) };
    let answer: Value = serde_json::from_slice(&answer).map_err(|_| Refusal::Broken)?;
    let text = |name: &str| answer[name].as_str().unwrap_or_default();
    let record = answer["record"].to_string().into_bytes();
    let mut response = tagged(&HeaderMap::new(), text("version"), StatusCode::CREATED, JSON, record);
    if let Ok(location) = HeaderValue::from_str(&format!("{address}/{}", text("sys_id"))) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// What tells one request from another: where it goes and what it says.
fn fingerprint(asked: &Asked, body: &[u8]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let address = json!([asked.path, asked.pairs]).to_string();
    context.update(&(address.len() as u64).to_le_bytes());
    context.update(address.as_bytes());
    context.update(body);
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}
