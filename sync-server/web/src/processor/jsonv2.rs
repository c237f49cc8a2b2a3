//! JSONv2 (`/{table}.do?JSONv2&sysparm_action=…`): what may be done with records, before there was a method for each.
//!
//! A record answers its fields as texts and `__status`; one that could not be written says why in `__error` and stops no
//! other. When the whole action failed, the answer is `{"_error": …, "reason": …}` under a status that says so.
//!
//! Source: ServiceNow "JSONv2 web service".

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldline_model::condition::{Condition, Group, Operator, Parsed, Query};
use fieldline_model::{Record, Table};
use fieldline_service::question::Question;
use fieldline_service::table::{self, Detail};
use fieldline_service::{Call, Server, TableError, import_sets};
use serde_json::{Map, Value, json};

use super::flat::flat;
use super::{Errand, PARAMETERS, in_common, many, staged, with_body};
use crate::body::{JSON_BODY_BYTES, parsed, read};
use crate::caller::blocking;
use crate::refusal::{Failure, Refusal, TABLE_CONTENT_TYPE, no_record};
use crate::table::{Parameters, Reader, Show, class, record_input, texts};
use crate::{App, Entropy};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Get,
    GetKeys,
    GetRecords,
    Insert,
    Update,
    DeleteRecord,
    DeleteMultiple,
}

const ACTIONS: [(&str, Action); 8] = [
    ("get", Action::Get),
    ("getKeys", Action::GetKeys),
    ("getRecords", Action::GetRecords),
    ("insert", Action::Insert),
    ("insertMultiple", Action::Insert),
    ("update", Action::Update),
    ("deleteRecord", Action::DeleteRecord),
    ("deleteMultiple", Action::DeleteMultiple),
];

/// Does what the address or the message says; a request without a body changes nothing.
pub async fn answer(app: &App, errand: Errand, body: Option<Body>) -> Response {
    match done(app, errand, body).await {
        Ok(records) => {
            let headers = [(header::CONTENT_TYPE, TABLE_CONTENT_TYPE)];
            (StatusCode::OK, headers, json!({ "records": records }).to_string()).into_response()
        }
        Err(refusal) => {
            let body = json!({ "_error": refusal.to_string(), "reason": null });
            with_body(Failure(refusal).into_response(), TABLE_CONTENT_TYPE, body.to_string().into_bytes())
        }
    }
}

async fn done(app: &App, mut errand: Errand, body: Option<Body>) -> Result<Value, Refusal> {
    let may_write = body.is_some();
    let message = match body {
        Some(body) => message(&read(&errand.headers, body, JSON_BODY_BYTES).await?)?,
        None => Map::new(),
    };
    let (parameters, fields): (Map<_, _>, Map<_, _>) =
        message.into_iter().partition(|(name, _)| name.starts_with("sysparm_") || PARAMETERS.contains(&name.as_str()));
    errand.pairs.extend(texts(parameters.into())?.into_iter().map(in_common));
    let action = action(&errand)?;
    let reads = matches!(action, Action::Get | Action::GetKeys | Action::GetRecords);
    if !reads && !may_write {
        return Err(Refusal::Malformed("sysparm_action: what changes records is sent with POST".into()));
    }
    blocking(app, move |server, now, rng| {
        if reads {
            return server.read(&errand.caller, now, rng, |call| found(&errand, action, call));
        }
        if action == Action::Insert {
            return inserted(&errand, fields, server, now, rng);
        }
        server.write(&errand.caller, now, rng, |call| changed(&errand, action, fields, call))
    })
    .await
}

/// The message, which may be left out.
fn message(bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match parsed(bytes)? {
        Value::Object(members) => Ok(members),
        // Some clients send records without saying so.
        records @ Value::Array(_) => Ok(Map::from_iter([("records".to_owned(), records)])),
        _ => Err(Refusal::Malformed("the JSON body must be an object of fields, or have records".into())),
    }
}

fn action(errand: &Errand) -> Result<Action, Refusal> {
    let Some(word) = errand.parameter("sysparm_action").filter(|word| !word.is_empty()) else {
        let by_identity = errand.parameter("sysparm_sys_id").is_some();
        return Ok(if by_identity { Action::Get } else { Action::GetRecords });
    };
    let known = ACTIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word.trim()));
    let all =
        || Refusal::Malformed(format!("sysparm_action must be one of {}", ACTIONS.map(|(name, _)| name).join(", ")));
    known.map(|(_, action)| *action).ok_or_else(all)
}

/// How the records of an answer look.
struct Look<'e> {
    table: &'e Table,
    parameters: &'e Parameters,
    with_variables: bool,
}

impl Look<'_> {
    fn of(&self, call: &mut Call<'_>, record: &Record) -> Result<Map<String, Value>, TableError> {
        let dictionary = call.dictionary.clone();
        let mut reader = Reader::new(call, &dictionary, self.parameters.names(self.table), Show::All);
        let shown = flat(&mut reader, self.table, (record, None), self.parameters.show)?;
        let mut shown: Map<_, _> = shown.into_iter().map(|(name, text)| (name, text.into())).collect();
        if self.with_variables {
            shown.insert("variables".into(), variables(call, record)?);
        }
        shown.insert("__status".into(), "success".into());
        Ok(shown)
    }
}

fn found(errand: &Errand, action: Action, call: &mut Call<'_>) -> Result<Value, Refusal> {
    let declared = call.dictionary.shared(&errand.table).ok_or_else(|| errand.unknown_table())?;
    let parameters = errand.parameters()?;
    let records = if action == Action::Get {
        one(errand, call)?.into_iter().collect()
    } else {
        let query = errand.query(call, &parameters, &declared);
        Question::new(call, &errand.table, &query)?.records(call, parameters.rows(), parameters.offset)?
    };
    if action == Action::GetKeys {
        return Ok(records.iter().map(|record| Value::from(record.id.sys_id.to_string())).collect());
    }
    let with_variables = errand.parameter("displayvariables").is_some_and(|given| given.eq_ignore_ascii_case("true"));
    let look = Look { table: &declared, parameters: &parameters, with_variables };
    let shown = records.iter().map(|record| look.of(call, record).map(Value::from));
    Ok(shown.collect::<Result<Vec<_>, _>>()?.into())
}

/// The record in `sysparm_sys_id`, `None` when there is none for the caller.
fn one(errand: &Errand, call: &mut Call<'_>) -> Result<Option<Record>, Refusal> {
    let Some(sys_id) = errand.parameter("sysparm_sys_id").and_then(|id| id.trim().parse().ok()) else {
        return Ok(None);
    };
    match table::get(call, &errand.table, sys_id) {
        Ok(Detail { record, .. }) => Ok(Some(record)),
        Err(TableError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Each record is in a transaction of its own, so that one which does not fit stops no other.
fn inserted(
    errand: &Errand,
    mut fields: Map<String, Value>,
    server: &Server,
    now: fieldline_model::Timestamp,
    rng: &mut Entropy,
) -> Result<Value, Refusal> {
    let records = match fields.remove("records") {
        Some(Value::Array(records)) => records,
        Some(_) => return Err(Refusal::Malformed("records: must be a list of objects".into())),
        None => vec![fields.into()],
    };
    let records = many::check(records)?.into_iter().map(texts).collect::<Result<Vec<_>, _>>()?;
    let parameters = errand.parameters()?;
    let staging = server.read(&errand.caller, now, rng, |call| import_sets::is_staging(call, &errand.table))?;
    if staging {
        return server.write(&errand.caller, now, rng, |call| imported(errand, &records, call));
    }
    let mut shown = Vec::with_capacity(records.len());
    for texts in records {
        let made = server.write(&errand.caller, now, rng, |call| {
            let declared = call.dictionary.shared(&errand.table).ok_or_else(|| errand.unknown_table())?;
            let class = class(server, &errand.table, &texts);
            let input = record_input(server, &class, texts.clone(), parameters.input_display_value);
            let Detail { record, .. } = table::create(call, &class, &input)?;
            let look = Look { table: &declared, parameters: &parameters, with_variables: false };
            Ok::<_, Refusal>(look.of(call, &record)?)
        });
        shown.push(told(made, &format!("Invalid Insert into: {}", errand.table), texts)?);
    }
    Ok(shown.into())
}

fn imported(errand: &Errand, rows: &[BTreeMap<String, String>], call: &mut Call<'_>) -> Result<Value, Refusal> {
    let mut records = Vec::new();
    for staged in staged::stage(call, &errand.table, rows)? {
        for result in &staged.results {
            let fields = staged::fields(staged.row, result).into_iter();
            let mut fields: Map<_, _> = fields.map(|(name, text)| (name.to_owned(), text.into())).collect();
            let failed = result.status == import_sets::Status::Error;
            fields.insert("__status".into(), if failed { "failure" } else { "success" }.into());
            records.push(Value::from(fields));
        }
    }
    Ok(records.into())
}

fn changed(errand: &Errand, action: Action, fields: Map<String, Value>, call: &mut Call<'_>) -> Result<Value, Refusal> {
    let declared = call.dictionary.shared(&errand.table).ok_or_else(|| errand.unknown_table())?;
    let parameters = errand.parameters()?;
    let records = match action {
        Action::DeleteRecord => vec![one(errand, call)?.ok_or_else(no_record)?],
        _ => many::all(call, &errand.table, &named(errand)?)?,
    };
    let texts = texts(fields.into())?;
    let look = Look { table: &declared, parameters: &parameters, with_variables: false };
    let mut shown = Vec::with_capacity(records.len());
    for record in records {
        let before = look.of(call, &record)?;
        if action != Action::Update {
            table::delete(call, &errand.table, record.id.sys_id)?;
            shown.push(before.into());
            continue;
        }
        let input = record_input(call.server, &errand.table, texts.clone(), parameters.input_display_value);
        let changed = table::update(call, &errand.table, record.id.sys_id, &input);
        let changed = changed.and_then(|detail| look.of(call, &detail.record)).map_err(Refusal::from);
        let before = before.into_iter().map(|(name, text)| (name, text.as_str().unwrap_or_default().to_owned()));
        shown.push(told(changed, &format!("Invalid Update of: {}", errand.table), before.collect())?);
    }
    Ok(shown.into())
}

/// The records a change of many names; an identity will do.
fn named(errand: &Errand) -> Result<Parsed, Refusal> {
    let query = errand.parameter("sysparm_query").unwrap_or_default();
    let sys_id = errand.parameter("sysparm_sys_id").unwrap_or_default();
    if query.is_empty() && !sys_id.is_empty() {
        let path = vec!["sys_id".to_owned()];
        let is_it = Condition { path, operator: Operator::Equals, value: sys_id.to_owned() };
        let groups = vec![Group { clauses: vec![vec![is_it.into()]] }];
        return Ok(Parsed { query: Query { groups, order: Vec::new() }, ignored: Vec::new() });
    }
    if query.is_empty() {
        return Err(Refusal::Malformed("Cannot update with empty sysparm_query".into()));
    }
    Ok(Query::parse(query))
}

/// A record as it became, or as it was wanted with what is wrong; what the server failed at ends the whole action.
fn told(
    done: Result<Map<String, Value>, Refusal>,
    message: &str,
    wanted: BTreeMap<String, String>,
) -> Result<Value, Refusal> {
    match done {
        Ok(fields) => Ok(fields.into()),
        Err(refusal) if refusal.status().is_client_error() && !matches!(refusal, Refusal::UnknownTable(_)) => {
            let mut fields: Map<String, Value> = wanted.into_iter().map(|(name, text)| (name, text.into())).collect();
            fields.insert("__error".into(), json!({ "message": message, "reason": refusal.to_string() }));
            fields.insert("__status".into(), "failure".into());
            Ok(fields.into())
        }
        Err(refusal) => Err(refusal),
    }
}

/// What was answered when an item of the catalogue was ordered, as far as the caller may read it.
fn variables(call: &mut Call<'_>, record: &Record) -> Result<Value, TableError> {
    const NAMES: [&str; 5] = [
        "sc_item_option.item_option_new.question_text",
        "sc_item_option.item_option_new.name",
        "sc_item_option.item_option_new.type",
        "sc_item_option.value",
        "sc_item_option.item_option_new.order",
    ];
    let query = Query::parse(&format!("request_item={}^ORDERBY{}", record.id.sys_id, NAMES[4])).query;
    let rows = Question::new(call, "sc_item_option_mtom", &query)?.records(call, u32::MAX, 0)?;
    let dictionary = call.dictionary.clone();
    let mut reader = Reader::new(call, &dictionary, NAMES.map(Cow::Borrowed).into(), Show::Values);
    let number = |text: &str| text.parse::<i64>().map_or(Value::Null, Value::from);
    let mut variables = Vec::with_capacity(rows.len());
    for row in rows {
        let cells = reader.named(&row)?;
        let [question_text, name, kind, value, order] = [0, 1, 2, 3, 4].map(|at| &*cells[at].value);
        variables.push(json!({
            "question_text": question_text, "name": name, "type": number(kind), "value": value, "order": number(order),
        }));
    }
    Ok(variables.into())
}
