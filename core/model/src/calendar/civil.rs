//! Time as a wall clock and a wall calendar show it, without saying where the wall is.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Milliseconds that a civil day has; the clock may be changed during it, the wall still shows 24 hours.
pub(crate) const DAY_MILLISECONDS: i64 = 86_400_000;
/// 1900-01-01, before which a calendar has no hours, in days since 1970.
pub(super) const FIRST_DAY: i64 = -25_567;
/// 2199-12-31, after which a calendar has no hours, in days since 1970.
pub(super) const LAST_DAY: i64 = 84_005;
/// 1970-01-01 in chrono's count of days.
const EPOCH_DAY: i64 = 719_163;

/// What a clock on the wall shows, in seconds since it showed 1970-01-01 00:00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct CivilTime(#[n(0)] pub i64);

impl CivilTime {
    /// Reads `yyyy-MM-dd HH:mm:ss`, `yyyyMMddTHHmmss` (as `cmn_schedule_span` writes it; a `Z` at the end means nothing) and
    /// a date alone (midnight) in both ways. `None` when the text is none of them.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.trim_end_matches('Z').chars().filter(|sign| !"-: T".contains(*sign)).collect();
        let full = if digits.len() == 8 { digits + "000000" } else { digits };
        let shown = NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%S").ok()?;
        (full.len() == 14).then(|| Self(shown.and_utc().timestamp()))
    }

    pub(super) fn day(self) -> i64 {
        self.0.div_euclid(86_400)
    }

    pub(super) fn milliseconds_of_day(self) -> i64 {
        self.0.rem_euclid(86_400) * 1_000
    }
}

/// `yyyy-MM-dd HH:mm:ss`.
impl fmt::Display for CivilTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_timestamp(self.0, 0) {
            Some(shown) => write!(f, "{}", shown.format("%Y-%m-%d %H:%M:%S")),
            None => f.write_str("never"),
        }
    }
}

/// A day of the week; a week begins on Monday (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[expect(missing_docs, reason = "a day of the week is its name")]
pub enum Weekday {
    #[n(1)]
    Monday,
    #[n(2)]
    Tuesday,
    #[n(3)]
    Wednesday,
    #[n(4)]
    Thursday,
    #[n(5)]
    Friday,
    #[n(6)]
    Saturday,
    #[n(7)]
    Sunday,
}

impl Weekday {
    /// Every day, Monday first.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// The day of a number from 1 (Monday) to 7 (Sunday).
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The weekday of a day since 1970, which began on a Thursday.
    pub(super) fn of_day(day: i64) -> Self {
        Self::ALL[(day + 3).rem_euclid(7) as usize]
    }
}

/// Days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Weekdays(#[n(0)] u8);

impl Weekdays {
    /// Monday to Friday.
    pub const WORKING: Self = Self(0b001_1111);

    /// The days of digits such as `12345`, the way `days_of_week` writes them; other signs are passed over.
    pub fn of_digits(digits: &str) -> Self {
        digits.chars().filter_map(|digit| Weekday::of_number(u8::try_from(digit.to_digit(10)?).ok()?)).collect()
    }

    /// Whether a day is among them.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day as u8) != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        Weekday::ALL.into_iter().all(|day| !self.contains(day))
    }
}

impl FromIterator<Weekday> for Weekdays {
    fn from_iter<Days: IntoIterator<Item = Weekday>>(days: Days) -> Self {
        Self(days.into_iter().fold(0, |bits, day| bits | (1 << day as u8)))
    }
}

/// The date of a day since 1970, `None` hundreds of millennia away.
pub(super) fn date_of(day: i64) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(day.checked_add(EPOCH_DAY)?).ok()?)
}

/// The day since 1970 of a date.
pub(super) fn day_of(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - EPOCH_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_time_is_read_as_schedules_write_it() {
        let shown = CivilTime(1_767_603_600);
        for text in ["2026-01-05 09:00:00", "20260105T090000", "20260105T090000Z", "2026-01-05T09:00:00"] {
            assert_eq!(CivilTime::parse(text), Some(shown), "{text}");
        }
        assert_eq!(shown.to_string(), "2026-01-05 09:00:00");
        assert_eq!(CivilTime::parse("20260105").map(|day| day.to_string()).as_deref(), Some("2026-01-05 00:00:00"));
        for text in ["", "2026", "20260230T000000", "2026-01-05 9:00:00", "noon"] {
            assert_eq!(CivilTime::parse(text), None, "{text}");
        }
        assert_eq!(CivilTime(i64::MAX).to_string(), "never");
    }

    #[test]
    fn days_of_the_week_are_counted_from_monday() {
        assert_eq!(Weekday::of_day(0), Weekday::Thursday);
        assert_eq!(Weekday::of_day(-4), Weekday::Sunday);
        assert_eq!(Weekdays::of_digits("12345"), Weekdays::WORKING);
        assert!(Weekdays::of_digits("089").is_empty());
        assert_eq!(Weekday::of_number(7), Some(Weekday::Sunday));
        assert_eq!([Weekday::of_number(0), Weekday::of_number(8)], [None, None]);
    }

    #[test]
    fn the_bounds_are_whole_years() {
        assert_eq!(date_of(FIRST_DAY).map(|date| date.to_string()).as_deref(), Some("1900-01-01"));
        assert_eq!(date_of(LAST_DAY).map(|date| date.to_string()).as_deref(), Some("2199-12-31"));
        assert_eq!(date_of(i64::MAX), None);
    }
}
