//! What the house does for customers beside working on records: why a case comes under an entitlement, what is done with a contract,
//! major cases, cases for those who have not called yet, and how content customers are.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, get, post};
use fieldline_model::{Record, SysId};
use fieldline_service::csm::contracts::{self, Action};
use fieldline_service::csm::entitlements::choice;
use fieldline_service::csm::major::{self, Recipients};
use fieldline_service::csm::{proactive, survey};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Content, Endpoint, endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const CASES: &str = "/api/v1/cases/{sys_id}";
const CONTRACTS: &str = "/api/v1/contracts/{sys_id}";
const SURVEYS: &str = "/api/v1/case-surveys/figures";

pub fn endpoints() -> Vec<Endpoint> {
    let (nothing, made) = (Content::Empty, (200, Content::Json("CasesMade")));
    let major = |what: &str| format!("{CASES}/major/{what}");
    let decided = || (200, Content::Json("CaseDecided"));
    let contract = |what: &'static str, summary, request| {
        let path = format!("{CONTRACTS}/{what}");
        let answer = (200, Content::Json("ContractState"));
        endpoint("post", path, summary, request, answer, acting_on_contract(what))
    };
    let why = Content::Json("ContractReason");
    vec![
        endpoint(
            "get",
            format!("{CASES}/entitlement"),
            "Says which entitlement a case comes under, and how each that names something of it was weighed",
            nothing,
            (200, Content::Json("EntitlementChoice")),
            get(entitlement),
        ),
        endpoint(
            "post",
            major("propose"),
            "Proposes a case as a major one",
            nothing,
            decided(),
            deciding(major::propose),
        ),
        endpoint(
            "post",
            major("reject"),
            "Refuses a major case candidate",
            nothing,
            decided(),
            deciding(major::reject),
        ),
        endpoint(
            "post",
            major("accept"),
            "Makes a candidate a major case, with a case for each customer it concerns",
            Content::Json("MajorCaseRecipients"),
            made,
            post(accept),
        ),
        endpoint(
            "post",
            "/api/v1/incidents/{sys_id}/proactive-cases",
            "Opens cases for the entitled customers whom an incident concerns",
            nothing,
            made,
            post(open_proactively),
        ),
        contract("suspend", "Suspends a contract and its entitlements", why),
        contract("resume", "Lets a suspended contract hold again, with its entitlements", nothing),
        contract("cancel", "Ends a contract and its entitlements before their time", why),
        contract("renew", "Goes on with a new contract and fresh entitlements", Content::Json("ContractRenewal")),
        endpoint(
            "get",
            SURVEYS,
            "Counts what customers said of closed cases",
            nothing,
            (200, Content::Json("SurveyFigures")),
            get(figures),
        ),
    ]
}

/// The query parameters an operation reads.
pub fn parameters(path: &str) -> &'static [&'static str] {
    if path == SURVEYS { &["account"] } else { &[] }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let of = |properties: Value| json!({ "type": "object", "properties": properties });
    let list = |item: Value| json!({ "type": "array", "items": item });
    json!({
        "EntitlementChoice": of(json!({
            "entitlement": { "type": ["string", "null"], "description": "The sys_id of the one the case has" },
            "candidates": list(of(json!({ "sys_id": text, "number": text, "name": text, "score": number,
                "matched": list(text.clone()),
                "against": { "type": ["string", "null"], "description": "What stands against it; null when nothing does" } }))),
        })),
        "MajorCaseRecipients": of(json!({ "accounts": list(text.clone()), "consumers": list(text.clone()),
            "installed": { "type": "boolean", "description": "Also whoever has its product or item installed" } })),
        "CaseDecided": of(json!({ "sys_id": text, "number": text, "major_case_state": text })),
        "CasesMade": of(json!({ "cases": list(of(json!({ "sys_id": text, "number": text }))) })),
        "ContractReason": { "type": "object", "required": ["reason"], "properties": { "reason": text } },
        "ContractRenewal": { "type": "object", "required": ["until"],
            "properties": { "until": { "type": "string", "format": "date-time" } } },
        "ContractState": of(json!({ "sys_id": text, "number": text, "state": text })),
        "SurveyFigures": of(json!({ "asked": number, "answered": number,
            "scores": { "type": "object", "additionalProperties": number, "description": "How many gave each score" },
            "mean": { "type": ["number", "null"] }, "content_percent": { "type": ["number", "null"] } })),
    })
}

async fn entitlement(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(case): Path<String>,
) -> Result<Json<Value>, Problem> {
    let case = given::sys_id(&case)?;
    let told =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| choice::explain(call, case)));
    let (case, weighed) = told.await?;
    let candidates = weighed.iter().map(|one| {
        let entitlement = &one.entitlement;
        json!({
            "sys_id": entitlement.id.sys_id,
            "number": entitlement.text("number"),
            "name": entitlement.text("name"),
            "score": one.score,
            "matched": one.matched,
            "against": one.against,
        })
    });
    Ok(Json(json!({
        "entitlement": case.reference("entitlement"),
        "candidates": candidates.collect::<Vec<_>>(),
    })))
}

type Decide = fn(&mut fieldline_service::Call<'_>, SysId) -> fieldline_service::table::Result<Record>;

fn deciding(decide: Decide) -> MethodRouter<App> {
    post(move |State(app): State<App>, Signed(caller): Signed, Path(case): Path<String>| async move {
        let case = given::sys_id(&case)?;
        let decided =
            blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| decide(call, case)));
        let case = decided.await?;
        let state = case.text("major_case_state");
        Ok::<_, Problem>(Json(
            json!({ "sys_id": case.id.sys_id, "number": case.text("number"), "major_case_state": state }),
        ))
    })
}

#[derive(Deserialize, Default)]
struct Concerned {
    #[serde(default)]
    accounts: BTreeSet<SysId>,
    #[serde(default)]
    consumers: BTreeSet<SysId>,
    #[serde(default)]
    installed: bool,
}

async fn accept(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(case): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let case = given::sys_id(&case)?;
    let Concerned { accounts, consumers, installed } =
        crate::body::json_if_any(&headers, body).await?.unwrap_or_default();
    let recipients = Recipients { accounts, consumers, installed };
    let made = blocking(&app, move |server, now, rng| {
        server.write(&caller, now, rng, |call| major::accept(call, case, &recipients))
    });
    Ok(Json(cases(&made.await?)))
}

async fn open_proactively(
    State(app): State<App>,
    Signed(caller): Signed,
    Path(incident): Path<String>,
) -> Result<Json<Value>, Problem> {
    let incident = given::sys_id(&incident)?;
    let made =
        blocking(&app, move |server, now, rng| server.write(&caller, now, rng, |call| proactive::open(call, incident)));
    Ok(Json(cases(&made.await?)))
}

fn cases(made: &[Record]) -> Value {
    let cases = made.iter().map(|case| json!({ "sys_id": case.id.sys_id, "number": case.text("number") }));
    json!({ "cases": cases.collect::<Vec<_>>() })
}

#[derive(Deserialize, Default)]
struct Said {
    #[serde(default)]
    reason: String,
    until: Option<String>,
}

fn acting_on_contract(what: &'static str) -> MethodRouter<App> {
    post(
        move |State(app): State<App>,
              Signed(caller): Signed,
              Path(contract): Path<String>,
              headers: HeaderMap,
              body: Body| async move {
            let contract = given::sys_id(&contract)?;
            let said: Said = crate::body::json_if_any(&headers, body).await?.unwrap_or_default();
            let action = action(what, said)?;
            let done = blocking(&app, move |server, now, rng| {
                server.write(&caller, now, rng, |call| contracts::act(call, contract, &action))
            });
            let row = done.await?;
            let (number, state) = (row.text("number"), row.text("state"));
            Ok::<_, Problem>(Json(json!({ "sys_id": row.id.sys_id, "number": number, "state": state })))
        },
    )
}

fn action(what: &str, Said { reason, until }: Said) -> Result<Action, Refusal> {
    let missing = || Refusal::Malformed("until: is missing; send the moment at which the new contract ends".into());
    Ok(match what {
        "suspend" => Action::Suspend { reason },
        "cancel" => Action::Cancel { reason },
        "renew" => Action::Renew { until: given::moment("until", &until.ok_or_else(missing)?)? },
        _ => Action::Resume,
    })
}

#[derive(Deserialize)]
struct OfAccount {
    account: Option<String>,
}

async fn figures(
    State(app): State<App>,
    Signed(caller): Signed,
    asked: Result<Query<OfAccount>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(asked) = asked.map_err(|problem| Refusal::Malformed(problem.body_text()))?;
    let account = asked.account.as_deref().filter(|text| !text.is_empty()).map(given::sys_id).transpose()?;
    let told =
        blocking(&app, move |server, now, rng| server.read(&caller, now, rng, |call| survey::figures(call, account)));
    let figures = told.await?;
    Ok(Json(json!({
        "asked": figures.asked,
        "answered": figures.answered,
        "scores": figures.scores.iter().map(|(score, count)| (score.to_string(), (*count).into())).collect::<serde_json::Map<_, _>>(),
        "mean": figures.mean,
        "content_percent": figures.content_percent,
    })))
}
