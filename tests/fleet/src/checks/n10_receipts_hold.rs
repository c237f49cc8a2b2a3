//! 10: an edit the phone shows as accepted is in the log for ever, under its number and on its record.

use fieldline_device::view::Fate;

use super::case::{Case, Seen, on_each};

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    on_each(seen, |phone| {
        let mut broken = Vec::new();
        for edit in &phone.outbox {
            if !matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge) {
                continue;
            }
            let history = case.histories.get(&edit.document);
            let stands = history.is_some_and(|history| {
                history.made.iter().any(|made| {
                    let id = made.edit.id;
                    Some(id.device) == phone.device && id.counter == edit.counter && made.edit.at == edit.made_at
                })
            });
            if !stands {
                let (counter, document) = (edit.counter, &edit.document);
                broken.push(format!("edit {counter} of {document} has a receipt and is not in the log"));
            }
        }
        broken
    })
}
