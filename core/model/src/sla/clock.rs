//! One clock, as a row of `task_sla` holds it, and what can be read off it at any moment.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::BusinessTime;
use crate::time::Timestamp;

/// Where a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum ClockStage {
    /// It runs.
    #[n(0)]
    InProgress,
    /// It stands until it is resumed.
    #[n(1)]
    Paused,
    /// The task met what stops it, breached or not.
    #[n(2)]
    Completed,
    /// It no longer applies.
    #[n(3)]
    Cancelled,
}

impl ClockStage {
    /// Whether it runs or may run again.
    pub fn is_active(self) -> bool {
        matches!(self, Self::InProgress | Self::Paused)
    }
}

/// A clock of one task under one definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub struct Clock {
    /// Where it stands.
    #[n(0)]
    pub stage: ClockStage,
    /// When it started, which a retroactive start moves back.
    #[n(1)]
    pub start: Timestamp,
    /// When it was completed or cancelled.
    #[n(2)]
    pub end: Option<Timestamp>,
    /// When it is breached (`planned_end_time`), the moment at which the business time that counts reaches the duration; a resume
    /// moves it right by the pause, until it is past. Stale while paused; `None` when the calendar has too few hours.
    #[n(3)]
    pub planned_end: Option<Timestamp>,
    /// When it would be breached without any pause (`original_breach_time`).
    #[n(4)]
    pub original_breach: Option<Timestamp>,
    /// Since when it is paused.
    #[n(5)]
    pub pause_time: Option<Timestamp>,
    /// How long it was paused, without the pause that lasts.
    #[n(6)]
    pub pause_milliseconds: i64,
    /// How much business time of that.
    #[n(7)]
    pub business_pause_milliseconds: i64,
    /// The business time that is 100 percent.
    #[n(8)]
    pub duration_milliseconds: i64,
    /// Whether it was breached when it was last written. [`Clock::is_breached_by`] knows at any moment.
    #[n(9)]
    pub has_breached: bool,
}

/// What has passed by some moment, pauses not counted, and what is left until the breach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elapsed {
    /// Time of day and night (`duration`).
    pub actual_milliseconds: i64,
    /// Percent of the duration.
    pub actual_percent: f64,
    /// Time of day and night until the breach; `None` when there will be none.
    pub actual_left_milliseconds: Option<i64>,
    /// Business time (`business_duration`).
    pub business_milliseconds: i64,
    /// Percent of the duration; of a duration without business hours, all of it once breached.
    pub business_percent: f64,
    /// Business time until the breach (`business_time_left`).
    pub business_left_milliseconds: i64,
}

impl Clock {
    /// What has passed by a moment. It stands still while paused and once ended.
    pub fn elapsed(&self, at: Timestamp, business: BusinessTime<'_>) -> Elapsed {
        let until = self.counts_until(at);
        let duration = self.duration_milliseconds;
        let actual = until.milliseconds_since(self.start).saturating_sub(self.pause_milliseconds).max(0);
        let working = self.business_milliseconds(until, business);
        let percent = |part: i64| match duration {
            1.. => part as f64 * 100.0 / duration as f64,
            _ => {
                if self.is_breached_by(at) {
                    100.0
                } else {
                    0.0
                }
            }
        };
        Elapsed {
            actual_milliseconds: actual,
            actual_percent: percent(actual),
            actual_left_milliseconds: self.planned_end.map(|end| end.milliseconds_since(until).max(0)),
            business_milliseconds: working,
            business_percent: percent(working),
            business_left_milliseconds: duration.saturating_sub(working).max(0),
        }
    }

    /// Whether it is breached at a moment: to the millisecond, whatever a percentage rounds to.
    pub fn is_breached_by(&self, at: Timestamp) -> bool {
        let runs_past = || self.planned_end.is_some_and(|end| end <= self.counts_until(at));
        self.has_breached || (self.stage == ClockStage::InProgress && runs_past())
    }

    /// The moment up to which its time counts at a moment.
    fn counts_until(&self, at: Timestamp) -> Timestamp {
        self.end.or(self.pause_time).map_or(at, |stands| stands.min(at)).max(self.start)
    }

    /// The business time until a moment of a running clock.
    pub(super) fn business_milliseconds(&self, until: Timestamp, business: BusinessTime<'_>) -> i64 {
        let passed = business.working_milliseconds(self.start, until);
        passed.saturating_sub(self.business_pause_milliseconds).max(0)
    }

    pub(super) fn pause(&mut self, at: Timestamp) {
        self.stage = ClockStage::Paused;
        self.pause_time = Some(at.max(self.start));
    }

    /// Adds the pause to those before, and what it took of the business hours to the planned end.
    pub(super) fn resume(&mut self, at: Timestamp, business: BusinessTime<'_>) {
        self.stage = ClockStage::InProgress;
        let Some(since) = self.pause_time.take() else { return };
        let until = at.max(since);
        let left = self.duration_milliseconds.saturating_sub(self.business_milliseconds(since, business));
        let (paused, working) = (until.milliseconds_since(since), business.working_milliseconds(since, until));
        self.pause_milliseconds = self.pause_milliseconds.saturating_add(paused);
        self.business_pause_milliseconds = self.business_pause_milliseconds.saturating_add(working);
        if !self.has_breached {
            self.planned_end = business.after(until, left);
        }
    }

    pub(super) fn end(&mut self, stage: ClockStage, at: Timestamp, business: BusinessTime<'_>) {
        if self.stage == ClockStage::Paused {
            self.resume(at, business);
        }
        self.stage = stage;
        self.end = Some(at.max(self.start));
    }
}
