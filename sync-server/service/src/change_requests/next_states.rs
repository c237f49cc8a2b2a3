//! Where a change may go from here: the steps of its life cycle that its type takes, and what stands in their way.

use fieldline_model::condition::Filter;
use fieldline_model::life_cycle::{Stage, StepRule};
use fieldline_model::{Record, SysId};

use super::guard::is_on_hold;
use super::{CHANGES, TASKS};
use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::react::stage_of;
use crate::table;

/// Stages that a type does not go to from another: `(type, from, to)`.
const NOT_TAKEN: [(&str, &str, &str); 5] = [
    ("normal", "new", "authorize"),
    ("normal", "new", "scheduled"),
    ("emergency", "new", "assess"),
    ("emergency", "new", "scheduled"),
    ("standard", "new", "authorize"),
];

/// A step to another state.
pub struct Transition {
    /// The same on every server.
    pub sys_id: SysId,
    /// What people read.
    pub label: String,
    /// The state now.
    pub from: i64,
    /// The state then.
    pub to: i64,
    /// What must be so before.
    pub conditions: Vec<Condition>,
}

/// Something that must be so before a step.
pub struct Condition {
    /// The same on every server.
    pub sys_id: SysId,
    /// What must be so.
    pub name: String,
    /// Whether it is.
    pub passed: bool,
}

/// Where a change stands and may go.
pub struct NextStates {
    /// The state it is in.
    pub current: i64,
    /// The steps that its type and the caller may take from there.
    pub transitions: Vec<Transition>,
    /// What people read for each state named.
    pub labels: Vec<(i64, String)>,
}

/// Where a change may go.
///
/// # Errors
/// When there is no such change for the caller.
pub fn next_states(call: &mut Call<'_>, change: SysId) -> table::Result<NextStates> {
    let record = table::get(call, CHANGES, change)?.record;
    let dictionary = call.dictionary.clone();
    let life_cycle = dictionary.life_cycle_of(CHANGES);
    let here = life_cycle.and_then(|life_cycle| Some((life_cycle, stage_of(life_cycle, &record)?)));
    let Some((life_cycle, here)) = here else {
        return Ok(NextStates { current: 0, transitions: Vec::new(), labels: Vec::new() });
    };
    let kind = record.text("type");
    let is_taken = |rule: &&StepRule| !NOT_TAKEN.contains(&(kind, here.name.as_str(), rule.to.as_str()));
    let is_open = |rule: &&StepRule| !is_on_hold(&record) || rule.to == "canceled";
    let rules =
        life_cycle.steps_from(&here.name).filter(is_taken).filter(is_open).filter(|rule| call.caller.may(&rule.roles));
    let mut next =
        NextStates { current: here.state, transitions: Vec::new(), labels: vec![(here.state, here.label.clone())] };
    for rule in rules {
        let Some(to) = life_cycle.stage(&rule.to) else { continue };
        next.transitions.push(transition(call, &record, here, to, rule)?);
        next.labels.push((to.state, to.label.clone()));
    }
    Ok(next)
}

fn transition(call: &Call<'_>, record: &Record, here: &Stage, to: &Stage, rule: &StepRule) -> Result<Transition> {
    let label = |field: &str| {
        let table = call.dictionary.table(CHANGES).and_then(|table| table.field(field));
        table.map_or_else(|| field.to_owned(), |field| field.label.clone())
    };
    let filled = |field: &str| Condition {
        sys_id: identity(&format!("{}/{field}", rule.name)),
        name: format!("{} is filled in", label(field)),
        passed: record.get(field).is_some(),
    };
    let mut conditions: Vec<Condition> = rule.requires.iter().map(|field| filled(field.as_str())).collect();
    if to.name == "scheduled" {
        let open = Filter::equals("sysapproval", record.id.sys_id).and(Filter::equals("state", "requested"));
        let passed = call.some_rows("sysapproval_approver", &open, 1)?.is_empty();
        let name = "No approval is outstanding".to_owned();
        conditions.push(Condition { sys_id: identity("approvals"), name, passed });
    }
    if to.name == "closed" {
        let open = Filter::equals("change_request", record.id.sys_id).and(Filter::equals("active", true));
        let passed = call.some_rows(TASKS, &open, 1)?.is_empty();
        let name = "All change tasks are closed".to_owned();
        conditions.push(Condition { sys_id: identity("tasks"), name, passed });
    }
    Ok(Transition {
        sys_id: identity(&format!("{}/{}/{}", rule.name, here.name, to.name)),
        label: format!("{} to {}", here.label, to.label),
        from: here.state,
        to: to.state,
        conditions,
    })
}

fn identity(name: &str) -> SysId {
    sys_id_of(format!("change/{name}"))
}
