//! Carries a run on: one step, what it did and where the run stands then are one transaction.

use fieldline_model::{SysId, Timestamp};
use fieldline_storage::Job;

use super::context::{Run, State};
use super::program::{Instruction, Program};
use super::steps::{After, Doing};
use super::{Flow, KIND};
use crate::call::Call;
use crate::table::{Result, TableError};

/// Steps of one run, loops counted: whoever needs more has a loop that does not end.
const MOST_STEPS_DONE: i64 = 10_000;
/// The wait before a failed step is tried again; each next one is twice as long.
const FIRST_WAIT_MILLISECONDS: i64 = 10_000;

/// Does the next step of the run that a job names.
///
/// # Errors
/// When the step is not possible; nothing of it is done then.
pub(crate) fn carry_on(call: &mut Call<'_>, job: &Job) -> Result<()> {
    call.tx.remove_job(&job.name)?;
    let run = job.record().map(|id| call.run(id)).transpose()?.flatten();
    let Some(mut run) = run.filter(|run| !run.is_over()) else { return Ok(()) };
    let book = call.book.clone();
    let flow = run.flow().and_then(|id| book.flow(id));
    let flow = flow.ok_or_else(|| TableError::invalid("the flow", None, "was deleted, or can no longer be read"))?;
    call.step_on(flow, &mut run, false)?;
    Ok(())
}

/// Notes that a step was not possible: it is tried again as often as it says, then the run stops.
///
/// # Errors
/// When the database fails.
pub(crate) fn stopped(call: &mut Call<'_>, job: Job, problem: &str) -> crate::error::Result<()> {
    let Some(mut run) = job.record().map(|id| call.run(id)).transpose()?.flatten() else {
        return Ok(call.tx.remove_job(&job.name).map(drop)?);
    };
    let book = call.book.clone();
    let flow = run.flow().and_then(|id| book.flow(id));
    let retries = flow.and_then(|flow| Some(flow.program.place(flow.program.at(run.position())?).retries));
    let attempts = job.attempts.saturating_add(1);
    let is_over = attempts > retries.unwrap_or_default();
    let wait = FIRST_WAIT_MILLISECONDS << job.attempts.min(20);
    let due_at = if is_over { call.now } else { call.now.plus_milliseconds(wait) };
    if is_over {
        run.failed(problem);
        call.keep_run(&run)?;
    }
    call.put_job(&Job { due_at, attempts, problem: Some(problem.to_owned()), stopped: is_over, ..job })
}

impl Call<'_> {
    /// Does the next step of a run. In a trial nothing is waited for: what is waited for is taken to happen. Returns the runs it
    /// waits for.
    pub(super) fn step_on(&mut self, flow: &Flow, run: &mut Run, is_trial: bool) -> Result<Vec<SysId>> {
        let program = &flow.program;
        let Some(at) = program.at(run.position()) else {
            let problem = format!("has no step \"{}\" any more; give one this id, and try again", run.position());
            return Err(TableError::invalid(format!("flow \"{}\"", flow.name), None, problem));
        };
        if run.steps_done() >= MOST_STEPS_DONE {
            let problem = format!("did {MOST_STEPS_DONE} steps without coming to an end; check its loops");
            return Err(TableError::invalid(format!("flow \"{}\"", flow.name), None, problem));
        }
        let place = program.place(at);
        let why = format!("{} step \"{}\"", flow.named(), place.id);
        let outer = self.pending.flow.replace((flow.id, run.values.depth));
        let system = self.server.system();
        let caller = std::mem::replace(&mut self.caller, system);
        let done = self.because(why, |call| call.do_place(program, at, run, is_trial));
        (self.pending.flow, self.caller) = (outer, caller);
        let after = done?;
        Ok(self.settle_run(program, run, after)?)
    }

    fn do_place(&mut self, program: &Program, at: usize, run: &mut Run, is_trial: bool) -> Result<After> {
        let place = program.place(at);
        let mut doing = Doing { call: self, run, step: &place.id, is_trial };
        match &place.instruction {
            Instruction::Do(deed) => doing.deed(deed, at + 1),
            Instruction::Branch { record, condition, otherwise } => {
                doing.branch(record, condition, (at + 1, *otherwise))
            }
            Instruction::Until { record, condition, again } => doing.until(record, condition, (at + 1, *again)),
            Instruction::Each { list, name, end } => doing.each(list, name, (at + 1, *end)),
            Instruction::Fork { starts, end } => {
                let starts: Vec<&str> = starts.iter().map(|start| program.place(*start).id.as_str()).collect();
                doing.fork(&starts, *end)
            }
            Instruction::Jump(to) => Ok(After::Go(*to)),
            Instruction::Finish => Ok(After::Finish),
        }
    }

    /// Writes down where a run stands after a step.
    fn settle_run(&mut self, program: &Program, run: &mut Run, after: After) -> crate::error::Result<Vec<SysId>> {
        let mut awaited = Vec::new();
        match after {
            After::Go(to) => {
                let place = program.place(program.settle(to));
                match place.instruction {
                    Instruction::Finish => return self.finish_run(run).map(|()| awaited),
                    _ => run.stands(State::InProgress, &place.id),
                }
                self.carry_on(run.id())?;
            }
            After::Finish => return self.finish_run(run).map(|()| awaited),
            After::Wait { until, on, runs } => {
                let position = run.position().to_owned();
                let position = if position.is_empty() { program.place(program.settle(0)).id.clone() } else { position };
                run.stands(State::Waiting, &position);
                on.into_iter().for_each(|record| run.waits_for(record));
                until.map_or(Ok(()), |until| self.wake_at(run.id(), until))?;
                awaited = runs;
            }
        }
        self.keep_run(run)?;
        Ok(awaited)
    }

    fn wake_at(&mut self, run: SysId, at: Timestamp) -> crate::error::Result<()> {
        self.put_job(&Job::of(KIND, run, at))
    }

    fn finish_run(&mut self, run: &mut Run) -> crate::error::Result<()> {
        run.stands(State::Complete, "");
        self.keep_run(run)?;
        run.caller().map_or(Ok(()), |caller| self.carry_on(caller))
    }
}
