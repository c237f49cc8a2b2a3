//! The moments that queries name without writing them: `javascript:gs.beginningOfToday()`, `gs.hoursAgo(2)`, `hour@ago@2`.
//!
//! Nothing is run: the helpers that clients and saved filters use are read as words. Days, weeks and longer begin where the
//! caller's clocks say; a week begins on Monday (ISO 8601).
//!
//! Source: ServiceNow "GlideSystem date and time functions".

use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use crate::time::{Timestamp, Zone};

/// Now, and whose days count.
#[derive(Clone, Copy)]
pub(super) struct Calendar<'a> {
    pub now: Timestamp,
    pub zone: &'a dyn Zone,
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    /// Reads a word such as `day`, `Days` or `DAY`.
    pub fn of(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        Some(match word.strip_suffix('s').unwrap_or(&word) {
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// Milliseconds of one, where that is always the same.
    pub fn milliseconds(self) -> Option<i64> {
        Some(match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
            Self::Week => 604_800_000,
            _ => return None,
        })
    }

    fn begin(self, at: NaiveDateTime) -> Option<NaiveDateTime> {
        let date = at.date();
        let date = match self {
            Self::Minute => return at.with_second(0),
            Self::Hour => return at.with_second(0)?.with_minute(0),
            Self::Day => date,
            Self::Week => date - Duration::days(date.weekday().num_days_from_monday().into()),
            Self::Month => date.with_day(1)?,
            Self::Quarter => NaiveDate::from_ymd_opt(date.year(), date.month0() / 3 * 3 + 1, 1)?,
            Self::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1)?,
        };
        Some(date.and_time(NaiveTime::MIN))
    }

    /// So many later, earlier when negative.
    fn later(self, at: NaiveDateTime, count: i64) -> Option<NaiveDateTime> {
        let months = match self {
            Self::Month => count,
            Self::Quarter => count.checked_mul(3)?,
            Self::Year => count.checked_mul(12)?,
            other => {
                let milliseconds = other.milliseconds()?.checked_mul(count)?;
                return at.checked_add_signed(Duration::try_milliseconds(milliseconds)?);
            }
        };
        let size = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        if months < 0 { at.checked_sub_months(size) } else { at.checked_add_months(size) }
    }
}

impl Calendar<'_> {
    fn local(&self, at: Timestamp) -> Option<NaiveDateTime> {
        let seconds = at.0.div_euclid(1_000).checked_add(self.zone.ahead_seconds(at).into())?;
        DateTime::from_timestamp(seconds, 0).map(|moment| moment.naive_utc())
    }

    /// The moment at which clocks here show this.
    pub fn moment(&self, shown: NaiveDateTime) -> Timestamp {
        let as_utc = shown.and_utc().timestamp_millis();
        let guess = Timestamp(as_utc - i64::from(self.zone.ahead_seconds(Timestamp(as_utc))) * 1_000);
        Timestamp(as_utc - i64::from(self.zone.ahead_seconds(guess)) * 1_000)
    }

    /// The beginning of the unit that lies `count` units from now, and of the one after it.
    pub fn span(&self, unit: Unit, count: i64) -> Option<(Timestamp, Timestamp)> {
        let from = unit.later(unit.begin(self.local(self.now)?)?, count)?;
        Some((self.moment(from), self.moment(unit.later(from, 1)?)))
    }

    /// So many units from now.
    pub fn shifted(&self, unit: Unit, count: i64) -> Option<Timestamp> {
        Some(self.moment(unit.later(self.local(self.now)?, count)?))
    }

    /// Reads a moment: as written, or a helper.
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        match text.strip_prefix("javascript:") {
            Some(script) => self.helper(script.trim().trim_end_matches(';').strip_prefix("gs.")?),
            None => Timestamp::parse(text),
        }
    }

    fn helper(&self, call: &str) -> Option<Timestamp> {
        let (name, arguments) = call.strip_suffix(')')?.split_once('(')?;
        let arguments: Vec<&str> =
            arguments.split(',').map(|argument| argument.trim().trim_matches(['\'', '"'])).collect();
        if let Some(rest) = name.strip_prefix("beginningOf") {
            return self.named(rest).map(|(from, _)| from);
        }
        if let Some(rest) = name.strip_prefix("endOf") {
            return self.named(rest).map(|(_, until)| last_second(until));
        }
        match (name, &arguments[..]) {
            ("now" | "nowDateTime" | "nowNoTZ", _) => Some(self.now),
            ("dateGenerate", [day, time]) => self.generated(day, time),
            ("dateGenerate", [moment]) => self.generated(moment.get(..10)?, moment.get(11..)?),
            (name, [count]) => self.ago(name, count.parse().ok()?),
            _ => None,
        }
    }

    /// `Today`, `LastMonth`, `Last7Days`, `NextQuarter` …: from and until.
    fn named(&self, name: &str) -> Option<(Timestamp, Timestamp)> {
        match name {
            "Today" => return self.span(Unit::Day, 0),
            "Yesterday" => return self.span(Unit::Day, -1),
            "Tomorrow" => return self.span(Unit::Day, 1),
            _ => {}
        }
        let words = [("Current", 0), ("This", 0), ("Last", -1), ("Next", 1)];
        let (rest, direction) = words.iter().find_map(|(word, way)| Some((name.strip_prefix(word)?, *way)))?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = rest.split_at(digits);
        let unit = Unit::of(unit)?;
        if count.is_empty() {
            return self.span(unit, direction);
        }
        let count: i64 = count.parse().ok()?;
        let (first, last) = if direction < 0 { (-count + 1, 0) } else { (0, count - 1) };
        Some((self.span(unit, first)?.0, self.span(unit, last)?.1))
    }

    /// `hoursAgo`, `daysAgoStart`, `monthsAgoEnd` …
    fn ago(&self, name: &str, count: i64) -> Option<Timestamp> {
        let (unit, which) = name.split_once("Ago")?;
        let unit = Unit::of(unit)?;
        match which {
            "" => self.shifted(unit, count.checked_neg()?),
            "Start" => self.span(unit, count.checked_neg()?).map(|(from, _)| from),
            "End" => self.span(unit, count.checked_neg()?).map(|(_, until)| last_second(until)),
            _ => None,
        }
    }

    fn generated(&self, day: &str, time: &str) -> Option<Timestamp> {
        let date = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
        let time = match time {
            "start" => NaiveTime::MIN,
            "end" => NaiveTime::from_hms_opt(23, 59, 59)?,
            other => NaiveTime::parse_from_str(other, "%H:%M:%S").ok()?,
        };
        Some(self.moment(date.and_time(time)))
    }
}

fn last_second(until: Timestamp) -> Timestamp {
    until.plus_milliseconds(-1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour ahead in winter, two from 2026-03-29 01:00 UTC on, as in Monaco.
    struct Monaco;

    impl Zone for Monaco {
        fn ahead_seconds(&self, at: Timestamp) -> i32 {
            if at < Timestamp::parse("2026-03-29 01:00:00").expect("a moment") { 3_600 } else { 7_200 }
        }
    }

    fn read(text: &str) -> String {
        let now = Timestamp::parse("2026-03-30 22:30:15").expect("a moment");
        let calendar = Calendar { now, zone: &Monaco };
        calendar.read(text).map_or("unreadable".into(), |moment| moment.to_string())
    }

    #[test]
    fn helpers_name_moments_of_the_callers_calendar() {
        for (text, moment) in [
            ("javascript:gs.beginningOfToday()", "2026-03-30 22:00:00"),
            ("javascript:gs.endOfToday()", "2026-03-31 21:59:59"),
            ("javascript:gs.beginningOfYesterday()", "2026-03-29 22:00:00"),
            ("javascript:gs.beginningOfThisWeek()", "2026-03-29 22:00:00"),
            ("javascript:gs.endOfLastMonth()", "2026-02-28 22:59:59"),
            ("javascript:gs.beginningOfLast7Days()", "2026-03-24 23:00:00"),
            ("javascript:gs.beginningOfNextQuarter()", "2026-03-31 22:00:00"),
            ("javascript:gs.beginningOfThisYear()", "2025-12-31 23:00:00"),
            ("javascript:gs.hoursAgo(2)", "2026-03-30 20:30:15"),
            ("javascript:gs.daysAgoStart(2)", "2026-03-28 23:00:00"),
            ("javascript:gs.daysAgoEnd(0)", "2026-03-31 21:59:59"),
            ("javascript:gs.minutesAgoStart(0)", "2026-03-30 22:30:00"),
            ("javascript:gs.monthsAgo(1)", "2026-02-27 23:30:15"),
            ("javascript:gs.dateGenerate('2026-03-01','start')", "2026-02-28 23:00:00"),
            ("javascript:gs.dateGenerate('2026-07-01', '08:30:00')", "2026-07-01 06:30:00"),
            ("javascript:gs.dateGenerate(\"2026-07-01 08:30:00\")", "2026-07-01 06:30:00"),
            ("javascript:gs.nowDateTime()", "2026-03-30 22:30:15"),
            ("2026-03-01", "2026-03-01 00:00:00"),
        ] {
            assert_eq!(read(text), moment, "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_run_and_names_no_moment() {
        for text in [
            "javascript:alert(1)",
            "javascript:gs.sleep(1)",
            "javascript:gs.daysAgo(x)",
            "javascript:gs.daysAgo(9223372036854775807)",
            "javascript:gs.beginningOfLast99999999999999999999Days()",
            "javascript:gs.beginningOfNext9000000000000000000Years()",
            "javascript:gs.dateGenerate('2026-02-30','start')",
            "javascript:",
        ] {
            assert_eq!(read(text), "unreadable", "{text}");
        }
    }
}
