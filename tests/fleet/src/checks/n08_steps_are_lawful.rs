//! 8: every step followed leads on from where the one before it led; every step refused and every value in doubt is shown
//! to whom it concerns; an order stands where its tasks stand.

use std::collections::BTreeSet;

use fieldline_model::life_cycle::{StepId, StepRule};
use fieldline_model::{DocumentId, Record};

use super::case::{Case, Seen, on_each};

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let mut broken = orders(case);
    broken.extend(phones(case, seen));
    broken
}

/// An order stands where the furthest of its tasks takes it, unless no step leads there from where it stands.
fn orders(case: &Case<'_>) -> Vec<String> {
    let Some(cycle) = case.dictionary.life_cycle_of("wm_order") else { return Vec::new() };
    let stage = |id: &DocumentId| case.meanings.get(id).and_then(|meaning| meaning.stage.as_deref());
    let mut broken = Vec::new();
    for order in case.meanings.keys().filter(|id| id.table == "wm_order") {
        let is_its_task =
            |record: &&Record| record.id.table == "wm_task" && record.reference("parent") == Some(order.sys_id);
        let tasks: Vec<&str> = case.records.values().filter(is_its_task).filter_map(|task| stage(&task.id)).collect();
        let (Some(wanted), Some(stands)) = (where_an_order_stands(&tasks), stage(order)) else { continue };
        let leads = |rule: &StepRule| rule.to == wanted && rule.from.iter().any(|from| from == stands);
        if stands != wanted && cycle.steps.iter().any(leads) {
            broken.push(format!("{order} is {stands} and its tasks are {}", tasks.join(", ")));
        }
    }
    broken
}

fn where_an_order_stands(tasks: &[&str]) -> Option<&'static str> {
    let open: Vec<&str> = tasks.iter().copied().filter(|stage| *stage != "cancelled").collect();
    let some = |stages: &[&str]| open.iter().any(|stage| stages.contains(stage));
    let is_over = open.iter().all(|stage| stage.starts_with("closed"));
    Some(match () {
        () if tasks.is_empty() => return None,
        () if open.is_empty() => "cancelled",
        () if is_over && some(&["closed_incomplete"]) => "closed_incomplete",
        () if is_over => "closed_complete",
        () if some(&["work_in_progress", "paused", "closed_complete", "closed_incomplete"]) => "work_in_progress",
        () if some(&["accepted", "en_route", "on_site"]) => "accepted",
        () if some(&["assigned"]) => "assigned",
        () if some(&["pending_dispatch", "scheduled"]) => "ready_for_dispatch",
        () => "draft",
    })
}

fn phones(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    on_each(seen, |phone| {
        let mut broken = Vec::new();
        for (id, view) in &phone.records {
            let Some(details) = &view.details else { continue };
            let Some(cycle) = case.dictionary.life_cycle_of(id.table.as_str()) else { continue };
            let mut stage = cycle.initial.clone();
            for step in &details.accepted {
                match cycle.step(&step.name).filter(|rule| rule.from.contains(&stage)) {
                    Some(rule) => stage = rule.to.clone(),
                    None => broken.push(format!("{id}: step {} was followed from {stage}", step.name)),
                }
            }
            if details.stage.as_ref() != Some(&stage) {
                broken.push(format!("{id}: its steps lead to {stage}, it says {:?}", details.stage));
            }
        }
        broken.extend(conflicts(case, phone));
        broken
    })
}

/// The person's own refused steps, and doubts about what is on the phone, are among what needs attention.
fn conflicts(case: &Case<'_>, phone: &Seen) -> Vec<String> {
    let shown = |id: &DocumentId| phone.attention.records.iter().find(|doubt| doubt.item.document == *id);
    let mut broken = Vec::new();
    for (id, meaning) in case.meanings.iter().filter(|(id, _)| phone.items.contains_key(id)) {
        let history = &case.histories[id];
        let mine = |step: &&StepId| {
            let made = history.made.iter().find(|made| made.edit.id.act(step.act) == **step);
            made.is_some_and(|made| made.edit.author == phone.user)
        };
        let own: BTreeSet<StepId> = meaning.refused.keys().filter(mine).copied().collect();
        let told: BTreeSet<StepId> =
            shown(id).iter().flat_map(|doubt| &doubt.refused).map(|refused| refused.step.id).collect();
        if own != told {
            broken.push(format!("{id}: {} own steps were refused and {} are shown", own.len(), told.len()));
        }
        let in_doubt = !meaning.in_doubt.is_empty() || meaning.answers.values().any(|(_, disputed)| *disputed);
        if in_doubt && meaning.undecided.is_empty() && shown(id).is_none() {
            broken.push(format!("{id} is in doubt and nobody is told"));
        }
    }
    broken
}
