//! What somebody answers who was asked to approve, and what follows from it, by whichever way the answer came: a change goes on
//! or back, the tasks of a requested item begin or it is closed with them.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId};

use crate::author::set;
use crate::call::{Call, Changed};
use crate::catalog::fulfilment;
use crate::change_requests;
use crate::table::{self, Input, Result, TableError};

pub(crate) const APPROVALS: &str = "sysapproval_approver";
/// What somebody is told who answers for another one.
pub(crate) const NOT_ASKED: &str = "only who is asked may answer; ask them to";

/// An approver's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It may be done.
    Approved,
    /// It must not be done as it is.
    Rejected,
}

impl Answer {
    /// The answer that a value of the field `state` is.
    pub(crate) fn of(word: &str) -> Option<Self> {
        [Self::Approved, Self::Rejected].into_iter().find(|answer| answer.word() == word)
    }

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

/// Refuses an answer of somebody else than who is asked, and one to a question that nobody asks any more.
///
/// # Errors
/// Says which of the two it is.
pub(crate) fn check(call: &Call<'_>, before: Option<&Record>, after: &Record) -> Result<()> {
    let Some(before) = before.filter(|before| given(before, after).is_some()) else { return Ok(()) };
    if !may_answer(call, before) {
        return Err(TableError::Denied { record: after.id.to_string(), problem: NOT_ASKED.into() });
    }
    if is_asked(before) {
        return Ok(());
    }
    let problem = format!("is {} and not asked any more; nothing is to be answered", before.text("state"));
    Err(TableError::invalid(&after.id, Some(&"state".into()), problem))
}

/// Whether the caller may answer what is asked here.
pub(crate) fn may_answer(call: &Call<'_>, asked: &Record) -> bool {
    asked.reference("approver") == Some(call.caller.user) || call.caller.is_administrator()
}

/// The answer an approval holds now and did not before.
fn given(before: &Record, after: &Record) -> Option<Answer> {
    Answer::of(after.text("state")).filter(|answer| answer.word() != before.text("state"))
}

fn is_asked(approval: &Record) -> bool {
    approval.text("state") == "requested"
}

impl Call<'_> {
    /// Does what follows from an answer, by whichever way it came. One that was given on a phone after the question was taken back
    /// is noted, and nothing follows from it.
    pub(crate) fn react_to_answer(&mut self, changed: &Changed) -> crate::error::Result<()> {
        let after = &changed.projection.record;
        let Some(before) = &changed.before else { return Ok(()) };
        let answer = given(before, after);
        if !is_asked(before) {
            return answer.or_else(|| unheard(changed)).map_or(Ok(()), |answer| self.note_late(before, answer));
        }
        let Some(answer) = answer else { return Ok(()) };
        match answered(self, after, answer) {
            Err(TableError::Service(problem)) => Err(problem),
            // The answer stands. What cannot follow from it must not keep other work of the phone it came from.
            Err(problem) => {
                let note = format!("Answered with {}, but it did not follow: {problem}", answer.word());
                self.author_as_system(after.id.clone(), vec![Act::WorkNote { text: note }])
            }
            Ok(()) => Ok(()),
        }
    }

    fn note_late(&mut self, approval: &Record, answer: Answer) -> crate::error::Result<()> {
        let (word, was) = (answer.word(), approval.text("state"));
        let note = format!("Answered with {word} when it was {was} already; nothing follows from it.");
        let back = set("state", approval.get("state").cloned());
        self.author_as_system(approval.id.clone(), vec![back, Act::WorkNote { text: note }])
    }
}

/// An answer that another value is shown in place of.
fn unheard(changed: &Changed) -> Option<Answer> {
    let of_state = changed.projection.alternatives.iter().filter(|alternative| alternative.field == *"state");
    of_state.filter_map(|alternative| Answer::of(alternative.value.as_ref()?.as_text()?)).next()
}

/// Lets what was asked about follow, once everybody has approved it or one has rejected it.
fn answered(call: &mut Call<'_>, approval: &Record, answer: Answer) -> Result<()> {
    let asked = approval.reference("sysapproval").map(|task| call.tx.find(call.dictionary.family("task"), task));
    let Some(record) = asked.transpose()?.flatten() else { return Ok(()) };
    if record.id.table == *change_requests::CHANGES {
        return change_requests::approvals::answered(call, &record, approval, answer);
    }
    if answer == Answer::Approved && !call.some_rows(APPROVALS, &open(record.id.sys_id), 1)?.is_empty() {
        return Ok(());
    }
    match record.id.table.as_str() {
        fulfilment::ITEMS => fulfilment::follow(call, &record, answer),
        _ => Ok(()),
    }
}

/// The approvals of a record that nobody has answered.
pub(crate) fn open(record: SysId) -> Filter {
    Filter::equals("sysapproval", record).and(Filter::equals("state", "requested"))
}
