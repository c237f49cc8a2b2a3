//! What somebody answers who was asked to approve, and what follows from it, by whichever way the answer came: a change goes on
//! or back, the tasks of a requested item begin or it is closed with them.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId};

use crate::call::Call;
use crate::catalog::fulfilment;
use crate::change_requests;
use crate::table::{self, Input, Result, TableError};

pub(crate) const APPROVALS: &str = "sysapproval_approver";

/// An approver's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It may be done.
    Approved,
    /// It must not be done as it is.
    Rejected,
}

impl Answer {
    /// The value of the field `state`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// Writes down the caller's answer about a record.
///
/// # Errors
/// When the caller is not asked, or rejects without saying why.
pub(crate) fn answer(call: &mut Call<'_>, about: (&str, SysId), answer: Answer, comments: &str) -> Result<()> {
    let (table, sys_id) = about;
    let asked = open(sys_id).and(Filter::equals("approver", call.caller.user));
    let Some(asked) = call.some_rows(APPROVALS, &asked, 1)?.into_iter().next() else {
        let problem = "nobody has asked you to approve it, or you have answered already";
        return Err(TableError::invalid(format!("{table}/{sys_id}"), None, problem));
    };
    if answer == Answer::Rejected && comments.trim().is_empty() {
        let problem = "say in comments why it is rejected";
        return Err(TableError::invalid(&asked.id, Some(&"comments".into()), problem));
    }
    let fields = Input::of(&[("state", answer.word()), ("comments", comments)]);
    call.implied(|call| table::update(call, APPROVALS, asked.id.sys_id, &fields)).map(drop)
}

/// Lets what was asked about follow, once everybody has approved it or one has rejected it.
///
/// # Errors
/// When somebody else is asked than who answers, or what follows cannot be written.
pub(crate) fn answered(call: &mut Call<'_>, before: &Record, after: &Record) -> Result<()> {
    let answer = match after.text("state") {
        state if state == before.text("state") => return Ok(()),
        "approved" => Answer::Approved,
        "rejected" => Answer::Rejected,
        _ => return Ok(()),
    };
    if after.reference("approver") != Some(call.caller.user) && !call.caller.is_administrator() {
        let problem = "only who is asked may answer; ask them to".into();
        return Err(TableError::Denied { record: after.id.to_string(), problem });
    }
    let asked = after.reference("sysapproval").map(|task| call.tx.find(call.dictionary.family("task"), task));
    let Some(record) = asked.transpose()?.flatten() else { return Ok(()) };
    if answer == Answer::Approved && !call.some_rows(APPROVALS, &open(record.id.sys_id), 1)?.is_empty() {
        return Ok(());
    }
    match record.id.table.as_str() {
        change_requests::CHANGES => change_requests::approvals::follow(call, &record, answer),
        fulfilment::ITEMS => fulfilment::follow(call, &record, answer),
        _ => Ok(()),
    }
}

/// The approvals of a record that nobody has answered.
pub(crate) fn open(record: SysId) -> Filter {
    Filter::equals("sysapproval", record).and(Filter::equals("state", "requested"))
}
