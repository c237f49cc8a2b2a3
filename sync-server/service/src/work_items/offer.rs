//! Offers what waits to whoever fits, and takes back what was not accepted in time.
//!
//! One job, named once, does it after anything changed that could matter; each offer has a job that takes it back.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::Job;

use super::agents::{Present, presence_of};
use super::choose::{Wanted, choose};
use super::desk::{Channel, Queue};
use super::follow::{in_turn, waits};
use super::{ITEMS, PERSON, REJECTIONS, record_of};
use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::sla::schedule;
use crate::table;

/// The job that offers what waits.
pub(crate) const KIND: &str = "work";
/// The jobs that take back what nobody accepted in time.
pub(crate) const TAKE_BACK: &str = "work_offer";
/// How often it is looked whether a queue that is closed has opened.
const LOOK_MILLISECONDS: i64 = 60_000;

/// Offers what waits.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let book = call.book.clone();
    let waiting = call.rows(ITEMS, &Filter::equals("state", "queued"))?;
    if waiting.is_empty() {
        return Ok(());
    }
    let (mut present, mut is_closed) = (call.present()?, false);
    for queue in &book.desk().queues {
        let mut items: Vec<&Record> = waiting.iter().filter(|item| item.reference("queue") == Some(queue.id)).collect();
        let Some(channel) = book.desk().channel(queue.channel).filter(|_| !items.is_empty()) else { continue };
        if !call.is_open(queue)? {
            is_closed = true;
            continue;
        }
        items.sort_by_key(|item| in_turn(item));
        for item in items {
            call.offer(item.clone(), channel, queue, &mut present)?;
        }
    }
    if is_closed {
        call.put_job(&Job::new(KIND, KIND, call.now.plus_milliseconds(LOOK_MILLISECONDS)))?;
    }
    Ok(())
}

/// Takes back an offer whose time is over.
///
/// # Errors
/// When the database fails.
pub(crate) fn take_back(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let item = call.referred(ITEMS, job.record())?;
    let Some(item) = item.filter(|item| item.text("state") == "pending_accept") else { return Ok(()) };
    Ok(call.decline(item, None, true)?)
}

impl Call<'_> {
    fn is_open(&self, queue: &Queue) -> Result<bool> {
        let Some(id) = queue.schedule else { return Ok(true) };
        let hours = schedule::read(&self.dictionary, &*self.tx, id)?;
        Ok(match hours.transpose() {
            Ok(Some(hours)) => {
                let zone = fieldline_model::UserZone::named(hours.time_zone().unwrap_or_default());
                hours.is_open(self.now, &zone)
            }
            Ok(None) => true,
            Err(problem) => {
                tracing::error!(queue = %queue.id, problem, "the hours of a queue cannot be told, so it is open");
                true
            }
        })
    }

    fn offer(&mut self, mut item: Record, channel: &Channel, queue: &Queue, present: &mut [Present]) -> Result<()> {
        let record = record_of(&item).map(|id| self.row(&id)).transpose()?.flatten();
        let Some(record) = record else { return Ok(()) };
        let groups = self.groups_for(queue, &record);
        let agents: Vec<_> = present.iter().filter_map(|agent| agent.for_queue(channel, &groups)).collect();
        let size = number_field(&item, "size").unwrap_or(1);
        let skills = record.references("skills").into_iter().collect();
        let wanted = Wanted { size, skills, declined: self.declined(&item, present)? };
        let Some(user) = choose(&wanted, &agents, queue.rule) else { return Ok(()) };
        let Some(agent) = present.iter_mut().find(|agent| agent.user == user) else { return Ok(()) };
        agent.offered(channel.id, size, self.now);
        let group = agent.group_among(&groups);
        let until = self.now.plus_milliseconds(queue.accept_seconds.saturating_mul(1_000));
        item.set("state", Some(Value::text("pending_accept")));
        item.set(PERSON, Some(Value::Reference(user)));
        item.set("offered_at", Some(Value::Time(self.now)));
        item.set("accept_until", Some(Value::Time(until)));
        self.note_offer(user)?;
        self.put_row(item.clone())?;
        if queue.auto_accept {
            return self.give(&record, user, group);
        }
        self.put_job(&Job::of(TAKE_BACK, item.id.sys_id, until))
    }

    fn note_offer(&mut self, user: SysId) -> Result<()> {
        let Some(mut presence) = self.row(&presence_of(user))? else { return Ok(()) };
        presence.set("last_assigned_at", Some(Value::Time(self.now)));
        self.put_row(presence)
    }

    /// Who was asked for an item and would not, since they are there.
    fn declined(&self, item: &Record, present: &[Present]) -> Result<BTreeSet<SysId>> {
        let rejections = self.rows(REJECTIONS, &Filter::equals("parent", item.id.sys_id))?;
        let holds = |rejection: &Record| {
            let (agent, at) = (rejection.reference("agent")?, rejection.time("rejected_at")?);
            present.iter().any(|one| one.user == agent && one.since <= at).then_some(agent)
        };
        Ok(rejections.iter().filter_map(holds).collect())
    }

    /// Notes that an agent would not, or did not in time, and lets the item wait again.
    pub(super) fn decline(&mut self, mut item: Record, reason: Option<SysId>, timed_out: bool) -> Result<()> {
        self.tx.remove_job(&Job::name_of(TAKE_BACK, item.id.sys_id))?;
        if let Some(agent) = item.reference(PERSON) {
            let mut rejection = Record::new(DocumentId::new(REJECTIONS, self.new_sys_id()));
            rejection.set("parent", Some(Value::Reference(item.id.sys_id)));
            rejection.set("agent", Some(Value::Reference(agent)));
            rejection.set("reason", reason.map(Value::Reference));
            rejection.set("timed_out", Some(Value::Boolean(timed_out)));
            rejection.set("rejected_at", Some(Value::Time(self.now)));
            self.put_row(rejection)?;
        }
        let since = item.time("queued_at").unwrap_or(self.now);
        waits(&mut item, since);
        self.put_row(item)?;
        self.offer_soon()
    }
}
