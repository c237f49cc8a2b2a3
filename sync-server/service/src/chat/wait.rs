//! A chat that no agent takes is not left waiting: after so long a case is offered, or opened.

use fieldline_model::Record;
use fieldline_storage::Job;

use super::end;
use super::said::{By, add, transcript};
use crate::call::Call;
use crate::interactions::{self, INTERACTIONS, is_over};
use crate::mail_in;
use crate::table::{Input, Result};

/// The jobs of chats that wait for an agent.
pub(crate) const KIND: &str = "chat_wait";
/// What is done when nobody is free: `open` opens a case at once, anything else offers one.
const INSTEAD: &str = "fieldline.chat.case_instead";
/// How long a chat waits that no queue is for.
const USUAL_SECONDS: i64 = 120;
/// What a visitor is asked; who reads it offers them a case.
pub(super) const OFFER: &str = "Nobody is free right now. Shall we open a case, and answer there?";
const DESCRIPTION_CHARACTERS: usize = 4_000;

/// Sees to it that somebody looks after a while.
pub(super) fn begin(call: &mut Call<'_>, chat: &Record) -> Result<()> {
    let desk = call.book.clone();
    let queue = desk.desk().channel_of(call, chat).and_then(|channel| desk.desk().queue_of(call, channel.id, chat));
    let Some(seconds) = queue.map_or(Some(USUAL_SECONDS), |queue| queue.max_wait_seconds) else { return Ok(()) };
    let due_at = call.now.plus_milliseconds(seconds.saturating_mul(1_000));
    Ok(call.put_job(&Job::of(KIND, chat.id.sys_id, due_at))?)
}

/// Offers a case, or opens it, for a chat that still waits.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> Result<()> {
    call.tx.remove_job(&job.name)?;
    let chat = call.referred(INTERACTIONS, job.record())?;
    let Some(chat) = chat.filter(|chat| !is_over(chat) && chat.reference("assigned_to").is_none()) else {
        return Ok(());
    };
    if call.property(INSTEAD)?.as_deref() == Some("open") {
        return open_case(call, &chat).map(drop);
    }
    add(call, &chat.id, By::System, None, OFFER)
}

/// Opens a case with what was said, and ends the chat. A guest becomes a contact, so that they can be answered.
pub(super) fn open_case(call: &mut Call<'_>, chat: &Record) -> Result<Record> {
    let mut input = Input::of(&[]);
    if chat.reference("contact").is_none() && !chat.text("guest_email").is_empty() {
        let contact = mail_in::contact_of(call, chat.text("guest_email"), chat.text("guest_name"))?;
        input.fields.insert("contact".into(), contact.to_string());
    }
    let said: String = transcript(call, chat)?.chars().take(DESCRIPTION_CHARACTERS).collect();
    input.fields.insert("description".into(), said);
    let author = chat.reference("opened_for").unwrap_or(call.server.identity().system_user);
    let case = call.on_behalf_of(author, |call| interactions::open_case(call, chat.id.sys_id, input))?;
    let text = format!("The case {} was opened; you are answered there.", case.text("number"));
    add(call, &chat.id, By::System, None, &text)?;
    end(call, chat, "closed_abandoned")?;
    Ok(case)
}
