//! 3: no record and no field is on a phone whose owner may not have it.

use super::case::{Case, Seen, on_each};
use super::scope::in_scope;

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    on_each(seen, |phone| {
        let wanted = in_scope(case, phone.user);
        let held = phone.items.keys().chain(phone.searches.values().flatten());
        let mut broken: Vec<String> = held
            .filter(|id| !wanted.contains(id))
            .map(|id| format!("{id} is on the phone and out of its scope"))
            .collect();
        broken.sort();
        broken.dedup();
        broken
    })
}
