//! Approvals of changes, as an organisation's policies say: whom a change asks in which state, how many of their answers count, and
//! where the answers take it.
//!
//! * `policy.rs` finds the decisions that hold, `ask.rs` asks, `tally.rs` counts, `check.rs` refuses a policy that could not work.
//! * Here answers are followed: once all that is mandatory is approved the change goes on, one rejection sends it back. Where they
//!   take it is the policy's word; what somebody asked for by hand is answered under the first policy of the state.
//!
//! Who asked whom is kept: one row of `sysapproval_group` for each decision, and a line in `approval_history`.
//!
//! Source: ServiceNow "Change approval policies", "Create approval definitions".

mod ask;
mod check;
mod policy;
mod tally;

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Value};

use super::CHANGES;
pub use crate::approvals::Answer;
use crate::approvals::{self, APPROVALS};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Detail, Input, Result, TableError};
pub(crate) use check::check;
use tally::WaitFor;

const UNITS: &str = "sysapproval_group";
/// Tables whose rows are policies or parts of them.
pub(crate) const TABLES: [&str; 4] = [policy::POLICIES, policy::INPUTS, policy::DECISIONS, policy::DEFINITIONS];

/// Writes down the caller's answer; the change follows.
///
/// # Errors
/// When the caller is not asked, or rejects without saying why.
pub fn answer(call: &mut Call<'_>, change: SysId, answer: Answer, comments: &str) -> Result<Detail> {
    approvals::answer(call, (CHANGES, change), answer, comments)?;
    call.implied(|call| table::get(call, CHANGES, change))
}

/// Refuses a step to a state in which a policy would have nobody to ask.
///
/// # Errors
/// Names the policy, and what to do.
pub(super) fn check_step(call: &Call<'_>, change: &Record) -> Result<()> {
    policy::applied(call, change).map(drop)
}

/// Asks about a change that has come to a state; what was asked before about it counts no more.
///
/// # Errors
/// When the database fails.
pub(super) fn arrive(call: &mut Call<'_>, change: &Record, stage: &str) -> crate::error::Result<()> {
    let starts_anew = matches!(stage, "new" | "canceled");
    ask::end(call, change.id.sys_id, if starts_anew { "cancelled" } else { "not_required" }, starts_anew)?;
    if !ask::ask(call, change)? {
        return Ok(());
    }
    let done = match verdict(call, change.id.sys_id)? {
        Some(answer) => follow(call, change, answer),
        None => Ok(()),
    };
    match done {
        Err(TableError::Service(error)) => Err(error),
        Err(problem) => ask::say(call, change, &problem.to_string(), None),
        Ok(()) => Ok(()),
    }
}

/// Lets a change follow an answer about it.
///
/// # Errors
/// When the change cannot go where the answers take it.
pub(crate) fn answered(call: &mut Call<'_>, change: &Record, row: &Record, answer: Answer) -> Result<()> {
    if row.reference("sysapproval_group").is_none() {
        let decided = if answer == Answer::Rejected { Some(answer) } else { verdict(call, change.id.sys_id)? };
        return decided.map_or(Ok(()), |answer| follow(call, change, answer));
    }
    let Some(unit) = open_unit_of(call, row)? else { return Ok(()) };
    let Some(outcome) = outcome(call, &unit)? else { return Ok(()) };
    let is_mandatory = is_mandatory(&unit);
    ask::settled(call, unit, outcome)?;
    match if is_mandatory { verdict(call, change.id.sys_id)? } else { None } {
        Some(answer) => follow(call, change, answer),
        None => Ok(()),
    }
}

fn open_unit_of(call: &Call<'_>, row: &Record) -> Result<Option<Record>> {
    let unit = row.reference("sysapproval_group").map(|unit| call.tx.find(call.dictionary.family(UNITS), unit));
    Ok(unit.transpose()?.flatten().filter(|unit| unit.text("approval") == "requested"))
}

/// What those asked together have answered, as far as it decides.
fn outcome(call: &Call<'_>, unit: &Record) -> Result<Option<Answer>> {
    let rows = call.rows(APPROVALS, &Filter::equals("sysapproval_group", unit.id.sys_id))?;
    let answers: Vec<Answer> = rows.iter().filter_map(|row| Answer::of(row.text("state"))).collect();
    let wait = WaitFor::of(unit.text("wait_for"), number_field(unit, "percentage"));
    Ok(wait.outcome(rows.len(), &answers))
}

fn is_mandatory(unit: &Record) -> bool {
    unit.get("mandatory") != Some(&Value::Boolean(false))
}

/// What policies asked about a change in the state it is in.
fn units(call: &Call<'_>, change: SysId) -> crate::error::Result<Vec<Record>> {
    call.rows(UNITS, &Filter::equals("parent", change).and(Filter::equals("active", true)))
}

/// What all answers about a change come to, once nothing that is mandatory is open.
fn verdict(call: &Call<'_>, change: SysId) -> crate::error::Result<Option<Answer>> {
    let units = units(call, change)?;
    let states: Vec<&str> = units.iter().filter(|unit| is_mandatory(unit)).map(|unit| unit.text("approval")).collect();
    if states.contains(&"rejected") {
        return Ok(Some(Answer::Rejected));
    }
    let open = call.rows(APPROVALS, &approvals::open(change))?;
    let by_hand = open.iter().any(|row| row.reference("sysapproval_group").is_none());
    Ok((!by_hand && !states.contains(&"requested")).then_some(Answer::Approved))
}

/// Takes a change where its policy says.
fn follow(call: &mut Call<'_>, change: &Record, answer: Answer) -> Result<()> {
    let policy = policy_of(call, change)?;
    let field = match answer {
        Answer::Approved => "approved_state",
        Answer::Rejected => "rejected_state",
    };
    let next = policy.as_ref().and_then(|policy| number_field(policy, field)).map(|state| state.to_string());
    let mut fields = vec![("approval", answer.word())];
    fields.extend(next.as_deref().map(|next| ("state", next)));
    let why = policy.map_or_else(|| "approvals".to_owned(), |policy| format!("policy \"{}\"", policy.text("name")));
    let (id, input) = (change.id.sys_id, Input::of(&fields));
    call.because(why, |call| call.implied(|call| table::update(call, CHANGES, id, &input))).map(drop)
}

/// The policy under which answers are given now: the one that asked, else the first of the state.
fn policy_of(call: &Call<'_>, change: &Record) -> Result<Option<Record>> {
    let Some(state) = number_field(change, "state") else { return Ok(None) };
    let policies = policy::policies_of(call, state)?;
    let asked = units(call, change.id.sys_id)?.first().and_then(|unit| unit.reference("chg_policy_approval"));
    let by_asking = policies.iter().find(|policy| Some(policy.id.sys_id) == asked);
    Ok(by_asking.or(policies.first()).cloned())
}
