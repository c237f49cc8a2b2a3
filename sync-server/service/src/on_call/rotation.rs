//! Whose turn it is: turns of the same length, one after the other, from when clocks showed the first moment on.
//!
//! The wall decides: a turn that begins at eight begins at eight in summer and in winter. A beginning that clocks skip is when they
//! skip it; one that they show twice is the first of the two, and stays begun when they go back.

use fieldline_model::calendar::{CivilTime, moment_of};
use fieldline_model::{Timestamp, Zone};

const DAY_MILLISECONDS: i64 = 86_400_000;

/// How turns follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    start: CivilTime,
    turn_milliseconds: i64,
}

impl Rotation {
    /// Turns of so many days, at least one.
    pub fn new(start: CivilTime, days: u32) -> Self {
        Self { start, turn_milliseconds: i64::from(days.max(1)) * DAY_MILLISECONDS }
    }

    /// Which turn it is at a moment, counted from 0; `None` before the first.
    pub fn turn(&self, at: Timestamp, zone: &dyn Zone) -> Option<i64> {
        let shown = at.0 + i64::from(zone.ahead_seconds(at)) * 1_000;
        let turn = (shown - self.start.0 * 1_000).div_euclid(self.turn_milliseconds);
        // Clocks that were put back show again what was before the beginning.
        let turn = if self.begins(turn + 1, zone) <= at { turn + 1 } else { turn };
        (turn >= 0).then_some(turn)
    }

    /// When a turn begins.
    pub fn begins(&self, turn: i64, zone: &dyn Zone) -> Timestamp {
        moment_of(self.start.0 * 1_000 + turn.saturating_mul(self.turn_milliseconds), zone)
    }
}
