//! Trigger rules: rows of `major_incident_trigger_rule` that make an incident a candidate for a major incident, or one at once.
//!
//! The first that holds counts. They are about incidents that are active, no other's child, and that nobody has said anything
//! of yet: what was rejected is not proposed again.

use fieldline_model::condition::{Condition, Group, Operator, Query, Term};
use fieldline_model::{Dictionary, Record};
use fieldline_storage::Tx;

use super::{Action, Rule};
use crate::error::Result;
use crate::table::Input;

pub(super) const TABLE: &str = "major_incident_trigger_rule";
/// The table the rules are about.
pub(super) const OF: &str = "incident";
const STATE: &str = "major_incident_state";

pub(super) fn rule(row: &Record, _: &Dictionary, _: &dyn Tx) -> Result<Option<Rule>> {
    let state = if row.text("action") == "promote" { "accepted" } else { "proposed" };
    let mut rule = Rule::of(row, OF, row.text("condition"), Action::Write(Input::of(&[(STATE, state)])));
    rule.when.condition = of_undecided(rule.when.condition);
    Ok(Some(rule))
}

/// A query, of incidents only that may still become major ones.
fn of_undecided(mut query: Query) -> Query {
    let asks = |field: &str, operator, value: &str| -> Vec<Term> {
        vec![Condition { path: vec![field.into()], operator, value: value.into() }.into()]
    };
    let is_empty = |field| asks(field, Operator::IsEmpty, "");
    if query.groups.is_empty() {
        query.groups.push(Group::default());
    }
    for group in &mut query.groups {
        group.clauses.extend([asks("active", Operator::Equals, "true"), is_empty("parent_incident"), is_empty(STATE)]);
    }
    query
}
