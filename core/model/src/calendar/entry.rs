//! One line of a calendar: when it is, how it repeats, and whether work is done then or not.
//!
//! The words are those of `cmn_schedule_span`. An entry is plain data that may be wrong; a [`super::Calendar`] takes none that is.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::civil::{CivilTime, FIRST_DAY, LAST_DAY, Weekday, Weekdays};

/// The longest that one occurrence of a repeating entry may last.
const MOST_REPEATED_DAYS: i64 = 366;

/// What an entry says of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum EntryKind {
    /// Work is done.
    #[n(0)]
    Works,
    /// No work is done, whatever other entries say.
    #[n(1)]
    Excluded,
}

/// How an entry repeats, from its first day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// It is once.
    #[n(0)]
    Never,
    /// It is every day.
    #[n(1)]
    Daily,
    /// It is on these days of the week.
    #[n(2)]
    Weekly(#[n(0)] Weekdays),
    /// It is once a month.
    #[n(3)]
    Monthly(#[n(0)] Monthly),
    /// It is once a year.
    #[n(4)]
    Yearly(#[n(0)] Yearly),
}

/// On which day of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Monthly {
    /// The day of the month of the first occurrence; months that do not have it are passed over (RFC 5545).
    #[n(0)]
    Date,
    /// The weekday of the first occurrence, as many weeks into the month; a fifth one is the last of months that have four.
    #[n(1)]
    Weekday,
    /// The last day.
    #[n(2)]
    LastDay,
    /// The last of the weekday of the first occurrence.
    #[n(3)]
    LastWeekday,
}

/// On which day of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
pub enum Yearly {
    /// The date of the first occurrence; years that do not have it are passed over.
    #[n(0)]
    Date,
    /// A weekday of a month, such as the fourth Thursday of November.
    #[n(1)]
    Weekday {
        /// 1 (January) to 12.
        #[n(0)]
        month: u8,
        /// Which of them.
        #[n(1)]
        week: Nth,
        /// The weekday.
        #[n(2)]
        weekday: Weekday,
    },
}

/// Which of the four or five of a weekday that a month has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[expect(missing_docs, reason = "an ordinal is its name")]
pub enum Nth {
    #[n(1)]
    First,
    #[n(2)]
    Second,
    #[n(3)]
    Third,
    #[n(4)]
    Fourth,
    #[n(5)]
    Last,
}

impl Nth {
    /// The ordinal of a number from 1 to 5, where 5 is the last, as `float_week` writes it.
    pub fn of_number(number: u8) -> Option<Self> {
        let all = [Self::First, Self::Second, Self::Third, Self::Fourth, Self::Last];
        all.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// One line of a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub struct Entry {
    /// Whether work is done then.
    #[n(0)]
    pub kind: EntryKind,
    /// When the first occurrence begins. An entry that repeats by weekdays has none on this day when it is another weekday.
    #[n(1)]
    pub start: CivilTime,
    /// When the first occurrence ends, exclusive.
    #[n(2)]
    pub end: CivilTime,
    /// Whether it takes every day from `start` to `end` whole; it then may end when it starts, or at 23:59:59.
    #[n(3)]
    pub all_day: bool,
    /// How it repeats.
    #[n(4)]
    pub repeats: Repeats,
    /// Every how many days, weeks, months or years (`repeat_count`), at least 1.
    #[n(5)]
    pub every: u32,
    /// The last day on which it may begin; it goes on for ever when empty.
    #[n(6)]
    pub repeat_until: Option<CivilTime>,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// It ends before it begins, or when it begins.
    #[error("it ends at {end}, which is not after {start}, when it starts; swap or correct them")]
    Reversed {
        /// `start`
        start: CivilTime,
        /// `end`
        end: CivilTime,
    },
    /// It is too far away.
    #[error("{0} is outside the years 1900 to 2199; correct it")]
    FarAway(CivilTime),
    /// A weekly entry without days.
    #[error("it repeats weekly on no day of the week; name at least one")]
    NoDays,
    /// Repeats every nothing.
    #[error("it repeats every 0 times; write 1 or more")]
    EveryNothing,
    /// There is no such month.
    #[error("there is no month {0}; write 1 to 12")]
    Month(u8),
    /// It is over before it began.
    #[error("it repeats until {until}, before the day of its start, {start}; correct one of them")]
    OverBefore {
        /// `start`
        start: CivilTime,
        /// `repeat_until`
        until: CivilTime,
    },
    /// One occurrence lasts too long.
    #[error("it repeats and lasts {0} days each time; {MOST_REPEATED_DAYS} are the most")]
    TooLong(i64),
}

impl Entry {
    /// Work that is done once.
    pub fn works(start: CivilTime, end: CivilTime) -> Self {
        let kind = EntryKind::Works;
        Self { kind, start, end, all_day: false, repeats: Repeats::Never, every: 1, repeat_until: None }
    }

    /// Time off, once.
    pub fn excluded(start: CivilTime, end: CivilTime) -> Self {
        Self { kind: EntryKind::Excluded, ..Self::works(start, end) }
    }

    /// The same, repeating.
    pub fn repeating(self, repeats: Repeats) -> Self {
        Self { repeats, ..self }
    }

    /// The same, taking its days whole.
    pub fn all_day(self) -> Self {
        Self { all_day: true, ..self }
    }

    /// Says whether it makes sense.
    ///
    /// # Errors
    /// When a field contradicts another or is out of bounds.
    pub fn check(&self) -> Result<(), EntryError> {
        let (start, end) = (self.start, self.end);
        if end < start || (end == start && !self.all_day) {
            return Err(EntryError::Reversed { start, end });
        }
        if let Some(far) = [start, end].into_iter().find(|time| !(FIRST_DAY..=LAST_DAY).contains(&time.day())) {
            return Err(EntryError::FarAway(far));
        }
        if self.repeats == Repeats::Never { Ok(()) } else { self.check_repeats() }
    }

    fn check_repeats(&self) -> Result<(), EntryError> {
        let (start, days) = (self.start, self.end.day() - self.start.day());
        match self.repeats {
            Repeats::Weekly(days) if days.is_empty() => return Err(EntryError::NoDays),
            Repeats::Yearly(Yearly::Weekday { month, .. }) if !(1..=12).contains(&month) => {
                return Err(EntryError::Month(month));
            }
            _ if self.every == 0 => return Err(EntryError::EveryNothing),
            _ if days > MOST_REPEATED_DAYS => return Err(EntryError::TooLong(days)),
            _ => {}
        }
        match self.repeat_until {
            Some(until) if until.day() < start.day() => Err(EntryError::OverBefore { start, until }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(from: &str, until: &str) -> Entry {
        Entry::works(CivilTime::parse(from).expect("a time"), CivilTime::parse(until).expect("a time"))
    }

    fn says(entry: &Entry) -> String {
        entry.check().map_or_else(|problem| problem.to_string(), |()| "fine".into())
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let day = entry("2026-01-05 09:00:00", "2026-01-05 17:00:00");
        assert_eq!(says(&day), "fine");
        assert!(says(&entry("20260105T170000", "20260105T090000")).contains("which is not after 2026-01-05 17:00:00"));
        let empty = entry("20260105", "20260105");
        assert!(says(&empty).contains("which is not after"));
        assert_eq!(says(&empty.all_day()), "fine");
        let weekly = day.clone().repeating(Repeats::Weekly(Weekdays::default()));
        assert!(says(&weekly).contains("on no day of the week"));
        let yearly = Yearly::Weekday { month: 13, week: Nth::Last, weekday: Weekday::Monday };
        assert!(says(&day.clone().repeating(Repeats::Yearly(yearly))).contains("no month 13"));
        let daily = day.repeating(Repeats::Daily);
        assert!(says(&Entry { every: 0, ..daily.clone() }).contains("every 0 times"));
        let over = Entry { repeat_until: CivilTime::parse("20260104"), ..daily.clone() };
        assert!(says(&over).contains("before the day of its start"));
        assert_eq!(says(&Entry { repeat_until: CivilTime::parse("20260105"), ..daily }), "fine");
        let long = entry("20260105", "20280105").repeating(Repeats::Daily);
        assert!(says(&long).contains("lasts 730 days"));
        assert!(says(&entry("18991231", "20260105")).contains("outside the years"));
        let never = Entry { end: CivilTime(i64::MAX), ..entry("20260105", "20260106") };
        assert!(says(&never).starts_with("never is outside the years"));
    }
}
