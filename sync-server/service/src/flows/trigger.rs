//! What begins runs, and what wakes those that wait: a record that changes, a moment that has come.

use std::collections::BTreeMap;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId};
use fieldline_storage::Job;
use serde_json::Value as Json;

use super::context::{CONTEXTS, LOG, Run};
use super::values::{Known, Values};
use super::{FLOWS, Flow, SCHEDULE};
use crate::approvals;
use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::outgoing::{self, MOST_BODY_BYTES};
use crate::sla::SlaEvent;
use crate::table::{self, TableError};

/// How many flows may begin each other, one after the other.
pub(super) const DEEPEST: u32 = 8;

impl Call<'_> {
    /// Begins the runs that a change of a record begins, and wakes those that wait for it.
    pub(crate) fn follow_flows(&mut self, before: Option<&Record>, after: &Record) -> Result<()> {
        if !self.book.has_flows() || self.pending.is_history || matches!(after.id.table.as_str(), CONTEXTS | LOG) {
            return Ok(());
        }
        if after.id.table == *outgoing::TABLE {
            // A flow that asked because something was asked would never come to rest.
            return self.wake(after.id.sys_id);
        }
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        for flow in book.flows_of(&dictionary, after.id.table.as_str()) {
            if flow.active && self.has_come(&flow.when, before, after) {
                self.begin_run(flow, &after.id, BTreeMap::new())?;
            }
        }
        self.wake(after.id.sys_id)?;
        let asked_about = after.reference("sysapproval").filter(|_| after.id.table == *approvals::APPROVALS);
        asked_about.map_or(Ok(()), |about| self.wake(about))
    }

    /// Begins a run about a record, unless flows have begun each other too often.
    fn begin_run(&mut self, flow: &Flow, about: &DocumentId, known: BTreeMap<String, Known>) -> Result<()> {
        let depth = match self.pending.flow {
            // What a flow does to a record does not begin that flow again.
            Some((running, _)) if running == flow.id => return Ok(()),
            Some((_, depth)) => depth + 1,
            None => 0,
        };
        if depth > DEEPEST {
            tracing::error!(flow = %flow.id, record = %about, "flows begin each other without end; this one does not");
            return Ok(());
        }
        let mut values = Values::about(about, depth);
        values.known.extend(known);
        let run = Run::new(self.new_sys_id(), flow, about, values);
        self.keep_run(&run)?;
        self.carry_on(run.id())
    }

    /// Begins the runs that an event of a task's clock begins: they know the clock as `sla` and the event as `event`.
    pub(crate) fn begin_of_clock(&mut self, event: SlaEvent, clock: &Record, task: &Record) -> Result<()> {
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        for flow in book.flows_of(&dictionary, task.id.table.as_str()) {
            let waits_for_it = flow.active && flow.events.iter().any(|word| event.is(word));
            if waits_for_it && self.holds(&flow.when.condition.of_change(None, task), task) {
                let (clock, word) = (Known::Record((&clock.id).into()), Known::Text(event.word().into()));
                let known = BTreeMap::from([("sla".to_owned(), clock), ("event".to_owned(), word)]);
                self.begin_run(flow, &task.id, known)?;
            }
        }
        Ok(())
    }

    /// Lets runs look again that wait for a record.
    fn wake(&mut self, record: SysId) -> Result<()> {
        let waiting = Filter::equals("parent", record.to_string().as_str()).and(Filter::equals("state", "waiting"));
        for row in self.rows(CONTEXTS, &waiting)? {
            self.carry_on(row.id.sys_id)?;
        }
        Ok(())
    }

    /// Sets or clears the clock of a flow that begins by itself.
    pub(crate) fn schedule_flow(&mut self, row: &Record) -> Result<()> {
        match Flow::read(row).ok().filter(|flow| flow.active).and_then(|flow| flow.every_seconds) {
            Some(seconds) => {
                let due_at = self.now.plus_milliseconds(seconds.saturating_mul(1_000));
                self.put_job(&Job::of(SCHEDULE, row.id.sys_id, due_at))
            }
            None => Ok(self.tx.remove_job(&Job::name_of(SCHEDULE, row.id.sys_id)).map(drop)?),
        }
    }
}

/// Begins a run of a flow about a record, because a person or another system asks for it.
///
/// # Errors
/// When there is no such flow or record for the caller, or flows are not the caller's to begin.
pub fn start(call: &mut Call<'_>, flow: SysId, (table, sys_id): (&str, SysId)) -> table::Result<SysId> {
    let row = table::read(call, FLOWS, flow)?;
    let about = table::read(call, table, sys_id)?.id;
    let book = call.book.clone();
    let unreadable = || TableError::invalid(&row.id, None, "its steps cannot be read; write them anew");
    let flow = book.flow(flow).ok_or_else(unreadable)?;
    let run = Run::new(call.new_sys_id(), flow, &about, Values::about(&about, 0));
    call.keep_run(&run)?;
    call.carry_on(run.id())?;
    Ok(run.id())
}

/// Begins a run of a flow that waits to be called from outside; the run knows what came as `body`. A call that is repeated under
/// its key begins nothing more: it names the run it began at first.
///
/// # Errors
/// When there is no such flow for the caller, or it does not wait for calls.
pub fn receive(call: &mut Call<'_>, flow: SysId, body: Json, key: Option<&str>) -> table::Result<SysId> {
    let row = table::read(call, FLOWS, flow)?;
    let book = call.book.clone();
    let waiting = book.flow(flow).filter(|flow| flow.active && flow.is_called);
    let refused =
        || TableError::invalid(&row.id, None, "does not wait for calls; its trigger must be \"inbound_call\"");
    let waiting = waiting.ok_or_else(refused)?;
    let bytes = body.to_string().len();
    if bytes > MOST_BODY_BYTES {
        let problem = format!("what was sent has {bytes} bytes; a run takes {MOST_BODY_BYTES}");
        return Err(TableError::invalid(&row.id, None, problem));
    }
    let id = match key {
        Some(key) => {
            let named = format!("call/{flow}/{}/{key}", call.caller.user);
            sys_id_of(named)
        }
        None => call.new_sys_id(),
    };
    if call.run(id)?.is_none() {
        let about = DocumentId::new(FLOWS, flow);
        let mut values = Values::about(&about, 0);
        values.known.insert("body".to_owned(), Known::Data { data: body });
        let run = Run::new(id, waiting, &about, values);
        call.keep_run(&run)?;
        call.carry_on(id)?;
    }
    Ok(id)
}

/// Begins the run of a flow whose moment has come, and sets its clock anew.
///
/// # Errors
/// When the database fails.
pub(crate) fn begin_scheduled(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    let book = call.book.clone();
    let flow = job.record().and_then(|id| book.flow(id)).filter(|flow| flow.active);
    let Some((flow, seconds)) = flow.and_then(|flow| Some((flow, flow.every_seconds?))) else {
        call.tx.remove_job(&job.name)?;
        return Ok(());
    };
    let about = DocumentId::new(FLOWS, flow.id);
    call.begin_run(flow, &about, BTreeMap::new())?;
    // Times that passed while nothing ran are not made up for.
    let due_at = call.now.plus_milliseconds(seconds.saturating_mul(1_000));
    Ok(call.put_job(&Job { due_at, attempts: 0, problem: None, ..job.clone() })?)
}
