//! Service level clocks: how long a record may still take, as far as this phone can know.

use fieldline_device::clocks;
use fieldline_model::sla;

use crate::value::{Moment, moment_out};

/// Where a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum ClockStage {
    /// It runs.
    InProgress,
    /// It stands until it is resumed.
    Paused,
    /// What was promised is done, in time or not.
    Completed,
    /// It no longer applies.
    Cancelled,
}

/// A clock of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct SlaClock {
    /// What was promised.
    pub name: String,
    /// `response` or `resolution`; empty when this phone does not know what was promised.
    pub target: String,
    /// Where it stands.
    pub stage: ClockStage,
    /// When it is breached if nothing changes; nothing while it is paused, and where this phone cannot tell.
    pub breaches_at: Option<Moment>,
    /// Whether it is breached by now.
    pub has_breached: bool,
    /// Working time that is left, less than nothing after the breach; nothing where this phone cannot tell.
    pub left_seconds: Option<i64>,
    /// When this phone was last in step: what others have done since may have moved it.
    pub as_of: Option<Moment>,
    /// Whether it stands so by work that the server does not have yet.
    pub rests_on_unsent: bool,
}

impl From<clocks::SlaClock> for SlaClock {
    fn from(clock: clocks::SlaClock) -> Self {
        let stage = match clock.stage {
            sla::ClockStage::InProgress => ClockStage::InProgress,
            sla::ClockStage::Paused => ClockStage::Paused,
            sla::ClockStage::Completed => ClockStage::Completed,
            sla::ClockStage::Cancelled => ClockStage::Cancelled,
        };
        Self {
            name: clock.name,
            target: clock.target,
            stage,
            breaches_at: clock.breaches_at.map(moment_out),
            has_breached: clock.has_breached,
            left_seconds: clock.left_milliseconds.map(|milliseconds| milliseconds.div_euclid(1_000)),
            as_of: clock.as_of.map(moment_out),
            rests_on_unsent: clock.rests_on_unsent,
        }
    }
}
