//! The CMDB APIs: items with their relations (`instance.rs`), identification and reconciliation (`identify.rs`), classes,
//! who feels it when an item fails (`impact.rs`), and how good it all is (`health.rs`).

mod health;
mod identify;
mod impact;
mod instance;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use fieldline_service::cmdb::meta;
use serde_json::{Value, json};

use crate::App;
use crate::asking::Ask;
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::Failure;
use crate::table::answered;

pub fn endpoints() -> Vec<Endpoint> {
    let answer = (200, Content::Json("CmdbMetaResult"));
    let about = endpoint("get", "", "Describes a class of configuration items", Content::Empty, answer, get(describe));
    let meta = versioned("/api/now/{v}cmdb/meta/{class}", vec![about]);
    instance::endpoints()
        .into_iter()
        .chain(identify::endpoints())
        .chain(impact::endpoints())
        .chain(health::endpoints())
        .chain(meta)
        .collect()
}

async fn describe(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let about = ask.read(&app, |ask, call| Ok(meta::describe(call, ask.name("class"))?)).await?;
    Ok(answered(StatusCode::OK, json!(about)))
}

/// What the bodies look like.
pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let meta = json!({
        "type": "object",
        "required": ["name", "label", "parent", "children", "is_extendable", "attributes", "relationship_rules"],
        "properties": {
            "name": text, "label": text, "parent": text, "is_extendable": { "type": "boolean" },
            "children": { "type": "array", "items": text },
            "attributes": { "type": "array", "items": { "type": "object" } },
            "relationship_rules": { "type": "array", "items": { "type": "object" } },
            "identification_rules": { "type": ["object", "null"] },
        },
    });
    let mut all = json!({
        "CmdbMetaResult": { "type": "object", "required": ["result"], "properties": { "result": meta } },
    });
    for schemas in [instance::schemas(), identify::schemas(), impact::schemas(), health::schemas()] {
        if let (Some(all), Value::Object(more)) = (all.as_object_mut(), schemas) {
            all.extend(more);
        }
    }
    all
}
