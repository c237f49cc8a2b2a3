//! How long something may take: so much business time, or until a moment that follows from the start.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::BusinessTime;
use crate::calendar::{DAY_MILLISECONDS, HORIZON_MILLISECONDS, moment_of, shown};
use crate::time::Timestamp;

/// How long something may take. All but the first are ServiceNow's relative durations, which no pause extends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Duration {
    /// So much business time. A day of it is 24 hours, three days of a calendar from 9 to 17.
    #[n(0)]
    Working {
        /// How much.
        #[n(0)]
        milliseconds: i64,
    },
    /// Until the task's due date or, where that is outside the hours, until they begin again. The moment at which hours end is
    /// not outside. A second from the start when there is no due date or it is past by then.
    #[n(1)]
    DueDate,
    /// Until some business day, a civil day with hours, after the day of the start.
    #[n(2)]
    BusinessDay {
        /// How many business days later; 1 is the next.
        #[n(0)]
        days: u32,
        /// At which time of that day, in seconds from midnight; at the end of its hours when empty.
        #[n(1)]
        at_seconds: Option<u32>,
        /// The time of day, in seconds from midnight, after which a start counts as one of the next day.
        #[n(2)]
        latest_start_seconds: Option<u32>,
    },
}

impl Duration {
    /// "End of next business day", by the hours of the calendar. The script that ServiceNow ships says 17:00 whatever the
    /// calendar; who wants that names it in `at_seconds`.
    pub const END_OF_NEXT_BUSINESS_DAY: Self =
        Self::BusinessDay { days: 1, at_seconds: None, latest_start_seconds: None };

    /// Whether it is so much business time, which pauses extend.
    pub fn is_working(self) -> bool {
        matches!(self, Self::Working { .. })
    }

    /// When it is over for a clock that starts then. `None` when the calendar has too few hours.
    pub(super) fn planned_end(
        self,
        start: Timestamp,
        due: Option<Timestamp>,
        business: BusinessTime<'_>,
    ) -> Option<Timestamp> {
        match self {
            Self::Working { milliseconds } => business.after(start, milliseconds),
            Self::DueDate => Some(due_date(start, due, business)),
            Self::BusinessDay { days, at_seconds, latest_start_seconds } => {
                let late = |time: i64| latest_start_seconds.is_some_and(|latest| time > i64::from(latest) * 1_000);
                let shown = shown(start, business.zone)?;
                let days = i64::from(days) + i64::from(late(shown.rem_euclid(DAY_MILLISECONDS)));
                let (day, closing) = business_day(start, shown.div_euclid(DAY_MILLISECONDS), days, business)?;
                let time = at_seconds.map_or(closing, |seconds| i64::from(seconds) * 1_000);
                Some(moment_of(day * DAY_MILLISECONDS + time, business.zone).max(a_second_after(start)))
            }
        }
    }
}

fn a_second_after(start: Timestamp) -> Timestamp {
    start.plus_milliseconds(1_000)
}

fn due_date(start: Timestamp, due: Option<Timestamp>, business: BusinessTime<'_>) -> Timestamp {
    let Some(due) = due.filter(|due| *due > start) else { return a_second_after(start) };
    let Some(calendar) = business.calendar else { return due };
    let is_within = |at| calendar.is_open(at, business.zone);
    if is_within(due) || is_within(due.plus_milliseconds(-1)) {
        return due;
    }
    // A promised day stands even where a calendar has no hours left.
    calendar.next_opening(due, business.zone).unwrap_or(due)
}

/// The business day so many after a civil day, and when its hours end; the last there is when there are not that many.
fn business_day(start: Timestamp, day: i64, days: i64, business: BusinessTime<'_>) -> Option<(i64, i64)> {
    let Some(calendar) = business.calendar else { return Some((day.saturating_add(days), DAY_MILLISECONDS)) };
    calendar.next_opening(start, business.zone)?;
    let last = day + HORIZON_MILLISECONDS / DAY_MILLISECONDS;
    let ends = |day: i64| calendar.closing(day).map(|closing| (day, closing));
    (day + 1..=last).filter_map(ends).take(usize::try_from(days).ok()?).last()
}
