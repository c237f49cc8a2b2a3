//! 8: every step followed leads on from where the one before it led; every step refused and every value in doubt is shown
//! to whom it concerns.

use std::collections::BTreeSet;

use fieldline_model::DocumentId;
use fieldline_model::life_cycle::StepId;

use super::case::{Case, Seen, on_each};

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
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
