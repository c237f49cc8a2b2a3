//! What agents do: say whether they are there, look what they are offered, accept, decline, hand over.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::dictionary::Kind;
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::agents::presence_of;
use super::follow::{in_turn, waits};
use super::{AGENT, GROUP, ITEMS, PERSON, REASONS, STATES, record_of};
use crate::author::{Authored, set};
use crate::call::Call;
use crate::error::ServiceError;
use crate::table::{self, Input, Result, TableError};

/// An item of an agent, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The item.
    pub item: Record,
    /// The record, unless it is gone.
    pub record: Option<Record>,
}

fn for_agents(call: &Call<'_>) -> Result<()> {
    if call.caller.may(&[AGENT.to_owned()]) {
        return Ok(());
    }
    let problem = format!("only who has the role {AGENT} is offered work; ask an administrator for it");
    Err(TableError::Denied { record: ITEMS.into(), problem })
}

/// The row that says whether the caller is there; `None` until they first said so.
///
/// # Errors
/// When the caller is no agent.
pub fn presence(call: &Call<'_>) -> Result<Option<Record>> {
    for_agents(call)?;
    Ok(call.row(&presence_of(call.caller.user))?)
}

/// Says that the caller is in a presence state from now on. What they are offered and have not accepted waits again when they go.
///
/// # Errors
/// When the caller is no agent, or there is no such state.
pub fn set_presence(call: &mut Call<'_>, state: SysId) -> Result<Record> {
    for_agents(call)?;
    let user = call.caller.user;
    let state = call.row(&DocumentId::new(STATES, state))?.filter(|state| state.says("active"));
    let state =
        state.ok_or_else(|| TableError::invalid(STATES, None, "there is no such active presence state; list them"))?;
    let id = presence_of(user);
    let before = call.row(&id)?;
    let mut row = before.clone().unwrap_or_else(|| Record::new(id));
    row.set("agent", Some(Value::Reference(user)));
    row.set("current_presence_state", Some(Value::Reference(state.id.sys_id)));
    if before.is_none_or(|before| before.reference("current_presence_state") != Some(state.id.sys_id)) {
        row.set("since", Some(Value::Time(call.now)));
    }
    call.put_row(row.clone())?;
    if !state.says("available") {
        for mut item in items_of(call, user)?.into_iter().filter(|item| item.text("state") == "pending_accept") {
            call.tx.remove_job(&fieldline_storage::Job::name_of(super::TAKE_BACK, item.id.sys_id))?;
            let since = item.time("queued_at").unwrap_or(call.now);
            waits(&mut item, since);
            call.put_row(item)?;
        }
    }
    call.offer_soon()?;
    Ok(row)
}

fn items_of(call: &Call<'_>, user: SysId) -> Result<Vec<Record>, ServiceError> {
    let mut items = call.rows(ITEMS, &Filter::equals(PERSON, user))?;
    items.retain(|item| matches!(item.text("state"), "pending_accept" | "accepted"));
    items.sort_by_key(in_turn);
    Ok(items)
}

/// What the caller is offered and what they have, the most urgent first.
///
/// # Errors
/// When the caller is no agent.
pub fn inbox(call: &Call<'_>) -> Result<Vec<Waiting>> {
    for_agents(call)?;
    let mut inbox = Vec::new();
    for item in items_of(call, call.caller.user)? {
        let record = record_of(&item).map(|id| call.row(&id)).transpose()?.flatten();
        inbox.push(Waiting { item, record });
    }
    Ok(inbox)
}

/// An item of the caller's in a state.
fn own(call: &Call<'_>, item: SysId, state: &str, otherwise: &str) -> Result<Record> {
    for_agents(call)?;
    let id = DocumentId::new(ITEMS, item);
    let row = call.row(&id)?.filter(|row| row.reference(PERSON) == Some(call.caller.user));
    let row = row.ok_or_else(|| TableError::NotFound(id.to_string()))?;
    if row.text("state") == state { Ok(row) } else { Err(TableError::invalid(&id, None, otherwise)) }
}

/// Takes what the caller is offered: its record is theirs from now on.
///
/// # Errors
/// When it is not offered to them (any more).
pub fn accept(call: &mut Call<'_>, item: SysId) -> Result<Record> {
    let item = own(call, item, "pending_accept", "is not offered to you any more; look at your inbox")?;
    let record = record_of(&item).map(|id| call.row(&id)).transpose()?.flatten();
    let record = record.ok_or_else(|| TableError::NotFound(item.id.to_string()))?;
    let groups = match item.reference("queue").and_then(|queue| call.book.desk().queue(queue)) {
        Some(queue) => call.groups_for(queue, &record),
        None => Vec::new(),
    };
    let own = call.groups_of(call.caller.user)?;
    let group = groups.into_iter().find(|group| own.contains(group));
    call.give(&record, call.caller.user, group)?;
    call.react_to_all()?;
    call.row(&item.id)?.ok_or_else(|| TableError::NotFound(item.id.to_string()))
}

/// Declines what the caller is offered; others are asked.
///
/// # Errors
/// When it is not offered to them (any more), or the reason is none.
pub fn reject(call: &mut Call<'_>, item: SysId, reason: Option<SysId>) -> Result<()> {
    let item = own(call, item, "pending_accept", "is not offered to you any more; look at your inbox")?;
    let is_one = |reason: SysId| {
        call.row(&DocumentId::new(REASONS, reason)).map(|row| row.is_some_and(|row| row.says("active")))
    };
    if !reason.map_or(Ok(true), is_one)? {
        return Err(TableError::invalid(&item.id, Some(&"reason".into()), "there is no such active reason; list them"));
    }
    Ok(call.decline(item, reason, false)?)
}

/// To whom work goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Whoever a queue finds.
    Queue(SysId),
    /// An agent.
    Agent(SysId),
}

/// Hands what the caller has to another queue or agent.
///
/// # Errors
/// When it is not theirs, or there is no such queue or agent.
pub fn hand_over(call: &mut Call<'_>, item: SysId, to: To) -> Result<()> {
    let mut item = own(call, item, "accepted", "is not yours; accept it first")?;
    let record = record_of(&item).map(|id| call.row(&id)).transpose()?.flatten();
    let record = record.ok_or_else(|| TableError::NotFound(item.id.to_string()))?;
    match to {
        To::Agent(agent) => {
            let is_there = call.row(&DocumentId::new("sys_user", agent))?.is_some_and(|agent| agent.says("active"));
            if !is_there || agent == call.caller.user {
                return Err(TableError::invalid(
                    &item.id,
                    None,
                    "there is no such other agent; name somebody who is active",
                ));
            }
            Ok(call.give(&record, agent, None)?)
        }
        To::Queue(queue) => {
            let channel = call.book.desk().queue(queue).map(|queue| queue.channel);
            if channel.is_none() || channel != item.reference("service_channel") {
                return Err(TableError::invalid(
                    &item.id,
                    None,
                    "there is no such active queue of its channel; list them",
                ));
            }
            // Who hands it over is not asked again.
            call.decline(item.clone(), None, false)?;
            waits(&mut item, call.now);
            item.set("queue", Some(Value::Reference(queue)));
            item.set("transferred", Some(Value::Boolean(true)));
            call.put_row(item)?;
            Ok(call.write_person(&record, None, None)?)
        }
    }
}

impl Call<'_> {
    /// Makes a record somebody's, in the name of whoever it is; its item follows.
    pub(super) fn give(&mut self, record: &Record, user: SysId, group: Option<SysId>) -> Result<(), ServiceError> {
        self.write_person(record, Some(user), group)
    }

    fn write_person(&mut self, record: &Record, user: Option<SysId>, group: Option<SysId>) -> Result<(), ServiceError> {
        let author = user.unwrap_or(self.caller.user);
        let is_document =
            self.dictionary.table(record.id.table.as_str()).is_some_and(|table| table.kind == Kind::Document);
        if !is_document {
            return self.on_behalf_of(author, |call| call.write_person_of_row(record, user, group));
        }
        let mut acts = vec![set(PERSON, user.map(Value::Reference))];
        acts.extend(group.map(|group| set(GROUP, Value::Reference(group))));
        let step = self.step_to(record, "open").filter(|_| user.is_some() && self.stage_shown(record) == Some("new"));
        acts.extend(step.map(|step| Act::Transition { step, reason: None }));
        self.author(Authored { document: record.id.clone(), author, at: self.now, acts }).map(drop)
    }

    fn write_person_of_row(
        &mut self,
        record: &Record,
        user: Option<SysId>,
        group: Option<SysId>,
    ) -> Result<(), ServiceError> {
        let mut input = Input::of(&[]);
        input.fields.insert(PERSON.into(), user.map(|user| user.to_string()).unwrap_or_default());
        input.fields.extend(group.map(|group| (GROUP.to_owned(), group.to_string())));
        let begins = user.is_some() && record.text("state") == "new";
        input.fields.extend(begins.then(|| ("state".to_owned(), "work_in_progress".to_owned())));
        match table::update(self, record.id.table.as_str(), record.id.sys_id, &input) {
            Ok(_) => Ok(()),
            Err(TableError::Service(error)) => Err(error),
            Err(problem) => Err(ServiceError::OwnEdit { record: record.id.to_string(), problem: problem.to_string() }),
        }
    }
}
