//! 7: a message that came twice counts once: no edit and no change stands in the log twice, no number names two records,
//! every refused step opened exactly one review task.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, SysId};

use super::case::{Case, Seen};
use crate::truth::History;

pub fn check(case: &Case<'_>, _: &[Seen]) -> Vec<String> {
    let mut broken = log(case);
    broken.extend(numbers(case));
    broken.extend(reviews(case));
    broken
}

fn log(case: &Case<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let (mut hashes, mut ids, mut positions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (id, made) in case.log() {
        let fresh = [
            ("change", hashes.insert((id, made.name))),
            ("number", ids.insert(made.edit.id)),
            ("position", positions.insert(made.position)),
        ];
        let counter = made.edit.id.counter;
        let twice = fresh.into_iter().filter(|(_, fresh)| !fresh);
        broken.extend(twice.map(|(what, _)| format!("{id}: the {what} of edit {counter} stands in the log twice")));
    }
    broken
}

fn numbers(case: &Case<'_>) -> Vec<String> {
    let mut named: BTreeMap<&str, &DocumentId> = BTreeMap::new();
    let mut broken = Vec::new();
    for record in case.records.values().filter(|record| !record.text("number").is_empty()) {
        let number = record.text("number");
        if let Some(other) = named.insert(number, &record.id) {
            broken.push(format!("{} and {other} have the number {number}", record.id));
        }
    }
    broken.extend(numbered_again(case));
    broken
}

/// The server gives a record another number when it is called as another one is; without copies of phones none ever is.
fn numbered_again(case: &Case<'_>) -> Vec<String> {
    let number = |act: &&Act| matches!(act, Act::Set { field, .. } if field.as_str() == "number");
    let numbers = |history: &History| history.made.iter().flat_map(|made| &made.edit.acts).filter(number).count();
    let again = case.histories.iter().filter(|(_, history)| numbers(history) > 1 && !case.phones_were_copied);
    again.map(|(id, _)| format!("{id} was given a second number, its first was another record's")).collect()
}

/// A review task's parent is the record, its assignee who took the step, its text names the step and its moment.
fn reviews(case: &Case<'_>) -> Vec<String> {
    let reviews: Vec<&Record> = case
        .records
        .values()
        .filter(|record| record.id.table == "task" && record.text("short_description").starts_with("Review: "))
        .collect();
    let mut broken = Vec::new();
    let mut wanted: BTreeMap<(SysId, SysId), usize> = BTreeMap::new();
    for (id, meaning) in &case.meanings {
        for step in meaning.refused.keys() {
            let by = case.log().find(|(of, made)| *of == id && made.edit.id.act(step.act) == *step);
            *wanted.entry((id.sys_id, by.map_or(SysId([0; 16]), |(_, made)| made.edit.author))).or_default() += 1;
        }
    }
    for ((parent, by), refused) in &wanted {
        let of_it = reviews
            .iter()
            .filter(|task| task.reference("parent") == Some(*parent) && task.reference("assigned_to") == Some(*by));
        let opened = of_it.count();
        if opened < *refused {
            broken.push(format!("{parent}: {refused} steps of {by} refused, {opened} review tasks"));
        }
    }
    let different: BTreeSet<_> =
        reviews.iter().map(|task| (task.reference("parent"), task.text("description"))).collect();
    if different.len() < reviews.len() {
        broken.push(format!("{} review tasks for {} refused steps", reviews.len(), different.len()));
    }
    broken
}
