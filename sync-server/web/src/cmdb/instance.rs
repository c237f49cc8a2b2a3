//! The CMDB Instance API: one configuration item with what it is related to.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use fieldline_model::{Record, SysId};
use fieldline_service::Call;
use fieldline_service::cmdb::instance::{self, End, Instance, Told};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};
use crate::table::{Cell, Parameters, Reader, Show, answered, field_names, shaped, texts};

/// Items answered when the client names no limit.
const USUAL_LIMIT: u32 = 1_000;
/// The most it may name.
const LIMIT_AT_MOST: u32 = 10_000;

pub fn endpoints() -> Vec<Endpoint> {
    let (told, relations) = (Content::Json("CmdbItem"), Content::Json("CmdbRelations"));
    let (item, items, nothing) = (Content::Json("CmdbItemResult"), Content::Json("CmdbItemsResult"), Content::Empty);
    let (one, related) = ("/{sys_id}", "/{sys_id}/relation");
    let relation = "/{sys_id}/relation/{rel_sys_id}";
    versioned(
        "/api/now/{v}cmdb/instance/{class}",
        vec![
            endpoint("get", "", "Lists the items of a class", nothing, (200, items), get(list)),
            endpoint("post", "", "Creates an item, or changes the one it is", told, (200, item), post(create)),
            endpoint("get", one, "Answers an item with its relations", nothing, (200, item), get(read)),
            endpoint("put", one, "Changes an item's fields", told, (200, item), put(update)),
            endpoint("patch", one, "Changes an item's fields", told, (200, item), patch(update)),
            endpoint("post", related, "Relates an item to others", relations, (200, item), post(relate)),
            endpoint("delete", relation, "Ends a relation", nothing, (204, nothing), delete(unrelate)),
        ],
    )
}

#[derive(Deserialize)]
struct Body_ {
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default)]
    inbound_relations: Vec<End>,
    #[serde(default)]
    outbound_relations: Vec<End>,
    #[serde(default)]
    source: String,
}

async fn told(ask: &Ask, body: Body) -> Result<Told, Refusal> {
    let Body_ { attributes, inbound_relations, outbound_relations, source } = ask.json(body).await?;
    let attributes = texts(attributes.into())?;
    Ok(Told { attributes, inbound: inbound_relations, outbound: outbound_relations, source })
}

async fn list(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let page = (ask.number("limit", USUAL_LIMIT)?.min(LIMIT_AT_MOST), ask.number("offset", 0)?);
    ask.answer(&app, move |ask, call| {
        let items = instance::list(call, ask.name("class"), ask.parameter("query").unwrap_or_default(), page)?;
        let brief = |item: &Record| json!({ "sys_id": item.id.sys_id, "name": item.text("name") });
        Ok(items.iter().map(brief).collect())
    })
    .await
}

async fn read(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let sys_id = ask.sys_id("sys_id")?;
    ask.answer(&app, move |ask, call| shown(ask, call, sys_id)).await
}

async fn create(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let told = told(&ask, body).await?;
    let item = ask.write(&app, move |ask, call| {
        let sys_id = instance::create(call, ask.name("class"), &told)?;
        shown(ask, call, sys_id)
    });
    Ok(answered(StatusCode::OK, item.await?))
}

async fn update(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let (sys_id, told) = (ask.sys_id("sys_id")?, told(&ask, body).await?);
    let item = ask.write(&app, move |ask, call| {
        instance::update(call, ask.name("class"), sys_id, &told)?;
        shown(ask, call, sys_id)
    });
    Ok(answered(StatusCode::OK, item.await?))
}

async fn relate(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let (sys_id, told) = (ask.sys_id("sys_id")?, told(&ask, body).await?);
    let item = ask.write(&app, move |ask, call| {
        instance::add_relations(call, ask.name("class"), sys_id, &told)?;
        shown(ask, call, sys_id)
    });
    Ok(answered(StatusCode::OK, item.await?))
}

async fn unrelate(State(app): State<App>, ask: Ask) -> Result<StatusCode, Failure> {
    let (sys_id, relation) = (ask.sys_id("sys_id")?, ask.sys_id("rel_sys_id")?);
    ask.write(&app, move |ask, call| Ok(instance::remove_relation(call, ask.name("class"), sys_id, relation)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An item as this API answers it.
fn shown(ask: &Ask, call: &mut Call<'_>, sys_id: SysId) -> Result<Value, Refusal> {
    let Instance { detail, inbound, outbound } = instance::read(call, ask.name("class"), sys_id)?;
    let Some(class) = call.dictionary.shared(detail.record.id.table.as_str()) else { return Ok(Value::Null) };
    let dictionary = call.dictionary.clone();
    let row = Reader::new(call, &dictionary, field_names(&class), Show::All).row(&detail.record, None)?;
    let attributes: Map<_, _> = row.into_iter().map(|(name, cell)| (name, attribute(ask, &cell))).collect();
    let mut related = |relations: &[Record], end: &str| {
        let mut reader = Reader::new(call, &dictionary, vec!["type".into(), end.into()], Show::All);
        relations.iter().map(|relation| shown_relation(ask, &mut reader, relation)).collect::<Result<Vec<_>, _>>()
    };
    let (inbound, outbound) = (related(&inbound, "parent")?, related(&outbound, "child")?);
    Ok(json!({ "attributes": attributes, "inbound_relations": inbound, "outbound_relations": outbound }))
}

/// A field: its value, a reference also with what people read and where it leads.
fn attribute(ask: &Ask, cell: &Cell<'_>) -> Value {
    let show = if cell.target.is_some() { Show::All } else { Show::Values };
    shaped(cell, &Parameters { show, ..Parameters::default() }, &ask.origin)
}

fn shown_relation(ask: &Ask, reader: &mut Reader<'_, '_, '_>, relation: &Record) -> Result<Value, Refusal> {
    let mut cells = reader.named(relation)?.into_iter();
    let (kind, other) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let told = |cell: &Cell<'_>, path: &str| {
        let link = cell.target.as_ref().map(|_| ask.origin.at(&format!("{path}/{}", cell.value))).unwrap_or_default();
        json!({ "display_value": cell.display_value, "link": link, "value": cell.value })
    };
    Ok(json!({
        "sys_id": relation.id.sys_id,
        "type": told(&kind, "/api/now/table/cmdb_rel_type"),
        "target": told(&other, "/api/now/cmdb/instance/cmdb_ci"),
    }))
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let ends = json!({
        "type": "array",
        "items": { "type": "object", "required": ["type", "target"], "properties": { "type": text, "target": text } },
    });
    let reference = json!({
        "type": "object",
        "required": ["display_value", "link", "value"],
        "properties": { "display_value": text, "link": text, "value": text },
    });
    let relations = json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["sys_id", "type", "target"],
            "properties": { "sys_id": text, "type": reference, "target": reference },
        },
    });
    let item = json!({
        "type": "object",
        "required": ["attributes", "inbound_relations", "outbound_relations"],
        "properties": {
            "attributes": { "type": "object", "additionalProperties": { "$ref": "#/components/schemas/Reference" } },
            "inbound_relations": relations,
            "outbound_relations": relations,
        },
    });
    let brief =
        json!({ "type": "object", "required": ["sys_id", "name"], "properties": { "sys_id": text, "name": text } });
    let source = json!({ "type": "string", "description": "A choice of cmdb_ci.discovery_source" });
    json!({
        "CmdbItem": {
            "type": "object",
            "required": ["source"],
            "properties": {
                "attributes": { "type": "object" }, "source": source,
                "inbound_relations": ends, "outbound_relations": ends,
            },
        },
        "CmdbRelations": {
            "type": "object",
            "required": ["source"],
            "properties": { "source": source, "inbound_relations": ends, "outbound_relations": ends },
        },
        "CmdbItemResult": { "type": "object", "required": ["result"], "properties": { "result": item } },
        "CmdbItemsResult": {
            "type": "object",
            "required": ["result"],
            "properties": { "result": { "type": "array", "items": brief } },
        },
    })
}
