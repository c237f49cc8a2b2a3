//! The time that counts for a service level: the hours of a calendar, or all of it.

use crate::calendar::Calendar;
use crate::time::{Timestamp, Zone};

/// The hours that count, read in a zone.
#[derive(Clone, Copy)]
pub struct BusinessTime<'a> {
    /// Whose hours count; all time does where there is none.
    pub calendar: Option<&'a Calendar>,
    /// Where the calendar is read, and where days end.
    pub zone: &'a dyn Zone,
}

impl BusinessTime<'_> {
    /// The business time between two moments, none when `until` is not later.
    pub fn working_milliseconds(&self, from: Timestamp, until: Timestamp) -> i64 {
        match self.calendar {
            Some(calendar) => calendar.working_milliseconds(from, until, self.zone),
            None => until.milliseconds_since(from).max(0),
        }
    }

    /// The first moment by which so much business time has passed since `from`; `None` when a calendar has too few hours
    /// ([`Calendar::after`]).
    pub fn after(&self, from: Timestamp, working_milliseconds: i64) -> Option<Timestamp> {
        match self.calendar {
            Some(calendar) => calendar.after(from, working_milliseconds, self.zone),
            None => Some(from.plus_milliseconds(working_milliseconds.max(0))),
        }
    }
}
