//! 11: what is kept stays within what was done: a phone keeps no more edits than it made, holds no more than what it was
//! told, and a record no more than its edits.

use super::case::{Case, Seen, on_each};

/// Bytes of a stored document for each edit, with one to begin with: a note of a few hundred bytes and what names it.
const BYTES_AN_EDIT: usize = 4_096;
/// Edits kept aside that anybody will still look through.
const MOST_HELD: usize = 200;

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, history) in &case.histories {
        let bytes = case.tx.snapshot(id).expect("a snapshot can be read").map_or(0, |bytes| bytes.len());
        let most = (history.made.len() + 1) * BYTES_AN_EDIT;
        if bytes > most {
            broken.push(format!("{id} takes {bytes} bytes for {} edits", history.made.len()));
        }
    }
    let held = case.tx.held_recently(u32::MAX).expect("held edits can be read").len();
    if held > MOST_HELD {
        broken.push(format!("{held} edits are kept aside"));
    }
    broken.extend(on_each(seen, |phone| {
        let (kept, made) = (phone.outbox.len(), phone.promises.len());
        // A person may send a held edit again; each time is a promise of its own.
        if kept > made { vec![format!("{kept} edits are kept and {made} were made")] } else { Vec::new() }
    }));
    broken
}
