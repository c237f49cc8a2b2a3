//! What approvers' answers do: once everybody asked has approved, the change goes on; one rejection sends it back.

use fieldline_model::{Record, SysId};

use super::CHANGES;
use crate::approvals;
pub use crate::approvals::Answer;
use crate::call::Call;
use crate::react::stage_of;
use crate::table::{self, Detail, Input, Result};

/// Writes down the caller's answer; the change follows.
///
/// # Errors
/// When the caller is not asked, or rejects without saying why.
pub fn answer(call: &mut Call<'_>, change: SysId, answer: Answer, comments: &str) -> Result<Detail> {
    approvals::answer(call, (CHANGES, change), answer, comments)?;
    call.implied(|call| table::get(call, CHANGES, change))
}

/// The state a change goes to once its approvals are answered so.
pub(crate) fn follow(call: &mut Call<'_>, change: &Record, answer: Answer) -> Result<()> {
    let life_cycle = call.dictionary.life_cycle_of(CHANGES);
    let here = life_cycle.and_then(|life_cycle| stage_of(life_cycle, change)).map(|stage| stage.name.clone());
    let next = match (here.as_deref(), answer) {
        (Some("assess"), Answer::Approved) => Some("authorize"),
        (Some("authorize"), Answer::Approved) => Some("scheduled"),
        (Some("assess" | "authorize"), Answer::Rejected) => Some("new"),
        _ => None,
    };
    let mut fields = vec![("approval", answer.word())];
    fields.extend(next.map(|next| ("state", next)));
    call.implied(|call| table::update(call, CHANGES, change.id.sys_id, &Input::of(&fields))).map(drop)
}
