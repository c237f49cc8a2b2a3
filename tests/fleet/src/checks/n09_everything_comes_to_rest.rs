//! 9: when faults stop, every queue empties within an hour.

use super::case::{Case, Seen, on_each};

pub fn check(_: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    on_each(seen, |phone| {
        let status = &phone.status;
        let queues = [
            ("edits", status.unsent_edits),
            ("files", status.unsent_files),
            ("documents asked for", status.wanted_documents),
        ];
        let left = queues.into_iter().filter(|(_, left)| *left > 0);
        let mut broken: Vec<String> = left.map(|(what, left)| format!("{left} {what} left after the calm")).collect();
        broken.extend(status.synced_at.is_none().then(|| "it never had everything".to_owned()));
        broken.extend(
            phone
                .items
                .values()
                .filter(|item| item.unsent > 0)
                .map(|item| format!("{} still shows unsent work", item.document)),
        );
        broken
    })
}
