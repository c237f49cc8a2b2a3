//! Mail that is handed in by whoever fetched or received it.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use fieldline_service::mail_in::{self, MAIL_BYTES, Outcome, Received};
use serde_json::{Value, json};

use crate::App;
use crate::body::read_as;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::refusal::Problem;

/// Where mail is handed in.
pub const PATH: &str = "/api/v1/mail";

pub fn endpoints() -> Vec<Endpoint> {
    let summary = "Takes a mail as it came: it becomes a comment, a note or a case, once however often it is sent";
    vec![endpoint("post", PATH, summary, Content::Mail, (200, Content::Json("MailTaken")), post(take))]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    json!({ "MailTaken": { "type": "object", "required": ["sys_id", "outcome"], "properties": {
        "sys_id": text,
        "outcome": { "enum": ["known_before", "ignored", "bounced", "commented", "noted", "opened"] },
        "reason": text, "table": text, "record": text,
    } } })
}

async fn take(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    mail_in::check_may(&caller)?;
    let raw = read_as("message/rfc822", &headers, body, MAIL_BYTES).await?;
    let taken =
        blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| mail_in::receive(call, &raw)));
    Ok(Json(shown(&taken.await?)))
}

fn shown(taken: &Received) -> Value {
    let word = match &taken.outcome {
        Outcome::KnownBefore => "known_before",
        Outcome::Ignored(_) => "ignored",
        Outcome::Bounced => "bounced",
        Outcome::Commented(_) => "commented",
        Outcome::Noted(_) => "noted",
        Outcome::Opened(_) => "opened",
    };
    let mut shown = json!({ "sys_id": taken.mail, "outcome": word });
    if let Outcome::Ignored(why) = &taken.outcome {
        shown["reason"] = why.as_str().into();
    }
    if let Some(record) = taken.outcome.record() {
        shown["table"] = record.table.as_str().into();
        shown["record"] = record.sys_id.to_string().into();
    }
    shown
}
