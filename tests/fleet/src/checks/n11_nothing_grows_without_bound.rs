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
        let own = case.log().filter(|(_, made)| made.edit.author == phone.user).count();
        let (kept, waiting) = (phone.outbox.len(), phone.held().len() + phone.status.unsent_edits as usize);
        let problem = || format!("{kept} edits are kept; {own} of this person are in the log and {waiting} are not");
        (kept > own + waiting).then(problem).into_iter().collect()
    }));
    broken
}
