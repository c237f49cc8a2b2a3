//! What approvers' answers do: once everybody asked has approved, the change goes on; one rejection sends it back.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId};

use super::CHANGES;
use crate::call::Call;
use crate::react::stage_of;
use crate::table::{self, Detail, Input, Result, TableError};

const APPROVALS: &str = "sysapproval_approver";

/// An approver's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It may be done.
    Approved,
    /// It must not be done as it is.
    Rejected,
}

impl Answer {
    fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// Writes down the caller's answer, and lets the change follow.
///
/// # Errors
/// When the caller is not asked, or rejects without saying why.
pub fn answer(call: &mut Call<'_>, change: SysId, answer: Answer, comments: &str) -> Result<Detail> {
    let asked = Filter::equals("sysapproval", change)
        .and(Filter::equals("approver", call.caller.user))
        .and(Filter::equals("state", "requested"));
    let Some(asked) = call.some_rows(APPROVALS, &asked, 1)?.into_iter().next() else {
        let problem = "nobody has asked you to approve it, or you have answered already";
        return Err(TableError::invalid(format!("{CHANGES}/{change}"), None, problem));
    };
    if answer == Answer::Rejected && comments.trim().is_empty() {
        let problem = "say in comments why it is rejected";
        return Err(TableError::invalid(&asked.id, Some(&"comments".into()), problem));
    }
    let fields = Input::of(&[("state", answer.word()), ("comments", comments)]);
    call.implied(|call| table::update(call, APPROVALS, asked.id.sys_id, &fields))?;
    let change = call.implied(|call| table::get(call, CHANGES, change))?.record;
    follow(call, &change, answer)?;
    call.implied(|call| table::get(call, CHANGES, change.id.sys_id))
}

/// The state a change goes to once its approvals are answered so.
fn follow(call: &mut Call<'_>, change: &Record, answer: Answer) -> Result<()> {
    let open = Filter::equals("sysapproval", change.id.sys_id).and(Filter::equals("state", "requested"));
    if answer == Answer::Approved && !call.some_rows(APPROVALS, &open, 1)?.is_empty() {
        return Ok(());
    }
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
