//! What a customer without an account reaches by a signed link: a page, and the same as JSON for apps.
//!
//! A page has no script and loads nothing; its forms go to this server only. Whoever tries addresses is slowed down, and learns the same
//! of every one that does not work. The log names the route, never the address.

mod json;
mod page;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{MethodRouter, delete, get, post};
use fieldline_model::SysId;
use fieldline_service::customer_links::{self, Purpose};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::edge::Visitor;
use crate::endpoint::{Access, Content, Endpoint, endpoint};
use crate::given;
use crate::links::Origin;
use crate::refusal::{Problem, Refusal};

const LINKS: &str = "/api/v1/links";
const PAGE: &str = "/c/{token}";
const API: &str = "/api/v1/c/{token}";
/// How often an address may be asked for by one visitor: a page that is looked at again and again, and no search.
const ASKED_PER_MINUTE: u32 = 60;
/// Days whose windows a customer is shown at once.
const DAYS_SHOWN: u32 = 7;

pub fn endpoints() -> Vec<Endpoint> {
    let open = |method, path: String, summary, request, answer, handler: MethodRouter<App>| Endpoint {
        method,
        path,
        summary,
        access: Access::Open,
        request,
        status: 200,
        answer,
        handler,
    };
    let at = |base: &str, what: &str| format!("{base}/{what}");
    let (nothing, page) = (Content::Empty, Content::Page);
    let visit = || Content::Json("CustomerVisit");
    let create = "Makes a link by which a customer without an account follows, books or signs a visit";
    let (shows, books) = ("Shows a customer their visit", "Books the window a customer chose");
    let (cancels, signs) = ("Cancels the appointment of a customer", "Takes down whether a customer signs");
    vec![
        endpoint("post", LINKS, create, Content::Json("LinkAsk"), (201, Content::Json("Link")), post(make)),
        endpoint(
            "delete",
            format!("{LINKS}/{{sys_id}}"),
            "Takes a customer's link back",
            nothing,
            (204, nothing),
            delete(revoke),
        ),
        open("get", PAGE.into(), shows, nothing, page, get(page::show)),
        open("post", at(PAGE, "book"), books, Content::Form("BookAsk"), page, post(page::book)),
        open("post", at(PAGE, "cancel"), cancels, Content::Form("CancelAsk"), page, post(page::cancel)),
        open("post", at(PAGE, "sign"), signs, Content::Form("SignAsk"), page, post(page::sign)),
        open("get", API.into(), shows, nothing, visit(), get(json::show)),
        open(
            "get",
            at(API, "windows"),
            "Lists the windows a customer may book",
            nothing,
            Content::Json("Windows"),
            get(json::windows),
        ),
        open("post", at(API, "book"), books, Content::Json("BookAsk"), Content::Json("Appointment"), post(json::book)),
        open(
            "post",
            at(API, "cancel"),
            cancels,
            Content::Json("CancelAsk"),
            Content::Json("Appointment"),
            post(json::cancel),
        ),
        open("post", at(API, "sign"), signs, Content::Json("SignAsk"), visit(), post(json::sign)),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    if path.strip_prefix(API) == Some("/windows") { &["from", "days"] } else { &[] }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let moment = json!({ "type": "string", "format": "date-time" });
    let id = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    let purpose = json!({ "enum": ["track", "book", "sign"] });
    let or_null = |kind: &str| json!({ "type": [kind, "null"] });
    json!({
        "LinkAsk": { "type": "object", "required": ["task", "purpose"], "properties": {
            "task": id, "purpose": purpose,
            "expires_in_seconds": { "type": "integer", "description": "Two weeks when left out, 90 days at the most" },
        } },
        "Link": { "type": "object", "required": ["sys_id", "url", "purpose", "expires_at"], "properties": {
            "sys_id": id, "url": { "type": "string", "format": "uri" }, "purpose": purpose, "expires_at": moment,
        } },
        "SignAsk": { "type": "object", "required": ["name", "decision"], "properties": {
            "name": text, "decision": { "enum": ["accept", "refuse"] },
            "reason": { "type": "string", "description": "Why not, for `refuse`" },
        } },
        "CustomerVisit": { "type": "object", "required": ["number", "state", "words"], "properties": {
            "number": text, "what": text, "purpose": purpose, "words": text, "time_zone": text,
            "state": { "enum": ["planning", "planned", "on_the_way", "there", "done", "comes_again", "cancelled"] },
            "window_start": or_null("string"), "window_end": or_null("string"), "technician": or_null("string"),
            "arrives_at": or_null("string"), "arrival_said_at": or_null("string"),
            "signed_by": or_null("string"), "signed_on": or_null("string"), "signature_refusal": or_null("string"),
        } },
    })
}

#[derive(Deserialize)]
struct LinkAsk {
    task: SysId,
    purpose: String,
    expires_in_seconds: Option<i64>,
}

async fn make(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let asked: LinkAsk = crate::body::json(&headers, body).await?;
    let unknown = || Refusal::Malformed("purpose: is none of track, book and sign".into());
    let purpose = Purpose::named(&asked.purpose).ok_or_else(unknown)?;
    let made = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| {
            customer_links::create(call, asked.task, purpose, asked.expires_in_seconds)
        })
    });
    let made = made.await?;
    let url = Origin::of(&headers).at(&format!("/c/{}", made.token));
    let expires_at = made.row.time("expires_at").map(fieldline_model::Timestamp::to_rfc3339);
    let answer =
        json!({ "sys_id": made.row.id.sys_id, "url": url, "purpose": purpose.name(), "expires_at": expires_at });
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn revoke(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(link): Path<String>,
) -> Result<StatusCode, Problem> {
    let link = given::sys_id(&link)?;
    let done = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| customer_links::revoke(call, link))
    });
    done.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Slows down who asks too often.
fn lets(app: &App, visitor: Visitor) -> Result<(), Refusal> {
    match app.beginnings.lets(visitor, ASKED_PER_MINUTE, app.clock.now()) {
        true => Ok(()),
        false => Err(Refusal::TooMany(60)),
    }
}
