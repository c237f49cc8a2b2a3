//! 14: the log can be audited: every position in it is used once and below the head, every edit stands after everything it
//! builds on, every entry says who made it on which device, and the record's rows carry positions the log has.

use std::collections::BTreeSet;

use fieldline_documents::Head;

use super::case::{Case, Seen};

pub fn check(case: &Case<'_>, _: &[Seen]) -> Vec<String> {
    let head = case.tx.head().expect("the feed's head can be read");
    let mut broken = Vec::new();
    // Every record begins with the same empty document, so there is one name the log does not have.
    let unknown: BTreeSet<Head> = case.histories.values().flat_map(|history| &history.unknown_names).copied().collect();
    if unknown.len() > 1 {
        broken.push(format!("edits build on {} changes that are not in the log", unknown.len() - 1));
    }
    for (id, stored) in &case.stored {
        for (made, stored) in case.histories[id].made.iter().zip(stored) {
            let edit = &made.edit;
            let named = (stored.key.device, stored.key.epoch, stored.key.counter, stored.author, &stored.document);
            if named != (edit.id.device, edit.id.epoch, edit.id.counter, edit.author, &edit.document) {
                broken.push(format!("{id}: the log files edit {} under another name than it bears", edit.id.counter));
            }
            if made.position == 0 || made.position > head {
                broken.push(format!("{id}: position {} is beyond the head {head}", made.position));
            }
        }
        let newest = case.histories[id].made.last().map_or(0, |made| made.position);
        let row = case.tx.record(id).expect("a row can be read").map_or(0, |(position, _)| position);
        if row != newest {
            broken.push(format!("{id}: its row stands at {row} and its newest edit at {newest}"));
        }
    }
    broken.extend(memberships(case));
    broken
}

/// The feed is dense, so no two of its entries share a position.
fn memberships(case: &Case<'_>) -> Vec<String> {
    let mut used: BTreeSet<u64> = case.log().map(|(_, made)| made.position).collect();
    let mut broken = Vec::new();
    for id in case.rows.keys() {
        for (key, interval) in case.tx.memberships(id).expect("memberships can be read") {
            for position in [Some(interval.from), interval.until].into_iter().flatten() {
                if !used.insert(position) {
                    broken.push(format!("position {position} is used twice, once by {id} in {}", key.0));
                }
            }
        }
    }
    broken
}
