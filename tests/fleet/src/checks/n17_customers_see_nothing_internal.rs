//! 17: a customer is told what was written to them and nothing that was noted in the house: no work note of anything, and no
//! comment on orders and visits, which are said among colleagues. Every answer there is for a customer is looked through.

use fieldline_documents::Act;
use fieldline_model::DocumentId;

use super::case::{Case, Seen};
use crate::customer::CASES;

/// Words shorter than this may be part of anything.
const TELLING: usize = 12;

pub fn check(case: &Case<'_>, _: &[Seen]) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, history) in &case.histories {
        for (_, act) in history.deeds() {
            let Some((text, is_for_them)) = said(id, act) else { continue };
            match (case.told.contains(text), is_for_them) {
                (true, false) => broken.push(format!("{id}: the customer reads \"{text}\"")),
                (false, true) => broken.push(format!("{id}: the customer does not read \"{text}\"")),
                _ => {}
            }
        }
    }
    broken
}

/// What was said on a record, and whether it was said to the customer.
fn said<'a>(id: &DocumentId, act: &'a Act) -> Option<(&'a str, bool)> {
    let (text, is_comment) = match act {
        Act::Comment { text } => (text, true),
        Act::WorkNote { text } => (text, false),
        _ => return None,
    };
    let is_plain = text.chars().all(|letter| letter != '"' && letter != '\\' && !letter.is_control());
    (text.len() >= TELLING && is_plain).then_some((text, is_comment && id.table == *CASES))
}
