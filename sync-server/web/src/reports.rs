//! Whether a service report is what a phone made, for whoever was handed one.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use fieldline_service::reports::{Chain, Unreadable, Verdict, verify_file, verify_stamp};
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/reports/verify";
/// A report has two dozen small pictures at the most.
const MOST_BYTES: usize = 16_000_000;

pub fn endpoints() -> Vec<Endpoint> {
    let say = "Says whether a service report is as a phone made it: a PDF, or the text of the square code on paper";
    vec![endpoint(
        "post",
        PATH,
        say,
        Content::Bytes,
        (200, Content::Json("ReportVerdict")),
        post(verify).layer(DefaultBodyLimit::max(MOST_BYTES)),
    )]
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let maybe = json!({ "type": ["string", "null"] });
    let maker = json!({ "type": ["object", "null"], "properties": {
        "device": text, "person": text, "revoked_at": maybe,
    } });
    json!({ "ReportVerdict": {
        "type": "object",
        "required": ["is_verified", "is_genuine", "chain", "record", "number"],
        "properties": {
            "is_verified": { "type": "boolean", "description": "Whether seal and chain both hold" },
            "is_genuine": { "type": "boolean", "description": "Whether the device signed exactly this" },
            "chain": { "type": "string", "enum": ["holds", "not_arrived", "unknown_record"] },
            "record": text, "number": text, "made_by": maker, "attached_as": maybe,
        },
    } })
}

async fn verify(State(app): State<App>, Signed(caller): Signed, body: Bytes) -> Result<Json<Value>, Problem> {
    let look = move |call: &mut fieldline_service::Call<'_>| match str::from_utf8(&body) {
        Ok(text) if !body.starts_with(b"%PDF") => verify_stamp(call, text),
        _ => verify_file(call, &body),
    };
    let verdict = blocking(&app, move |server, now, rng| server.read(&caller, now, rng, look)).await?;
    Ok(Json(verdict_json(&verdict)))
}

/// A verdict as `/api/v1/reports/verify` answers it.
pub fn verdict_json(verdict: &Verdict) -> Value {
    let made_by = verdict.maker.as_ref().map(|maker| {
        json!({
            "device": maker.device,
            "person": maker.person,
            "revoked_at": maker.revoked_at.map(|at| at.to_rfc3339()),
        })
    });
    json!({
        "is_verified": verdict.is_verified(),
        "is_genuine": verdict.is_genuine,
        "chain": match verdict.chain {
            Chain::Holds => "holds",
            Chain::NotArrived => "not_arrived",
            Chain::UnknownRecord => "unknown_record",
        },
        "record": verdict.record.to_string(),
        "number": verdict.number,
        "made_by": made_by,
        "attached_as": verdict.attached_as,
    })
}

impl From<Unreadable> for Refusal {
    fn from(problem: Unreadable) -> Self {
        match problem {
            Unreadable::Service(problem) => problem.into(),
            unreadable => Self::Malformed(unreadable.to_string()),
        }
    }
}
