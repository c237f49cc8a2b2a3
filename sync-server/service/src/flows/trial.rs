//! What a flow would do: it is run about records there are, and everything it did is undone.
//!
//! Waits are passed over, approvals are taken as given and what is waited for as come. Others are not kept waiting longer than
//! one record takes.

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{DocumentId, Record, SysId, Timestamp};
use rand_core::Rng;

use super::context::{LOG, Run};
use super::values::{Known, Values};
use super::{FLOWS, Flow};
use crate::call::{Call, Caller};
use crate::error::ServiceError;
use crate::query::number_field;
use crate::server::Server;
use crate::sla::CLOCKS;
use crate::table::{self, Result};

/// Records one trial is about at the most.
pub const MOST_RECORDS: u32 = 100;
/// Steps of one trial.
const MOST_STEPS: usize = 1_000;

/// What a flow would do about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The record.
    pub record: DocumentId,
    /// Its number.
    pub number: String,
    /// Each step and what it did, in order.
    pub steps: Vec<(String, String)>,
    /// Why it would stop before its end.
    pub problem: Option<String>,
}

/// Tries a flow on the records of its table that changed since a moment and that would begin it now, the newest first.
///
/// # Errors
/// When there is no such flow for the caller, or the database fails.
pub fn trial(
    server: &Server,
    caller: &Caller,
    flow: SysId,
    (since, limit): (Timestamp, u32),
    now: Timestamp,
    rng: &mut dyn Rng,
) -> Result<Vec<Trial>> {
    let (flow, records) = server.read(caller, now, rng, |call| {
        let row = table::read(call, FLOWS, flow)?;
        let flow = Flow::read(&row).map_err(|problem| ServiceError::damaged(&row.id, problem))?;
        let records = candidates(call, &flow, since, limit.min(MOST_RECORDS))?;
        Ok::<_, table::TableError>((flow, records))
    })?;
    records.iter().map(|record| try_on(server, &flow, record, now, rng)).collect()
}

fn candidates(call: &Call<'_>, flow: &Flow, since: Timestamp, limit: u32) -> Result<Vec<Record>> {
    let query = Query::parse(&format!("sys_updated_on>={since}^ORDERBYDESCsys_updated_on")).query;
    let mut records = call.some_rows_of(&flow.table, &query, (u32::MAX, 0))?;
    records.retain(|record| call.holds(&flow.when.condition.of_change(None, record), record));
    records.truncate(limit as usize);
    Ok(records)
}

fn try_on(server: &Server, flow: &Flow, record: &Record, now: Timestamp, rng: &mut dyn Rng) -> Result<Trial> {
    // It is never committed.
    let mut call = server.begin(&server.system(), now, rng)?;
    let mut values = Values::about(&record.id, 0);
    values.known.extend(call.of_a_clock(flow, record)?);
    let mut run = Run::new(call.new_sys_id(), flow, &record.id, values);
    call.keep_run(&run)?;
    let (mut left, mut runs) = (MOST_STEPS, Vec::new());
    let problem = call.run_through(flow, &mut run, &mut left, &mut runs).err().map(|problem| problem.to_string());
    let mut steps = Vec::new();
    for run in std::iter::once(run.id()).chain(runs) {
        let mut lines = call.rows(LOG, &Filter::equals("parent", run))?;
        lines.sort_by_key(|line| number_field(line, "order"));
        steps.extend(lines.iter().map(|line| (line.text("step").to_owned(), line.text("message").to_owned())));
    }
    Ok(Trial { record: record.id.clone(), number: record.text("number").to_owned(), steps, problem })
}

impl Call<'_> {
    /// What a run knows that an event of a clock begins: the newest clock of the task, and the first event the flow waits for.
    fn of_a_clock(&self, flow: &Flow, task: &Record) -> Result<Vec<(String, Known)>> {
        let Some(event) = flow.events.first() else { return Ok(Vec::new()) };
        let mut clocks = self.rows(CLOCKS, &Filter::equals("task", task.id.sys_id))?;
        clocks.sort_by_key(|clock| clock.time("sys_created_on"));
        let clock = clocks.last().map(|clock| ("sla".to_owned(), Known::Record((&clock.id).into())));
        Ok(clock.into_iter().chain([("event".to_owned(), Known::Text(event.clone()))]).collect())
    }

    /// Carries a run to its end, and those it begins, which are added to `runs`.
    fn run_through(&mut self, flow: &Flow, run: &mut Run, left: &mut usize, runs: &mut Vec<SysId>) -> Result<()> {
        while !run.is_complete() {
            *left = left.checked_sub(1).ok_or_else(|| {
                let problem = format!("did {MOST_STEPS} steps without coming to an end");
                table::TableError::invalid(format!("flow \"{}\"", flow.name), None, problem)
            })?;
            for begun in self.step_on(flow, run, true)? {
                runs.push(begun);
                let Some(mut begun) = self.run(begun)? else { continue };
                let book = self.book.clone();
                let its_flow = begun.flow().filter(|id| *id != flow.id).and_then(|id| book.flow(id));
                self.run_through(its_flow.unwrap_or(flow), &mut begun, left, runs)?;
            }
        }
        Ok(())
    }
}
