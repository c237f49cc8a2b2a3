//! Who feels it when an item fails, and what an item needs.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use fieldline_service::cmdb::impact::{self, Reached};
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::Problem;

pub fn endpoints() -> Vec<Endpoint> {
    let path = "/api/v1/cmdb/{sys_id}/impact";
    let summary = "Lists what needs a configuration item, its services first among them, and what it needs";
    vec![endpoint("get", path, summary, Content::Empty, (200, Content::Json("Impact")), get(ask))]
}

pub fn schemas() -> Value {
    let (text, yes) = (json!({ "type": "string" }), json!({ "type": "boolean" }));
    let reached = json!({
        "type": "object",
        "required": ["class", "sys_id", "name", "distance", "service", "in_maintenance"],
        "properties": {
            "class": text, "sys_id": text, "name": text, "distance": { "type": "integer" }, "service": yes,
            "in_maintenance": yes,
        },
    });
    let items = json!({ "type": "array", "items": { "$ref": "#/components/schemas/ReachedItem" } });
    json!({
        "ReachedItem": reached,
        "Impact": {
            "type": "object",
            "required": ["services", "above", "below", "cut"],
            "properties": { "services": items, "above": items, "below": items, "cut": yes },
        },
    })
}

async fn ask(State(app): State<App>, Signed(caller): Signed, Path(item): Path<String>) -> Result<Json<Value>, Problem> {
    let item = given::sys_id(&item)?;
    let found =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| impact::impact(call, item)))
            .await?;
    let list = |reached: &[Reached]| reached.iter().map(shown).collect::<Vec<_>>();
    let services: Vec<Value> = found.above.iter().filter(|reached| reached.is_service).map(shown).collect();
    Ok(Json(json!({
        "services": services, "above": list(&found.above), "below": list(&found.below), "cut": found.is_cut,
    })))
}

fn shown(reached: &Reached) -> Value {
    let Reached { id, name, distance, is_service, in_maintenance } = reached;
    json!({
        "class": id.table, "sys_id": id.sys_id, "name": name, "distance": distance, "service": is_service,
        "in_maintenance": in_maintenance,
    })
}
