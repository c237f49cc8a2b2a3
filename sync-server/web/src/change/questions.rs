//! What is asked about one change: where it may go, what its approvers say, what it touches, when it collides.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{delete, get, patch, post};
use fieldline_model::{Record, SysId, Timestamp};
use fieldline_service::change_requests::affected::{self, Association};
use fieldline_service::change_requests::approvals::{self, Answer};
use fieldline_service::change_requests::conflicts::{self, Standing};
use fieldline_service::change_requests::next_states::{self, Condition, Transition};
use fieldline_service::change_requests::score::{self, Score, Team};
use fieldline_service::change_requests::worker;
use fieldline_service::{Call, TableError, table};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::BASE;
use super::records::wanted;
use crate::App;
use crate::asking::Ask;
use crate::both::{both, both_of, both_of_all};
use crate::endpoint::{Content, Endpoint, endpoint, versioned};
use crate::refusal::{Failure, Refusal};
use crate::table::answered;

pub fn endpoints() -> Vec<Endpoint> {
    let nothing = Content::Empty;
    let ok = |name| (200, Content::Json(name));
    let (worker, change, list) = (ok("ChangeWorkerResult"), ok("ChangeResult"), ok("ChangesResult"));
    let (answer, items, time) =
        (Content::Json("ChangeApproval"), Content::Json("ChangeItems"), Content::Json("ChangeDuration"));
    let next = ok("ChangeNextStatesResult");
    let (conflict, checked) = (ok("ChangeConflictResult"), ok("ChangeConflictCheckResult"));
    let (score, scores) = (ok("ChangeScoresResult"), "Says how well the change's group and changes of its model did");
    let refresh = "Finds the services that depend on what a change touches";
    versioned(
        BASE,
        vec![
            endpoint("get", "/{sys_id}/nextstates", "Says where a change may go", nothing, next, get(next_states)),
            endpoint("patch", "/{sys_id}/approvals", "Approves or rejects", answer, change, patch(approve)),
            endpoint("get", "/{sys_id}/ci", "Lists what a change touches", nothing, list, get(items_of)),
            endpoint("post", "/{sys_id}/ci", "Says what a change touches", items, worker, post(add_items)),
            endpoint("post", "/{sys_id}/refresh_impacted_services", refresh, nothing, worker, post(services)),
            endpoint("post", "/{sys_id}/conflict", "Looks for collisions", nothing, checked, post(check)),
            endpoint(
                "get",
                "/{sys_id}/conflict",
                "Says what a change collides with",
                nothing,
                conflict,
                get(conflicts_of),
            ),
            endpoint("delete", "/{sys_id}/conflict", "Stops looking", nothing, (200, nothing), delete(stop)),
            endpoint("get", "/{sys_id}/schedule", "Looks for free time", nothing, worker, get(of_change)),
            endpoint("patch", "/{sys_id}/schedule/first_available", "Plans a change", time, worker, patch(first)),
            endpoint("get", "/ci/{cmdb_ci}/schedule", "Looks for an item's free time", nothing, worker, get(of_item)),
            endpoint("get", "/{sys_id}/success_score", scores, nothing, score, get(scores_of)),
            endpoint("get", "/worker/{sys_id}", "Says what came of something asked", nothing, worker, get(work)),
        ],
    )
}

async fn next_states(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let change = ask.sys_id("sys_id")?;
    let next = ask.read(&app, move |_, call| Ok(next_states::next_states(call, change)?)).await?;
    let available = std::iter::once(next.current).chain(next.transitions.iter().map(|one| one.to));
    let available: Vec<String> = available.map(|state| state.to_string()).collect();
    let transitions: Vec<Value> = next.transitions.iter().map(|one| json!([transition(one)])).collect();
    let labels: Map<_, _> = next.labels.into_iter().map(|(state, label)| (state.to_string(), label.into())).collect();
    let body = json!({ "available_states": available, "state_transitions": transitions, "state_label": labels });
    Ok(answered(StatusCode::OK, body))
}

fn transition(transition: &Transition) -> Value {
    let condition = |condition: &Condition| {
        let Condition { sys_id, name, passed } = condition;
        json!({ "passed": passed, "condition": { "name": name, "description": null, "sys_id": sys_id } })
    };
    json!({
        "sys_id": transition.sys_id,
        "display_value": transition.label,
        "from_state": transition.from.to_string(),
        "to_state": transition.to.to_string(),
        "transition_available": transition.conditions.iter().all(|condition| condition.passed),
        "automatic_transition": false,
        "conditions": transition.conditions.iter().map(condition).collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
struct Approval {
    state: String,
    #[serde(default)]
    comments: String,
}

async fn approve(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let (change, Approval { state, comments }) = (ask.sys_id("sys_id")?, ask.json(body).await?);
    let answer = match state.as_str() {
        "approved" => Answer::Approved,
        "rejected" => Answer::Rejected,
        _ => return Err(Refusal::Malformed("state must be approved or rejected".into()).into()),
    };
    let record = ask.write(&app, move |_, call| {
        let detail = approvals::answer(call, change, answer, &comments)?;
        Ok(Value::from(both_of(call, &detail)?))
    });
    Ok(answered(StatusCode::OK, record.await?))
}

fn association(word: &str) -> Result<Association, Refusal> {
    let wrong = || Refusal::Malformed("association_type must be affected, impacted or offering".into());
    Association::read(word).ok_or_else(wrong)
}

async fn items_of(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let (change, wanted) = (ask.sys_id("sys_id")?, wanted(&ask)?);
    let how = association(ask.parameter("association_type").unwrap_or("affected"))?;
    ask.answer(&app, move |_, call| {
        let records = affected::list(call, change, how, &wanted)?;
        Ok(both_of_all(call, &records)?)
    })
    .await
}

#[derive(Deserialize)]
struct Items {
    cmdb_ci_sys_ids: Ids,
    association_type: String,
}

/// A list, or one text with commas.
#[derive(Deserialize)]
#[serde(untagged)]
enum Ids {
    List(Vec<String>),
    Text(String),
}

async fn add_items(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let (change, Items { cmdb_ci_sys_ids, association_type }) = (ask.sys_id("sys_id")?, ask.json(body).await?);
    let how = association(&association_type)?;
    let ids = match cmdb_ci_sys_ids {
        Ids::List(ids) => ids,
        Ids::Text(text) => text.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect(),
    };
    told(app, ask, move |call| affected::add(call, change, how, &ids)).await
}

async fn services(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let change = ask.sys_id("sys_id")?;
    told(app, ask, move |call| affected::refresh_services(call, change)).await
}

async fn check(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let change = ask.sys_id("sys_id")?;
    let worker = ask.write(&app, move |_, call| Ok(conflicts::check(call, change)?.id.sys_id.to_string())).await?;
    Ok(answered(StatusCode::OK, worker.into()))
}

async fn conflicts_of(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let change = ask.sys_id("sys_id")?;
    ask.answer(&app, move |_, call| {
        let standing = conflicts::standing(call, change)?;
        Ok(shown_conflicts(call, &standing)?)
    })
    .await
}

fn shown_conflicts(call: &mut Call<'_>, standing: &Standing) -> Result<Value, TableError> {
    let change = both(call, &standing.change, None)?;
    let shown = ["change", "conflicting_change", "configuration_item", "schedule", "type", "last_checked"];
    let mut conflicts = Vec::with_capacity(standing.conflicts.len());
    for conflict in &standing.conflicts {
        let conflict = both(call, conflict, None)?;
        let fields = shown.iter().filter_map(|name| Some(((*name).to_owned(), conflict.get(*name)?.clone())));
        conflicts.push(Value::Object(fields.collect()));
    }
    let ran = change.get("conflict_last_run").and_then(|field| field["value"].as_str()).unwrap_or_default();
    Ok(json!({
        "status": standing.change.text("conflict_status"),
        "last_run": ran,
        "record_count": conflicts.len().to_string(),
        "job_status": if ran.is_empty() { "0" } else { "2" },
        "conflicts": conflicts,
    }))
}

/// Nothing runs on after its answer, so there is nothing to stop.
async fn stop(State(app): State<App>, ask: Ask) -> Result<StatusCode, Failure> {
    let change = ask.sys_id("sys_id")?;
    ask.read(&app, move |_, call| Ok(conflicts::standing(call, change).map(drop)?)).await?;
    Ok(StatusCode::OK)
}

async fn of_change(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let change = ask.sys_id("sys_id")?;
    told(app, ask, move |call| conflicts::of_change(call, change)).await
}

async fn of_item(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let (item, seconds) = (ask.sys_id("cmdb_ci")?, i64::from(ask.number("duration_in_seconds", 3_600)?));
    let start = ask.parameter("planned_start_time").filter(|text| !text.is_empty()).map(|text| {
        let wrong = || Refusal::Malformed(format!("planned_start_time: \"{text}\" is no moment"));
        Timestamp::parse(text).ok_or_else(wrong)
    });
    let start = start.transpose()?;
    told(app, ask, move |call| conflicts::of_item(call, item, start, seconds)).await
}

async fn first(State(app): State<App>, ask: Ask, body: Body) -> Result<Response, Failure> {
    let (change, mut fields) = (ask.sys_id("sys_id")?, ask.texts(body).await?);
    let given =
        fields.remove("duration_in_seconds").or_else(|| ask.parameter("duration_in_seconds").map(str::to_owned));
    let wrong = |_| Refusal::Malformed("duration_in_seconds must be a whole number from 0, such as 10800".into());
    let seconds = given.map_or(Ok(3_600), |text| text.trim().parse::<u32>().map_err(wrong))?;
    told(app, ask, move |call| conflicts::first_available(call, change, i64::from(seconds))).await
}

async fn scores_of(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let change = ask.sys_id("sys_id")?;
    ask.answer(&app, move |_, call| {
        let change = table::read(call, "change_request", change)?;
        let mut scores = Map::new();
        for (name, team) in [("team_score", Team::Group), ("model_score", Team::Model)] {
            let score = change.reference(team.field()).map(|of| score::read(call, team, of)).transpose()?;
            scores.insert(name.into(), score.as_ref().map_or(Value::Null, shown_score));
        }
        Ok(Value::Object(scores))
    })
    .await
}

fn shown_score(score: &Score) -> Value {
    let number = |record: &Record| json!({ "display_value": record.text("number"), "value": record.id.sys_id });
    let part = |part: &score::Part| {
        json!({
            "change": number(&part.change), "incident": part.incident.as_ref().map(number), "points": part.points,
            "close_code": part.change.text("close_code"),
        })
    };
    json!({
        "score": score.points, "rating": score.rating, "success_probability": score.probability,
        "changes": score.changes, "parts": score.parts.iter().map(part).collect::<Vec<_>>(),
    })
}

async fn work(State(app): State<App>, ask: Ask) -> Result<Response, Failure> {
    let sys_id = ask.sys_id("sys_id")?;
    ask.answer(&app, move |ask, call| Ok(shown_worker(ask, &worker::read(call, sys_id)?))).await
}

/// Does something and answers the worker that others come back for.
async fn told(
    app: App,
    ask: Ask,
    work: impl FnOnce(&mut Call<'_>) -> Result<Record, TableError> + Send + 'static,
) -> Result<Response, Failure> {
    let body = ask.write(&app, |ask, call| Ok(shown_worker(ask, &work(call)?)));
    Ok(answered(StatusCode::OK, body.await?))
}

fn shown_worker(ask: &Ask, worker: &Record) -> Value {
    let id: SysId = worker.id.sys_id;
    let json = |field: &str| serde_json::from_str::<Value>(worker.text(field)).ok();
    let messages = json("messages");
    let none = || json!({ "errorMessages": [], "warningMessages": [], "infoMessages": [] });
    let state = worker.get("state").and_then(fieldline_model::Value::as_integer).unwrap_or(3);
    let label = ["Waiting", "In-Progress", "Complete", "Error"];
    let label = usize::try_from(state - 1).ok().and_then(|place| label.get(place)).copied().unwrap_or("Complete");
    let mut body = json!({
        "worker": { "sysId": id, "link": ask.origin.at(&format!("/api/sn_chg_rest/change/worker/{id}")) },
        "request": worker.text("request"),
        "state": { "value": state, "display_value": label },
        "type": worker.text("type"),
        "messages": messages.unwrap_or_else(none),
    });
    if let Some(payload) = json("payload") {
        body["payload"] = payload;
    }
    body
}
