//! The Case API of customer service.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{get, post, put};
use fieldline_documents::Projection;
use fieldline_model::condition::Query;
use fieldline_model::{DocumentId, Record, Value as Stored};
use fieldline_service::cases::{self, Activity, CASES, Choice};
use fieldline_service::question::Question;
use fieldline_service::table;
use fieldline_service::{Call, TableError};
use serde_json::{Map, Value, json};

use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};
use crate::table::{Parameters, Reader, TOTAL_COUNT, answered, record_input, shaped};

const BASE: &str = "/api/sn_customerservice/{v}case";
/// Cases answered when the client names no limit.
const USUAL_LIMIT: u32 = 10;
/// The most it may name.
const LIMIT_AT_MOST: u32 = 10_000;

pub fn endpoints() -> Vec<Endpoint> {
    let (nothing, case) = (Content::Empty, Content::Json(CASES));
    let answer = |status, name| (status, Content::Json(name));
    let (one, many, made) = (answer(200, "CaseResult"), answer(200, "CasesResult"), answer(201, "CaseResult"));
    let (said, choices) = (answer(200, "CaseActivitiesResult"), answer(200, "CaseChoicesResult"));
    let values = "Lists what a field may hold";
    versioned(
        BASE,
        vec![
            endpoint("get", "", "Lists cases", nothing, many, get(list)),
            endpoint("post", "", "Creates a case", case, made, post(create)),
            endpoint("get", "/{id}", "Answers a case", nothing, one, get(read)),
            endpoint("put", "/{id}", "Changes a case", case, made, put(update)),
            endpoint("get", "/{id}/activities", "Lists what was said about a case", nothing, said, get(activities)),
            endpoint("get", "/field_values/{field}", values, nothing, choices, get(field_values)),
            endpoint("get", "/{id}/field_values/{field}", values, nothing, choices, get(field_values_of)),
        ],
    )
}

/// How cases are answered: references as bare values.
fn parameters(ask: &Ask) -> Result<Parameters, Refusal> {
    let full = |name: &String| if name.starts_with("sysparm_") { name.clone() } else { format!("sysparm_{name}") };
    let pairs: Vec<_> = ask.pairs.iter().map(|(name, value)| (full(name), value.clone())).collect();
    Ok(Parameters { exclude_reference_link: true, ..Parameters::read(&pairs)? })
}

fn shown(
    ask: &Ask,
    call: &mut Call<'_>,
    parameters: &Parameters,
    record: &Record,
    journals: Option<&Projection>,
) -> Result<Value, TableError> {
    let Some(table) = call.dictionary.shared(CASES) else { return Ok(Value::Null) };
    let journals = journals.filter(|_| cases::sees_work_notes(call));
    let dictionary = call.dictionary.clone();
    let row = Reader::new(call, &dictionary, parameters.names(&table), parameters.show).row(record, journals)?;
    let shaped = row.into_iter().map(|(name, cell)| (name, shaped(&cell, parameters, &ask.origin)));
    Ok(shaped.collect::<Map<_, _>>().into())
}

async fn list(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let parameters = parameters(&ask)?;
    let (limit, offset) = (parameters.limit.unwrap_or(USUAL_LIMIT).min(LIMIT_AT_MOST), parameters.offset);
    let found = ask.read(&app, move |ask, call| {
        let query = Query::parse(parameters.query.as_deref().unwrap_or_default()).query;
        let question = Question::new(call, CASES, &query)?;
        let records = question.records(call, limit, offset)?;
        let cases = records.iter().map(|record| shown(ask, call, &parameters, record, None));
        Ok((cases.collect::<Result<Vec<_>, _>>()?, question.count(call)?))
    });
    let (cases, total) = found.await?;
    Ok(counted(cases.into(), total))
}

/// An answer that says how much there is beyond it.
fn counted(result: Value, total: u64) -> Response {
    let mut response = answered(StatusCode::OK, result);
    response.headers_mut().insert(TOTAL_COUNT, HeaderValue::from(total));
    response
}

async fn read(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let parameters = parameters(&ask)?;
    ask.answer(&app, move |ask, call| {
        let case = cases::read(call, ask.name("id"))?;
        Ok(shown(ask, call, &parameters, &case.record, case.projection_of_document.as_ref())?)
    })
    .await
}

fn brief(case: &Record) -> Value {
    json!({ "sys_id": case.id.sys_id, "number": case.text("number") })
}

async fn create(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let texts = ask.texts(body).await?;
    let made = ask.write(&app, move |_, call| {
        let input = record_input(call.server, CASES, texts, false);
        Ok(brief(&cases::create(call, input)?))
    });
    Ok(answered(StatusCode::CREATED, made.await?))
}

async fn update(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let (parameters, texts) = (parameters(&ask)?, ask.texts(body).await?);
    let changed = ask.write(&app, move |ask, call| {
        let sys_id = cases::read(call, ask.name("id"))?.record.id.sys_id;
        let input = record_input(call.server, CASES, texts, parameters.input_display_value);
        let case = table::update(call, CASES, sys_id, &input)?;
        match ask.is_set("get_case_details") {
            true => Ok(shown(ask, call, &parameters, &case.record, case.projection_of_document.as_ref())?),
            false => Ok(brief(&case.record)),
        }
    });
    Ok(answered(StatusCode::CREATED, changed.await?))
}

async fn activities(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let (limit, offset) = (ask.number("limit", LIMIT_AT_MOST)?.min(LIMIT_AT_MOST), ask.number("offset", 0)?);
    let found = ask.read(&app, move |ask, call| {
        let case = cases::read(call, ask.name("id"))?;
        let mut said = cases::activities(call, &case);
        if let Some(kinds) = ask.parameter("activity_type").filter(|kinds| !kinds.is_empty()) {
            said.retain(|activity| kinds.split(',').any(|kind| kind.trim() == activity.journal));
        }
        let total = said.len() as u64;
        let page = said.into_iter().skip(offset as usize).take(limit as usize);
        let entries = page.map(|activity| shown_activity(call, &activity)).collect::<Result<Vec<_>, _>>()?;
        Ok((stream(call, &case.record, entries)?, total))
    });
    let (stream, total) = found.await?;
    Ok(counted(stream, total))
}

const LABELS: [(&str, &str); 2] = [("comments", "Additional comments"), ("work_notes", "Work notes")];

fn shown_activity(call: &Call<'_>, activity: &Activity) -> Result<Value, TableError> {
    let person = call.tx.record(&DocumentId::new("sys_user", activity.by))?;
    let name = person.map_or_else(String::new, |(_, person)| person.text("name").to_owned());
    let initials: String = name.split_whitespace().filter_map(|word| word.chars().next()).collect();
    let label = LABELS.iter().find(|(journal, _)| *journal == activity.journal).map_or("", |(_, label)| label);
    Ok(json!({
        "sys_id": activity.sys_id,
        "sys_created_on": Stored::Time(activity.at).to_string(),
        "sys_created_on_adjusted": call.callers_zone().shown(activity.at),
        "user_sys_id": activity.by,
        "login_name": name,
        "name": name,
        "initials": initials,
        "element": activity.journal,
        "field_label": label,
        "value": activity.text,
        "contains_code": "false",
    }))
}

fn stream(call: &Call<'_>, case: &Record, entries: Vec<Value>) -> Result<Value, TableError> {
    let caller = call.tx.record(&DocumentId::new("sys_user", call.caller.user))?;
    let caller = |field: &str| caller.as_ref().map_or_else(String::new, |(_, caller)| caller.text(field).to_owned());
    let inside = cases::sees_work_notes(call);
    let journals = LABELS.iter().filter(|(journal, _)| inside || *journal == "comments").map(|(journal, label)| {
        let color = if *journal == "comments" { "transparent" } else { "gold" };
        json!({ "can_read": true, "can_write": true, "color": color, "name": journal, "label": label })
    });
    let created = case.time("sys_created_on");
    Ok(json!({
        "display_value": case.text("number"),
        "number": case.text("number"),
        "sys_id": case.id.sys_id,
        "short_description": case.text("short_description"),
        "table": CASES,
        "label": "Case",
        "sys_created_on": created.map(|at| Stored::Time(at).to_string()),
        "sys_created_on_adjusted": created.map(|at| call.callers_zone().shown(at)),
        "user_sys_id": call.caller.user,
        "user_full_name": caller("name"),
        "user_login": caller("user_name"),
        "entries": entries,
        "journal_fields": journals.collect::<Vec<_>>(),
    }))
}

async fn field_values(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let page = (ask.number("limit", LIMIT_AT_MOST)?.min(LIMIT_AT_MOST), ask.number("offset", 0)?);
    ask.answer(&app, move |ask, call| choices(ask, call, page)).await
}

async fn field_values_of(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let page = (ask.number("limit", LIMIT_AT_MOST)?.min(LIMIT_AT_MOST), ask.number("offset", 0)?);
    ask.answer(&app, move |ask, call| {
        cases::read(call, ask.name("id"))?;
        choices(ask, call, page)
    })
    .await
}

fn choices(ask: &Ask, call: &Call<'_>, page: (u32, u32)) -> Result<Value, Refusal> {
    let choices = cases::field_values(call, ask.name("field"), ask.parameter("query").unwrap_or_default(), page)?;
    let shown = |Choice { value, label }: Choice| json!({ "label": label, "value": value });
    Ok(choices.into_iter().map(shown).collect::<Vec<_>>().into())
}

/// What the bodies look like.
pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let result =
        |schema: Value| json!({ "type": "object", "required": ["result"], "properties": { "result": schema } });
    let case = json!({ "$ref": format!("#/components/schemas/{CASES}") });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let choice = json!({
        "type": "object",
        "required": ["label", "value"],
        "properties": { "label": text, "value": text },
    });
    let stream = json!({
        "type": "object",
        "required": ["number", "sys_id", "table", "entries", "journal_fields"],
        "properties": {
            "number": text, "sys_id": text, "table": text,
            "entries": list(json!({ "type": "object" })),
            "journal_fields": list(json!({ "type": "object" })),
        },
    });
    json!({
        "CaseResult": result(case.clone()),
        "CasesResult": result(list(case)),
        "CaseActivitiesResult": result(stream),
        "CaseChoicesResult": result(list(choice)),
    })
}
