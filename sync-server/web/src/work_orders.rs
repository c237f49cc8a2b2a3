//! Work orders made of what somebody reported.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use fieldline_model::{Record, SysId};
use fieldline_service::work_orders::origin::{self, Wanted};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::Problem;

const PATH: &str = "/api/v1/work-orders/from/{table}/{sys_id}";

pub fn endpoints() -> Vec<Endpoint> {
    let summary = "Makes a work order of an incident, a case, a problem, a change or a requested item; or answers \
                   with the one that is open";
    let answer = (201, Content::Json("MadeOrder"));
    vec![endpoint("post", PATH, summary, Content::Json("OrderAsk"), answer, post(make))]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let yes = |description: &str| json!({ "type": "boolean", "description": description });
    let named = json!({ "type": "object", "properties": { "sys_id": text, "number": text } });
    json!({
        "OrderAsk": { "type": "object", "properties": {
            "template": { "type": "string", "description": "A cmdb_workorder_product_model; one task without it" },
            "another": yes("Whether another one is wanted though one is open"),
        } },
        "MadeOrder": { "type": "object", "required": ["sys_id", "number", "created", "tasks"], "properties": {
            "sys_id": text, "number": text, "created": yes("Whether it is new"),
            "tasks": { "type": "array", "items": named },
        } },
    })
}

#[derive(Deserialize, Default)]
struct OrderAsk {
    template: Option<SysId>,
    #[serde(default)]
    another: bool,
}

async fn make(
    State(app): State<App>,
    Signed(caller): Signed,
    Path((table, sys_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let asked: OrderAsk = crate::body::json_if_any(&headers, body).await?.unwrap_or_default();
    let sys_id = given::sys_id(&sys_id)?;
    let wanted = Wanted { template: asked.template, another: asked.another };
    let made = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| origin::make(call, &table, sys_id, &wanted))
    });
    let made = made.await?;
    let named = |record: &Record| json!({ "sys_id": record.id.sys_id, "number": record.text("number") });
    let mut answer = named(&made.order);
    answer["created"] = made.created.into();
    answer["tasks"] = made.tasks.iter().map(named).collect();
    let status = if made.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(answer)))
}
