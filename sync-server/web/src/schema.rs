//! Which tables and columns there are, as the screens of other systems' integrations ask before they let people choose.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use fieldline_model::Table;
use fieldline_model::dictionary::{Field, Merge};
use serde_json::{Value, json};

use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};

pub fn endpoints() -> Vec<Endpoint> {
    let nothing = Content::Empty;
    let (tables, columns) = ((200, Content::Json("SchemaTablesResult")), (200, Content::Json("SchemaColumnsResult")));
    versioned(
        "/api/now/{v}doc/table/schema",
        vec![
            endpoint("get", "", "Lists tables", nothing, tables, get(list)),
            endpoint("get", "/{table}", "Lists a table's columns", nothing, columns, get(describe)),
        ],
    )
}

async fn list(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |_, call| {
        let shown = |table: &Table| json!({ "label": table.label, "value": table.name });
        Ok(call.dictionary.tables().map(shown).collect())
    })
    .await
}

async fn describe(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    ask.answer(&app, |ask, call| {
        let name = ask.name("table");
        let unknown = || Refusal::UnknownTable(name.chars().take(80).collect());
        let table = call.dictionary.shared(name).ok_or_else(unknown)?;
        let readable = table.fields.iter().filter(|field| call.caller.may_ask_of(field));
        Ok(readable.map(column).collect())
    })
    .await
}

fn column(field: &Field) -> Value {
    let kind = if field.choices.is_empty() { field.field_type.internal_type() } else { "choice" };
    let choices = field.choices.iter().map(|choice| json!({ "label": choice.label, "value": choice.value }));
    json!({
        "name": field.name,
        "value": field.name,
        "label": field.label,
        "type": kind,
        "reference": field.reference,
        "mandatory": field.mandatory,
        "read_only": field.merge == Merge::Derived,
        "max_length": field.max_length,
        "choices": choices.collect::<Vec<_>>(),
    })
}

/// What the bodies look like.
pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let yes = json!({ "type": "boolean" });
    let list = |item: Value| {
        let items = json!({ "type": "array", "items": item });
        json!({ "type": "object", "required": ["result"], "properties": { "result": items } })
    };
    json!({
        "SchemaTablesResult": list(json!({
            "type": "object",
            "required": ["label", "value"],
            "properties": { "label": text, "value": text },
        })),
        "SchemaColumnsResult": list(json!({
            "type": "object",
            "required": ["name", "label", "type"],
            "properties": {
                "name": text, "value": text, "label": text, "type": text,
                "reference": { "type": ["string", "null"] }, "mandatory": yes, "read_only": yes,
                "max_length": { "type": "integer" }, "choices": { "type": "array", "items": { "type": "object" } },
            },
        })),
    })
}
