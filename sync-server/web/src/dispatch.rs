//! What dispatchers ask: a plan of some days, who could do one task, which hours can be offered, and who does a task from now on.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use fieldline_model::{Place, SysId, Timestamp};
use fieldline_service::dispatch::{self, Ask, Assignment, DispatchError, Wanted, Wish};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::App;
use crate::caller::{Signed, blocking};
use crate::endpoint::{Access, Content, Endpoint};
use crate::given;
use crate::refusal::{Problem, Refusal};

const PATH: &str = "/api/v1/dispatch";
/// How long a plan is searched for unless told otherwise: a few seconds for twenty technicians and 250 tasks.
const USUAL_ITERATIONS: u64 = 20_000;

pub fn endpoints() -> Vec<Endpoint> {
    let endpoint = |what: &str, summary, request, answer, handler| Endpoint {
        method: "post",
        path: format!("{PATH}/{what}"),
        summary,
        access: Access::Person,
        request: Content::Json(request),
        status: 200,
        answer: Content::Json(answer),
        handler,
    };
    let plan_summary =
        "Plans a dispatch group's open tasks into its technicians' rosters and publishes the assignments";
    let candidates_summary = "Ranks the technicians for one task and says what is in the way of each";
    let slots_summary = "Lists the hours that can be offered for a task or a place, the cheapest first";
    let check_summary = "Says what it would go against if a technician did a task";
    let assign_summary = "Assigns a task to a technician, unless that goes against something, or to the best there is";
    let all_summary = "Assigns tasks to the best technicians there are, one after the other";
    vec![
        endpoint("plan", plan_summary, "PlanAsk", "PlanReport", post(plan)),
        endpoint("candidates", candidates_summary, "CandidatesAsk", "Candidates", post(candidates)),
        endpoint("slots", slots_summary, "SlotsAsk", "Slots", post(slots)),
        endpoint("check", check_summary, "CheckAsk", "CheckedAssignment", post(check)),
        endpoint("assign", assign_summary, "AssignAsk", "Assigned", post(assign)),
        endpoint("assign-all", all_summary, "AssignAllAsk", "AllAssigned", post(assign_all)),
    ]
}

/// Which days: from now on when not said.
#[derive(Deserialize)]
struct Days {
    from: Option<String>,
    days: Option<u32>,
}

impl Days {
    fn read(&self, now: Timestamp) -> Result<(Timestamp, u32), Refusal> {
        let from = match &self.from {
            Some(text) => given::moment("from", text)?,
            None => now,
        };
        Ok((from, self.days.unwrap_or(1)))
    }
}

#[derive(Deserialize)]
struct PlanAsk {
    group: SysId,
    #[serde(flatten)]
    days: Days,
    iterations: Option<u64>,
    seed: Option<u32>,
    #[serde(default)]
    dry_run: bool,
}

async fn plan(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: PlanAsk = crate::body::json(&headers, body).await?;
    answer(&app, move |server, now, rng| {
        let (from, days) = asked.days.read(now)?;
        let (group, iterations) = (asked.group, asked.iterations.unwrap_or(USUAL_ITERATIONS));
        let ask = Ask { group, from, days, iterations, seed: asked.seed, dry_run: asked.dry_run };
        Ok(dispatch::plan(server, &caller, &ask, now, rng)?)
    })
    .await
}

#[derive(Deserialize)]
struct CandidatesAsk {
    task: SysId,
    #[serde(flatten)]
    days: Days,
}

async fn candidates(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: CandidatesAsk = crate::body::json(&headers, body).await?;
    answer(&app, move |server, now, rng| {
        let days = asked.days.read(now)?;
        Ok(dispatch::candidates(server, &caller, asked.task, days, now, rng)?)
    })
    .await
}

#[derive(Deserialize)]
struct SlotsAsk {
    task: Option<SysId>,
    group: Option<SysId>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    work_seconds: Option<i64>,
    #[serde(default)]
    skills: BTreeSet<SysId>,
    #[serde(flatten)]
    days: Days,
}

impl SlotsAsk {
    fn wanted(&self) -> Result<Wanted, Refusal> {
        let missing = |field: &str| Refusal::Malformed(format!("{field}: is missing; send it, or a task"));
        if let Some(task) = self.task {
            return Ok(Wanted::Task(task));
        }
        let group = self.group.ok_or_else(|| missing("group"))?;
        let latitude = self.latitude.ok_or_else(|| missing("latitude"))?;
        let longitude = self.longitude.ok_or_else(|| missing("longitude"))?;
        let work_seconds = self.work_seconds.ok_or_else(|| missing("work_seconds"))?;
        let place = Place::from_degrees(latitude, longitude)
            .ok_or_else(|| Refusal::Malformed("latitude: no place on earth; send degrees".into()))?;
        Ok(Wanted::Wish { group, wish: Wish { place, work_seconds, skills: self.skills.clone() } })
    }
}

async fn slots(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: SlotsAsk = crate::body::json(&headers, body).await?;
    answer(&app, move |server, now, rng| {
        let (wanted, days) = (asked.wanted()?, asked.days.read(now)?);
        Ok(dispatch::slots(server, &caller, &wanted, days, now, rng)?)
    })
    .await
}

#[derive(Deserialize)]
struct CheckAsk {
    task: SysId,
    technician: SysId,
    start: Option<String>,
}

async fn check(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: CheckAsk = crate::body::json(&headers, body).await?;
    answer(&app, move |server, now, rng| {
        let start = asked.start.as_deref().map(|start| given::moment("start", start)).transpose()?;
        Ok(dispatch::check(server, &caller, (asked.task, asked.technician, start), now, rng)?)
    })
    .await
}

#[derive(Deserialize)]
struct AssignAsk {
    task: SysId,
    technician: Option<SysId>,
    start: Option<String>,
    #[serde(default)]
    force: bool,
    #[serde(flatten)]
    days: Days,
}

async fn assign(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: AssignAsk = crate::body::json(&headers, body).await?;
    answer(&app, move |server, now, rng| {
        let start = asked.start.as_deref().map(|start| given::moment("start", start)).transpose()?;
        let wanted = Assignment { task: asked.task, technician: asked.technician, start, force: asked.force };
        let days = asked.days.read(now)?;
        Ok(dispatch::assign(server, &caller, &wanted, days, now, rng)?)
    })
    .await
}

#[derive(Deserialize)]
struct AssignAllAsk {
    tasks: Vec<SysId>,
    #[serde(flatten)]
    days: Days,
}

async fn assign_all(
    State(app): State<App>,
    Signed(caller): Signed,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let asked: AssignAllAsk = crate::body::json(&headers, body).await?;
    answer(&app, move |server, now, rng| {
        let days = asked.days.read(now)?;
        let assigned = dispatch::assign_all(server, &caller, &asked.tasks, days, now, rng)?;
        Ok(json!({ "assigned": assigned }))
    })
    .await
}

async fn answer<T: Serialize + Send + 'static>(
    app: &App,
    work: impl FnOnce(&fieldline_service::Server, Timestamp, &mut crate::Entropy) -> Result<T, Refusal> + Send + 'static,
) -> Result<Json<Value>, Problem> {
    let answer = blocking(app, work).await?;
    Ok(Json(serde_json::to_value(answer).map_err(|_| Refusal::Broken)?))
}

impl From<DispatchError> for Refusal {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Denied => Self::Forbidden(error.to_string()),
            DispatchError::NotFound(_) => Self::NotFound(error.to_string()),
            DispatchError::Invalid { .. } => Self::Malformed(error.to_string()),
            DispatchError::Service(error) => error.into(),
        }
    }
}

pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer" });
    let id = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    let moment = json!({ "type": "string", "format": "date-time" });
    let who = json!({ "type": "object", "properties": { "name": text, "user": id } });
    let task = json!({ "type": "object", "properties": { "number": text, "sys_id": id } });
    let list = |of: Value| json!({ "type": "array", "items": of });
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let from =
        json!({ "type": "string", "format": "date-time", "description": "Where the days begin; now when left out" });
    let days = json!({ "type": "integer", "minimum": 1, "maximum": dispatch::MOST_DAYS, "default": 1 });
    let way = json!({
        "scheduled_travel_start": moment, "travel_seconds": number, "travel_meters": number, "expected_start": moment,
        "estimated_end": moment,
    });
    let slot_times = way.clone();
    let mut planned = way.clone();
    extend(
        &mut planned,
        json!({
            "task": task, "technician": who, "crew": list(who.clone()), "stands": { "type": "boolean", "description": "It was planned around" },
            "changes": { "type": "boolean", "description": "Publishing changes the task" }, "notes": list(text.clone()),
        }),
    );
    let mut slot = way;
    extend(
        &mut slot,
        json!({
            "technician": who, "late_seconds": number, "added_travel_seconds": number,
        }),
    );
    let mut candidate = slot.clone();
    extend(
        &mut candidate,
        json!({
            "reason": { "type": ["string", "null"], "description": "What is in the way; null where the times are given" },
        }),
    );
    extend(&mut slot, json!({ "slot_start": moment, "slot_end": moment, "crew": list(who.clone()) }));
    let violations = list(json!({ "type": "object", "properties": { "rule": text, "problem": text } }));
    let mut checked = slot_times.clone();
    extend(&mut checked, json!({ "task": task, "technician": who, "violations": violations }));
    let mut assigned = checked.clone();
    extend(
        &mut assigned,
        json!({
            "is_assigned": { "type": "boolean" }, "crew": list(who.clone()), "in_the_way": list(schema("InTheWay")),
            "reason": { "type": ["string", "null"], "description": "Why nobody could do it as it is" },
        }),
    );
    let start = json!({ "type": "string", "format": "date-time", "description": "When the work begins" });
    let in_the_way = json!({ "type": "object", "properties": { "technician": who, "reason": text } });
    json!({
        "PlanAsk": {
            "type": "object",
            "required": ["group"],
            "properties": {
                "group": { "type": "string", "description": "The sys_id of the dispatch group" },
                "from": from, "days": days,
                "iterations": { "type": "integer", "maximum": dispatch::MOST_ITERATIONS, "default": USUAL_ITERATIONS },
                "seed": { "type": "integer", "description": "Of an earlier report, to get its plan again" },
                "dry_run": { "type": "boolean", "description": "true only says what would happen" },
            },
        },
        "PlanReport": {
            "type": "object",
            "properties": {
                "from": moment, "until": moment, "seed": number, "later": number, "published": number,
                "ways": {
                    "type": "object", "description": "How many ways between places were told by roads, by great_circle",
                    "additionalProperties": number,
                },
                "planned": list(schema("PlannedTask")),
                "unserved": list(json!({
                    "type": "object", "properties": { "task": task, "in_the_way": list(schema("InTheWay")) },
                })),
                "refused": list(json!({ "type": "object", "properties": { "task": task, "reason": text } })),
                "absent": list(schema("InTheWay")),
            },
        },
        "PlannedTask": { "type": "object", "properties": planned },
        "InTheWay": in_the_way,
        "CandidatesAsk": {
            "type": "object",
            "required": ["task"],
            "properties": { "task": { "type": "string", "description": "The sys_id of the task" }, "from": from, "days": days },
        },
        "Candidates": {
            "type": "object",
            "properties": {
                "task": task, "candidates": list(schema("Candidate")), "absent": list(schema("InTheWay")),
            },
        },
        "Candidate": { "type": "object", "properties": candidate },
        "SlotsAsk": {
            "type": "object",
            "description": "Either a task, or a group with a place and the seconds of work",
            "properties": {
                "task": id, "group": id, "latitude": { "type": "number" }, "longitude": { "type": "number" },
                "work_seconds": number, "skills": list(id.clone()), "from": from, "days": days,
            },
        },
        "Slots": {
            "type": "object",
            "properties": {
                "slots": list(schema("Slot")), "in_the_way": list(schema("InTheWay")), "absent": list(schema("InTheWay")),
            },
        },
        "Slot": { "type": "object", "properties": slot },
        "CheckAsk": {
            "type": "object",
            "required": ["task", "technician"],
            "properties": { "task": id, "technician": id, "start": start },
        },
        "CheckedAssignment": { "type": "object", "properties": checked },
        "AssignAsk": {
            "type": "object",
            "required": ["task"],
            "properties": {
                "task": id, "start": start, "from": from, "days": days,
                "technician": { "type": "string", "description": "Who; the best there is when left out" },
                "force": { "type": "boolean", "description": "true assigns whatever that goes against, and notes it" },
            },
        },
        "Assigned": { "type": "object", "properties": assigned },
        "AssignAllAsk": {
            "type": "object",
            "required": ["tasks"],
            "properties": {
                "tasks": { "type": "array", "items": id, "maxItems": dispatch::MOST_ASSIGNED }, "from": from, "days": days,
            },
        },
        "AllAssigned": { "type": "object", "properties": { "assigned": list(schema("Assigned")) } },
    })
}

fn extend(properties: &mut Value, more: Value) {
    if let (Value::Object(properties), Value::Object(more)) = (properties, more) {
        properties.extend(more);
    }
}
