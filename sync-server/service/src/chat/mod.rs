//! Chats: a customer writes, agents are offered it as work and answer, and everything said is a row with a number.
//!
//! * `pass.rs` lets in who does not sign in: contacts with a pass, and guests where an organisation allows it.
//! * `said.rs` keeps what is said, in order, within what one may say in a minute.
//! * `wait.rs` offers a case when nobody is free for too long, or opens it.
//!
//! Whoever comes back says which number they have and is told the rest, so a line that breaks loses nothing. A chat is an
//! interaction of the type `chat`: work items give it to agents and hand it over, wrapping up ends it, and its transcript is made
//! from its rows then. Left out: that somebody is typing, files, and chat over other systems.

mod pass;
mod said;
mod wait;

use fieldline_model::condition::Query;
use fieldline_model::{DocumentId, Record, SysId};

pub use pass::issue;
pub(crate) use said::transcript;
pub use said::{Message, said_after};
pub(crate) use wait::{KIND, ring};

use crate::call::{Call, Caller};
use crate::interactions::{self, INTERACTIONS, is_over};
use crate::knowledge::search;
use crate::table::{self, Input, Result, TableError};

/// Whether guests may chat who give a name and an address: `true` lets them.
const GUESTS: &str = "fieldline.chat.guests";
/// Articles that are named when a chat begins.
const SUGGESTED: usize = 3;
const TITLE_CHARACTERS: usize = 160;

/// Who chats as a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitor {
    /// Somebody who signed in.
    User(Caller),
    /// Whoever a pass is for.
    Pass(String),
    /// A guest, by name and address.
    Guest {
        /// What they are called.
        name: String,
        /// Where they read mail.
        email: String,
    },
}

/// A chat that has begun, and the pass with which its visitor comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The interaction.
    pub chat: Record,
    /// The pass.
    pub pass: String,
}

/// Begins a chat with what a visitor writes first.
///
/// # Errors
/// When they are not let in, or say nothing or too much.
pub fn begin(call: &mut Call<'_>, visitor: &Visitor, text: &str) -> Result<Begun> {
    let who = pass::visitor(call, visitor)?;
    said::check(text)?;
    let title: String = text.lines().next().unwrap_or_default().chars().take(TITLE_CHARACTERS).collect();
    let mut input = Input::of(&[("type", "chat"), ("short_description", &title)]);
    let fields = [("opened_for", who.user.map(|id| id.to_string())), ("contact", who.contact.map(|id| id.to_string()))];
    let guest = [("guest_name", who.name.clone()), ("guest_email", who.email.clone())];
    let all = fields
        .into_iter()
        .filter_map(|(field, id)| Some((field, id?)))
        .chain(guest.into_iter().filter(|(_, text)| !text.is_empty()));
    input.fields.extend(all.map(|(field, text)| (field.to_owned(), text)));
    let author = who.user.unwrap_or(call.server.identity().system_user);
    let chat = call.on_behalf_of(author, |call| table::create(call, INTERACTIONS, &input))?.record;
    said::add(call, &chat.id, said::By::Customer, who.user, text)?;
    suggest(call, &chat.id, &who, text)?;
    wait::begin(call, &chat)?;
    let pass = pass::of_chat(call, chat.id.sys_id);
    Ok(Begun { chat, pass })
}

/// Names the articles that may answer what somebody wrote, of those they may read.
fn suggest(call: &mut Call<'_>, chat: &DocumentId, who: &pass::Known, text: &str) -> Result<()> {
    let reader = call.reader(who.user)?;
    let outer = std::mem::replace(&mut call.caller, reader);
    let found = search::search(call, text, &Query::parse("workflow_state=published").query);
    call.caller = outer;
    let found = found?;
    if found.is_empty() {
        return Ok(());
    }
    let named = found
        .iter()
        .take(SUGGESTED)
        .map(|one| format!("{} {}", one.article.text("number"), one.article.text("short_description")));
    let text = format!("While you wait, this may help:\n{}", named.collect::<Vec<_>>().join("\n"));
    said::add(call, chat, said::By::System, None, &text)
}

/// A chat of a visitor's.
///
/// # Errors
/// When it is not theirs.
pub fn of_visitor(call: &Call<'_>, visitor: &Visitor, chat: SysId) -> Result<Record> {
    let id = DocumentId::new(INTERACTIONS, chat);
    let missing = || TableError::NotFound(id.to_string());
    let row = call.row(&id)?.filter(|row| row.text("type") == "chat").ok_or_else(missing)?;
    if pass::opens(call, visitor, &row)? { Ok(row) } else { Err(missing()) }
}

/// A chat for an agent, who answers once it is theirs.
///
/// # Errors
/// When there is none for the caller, or the caller works on none.
pub fn of_agent(call: &Call<'_>, chat: SysId) -> Result<Record> {
    let row = interactions::worked_on(call, chat)?;
    if row.text("type") == "chat" { Ok(row) } else { Err(TableError::NotFound(row.id.to_string())) }
}

/// Says something as the visitor of a chat.
///
/// # Errors
/// When it is not theirs or over, or they say nothing, too much, or too often.
pub fn say_as_visitor(call: &mut Call<'_>, visitor: &Visitor, chat: SysId, text: &str) -> Result<()> {
    let row = of_visitor(call, visitor, chat)?;
    goes_on(&row)?;
    said::check(text)?;
    said::check_pace(call, &row.id)?;
    let user = row.reference("opened_for");
    said::add(call, &row.id, said::By::Customer, user, text)
}

/// Says something as the agent whose chat it is.
///
/// # Errors
/// When it is not theirs or over, or they say nothing or too much.
pub fn say_as_agent(call: &mut Call<'_>, chat: SysId, text: &str) -> Result<()> {
    let row = of_agent(call, chat)?;
    goes_on(&row)?;
    if row.reference("assigned_to") != Some(call.caller.user) {
        let problem = "is not yours; accept it, or ask whoever has it to hand it over".to_owned();
        return Err(TableError::Denied { record: row.id.to_string(), problem });
    }
    said::check(text)?;
    said::add(call, &row.id, said::By::Agent, Some(call.caller.user), text)
}

fn goes_on(chat: &Record) -> Result<()> {
    if is_over(chat) { Err(TableError::invalid(&chat.id, None, "is over; begin another one")) } else { Ok(()) }
}

/// Ends a chat for its visitor: it is complete when an agent has it, and was abandoned otherwise.
///
/// # Errors
/// When it is not theirs.
pub fn leave(call: &mut Call<'_>, visitor: &Visitor, chat: SysId) -> Result<()> {
    let row = of_visitor(call, visitor, chat)?;
    if is_over(&row) {
        return Ok(());
    }
    said::add(call, &row.id, said::By::System, None, "The customer left.")?;
    let state = if row.reference("assigned_to").is_some() { "closed_complete" } else { "closed_abandoned" };
    end(call, &row, state)
}

/// Opens a case for a chat that nobody is free for, as its visitor wishes, and ends it; the case that is there if there is one.
///
/// # Errors
/// When it is not theirs.
pub fn case_instead(call: &mut Call<'_>, visitor: &Visitor, chat: SysId) -> Result<Record> {
    let row = of_visitor(call, visitor, chat)?;
    match interactions::tasks_of(call, chat)?.into_iter().next() {
        Some(case) => Ok(case),
        None => wait::open_case(call, &row),
    }
}

fn end(call: &mut Call<'_>, chat: &Record, state: &str) -> Result<()> {
    let system = call.server.identity().system_user;
    let input = Input::of(&[("state", state)]);
    call.on_behalf_of(system, |call| table::update(call, INTERACTIONS, chat.id.sys_id, &input)).map(drop)
}

impl Call<'_> {
    /// Somebody as a reader: with their own roles, or as somebody who has none.
    pub(crate) fn reader(&self, user: Option<SysId>) -> crate::error::Result<Caller> {
        let row = self.referred("sys_user", user)?;
        let nobody = || Caller { user: SysId([0; 16]), roles: std::collections::BTreeSet::new(), device: None };
        row.map_or_else(
            || Ok(nobody()),
            |row| {
                let roles = self.all_roles(row.id.sys_id, row.text("roles"))?;
                Ok(Caller { user: row.id.sys_id, roles, device: None })
            },
        )
    }
}
