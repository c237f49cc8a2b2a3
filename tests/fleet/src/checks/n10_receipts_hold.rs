//! 10: an edit the phone shows as accepted is in the log for ever, on its record, in its author's name.

use fieldline_device::view::Fate;

use super::case::{Case, Seen, on_each};
use crate::truth::Made;

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    on_each(seen, |phone| {
        let mut broken = Vec::new();
        for edit in &phone.outbox {
            if !matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge) {
                continue;
            }
            let history = case.histories.get(&edit.document);
            let is_it = |made: &Made| made.edit.author == phone.user && made.edit.at == edit.made_at;
            let stands = history.is_some_and(|history| history.made.iter().any(is_it));
            if !stands {
                let (counter, document) = (edit.counter, &edit.document);
                broken.push(format!("edit {counter} of {document} has a receipt and is not in the log"));
            }
        }
        broken
    })
}
