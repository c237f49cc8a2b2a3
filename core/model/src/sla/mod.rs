//! Service level clocks: how long a task may take, and how long it has taken.
//!
//! A definition's [`Terms`] say what is promised; a [`Clock`] is one row of `task_sla`, plain data that a server stores. After each
//! update of the task the caller evaluates the definition's six conditions and hands what is [`Met`] to [`step`], which
//! answers with the clock as it then is, the clock that was attached, and what happened. [`replay`] does the same for a whole
//! history, which is how clocks are repaired.
//!
//! Nothing ticks. What has elapsed is worked out when somebody looks ([`Clock::elapsed`]), and [`Clock::next_event`] names the
//! exact moment of the next percentage, so that a timer can be a row. A breach is a moment, [`Clock::planned_end`], never a
//! rounded percentage. The clock goes on after it until the task stops it.
//!
//! The order of evaluation: a clock is attached when start is met, and stop and cancel are not; then the one there is is completed,
//! reattached, cancelled, paused or resumed, whichever applies first. So a start that is part of the stop never attaches, a pause
//! that is part of the start pauses until it cancels, and a pause that excludes the start cancels.
//!
//! [`Agreement`] is a definition read from its row, [`row`] a clock as one. Left out: asking conditions of records, who is told, and
//! storing anything.
//!
//! Source: ServiceNow "Service Level Agreement (SLA) processing", "SLA conditions", "SLA duration types", "Task SLA table".

mod agreement;
mod business;
mod clock;
mod duration;
pub mod row;
mod step;
#[cfg(test)]
mod tests;
mod timer;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

pub use agreement::{Agreement, CONDITIONS};
pub use business::BusinessTime;
pub use clock::{Clock, ClockStage, Elapsed};
pub use duration::Duration;
pub use step::{Happened, Moved, Step, replay, step};

/// What a definition (`contract_sla`) promises, and how its clocks move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub struct Terms {
    /// How long it may take.
    #[n(0)]
    pub duration: Duration,
    /// What cancels a clock.
    #[n(1)]
    pub when_to_cancel: WhenToCancel,
    /// What resumes a paused one.
    #[n(2)]
    pub when_to_resume: WhenToResume,
    /// What a reset makes of the clock that ran.
    #[n(3)]
    pub reset_action: ResetAction,
    /// Whether a clock starts at the moment a field of the task says ([`Update::retroactive_start`]).
    #[n(4)]
    pub retroactive_start: bool,
    /// Whether pauses between that moment and the attaching count. Only for working durations.
    #[n(5)]
    pub retroactive_pause: bool,
}

/// What cancels a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum WhenToCancel {
    /// The start condition is no longer met.
    #[default]
    #[n(0)]
    StartNotMet,
    /// The cancel condition is met. Only then does it matter.
    #[n(1)]
    CancelMet,
    /// Nothing does.
    #[n(2)]
    Never,
}

/// What resumes a paused clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum WhenToResume {
    /// The pause condition is no longer met.
    #[default]
    #[n(0)]
    PauseNotMet,
    /// The resume condition is met; it then wins over the pause condition.
    #[n(1)]
    ResumeMet,
}

/// What a reset makes of the clock that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum ResetAction {
    /// It is completed.
    #[default]
    #[n(0)]
    Complete,
    /// It is cancelled.
    #[n(1)]
    Cancel,
}

/// Which of the six conditions a task meets; one that a definition leaves empty is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Met {
    /// The clock should run.
    pub start: bool,
    /// What was promised is done.
    pub stop: bool,
    /// The time should not count.
    pub pause: bool,
    /// The time should count again.
    pub resume: bool,
    /// The clock should begin anew.
    pub reset: bool,
    /// The clock should be given up.
    pub cancel: bool,
}

/// A task as an update left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Update<'a> {
    /// When it was updated.
    pub at: Timestamp,
    /// What it meets.
    pub met: Met,
    /// Its due date, for [`Duration::DueDate`].
    pub due: Option<Timestamp>,
    /// The moment in the field that a retroactive start names; one in the future counts as the update's.
    pub retroactive_start: Option<Timestamp>,
    /// What it met earlier, oldest first, for retroactive pauses. Empty where they are not wanted.
    pub history: &'a [(Timestamp, Met)],
}

impl<'a> Update<'a> {
    /// A task that met this at a moment.
    pub fn new(at: Timestamp, met: Met) -> Self {
        Self { at, met, due: None, retroactive_start: None, history: &[] }
    }
}

impl Terms {
    /// Terms with a duration, and otherwise as a new definition has them.
    pub fn new(duration: Duration) -> Self {
        Self {
            duration,
            when_to_cancel: WhenToCancel::default(),
            when_to_resume: WhenToResume::default(),
            reset_action: ResetAction::default(),
            retroactive_start: false,
            retroactive_pause: false,
        }
    }

    fn attaches(&self, met: Met) -> bool {
        met.start && !met.stop && !self.cancels(met)
    }

    fn cancels(&self, met: Met) -> bool {
        match self.when_to_cancel {
            WhenToCancel::StartNotMet => !met.start,
            WhenToCancel::CancelMet => met.cancel,
            WhenToCancel::Never => false,
        }
    }

    /// Whether a running clock should pause, which durations that end at a moment never do.
    fn pauses(&self, met: Met) -> bool {
        let resumes = self.when_to_resume == WhenToResume::ResumeMet && met.resume;
        self.duration.is_working() && met.pause && !resumes
    }

    fn resumes(&self, met: Met) -> bool {
        match self.when_to_resume {
            WhenToResume::PauseNotMet => !met.pause,
            WhenToResume::ResumeMet => met.resume,
        }
    }
}
