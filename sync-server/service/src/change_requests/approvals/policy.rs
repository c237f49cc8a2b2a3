//! Which decisions of an organisation's approval policies hold for a change, and whom they ask.
//!
//! Policies are one list for each state. Of the first, by their order, that has a decision which holds, the first such decision
//! counts, or all of them where the policy says so. A policy without decisions asks nobody; it only says where answers lead that
//! somebody asked for by hand.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::{Condition, Filter, Query, Term};
use fieldline_model::{Record, SysId, TableName};

use crate::call::Call;
use crate::query::number_field;
use crate::rules::Channel;
use crate::table::{Result, TableError};

pub(super) const POLICIES: &str = "chg_policy_approval";
pub(super) const INPUTS: &str = "sys_decision_input";
pub(super) const DECISIONS: &str = "sys_decision_question";
pub(super) const DEFINITIONS: &str = "chg_approval_def";
/// The input every policy has: the change itself.
pub(super) const CHANGE: &str = "change_request";

/// A decision that holds, and whom it asks.
pub(super) struct Applied {
    pub policy: Record,
    pub decision: Record,
    pub definition: Record,
    /// The group that is asked, where it is one.
    pub group: Option<SysId>,
    pub people: Vec<SysId>,
}

impl Applied {
    /// How histories name it.
    pub fn named(&self) -> String {
        named(&self.policy, &self.decision, &self.definition)
    }
}

fn named(policy: &Record, decision: &Record, definition: &Record) -> String {
    let texts = (policy.text("name"), decision.text("label"), definition.text("name"));
    format!("policy \"{}\", decision \"{}\", definition \"{}\"", texts.0, texts.1, texts.2)
}

/// The active policies of a state, in order.
pub(super) fn policies_of(call: &Call<'_>, state: i64) -> crate::error::Result<Vec<Record>> {
    let of_state = Filter::equals("state", state).and(Filter::equals("active", true));
    in_order(call, POLICIES, &of_state)
}

fn in_order(call: &Call<'_>, table: &str, filter: &Filter) -> crate::error::Result<Vec<Record>> {
    let mut rows = call.rows(table, filter)?;
    rows.sort_by_key(|row| (number_field(row, "order").unwrap_or(100), row.id.sys_id));
    Ok(rows)
}

/// What is asked about a change in the state it is in.
///
/// # Errors
/// When there is nobody whom a decision could ask; names the policy and what to do.
pub(super) fn applied(call: &Call<'_>, change: &Record) -> Result<Vec<Applied>> {
    let Some(state) = number_field(change, "state") else { return Ok(Vec::new()) };
    for policy in policies_of(call, state)? {
        let decisions = decisions_for(call, &policy, change)?;
        if !decisions.is_empty() {
            return asked_by(call, &policy, decisions, change);
        }
    }
    Ok(Vec::new())
}

fn decisions_for(call: &Call<'_>, policy: &Record, change: &Record) -> Result<Vec<Record>> {
    let inputs = inputs(call, policy.id.sys_id)?;
    let active = Filter::equals("decision_table", policy.id.sys_id).and(Filter::equals("active", true));
    let mut decisions = in_order(call, DECISIONS, &active)?;
    decisions.retain(|decision| {
        let query = Query::parse(decision.text("condition")).query;
        call.holds(&of_the_change(query, &inputs), change)
    });
    let takes_all = policy.text("execution") == "all_decisions";
    decisions.truncate(if takes_all { usize::MAX } else { 1 });
    Ok(decisions)
}

/// A definition is applied once, however many decisions name it.
fn asked_by(call: &Call<'_>, policy: &Record, decisions: Vec<Record>, change: &Record) -> Result<Vec<Applied>> {
    let (mut applied, mut seen) = (Vec::new(), BTreeSet::new());
    for decision in decisions {
        let definition = decision.reference("answer").filter(|definition| seen.insert(*definition));
        let definition = definition.map(|id| call.tx.find(call.dictionary.family(DEFINITIONS), id)).transpose()?;
        let Some(definition) = definition.flatten() else { continue };
        let (group, people) = whom(call, &definition, Some(change))?;
        if people.is_empty() {
            let names = named(policy, &decision, &definition);
            let problem = format!("{names} asks {}, and there is nobody to ask", source_of(&definition));
            return Err(TableError::invalid(&change.id, None, format!("{problem}; name somebody there first")));
        }
        applied.push(Applied { policy: policy.clone(), decision, definition, group, people });
    }
    Ok(applied)
}

/// Where a definition looks for whom to ask, in words.
fn source_of(definition: &Record) -> String {
    match (definition.text("approver_source"), is_for_group(definition)) {
        (CHANGE, true) => format!("the group in {} of the change", definition.text("group_field")),
        (CHANGE, false) => format!("the person in {} of the change", definition.text("user_field")),
        (_, true) => "the members of its group".into(),
        (_, false) => "its user".into(),
    }
}

pub(super) fn is_for_group(definition: &Record) -> bool {
    definition.text("approval_action") == "group"
}

/// The group and the people a definition asks; without a change only those it names itself.
pub(super) fn whom(
    call: &Call<'_>,
    definition: &Record,
    change: Option<&Record>,
) -> crate::error::Result<(Option<SysId>, Vec<SysId>)> {
    let (own, way, table) = match is_for_group(definition) {
        true => ("group", "group_field", "sys_user_group"),
        false => ("user", "user_field", "sys_user"),
    };
    let ends: Vec<(TableName, SysId)> = match (definition.text("approver_source") == CHANGE, change) {
        (true, Some(change)) => call.ends_of(change, definition.text(way))?,
        (true, None) => Vec::new(),
        (false, _) => definition.reference(own).map(|id| (table.into(), id)).into_iter().collect(),
    };
    let mut people = BTreeMap::new();
    for (table, id) in &ends {
        call.find_people(table.as_str(), *id, Channel::InApp, &mut people)?;
    }
    let group = ends.first().filter(|_| is_for_group(definition)).map(|(_, id)| *id);
    Ok((group, people.into_keys().collect()))
}

/// What the inputs of a policy stand for: a way from the change.
pub(super) fn inputs(call: &Call<'_>, policy: SysId) -> crate::error::Result<BTreeMap<String, Vec<String>>> {
    let rows = call.rows(INPUTS, &Filter::equals("model", policy))?;
    let way = |row: &Record| row.text("default_value").split('.').skip(1).map(str::to_owned).collect();
    let mut inputs: BTreeMap<_, _> = rows.iter().map(|row| (row.text("element").to_owned(), way(row))).collect();
    inputs.insert(CHANGE.to_owned(), Vec::new());
    Ok(inputs)
}

/// A condition that names inputs, as one of the change.
pub(super) fn of_the_change(mut query: Query, inputs: &BTreeMap<String, Vec<String>>) -> Query {
    let terms = query.groups.iter_mut().flat_map(|group| &mut group.clauses).flatten();
    for term in terms {
        let Term::Condition(Condition { path, .. }) = term else { continue };
        if let Some((way, rest)) = path.split_first().and_then(|(first, rest)| Some((inputs.get(first)?, rest))) {
            *path = way.iter().chain(rest).cloned().collect();
        }
    }
    query
}
