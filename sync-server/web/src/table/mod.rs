//! The record API in the shape of the ServiceNow Table API: whoever speaks that to another server speaks it to this one by
//! changing the host. Texts, headers, status codes and forms of values are those its clients compare with.
//!
//! `parameters.rs` reads the query string, `criteria.rs` makes a query of it, `input.rs` reads bodies, `reader.rs` looks up
//! what an answer shows, `shape.rs` gives it its form.

mod criteria;
pub mod explanation;
mod input;
pub mod native;
mod parameters;
mod reader;
mod shape;
mod stats;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use fieldline_model::{Dictionary, Record, SysId, Table};
use fieldline_service::question::Question;
use fieldline_service::table::{self, Detail};
use fieldline_service::{Call, TableError, guard};
use serde_json::Value;

use crate::App;
use crate::caller::{Asker, blocking};
use crate::endpoint::{Content, Endpoint, endpoint, under};
use crate::guards;
use crate::links::{Origin, Page};
use crate::refusal::{Failure, Refusal, TABLE_CONTENT_TYPE, no_record};
use reader::JOURNALS;

pub use criteria::{clause, criteria};
pub use input::{class, input as record_input, texts};
pub use parameters::{Parameters, Show};
pub use reader::{Names, Reader, field_names};
pub use shape::{Cell, link, shaped};
pub use stats::figures;

/// What a record takes in an answer, about.
const RECORD_BYTES: usize = 3_000;

/// How many there are, whatever the page.
pub const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

pub fn endpoints() -> Vec<Endpoint> {
    let bases = ["/api/now/table", "/api/now/v1/table", "/api/now/v2/table"];
    let tables = bases.into_iter().flat_map(|base| under(base, &of_records()));
    tables.chain(stats::endpoints()).chain(native::endpoints()).chain(explanation::endpoints()).collect()
}

fn of_records() -> Vec<Endpoint> {
    let (record, nothing, all, this) = (Content::Record, Content::Empty, "/{table}", "/{table}/{sys_id}");
    let (one, many, made, gone) =
        ((200, Content::Result), (200, Content::Results), (201, Content::Result), (204, nothing));
    vec![
        endpoint("get", all, "Lists records that match a query", nothing, many, get(list)),
        endpoint("post", all, "Creates a record", record, made, post(create)),
        endpoint("get", this, "Answers a record", nothing, one, get(read)),
        endpoint("put", this, "Changes the fields sent", record, one, put(update)),
        endpoint("patch", this, "Changes the fields sent", record, one, patch(update)),
        endpoint("delete", this, "Deletes a record", nothing, gone, delete(remove)),
    ]
}

/// How an answer is to look, whatever it holds.
pub struct View {
    /// What is asked about.
    pub table: Arc<Table>,
    /// In which form.
    pub parameters: Parameters,
    /// Where links lead.
    pub origin: Origin,
}

impl View {
    /// A record as JSON.
    fn detail(&self, call: &mut Call<'_>, detail: &Detail) -> Result<Vec<u8>, TableError> {
        let dictionary = call.dictionary.clone();
        let mut json = Vec::with_capacity(RECORD_BYTES);
        self.write(&mut json, &mut self.reader(call, &dictionary), detail)?;
        Ok(json)
    }

    /// Writes the records of a list as a JSON array. Journals are read from documents, which a list does only when it is asked for them by name.
    fn records(&self, call: &mut Call<'_>, records: Vec<Record>, json: &mut Vec<u8>) -> Result<(), TableError> {
        let dictionary = call.dictionary.clone();
        let shows_journals = self.parameters.fields.is_some() && self.shows_journals();
        json.reserve(RECORD_BYTES * records.len());
        json.push(b'[');
        let details = records.into_iter().map(|record| match shows_journals {
            true => table::get(call, record.id.table.as_str(), record.id.sys_id),
            false => Ok(Detail { record, projection_of_document: None }),
        });
        let details = details.collect::<Result<Vec<_>, _>>()?;
        let mut reader = self.reader(call, &dictionary);
        for (at, detail) in details.iter().enumerate() {
            json.extend_from_slice(if at > 0 { b"," } else { b"" });
            self.write(json, &mut reader, detail)?;
        }
        json.push(b']');
        Ok(())
    }

    /// A record, with what its document knows beyond that if the answer shows it.
    fn read(&self, call: &mut Call<'_>, sys_id: SysId) -> Result<Detail, TableError> {
        let table = self.table.name.as_str();
        match self.shows_journals() {
            true => table::get(call, table, sys_id),
            false => Ok(Detail { record: table::read(call, table, sys_id)?, projection_of_document: None }),
        }
    }

    /// Whether journals are asked for; they have no value of their own, people read their entries.
    fn shows_journals(&self) -> bool {
        let named =
            |fields: &Vec<String>| fields.iter().any(|name| JOURNALS.iter().any(|(journal, _)| journal == name));
        self.parameters.show != Show::Values && self.parameters.fields.as_ref().is_none_or(named)
    }

    fn reader<'c, 's, 'd>(&'d self, call: &'c mut Call<'s>, dictionary: &'d Dictionary) -> Reader<'c, 's, 'd> {
        Reader::new(call, dictionary, self.parameters.names(&self.table), self.parameters.show)
    }

    fn write(&self, json: &mut Vec<u8>, reader: &mut Reader<'_, '_, '_>, detail: &Detail) -> Result<(), TableError> {
        let begin = json.len();
        reader.cells(&detail.record, detail.projection_of_document.as_ref(), |name, cell| {
            shape::write_name(json, name);
            shape::write(json, &cell, &self.parameters, &self.origin);
        })?;
        // The first key's comma is where the object begins.
        match json.get_mut(begin) {
            Some(comma) => *comma = b'{',
            None => json.push(b'{'),
        }
        json.push(b'}');
        Ok(())
    }
}

/// Who asks what of the record API: the request but its body.
struct Asked {
    who: Asker,
    view: View,
    sys_id: Option<String>,
    path: String,
    pairs: Vec<(String, String)>,
    headers: HeaderMap,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let who = Asker::from_request_parts(parts, app).await?;
        match Self::read_parts(parts, app).await {
            Ok((view, sys_id, pairs)) => {
                let (path, headers) = (parts.uri.path().to_owned(), parts.headers.clone());
                Ok(Self { who, view, sys_id, path, pairs, headers })
            }
            // Strangers are told that they are, and not whether a table exists.
            Err(problem) => {
                let known = blocking(app, move |server, now, _| who.known(server, now).map(drop)).await;
                Err(Failure(known.err().unwrap_or(problem)))
            }
        }
    }
}

impl Asked {
    async fn read_parts(
        parts: &mut Parts,
        app: &App,
    ) -> Result<(View, Option<String>, Vec<(String, String)>), Refusal> {
        check_acceptable(&parts.headers)?;
        let unreadable = |problem: &dyn Display| Refusal::Malformed(format!("the address: {problem}"));
        let named = Path::<BTreeMap<String, String>>::from_request_parts(parts, app).await;
        let Path(mut named) = named.map_err(|problem| unreadable(&problem))?;
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = pairs.map_err(|problem| unreadable(&problem))?;
        let table = named.remove("table").unwrap_or_default();
        let declared = app.server.dictionary().shared(&table);
        let table = declared.ok_or_else(|| Refusal::UnknownTable(table.chars().take(80).collect()))?;
        let is_native = parts.uri.path().starts_with("/api/v1/");
        let parameters = if is_native { Parameters::read(&native::long(&pairs))? } else { Parameters::read(&pairs)? };
        let origin = Origin::of(&parts.headers);
        let view = View { table, parameters, origin };
        Ok((view, named.remove("sys_id"), pairs))
    }

    /// The record in the address; an ill-formed identity is one that no record has.
    fn sys_id(&self) -> Result<SysId, Refusal> {
        self.sys_id.as_deref().and_then(|id| id.parse().ok()).ok_or_else(no_record)
    }

    async fn texts(&self, body: Body) -> Result<BTreeMap<String, String>, Refusal> {
        match crate::body::json_if_any(&self.headers, body).await? {
            Some(body) => texts(body),
            None => Ok(BTreeMap::new()),
        }
    }
}

/// The document formats a client takes must include JSON.
pub fn check_acceptable(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(accepted) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else { return Ok(()) };
    let kinds = accepted.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    let mut kinds = kinds.filter(|kind| matches!(kind.as_str(), "" | "*/*" | "application/*" | "application/json"));
    kinds.next().map(drop).ok_or(Refusal::NotAcceptable)
}

/// The envelope around what was asked for.
pub fn answered(status: StatusCode, result: Value) -> Response {
    in_envelope(status, enveloped(result.to_string().as_bytes()))
}

fn in_envelope(status: StatusCode, json: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, TABLE_CONTENT_TYPE)], json).into_response()
}

/// What begins an answer; a brace ends it.
const ENVELOPE: &[u8] = b"{\"result\":";

fn enveloped(json: &[u8]) -> Vec<u8> {
    [ENVELOPE, json, b"}"].concat()
}

async fn list(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let Asked { who, view, path, pairs, .. } = asked;
    let (parameters, address) = (view.parameters.clone(), view.origin.at(&path));
    let (is_empty, results, total) = blocking(&app, move |server, now, rng| {
        who.read(server, now, rng, |call| {
            let query = criteria(&view.parameters, &view.table, &call.dictionary);
            let question = Question::new(call, view.table.name.as_str(), &query)?;
            let (rows, offset) = (view.parameters.rows(), view.parameters.offset);
            let (records, total) = match view.parameters.no_count {
                true => (question.records(call, rows, offset)?, None),
                false => question.found(call, rows, offset).map(|found| (found.records, Some(found.total)))?,
            };
            let (is_empty, mut json) = (records.is_empty(), ENVELOPE.to_vec());
            view.records(call, records, &mut json)?;
            json.push(b'}');
            Ok::<_, TableError>((is_empty, json, total))
        })
    })
    .await?;
    if is_empty && path.starts_with("/api/now/v1/") {
        return Err(Failure(no_record()));
    }
    let mut response = in_envelope(StatusCode::OK, results);
    let Some(total) = total else { return Ok(response) };
    response.headers_mut().insert(TOTAL_COUNT, HeaderValue::from(total));
    let page = Page { limit: parameters.rows(), offset: parameters.offset, total };
    if !parameters.suppress_pagination_header
        && let Some(links) = page.links(&address, &pairs)
    {
        response.headers_mut().insert(header::LINK, links);
    }
    Ok(response)
}

async fn read(State(app): State<App>, asked: Asked) -> Result<Response, Failure> {
    let headers = asked.headers.clone();
    let (result, version) = blocking(&app, move |server, now, rng| {
        asked.who.read(server, now, rng, |call| {
            let detail = asked.view.read(call, asked.sys_id()?)?;
            Ok::<_, Refusal>((asked.view.detail(call, &detail)?, guard::version(&detail.record)))
        })
    })
    .await?;
    Ok(guards::tagged(&headers, &version, StatusCode::OK, TABLE_CONTENT_TYPE, enveloped(&result)))
}

async fn create(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let texts = asked.texts(body).await?;
    let address = asked.view.origin.at(&asked.path);
    let (result, sys_id) = blocking(&app, move |server, now, rng| {
        let Asked { who, view, .. } = asked;
        let class = class(server, view.table.name.as_str(), &texts);
        let input = record_input(server, &class, texts, view.parameters.input_display_value);
        who.write(server, now, rng, |call| {
            let detail = table::create(call, &class, &input)?;
            Ok::<_, TableError>((view.detail(call, &detail)?, detail.record.id.sys_id))
        })
    })
    .await?;
    let mut response = in_envelope(StatusCode::CREATED, enveloped(&result));
    if let Ok(location) = HeaderValue::from_str(&format!("{address}/{sys_id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn update(State(app): State<App>, asked: Asked, body: Body) -> Result<Response, Failure> {
    let sys_id = asked.sys_id()?;
    let texts = asked.texts(body).await?;
    let result = blocking(&app, move |server, now, rng| {
        let Asked { who, view, headers, .. } = asked;
        let table = view.table.name.as_str();
        let input = record_input(server, table, texts, view.parameters.input_display_value);
        who.write(server, now, rng, |call| {
            guard::expect(call, table, sys_id, &guards::expected(&headers))?;
            let detail = table::update(call, table, sys_id, &input)?;
            view.detail(call, &detail)
        })
    })
    .await?;
    Ok(in_envelope(StatusCode::OK, enveloped(&result)))
}

async fn remove(State(app): State<App>, asked: Asked) -> Result<StatusCode, Failure> {
    let sys_id = asked.sys_id()?;
    blocking(&app, move |server, now, rng| {
        asked.who.write(server, now, rng, |call| {
            let table = asked.view.table.name.as_str();
            guard::expect(call, table, sys_id, &guards::expected(&asked.headers))?;
            table::delete(call, table, sys_id)
        })
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<TableError> for Refusal {
    fn from(error: TableError) -> Self {
        match error {
            TableError::NotFound(_) => no_record(),
            TableError::Denied { .. } | TableError::Ruled(_) => Self::Rejected(error.to_string()),
            TableError::Stale(_) | TableError::Taken(_) => Self::Stale(error.to_string()),
            TableError::Invalid { field: Some(ref field), .. } => {
                Self::Field { field: field.to_string(), detail: error.to_string() }
            }
            TableError::Invalid { .. } => Self::Malformed(error.to_string()),
            TableError::Service(error) => error.into(),
        }
    }
}
