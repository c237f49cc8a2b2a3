//! Calendars: when work is done, as people write it on a wall, and how much working time lies between two moments.
//!
//! A calendar is lines in civil time ([`Entry`]): shifts, and what is excluded from them, such as holidays. It may include other
//! calendars, whose lines then count as its own, and exclude others, whose open hours are then closed here. What is excluded
//! wins over what works. Rules that repeat are followed from 1900 to 2199; outside these years no calendar is open.
//!
//! **The wall decides.** A moment is open when clocks there show an open time. So a day from 9 to 17 has eight hours whatever the
//! clock does at night; an hour that clocks show twice when they go back counts twice, and one that they skip does not count.
//!
//! The zone comes in with each question: a calendar with a zone of its own only names it ([`Calendar::time_zone`]), a floating one
//! is read where the work is. Included and excluded calendars are read in the same zone as the whole.
//!
//! Left out: the four states of `show_as`.
//!
//! Source: ServiceNow "Schedules", "Schedule entry fields", "Parent and child schedules".

mod civil;
mod entry;
mod hours;
mod offsets;
pub mod rows;
mod rule;
pub mod spans;
#[cfg(test)]
mod tests;

use crate::time::{Timestamp, Zone};

pub use civil::{CivilTime, Weekday, Weekdays};
pub use entry::{Entry, EntryError, EntryKind, Monthly, Nth, Repeats, Yearly};

pub(crate) use civil::DAY_MILLISECONDS;
use civil::{FIRST_DAY, LAST_DAY};
use hours::{Hours, Rules};
use offsets::Pieces;
use rule::Rule;

/// How far ahead [`Calendar::after`] looks: 20 years.
pub const HORIZON_MILLISECONDS: i64 = 7_305 * DAY_MILLISECONDS;
/// The moments between which calendars have hours, a day wider on either side than civil time.
const EARLIEST: i64 = (FIRST_DAY - 1) * DAY_MILLISECONDS;
const LATEST: i64 = (LAST_DAY + 2) * DAY_MILLISECONDS;

/// When work is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    time_zone: Option<String>,
    hours: Hours,
}

/// A calendar that is part of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Child {
    /// Its lines count as lines of the whole. This is how holidays are added: a calendar of excluded lines.
    Included(Calendar),
    /// Its open hours are closed in the whole.
    Excluded(Calendar),
}

/// Why there is no such calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {number}: {problem}")]
pub struct CalendarError {
    /// Which of the entries, from 1 on.
    pub number: usize,
    /// What is wrong with it.
    pub problem: EntryError,
}

impl Calendar {
    /// A calendar of these lines and parts. `time_zone` is the IANA name of its own zone, none when it floats.
    ///
    /// # Errors
    /// When a line makes no sense; the first one is named.
    pub fn new(time_zone: Option<String>, entries: &[Entry], children: &[Child]) -> Result<Self, CalendarError> {
        let mut rules = Rules::default();
        for (at, entry) in entries.iter().enumerate() {
            entry.check().map_err(|problem| CalendarError { number: at + 1, problem })?;
            match entry.kind {
                EntryKind::Works => rules.works.push(Rule::of(entry)),
                EntryKind::Excluded => rules.excluded.push(Rule::of(entry)),
            }
        }
        for child in children {
            match child {
                Child::Included(child) => rules.include(child.hours.rules()),
                Child::Excluded(child) => rules.taken.push(child.hours.rules().clone()),
            }
        }
        Ok(Self { time_zone, hours: Hours::of(rules) })
    }

    /// The IANA name of the zone to read it in, none when it floats.
    pub fn time_zone(&self) -> Option<&str> {
        self.time_zone.as_deref()
    }

    /// The working time between two moments, none when `until` is not later.
    pub fn working_milliseconds(&self, from: Timestamp, until: Timestamp, zone: &dyn Zone) -> i64 {
        if self.hours.are_none() {
            return 0;
        }
        // More than three centuries have, so it is never reached.
        let wanted = i64::MAX;
        let left = match self.advance(from.0, until.0, wanted, zone) {
            Ok(_) => 0,
            Err(left) => left,
        };
        wanted - left
    }

    /// The first moment by which so much working time has passed since `from`; `from` itself when none is wanted. `None` when it
    /// has not within [`HORIZON_MILLISECONDS`], which a calendar without hours answers at once.
    pub fn after(&self, from: Timestamp, working_milliseconds: i64, zone: &dyn Zone) -> Option<Timestamp> {
        if working_milliseconds <= 0 {
            return Some(from);
        }
        if self.hours.are_none() {
            return None;
        }
        let until = from.0.saturating_add(HORIZON_MILLISECONDS);
        self.advance(from.0, until, working_milliseconds, zone).ok().map(Timestamp)
    }

    /// Whether work is done at a moment.
    pub fn is_open(&self, at: Timestamp, zone: &dyn Zone) -> bool {
        let Some(shown) = shown(at, zone) else { return false };
        let (day, milliseconds) = (shown.div_euclid(DAY_MILLISECONDS), shown.rem_euclid(DAY_MILLISECONDS));
        self.hours.day(day).iter().any(|(from, until)| (*from..*until).contains(&milliseconds))
    }

    /// The first moment from `at` on at which it is open, `at` itself when it is; `None` as for [`Calendar::after`].
    pub fn next_opening(&self, at: Timestamp, zone: &dyn Zone) -> Option<Timestamp> {
        self.after(at, 1, zone).map(|after| after.plus_milliseconds(-1))
    }

    /// When it is open between two moments, in order; stretches that touch are one.
    pub fn open_spans(&self, from: Timestamp, until: Timestamp, zone: &dyn Zone) -> Vec<(Timestamp, Timestamp)> {
        let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
        if self.hours.are_none() {
            return spans;
        }
        for piece in Pieces::new(zone, from.0.max(EARLIEST), until.0.min(LATEST)) {
            let ahead = piece.ahead_milliseconds;
            let days = (piece.from + ahead).div_euclid(DAY_MILLISECONDS)
                ..=(piece.until - 1 + ahead).div_euclid(DAY_MILLISECONDS);
            for (day, (start, end)) in days.flat_map(|day| self.hours.day(day).into_iter().map(move |span| (day, span)))
            {
                let moment = |shown: i64| (day * DAY_MILLISECONDS + shown - ahead).clamp(piece.from, piece.until);
                let (start, end) = (Timestamp(moment(start)), Timestamp(moment(end)));
                match spans.last_mut() {
                    Some(last) if last.1 == start => last.1 = end,
                    _ if start < end => spans.push((start, end)),
                    _ => {}
                }
            }
        }
        spans
    }

    /// When the last open hours of a civil day end, in milliseconds from its midnight; `None` when there are none.
    pub(crate) fn closing(&self, civil_day: i64) -> Option<i64> {
        self.hours.day(civil_day).last().map(|(_, until)| *until)
    }

    fn advance(&self, from: i64, until: i64, wanted: i64, zone: &dyn Zone) -> Result<i64, i64> {
        let mut left = wanted;
        for piece in Pieces::new(zone, from.max(EARLIEST), until.min(LATEST)) {
            let ahead = piece.ahead_milliseconds;
            match self.hours.advance(piece.from + ahead, piece.until + ahead, left) {
                Ok(reached) => return Ok(reached - ahead),
                Err(still) => left = still,
            }
        }
        Err(left)
    }
}

/// What clocks show at a moment, in milliseconds since they showed 1970-01-01 00:00; `None` too far away for any calendar.
pub(crate) fn shown(at: Timestamp, zone: &dyn Zone) -> Option<i64> {
    let near = (EARLIEST..LATEST).contains(&at.0);
    near.then(|| at.0 + i64::from(zone.ahead_seconds(at)) * 1_000)
}

/// The first moment at which clocks show this or later: the first of two when they show it twice, the change when they skip it.
pub fn moment_of(shown: i64, zone: &dyn Zone) -> Timestamp {
    let (from, until) = (shown.saturating_sub(2 * DAY_MILLISECONDS), shown.saturating_add(2 * DAY_MILLISECONDS));
    let mut pieces = Pieces::new(zone, from, until);
    let found = pieces.find(|piece| shown < piece.until + piece.ahead_milliseconds);
    Timestamp(found.map_or(shown, |piece| piece.from.max(shown - piece.ahead_milliseconds)))
}

impl Rules {
    fn include(&mut self, child: &Rules) {
        self.works.extend_from_slice(&child.works);
        self.excluded.extend_from_slice(&child.excluded);
        self.taken.extend_from_slice(&child.taken);
    }
}
