//! What an update of a task makes of its clock.

use super::{BusinessTime, Clock, ClockStage, Duration, Met, ResetAction, Terms, Update};
use crate::time::Timestamp;

/// Something that happened to a clock. A server tells others about each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It was attached to the task.
    Attached,
    /// It was found breached, for the first time.
    Breached,
    /// It stands.
    Paused,
    /// It runs again.
    Resumed,
    /// The task met what stops it.
    Completed,
    /// It no longer applies.
    Cancelled,
    /// It ended, completed or cancelled, and a new one took its place.
    Reattached,
}

/// A clock after an update, and what happened to it, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// As it is then.
    pub clock: Clock,
    /// Nothing, when it only went on.
    pub happened: Vec<Happened>,
}

/// What an update made of the clocks of a task under one definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// The clock there was, unless none was active.
    pub existing: Option<Moved>,
    /// The clock that was attached.
    pub attached: Option<Moved>,
}

/// What the conditions ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    GoOn,
    Complete,
    Reattach,
    Cancel,
    Pause,
    Resume,
}

/// Moves the clock of a task under a definition over one update. `clock` is the latest there is; one that ended counts as none.
pub fn step(terms: &Terms, business: BusinessTime<'_>, clock: Option<&Clock>, update: &Update<'_>) -> Step {
    match clock.filter(|clock| clock.stage.is_active()).cloned() {
        Some(mut clock) => {
            // What was done in time with the radio off arrives after a breach that was not one.
            clock.has_breached &= clock.planned_end.is_none_or(|end| update.at >= end);
            move_existing(terms, business, clock, update)
        }
        None if terms.attaches(update.met) => {
            let start = terms.start(update);
            Step { existing: None, attached: Some(attach(terms, business, start, update)) }
        }
        None => Step::default(),
    }
}

/// Every clock that a history of updates, oldest first, makes, in the order of attaching.
pub fn replay(terms: &Terms, business: BusinessTime<'_>, updates: &[Update<'_>]) -> Vec<Clock> {
    let mut clocks: Vec<Clock> = Vec::new();
    for update in updates {
        let step = step(terms, business, clocks.last(), update);
        if let (Some(moved), Some(last)) = (step.existing, clocks.last_mut()) {
            *last = moved.clock;
        }
        clocks.extend(step.attached.map(|attached| attached.clock));
    }
    clocks
}

fn move_existing(terms: &Terms, business: BusinessTime<'_>, mut clock: Clock, update: &Update<'_>) -> Step {
    let at = update.at;
    let mut happened = Vec::new();
    if notice_breach(&mut clock, at) {
        happened.push(Happened::Breached);
    }
    let verdict = terms.verdict(clock.stage, update.met);
    let mut attached = None;
    match verdict {
        Verdict::GoOn => {}
        Verdict::Complete => clock.end(ClockStage::Completed, at, business),
        Verdict::Cancel => clock.end(ClockStage::Cancelled, at, business),
        Verdict::Pause => clock.pause(at),
        Verdict::Resume => clock.resume(at, business),
        Verdict::Reattach => {
            let stage = match terms.reset_action {
                ResetAction::Complete => ClockStage::Completed,
                ResetAction::Cancel => ClockStage::Cancelled,
            };
            clock.end(stage, at, business);
            attached = Some(attach(terms, business, at, update));
        }
    }
    happened.extend(verdict.happened());
    Step { existing: Some(Moved { clock, happened }), attached }
}

/// A new clock, already paused when the task meets that.
fn attach(terms: &Terms, business: BusinessTime<'_>, start: Timestamp, update: &Update<'_>) -> Moved {
    let planned_end = terms.duration.planned_end(start, update.due, business);
    let duration_milliseconds = match terms.duration {
        Duration::Working { milliseconds } => milliseconds.max(0),
        _ => planned_end.map_or(0, |end| business.working_milliseconds(start, end)),
    };
    let mut clock = Clock {
        stage: ClockStage::InProgress,
        start,
        end: None,
        planned_end,
        original_breach: planned_end,
        pause_time: None,
        pause_milliseconds: 0,
        business_pause_milliseconds: 0,
        duration_milliseconds,
        has_breached: false,
    };
    if terms.retroactive_pause && start < update.at {
        let earlier = update.history.iter().filter(|(at, _)| *at < update.at);
        earlier.for_each(|(at, met)| pause_or_resume(terms, business, &mut clock, *at, *met));
    }
    pause_or_resume(terms, business, &mut clock, update.at, update.met);
    let mut happened = vec![Happened::Attached];
    happened.extend(clock.has_breached.then_some(Happened::Breached));
    happened.extend((clock.stage == ClockStage::Paused).then_some(Happened::Paused));
    Moved { clock, happened }
}

fn pause_or_resume(terms: &Terms, business: BusinessTime<'_>, clock: &mut Clock, at: Timestamp, met: Met) {
    let at = at.max(clock.start);
    notice_breach(clock, at);
    match clock.stage {
        ClockStage::InProgress if terms.pauses(met) => clock.pause(at),
        ClockStage::Paused if terms.resumes(met) => clock.resume(at, business),
        _ => {}
    }
}

/// Notes that a clock is breached by a moment; `true` when nobody had noted it.
fn notice_breach(clock: &mut Clock, at: Timestamp) -> bool {
    let is_new = !clock.has_breached && clock.is_breached_by(at);
    clock.has_breached |= is_new;
    is_new
}

impl Terms {
    fn start(&self, update: &Update<'_>) -> Timestamp {
        let named = update.retroactive_start.filter(|_| self.retroactive_start);
        named.map_or(update.at, |named| named.min(update.at))
    }

    fn verdict(&self, stage: ClockStage, met: Met) -> Verdict {
        match stage {
            _ if met.stop => Verdict::Complete,
            _ if met.reset && self.attaches(met) => Verdict::Reattach,
            _ if self.cancels(met) => Verdict::Cancel,
            ClockStage::InProgress if self.pauses(met) => Verdict::Pause,
            ClockStage::Paused if self.resumes(met) => Verdict::Resume,
            _ => Verdict::GoOn,
        }
    }
}

impl Verdict {
    fn happened(self) -> Option<Happened> {
        Some(match self {
            Self::GoOn => return None,
            Self::Complete => Happened::Completed,
            Self::Reattach => Happened::Reattached,
            Self::Cancel => Happened::Cancelled,
            Self::Pause => Happened::Paused,
            Self::Resume => Happened::Resumed,
        })
    }
}
