//! New versions of articles.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use fieldline_service::knowledge;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::Problem;

pub fn endpoints() -> Vec<Endpoint> {
    let summary = "Begins a new version of a published article, a draft that takes its place when it is published";
    let path = "/api/v1/knowledge/{sys_id}/checkout";
    vec![endpoint("post", path, summary, Content::Empty, (201, Content::Json("CheckedOut")), post(check_out))]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    json!({ "CheckedOut": {
        "type": "object",
        "required": ["sys_id", "number", "version"],
        "properties": { "sys_id": text, "number": text, "version": text },
    } })
}

async fn check_out(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(article): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let article = given::sys_id(&article)?;
    let draft = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| knowledge::check_out(call, article))
    })
    .await?;
    let draft = json!({
        "sys_id": draft.id.sys_id, "number": draft.text("number"), "version": draft.text("version"),
    });
    Ok((StatusCode::CREATED, Json(draft)))
}
