//! Checklists are published, whoever sees to a silent technician says so, and an order says what it took.

use axum::Json;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use fieldline_model::SysId;
use fieldline_service::TableError;
use fieldline_service::on_site::{self, Billing};
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::Problem;

const CHECKLISTS: &str = "/api/v1/checklists";
const ALERTS: &str = "/api/v1/safety/alerts";
const ORDERS: &str = "/api/v1/work-orders";

pub fn endpoints() -> Vec<Endpoint> {
    let publishes = "Makes what a checklist says now the version that new tasks get";
    let sees = "Says that the caller sees to somebody who was not heard of, so that nobody else is told";
    let took = "Says what a work order took: time by person, parts and expenses";
    let (version, alert) = (format!("{CHECKLISTS}/{{sys_id}}/publish"), format!("{ALERTS}/{{sys_id}}/acknowledge"));
    let (published, acknowledged) = (Content::Json("ChecklistVersion"), Content::Json("SafetyAlert"));
    let billing = format!("{ORDERS}/{{sys_id}}/billing");
    vec![
        endpoint("post", version, publishes, Content::Empty, (200, published), post(publish)),
        endpoint("post", alert, sees, Content::Empty, (200, acknowledged), post(acknowledge)),
        endpoint("get", billing, took, Content::Empty, (200, Content::Json("Billing")), get(billed)),
    ]
}

pub fn schemas() -> Value {
    let (text, number) = (json!({ "type": "string" }), json!({ "type": "integer" }));
    let object = |fields: Value| {
        let required: Vec<&String> = fields.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
        json!({ "type": "object", "required": required, "properties": fields })
    };
    let list = |fields: Value| json!({ "type": "array", "items": object(fields) });
    json!({
        "ChecklistVersion": object(json!({ "sys_id": text, "checklist": text, "version": number, "title": text })),
        "SafetyAlert": object(json!({ "sys_id": text, "state": text })),
        "Billing": object(json!({
            "sys_id": text,
            "billable": { "type": "boolean" },
            "time": list(json!({ "user": text, "category": text, "seconds": number })),
            "parts": list(json!({ "model": text, "quantity": number })),
            "expenses": list(json!({ "type": text, "currency": text, "cost": text, "quantity": text })),
        })),
    })
}

async fn publish(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(checklist): Path<String>,
) -> Result<Json<Value>, Problem> {
    let checklist = given::sys_id(&checklist)?;
    let version = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| on_site::publish(call, checklist))
    });
    let version = version.await?;
    let number = version.get("version").and_then(fieldline_model::Value::as_integer);
    Ok(Json(json!({
        "sys_id": version.id.sys_id,
        "checklist": checklist,
        "version": number,
        "title": version.text("title"),
    })))
}

async fn acknowledge(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(alert): Path<String>,
) -> Result<Json<Value>, Problem> {
    let alert = given::sys_id(&alert)?;
    let seen = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| on_site::acknowledge(call, alert))
    });
    let seen = seen.await?;
    Ok(Json(json!({ "sys_id": seen.id.sys_id, "state": seen.text("state") })))
}

async fn billed(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(order): Path<String>,
) -> Result<Json<Value>, Problem> {
    let order = given::sys_id(&order)?;
    let billing = blocking(&app, move |server, now, rng| {
        server.read(&caller, now, rng, |call| Ok::<_, TableError>(shown(&on_site::billing(call, order)?)))
    });
    Ok(Json(billing.await?))
}

fn shown(billing: &Billing) -> Value {
    let id = |id: &SysId| id.to_string();
    let time = billing.time.iter();
    let expenses = billing.expenses.iter();
    json!({
        "sys_id": billing.order,
        "billable": billing.billable,
        "time": time.map(|time| json!({ "user": time.user, "category": time.category, "seconds": time.seconds })).collect::<Vec<_>>(),
        "parts": billing.parts.iter().map(|(model, used)| json!({ "model": id(model), "quantity": used })).collect::<Vec<_>>(),
        "expenses": expenses.map(|spent| json!({
            "type": spent.kind, "currency": spent.currency,
            "cost": spent.cost.to_string(), "quantity": spent.quantity.to_string(),
        })).collect::<Vec<_>>(),
    })
}
