//! 1: the server's rows, every phone's lists and every phone's documents say what the log says, by the naive rules; today's
//! list and the search find what is there.

use std::collections::BTreeSet;

use fieldline_model::DocumentId;

use super::case::{Case, Seen, on_each};
use super::scope::in_scope;
use crate::truth::Meaning;

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let mut broken = rows(case);
    broken.extend(on_each(seen, |phone| {
        let mut found = records(case, phone);
        found.extend(searches(phone));
        found
    }));
    broken
}

/// The rows that lists and the record API read say what the edits say.
fn rows(case: &Case<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, meaning) in &case.meanings {
        let row = Meaning { fields: case.rows[id].fields.clone(), ..meaning.clone() };
        let differences = meaning.differences(&row).into_iter();
        broken.extend(differences.map(|what| format!("{id}: the server's row: {what}")));
    }
    broken
}

/// What is in scope is on the phone and means there what the log says.
fn records(case: &Case<'_>, phone: &Seen) -> Vec<String> {
    let mut broken = Vec::new();
    for id in in_scope(case, phone.user) {
        let Some(item) = phone.items.get(&id) else {
            broken.push(format!("{id} is in scope and not on the phone"));
            continue;
        };
        if case.records.get(&id.sys_id).is_some_and(|record| record.fields != item.fields && !is_undecided(case, &id)) {
            broken.push(format!("{id} shows other fields in lists than its edits say"));
        }
        let Some(meaning) = case.meanings.get(&id) else { continue };
        let Some(details) = phone.records.get(&id).and_then(|view| view.details.as_ref()) else {
            broken.push(format!("{id} is in scope and only its row is on the phone"));
            continue;
        };
        let differences = meaning.differences(&details.into()).into_iter();
        broken.extend(differences.map(|what| format!("{id}: on the phone {what}")));
    }
    broken
}

fn is_undecided(case: &Case<'_>, id: &DocumentId) -> bool {
    case.meanings.get(id).is_some_and(|meaning| !meaning.undecided.is_empty())
}

/// Who searches for what a record is known by finds it, and only what has those words.
fn searches(phone: &Seen) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, hits) in &phone.searches {
        let gone: BTreeSet<&DocumentId> = hits.iter().filter(|hit| !phone.items.contains_key(hit)).collect();
        broken.extend(gone.into_iter().map(|hit| format!("a search finds {hit}, which is not on the phone")));
        if !hits.contains(id) {
            broken.push(format!("a search for {id} by its name does not find it"));
        }
    }
    broken
}
