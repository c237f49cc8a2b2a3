//! Records under `/api/v1/records`: the same fields, values and rules as the Table API, without its envelope, with problem
//! documents that point at the field, and with a key for requests that may come twice.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{delete, get, patch, post};
use fieldline_service::guard::{self, Once};
use fieldline_service::{Call, TableError, table};
use serde_json::{Value, json};

use super::{Asked, input};
use crate::App;
use crate::body::{JSON_BODY_BYTES, parsed, read_as};
use crate::caller::blocking;
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::guards::{expected, key, tagged};
use crate::refusal::{Problem, Refusal};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub fn endpoints() -> Vec<Endpoint> {
    let (record, empty) = (Content::Record, Content::Empty);
    let (all, this) = ("/api/v1/records/{table}", "/api/v1/records/{table}/{sys_id}");
    let once = "Creates a record, once however often it comes under one Idempotency-Key";
    let reads = "Answers a record, unless it is that of If-None-Match";
    let changes = "Changes the fields sent, if it is that of If-Match";
    let deletes = "Deletes a record, if it is that of If-Match";
    vec![
        endpoint("post", all, once, record, (201, record), post(create)),
        endpoint("get", this, reads, empty, (200, record), get(read)),
        endpoint("patch", this, changes, record, (200, record), patch(update)),
        endpoint("delete", this, deletes, empty, (204, empty), delete(remove)),
    ]
}

/// A record as JSON, and which version it is.
type Shown = (Vec<u8>, String);

fn shown(call: &mut Call<'_>, asked: &Asked, detail: &table::Detail) -> Result<Shown, TableError> {
    Ok((asked.view.detail(call, detail)?, guard::version(&detail.record)))
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
    let (sys_id, headers) = (asked.sys_id()?, asked.headers.clone());
    let texts = asked.texts(body).await?;
    let (record, version) = blocking(&app, move |server, now, rng| {
        let table = asked.view.table.name.as_str();
        let input = input::input(server, table, texts, asked.view.parameters.input_display_value);
        asked.who.write(server, now, rng, |call| {
            guard::expect(call, table, sys_id, &expected(&asked.headers))?;
            let detail = table::update(call, table, sys_id, &input)?;
            shown(call, &asked, &detail)
        })
    })
    .await?;
    let mut headers = headers;
    headers.remove(header::IF_NONE_MATCH);
    Ok(tagged(&headers, &version, StatusCode::OK, JSON, record))
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
    let texts = input::texts(parsed(&bytes)?)?;
    let path = asked.path.clone();
    let address = asked.view.origin.at(&path);
    let done = blocking(&app, move |server, now, rng| {
        let class = input::class(server, asked.view.table.name.as_str(), &texts);
        let input = input::input(server, &class, texts, asked.view.parameters.input_display_value);
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
    let nothing = axum::http::HeaderMap::new();
    let record = answer["record"].to_string().into_bytes();
    let mut response = tagged(&nothing, text("version"), StatusCode::CREATED, JSON, record);
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
