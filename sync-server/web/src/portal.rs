//! What customers see and do: their cases, what they have, when somebody comes. All of it is chosen by the service, field by field.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{MethodRouter, get, post};
use fieldline_model::SysId;
use fieldline_service::Call;
use fieldline_service::csm::portal::{MOST, Part, USUAL_LIMIT, cases, things, visits};
use fieldline_service::table::{Input, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};
use crate::table::texts;

const PATH: &str = "/api/v1/portal";

pub fn endpoints() -> Vec<Endpoint> {
    let at = |what: &str| format!("{PATH}/{what}");
    let listed = |what, summary, schema, handler| {
        endpoint("get", at(what), summary, Content::Empty, (200, Content::Json(schema)), handler)
    };
    let acted = |what: &str, summary, request, handler| {
        let path = at(&format!("cases/{{sys_id}}/{what}"));
        endpoint("post", path, summary, request, (200, Content::Json("PortalCase")), handler)
    };
    let words = Content::Json("PortalWords");
    vec![
        listed("cases", "Lists the customer's cases, the newest first", "PortalCases", get(listing)),
        listed("cases/{sys_id}", "Tells a case of the customer's with its public timeline", "PortalCase", get(case)),
        endpoint(
            "post",
            at("cases"),
            "Opens a case for the customer, and suggests articles meanwhile",
            Content::Json("PortalNewCase"),
            (201, Content::Json("PortalOpened")),
            post(open),
        ),
        acted("comments", "Says something about a case", words, acting(|words| Ok(cases::Act::Comment(words.comment)))),
        acted(
            "accept",
            "Accepts the proposed solution, which closes the case",
            words,
            acting(|_| Ok(cases::Act::Accept)),
        ),
        acted(
            "reject",
            "Rejects the proposed solution and says why",
            words,
            acting(|words| Ok(cases::Act::Reject(words.comment))),
        ),
        acted(
            "close",
            "Closes a case that is not needed any more",
            words,
            acting(|words| Ok(cases::Act::Close(words.comment))),
        ),
        acted("survey", "Rates a closed case from 1 to 5, once", Content::Json("PortalRating"), acting(rating)),
        listed(
            "suggestions",
            "Suggests articles for what somebody is about to ask",
            "PortalSuggestions",
            get(suggested),
        ),
        listed("assets", "Lists the customer's assets", "PortalThings", of(things::assets)),
        listed("install-base", "Lists what the customer has installed", "PortalThings", of(things::installed)),
        listed("contracts", "Lists the customer's contracts", "PortalContracts", of(things::contracts)),
        listed(
            "entitlements",
            "Lists what the customer is entitled to",
            "PortalEntitlements",
            of(things::entitlements),
        ),
        listed(
            "work-orders",
            "Lists the work orders of the customer's cases with their visits",
            "PortalOrders",
            of(visits::orders),
        ),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(method: &str, path: &str) -> &'static [&'static str] {
    match path.strip_prefix(PATH) {
        Some("/suggestions") => &["words"],
        Some("/cases") if method == "get" => &["open", "limit", "offset"],
        Some("/assets" | "/install-base" | "/contracts" | "/entitlements" | "/work-orders") => &["limit", "offset"],
        _ => &[],
    }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let maybe = json!({ "type": ["string", "null"] });
    let list = |of: &str| {
        json!({ "type": "object", "required": ["items"], "properties": {
        "items": { "type": "array", "items": { "$ref": format!("#/components/schemas/{of}") } } } })
    };
    let shown = json!({ "type": "object", "properties": { "value": text, "label": text } });
    let of = |properties: Value| json!({ "type": "object", "properties": properties });
    let suggestion = of(json!({ "sys_id": text, "number": text, "title": text, "snippet": text }));
    let happened = of(json!({ "at": text, "kind": text, "number": text, "by": maybe, "text": text }));
    json!({
        "PortalCases": list("PortalCaseLine"),
        "PortalCaseLine": of(json!({ "sys_id": text, "number": text, "short_description": text, "state": shown,
            "priority": shown, "opened_at": maybe, "closed_at": maybe, "account": maybe, "product": maybe })),
        "PortalCase": of(json!({ "sys_id": text, "number": text, "short_description": text, "description": text,
            "state": shown, "priority": shown, "opened_at": maybe, "closed_at": maybe, "account": maybe,
            "product": maybe, "asset": maybe, "entitlement": maybe,
            "resolution": { "type": ["object", "null"], "properties": { "code": text, "notes": text } },
            "timeline": { "type": "array", "items": happened },
            "work_orders": { "type": "array", "items": { "$ref": "#/components/schemas/PortalOrder" } },
            "actions": { "type": "array", "items": text, "description": "What the customer may do now" } })),
        "PortalNewCase": { "type": "object", "required": ["short_description"], "properties": {
            "short_description": text, "description": text, "category": text, "priority": text, "product": text,
            "asset": text, "install_base": text, "account": text } },
        "PortalOpened": of(json!({ "case": { "$ref": "#/components/schemas/PortalCase" },
            "suggestions": { "type": "array", "items": suggestion } })),
        "PortalSuggestions": of(json!({ "items": { "type": "array", "items": suggestion } })),
        "PortalWords": of(json!({ "comment": text })),
        "PortalRating": { "type": "object", "required": ["score"],
            "properties": { "score": { "type": "integer", "minimum": 1, "maximum": 5 }, "comment": text } },
        "PortalThings": list("PortalThing"),
        "PortalThing": of(json!({ "sys_id": text, "name": text, "product": maybe, "serial_number": text,
            "location": maybe, "installed_at": maybe, "warranty_until": maybe, "part_of": maybe })),
        "PortalContracts": list("PortalContract"),
        "PortalContract": of(json!({ "sys_id": text, "number": text, "short_description": text, "state": shown,
            "starts": maybe, "ends": maybe })),
        "PortalEntitlements": list("PortalEntitlement"),
        "PortalEntitlement": of(json!({ "sys_id": text, "number": text, "name": text, "state": shown,
            "channels": text, "starts": maybe, "ends": maybe, "unit": maybe, "total_units": maybe,
            "remaining_units": maybe })),
        "PortalOrders": list("PortalOrder"),
        "PortalOrder": of(json!({ "sys_id": text, "number": text, "state": shown, "case": text,
            "visits": { "type": "array", "items": of(json!({ "sys_id": text, "number": text, "state": shown,
                "window_start": maybe, "window_end": maybe, "expected_start": maybe, "technician": maybe,
                "arrived_at": maybe, "ended_at": maybe })) } })),
    })
}

#[derive(Deserialize)]
struct Asked {
    limit: Option<u32>,
    offset: Option<u32>,
    open: Option<bool>,
    words: Option<String>,
}

type Given = std::result::Result<Query<Asked>, QueryRejection>;

fn asked(given: Given) -> std::result::Result<(Asked, Part), Refusal> {
    let Query(asked) = given.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let part = Part { limit: asked.limit.unwrap_or(USUAL_LIMIT).min(MOST), offset: asked.offset.unwrap_or(0) };
    Ok((asked, part))
}

fn written(answer: impl Serialize) -> std::result::Result<Value, Refusal> {
    serde_json::to_value(answer).map_err(|_| Refusal::Broken)
}

/// A list of what a customer has.
fn of<T: Serialize + Send + 'static>(list: fn(&Call<'_>, Part) -> Result<Vec<T>>) -> MethodRouter<App> {
    get(move |State(app): State<App>, Signed(caller): Signed, given: Given| async move {
        let (_, part) = asked(given)?;
        let items = blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| list(call, part)));
        Ok::<_, Problem>(Json(json!({ "items": written(items.await?)? })))
    })
}

async fn listing(
    State(app): State<App>,
    Signed(caller): Signed,
    given: Given,
) -> std::result::Result<Json<Value>, Problem> {
    let (asked, part) = asked(given)?;
    let open = asked.open.unwrap_or(false);
    let items =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| cases::list(call, open, part)));
    Ok(Json(json!({ "items": written(items.await?)? })))
}

async fn case(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(case): Path<String>,
) -> std::result::Result<Json<Value>, Problem> {
    let case = given::sys_id(&case)?;
    let view = blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| cases::read(call, case)));
    Ok(Json(written(view.await?)?))
}

async fn open(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> std::result::Result<(StatusCode, Json<Value>), Problem> {
    let fields = texts(crate::body::json(&headers, body).await?)?;
    let input = Input { fields, as_displayed: false };
    let opened =
        blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| cases::create(call, input)));
    let (case, suggestions) = opened.await?;
    Ok((StatusCode::CREATED, Json(json!({ "case": written(case)?, "suggestions": written(suggestions)? }))))
}

#[derive(Deserialize, Default)]
struct Words {
    #[serde(default)]
    comment: String,
    score: Option<i64>,
}

fn rating(words: Words) -> std::result::Result<cases::Act, Refusal> {
    let missing = || Refusal::Malformed("score: is missing; send 1 to 5".into());
    Ok(cases::Act::Survey { score: words.score.ok_or_else(missing)?, answer: words.comment })
}

/// Something a customer does with a case.
fn acting(act: fn(Words) -> std::result::Result<cases::Act, Refusal>) -> MethodRouter<App> {
    post(
        move |State(app): State<App>,
              Signed(caller): Signed,
              Path(case): Path<String>,
              headers: HeaderMap,
              body: Body| async move {
            let case: SysId = given::sys_id(&case)?;
            let words: Option<Words> = crate::body::json_if_any(&headers, body).await?;
            let act = act(words.unwrap_or_default())?;
            let view = blocking(&app, move |server, now, rng| {
                server.write(&caller, now, rng, |call| cases::act(call, case, &act))
            });
            Ok::<_, Problem>(Json(written(view.await?)?))
        },
    )
}

async fn suggested(
    State(app): State<App>,
    Signed(caller): Signed,
    given: Given,
) -> std::result::Result<Json<Value>, Problem> {
    let words = asked(given)?.0.words.unwrap_or_default();
    let items =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| cases::suggestions(call, &words)));
    Ok(Json(json!({ "items": written(items.await?)? })))
}
