//! 12: what the server keeps aside of an honest phone its author sees on the phone, with a reason and what to do; and what
//! the phone shows as held the server has.

use fieldline_device::view::Fate;
use fieldline_documents::Edit;

use super::case::{Case, Seen, on_each};

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let kept = case.tx.held_recently(u32::MAX).expect("held edits can be read");
    let kept: Vec<Edit> = kept.iter().filter_map(|held| Edit::decode(&held.body).ok()).collect();
    on_each(seen, |phone| {
        let mut broken = Vec::new();
        let in_outbox = phone.outbox.iter().filter(|edit| edit.fate == Fate::Held).count();
        if in_outbox != phone.held().len() {
            broken.push(format!("{in_outbox} edits are held and {} are shown", phone.held().len()));
        }
        for held in phone.held() {
            // What stood on the edit that creates a record waits with it on the phone and was never judged by itself.
            // What the phone itself keeps, because a restored server does not have the record, it never took.
            let is_kept = kept.iter().any(|edit| edit.document == held.document);
            if !is_kept && held.reason != "record" && !case.server_was_restored {
                let (counter, document) = (held.counter, &held.document);
                broken.push(format!("edit {counter} of {document} is held and the server has none of it"));
            }
            if held.detail.is_empty() || held.reason.is_empty() {
                broken.push(format!("edit {} of {} is held without a word why", held.counter, held.document));
            }
        }
        broken
    })
}
