//! On which days an entry begins, found by arithmetic: nothing steps through the days in between.

use chrono::{Datelike, NaiveDate};

use super::civil::{DAY_MILLISECONDS, FIRST_DAY, LAST_DAY, Weekday, date_of, day_of};
use super::entry::{Entry, Monthly, Nth, Repeats, Yearly};
use super::spans::Span;

/// An entry that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    first_day: i64,
    /// The last day on which it may begin.
    last_day: i64,
    /// How long after midnight it begins.
    start_milliseconds: i64,
    length_milliseconds: i64,
    repeats: Repeats,
    every: i64,
}

impl Rule {
    pub fn of(entry: &Entry) -> Self {
        let first_day = entry.start.day();
        let (start_milliseconds, length_milliseconds) = if entry.all_day {
            let last = if entry.end > entry.start { entry.end.0 - 1 } else { entry.start.0 };
            (0, (last.div_euclid(86_400) - first_day + 1) * DAY_MILLISECONDS)
        } else {
            (entry.start.milliseconds_of_day(), (entry.end.0 - entry.start.0) * 1_000)
        };
        let last_day = match entry.repeats {
            Repeats::Never => first_day,
            _ => entry.repeat_until.map_or(LAST_DAY, |until| until.day().min(LAST_DAY)),
        };
        let every = i64::from(entry.every.max(1));
        Self { first_day, last_day, start_milliseconds, length_milliseconds, repeats: entry.repeats, every }
    }

    /// How many days after the one on which it begins an occurrence reaches into.
    fn later_days(&self) -> i64 {
        (self.start_milliseconds + self.length_milliseconds - 1) / DAY_MILLISECONDS
    }

    /// Whether every week of it is like every other.
    pub fn is_steady(&self) -> bool {
        self.every == 1 && matches!(self.repeats, Repeats::Daily | Repeats::Weekly(_))
    }

    /// The days on which a steady rule begins to be seen, is seen as in every other week, is so no more, and is seen no more.
    pub fn turns(&self) -> [i64; 4] {
        let (later, last) = (self.later_days(), self.last_day + 1);
        [self.first_day, self.first_day + later, last, last + later]
    }

    /// The same steady rule as if it had always been and would always be.
    pub fn endless(&self) -> Self {
        Self { first_day: FIRST_DAY - 366, last_day: LAST_DAY, ..self.clone() }
    }

    /// The first day from `day` on that an occurrence reaches into.
    pub fn next_touched(&self, day: i64) -> Option<i64> {
        self.next_start(day.saturating_sub(self.later_days())).map(|start| start.max(day))
    }

    /// Adds what the occurrences take of a day, from its midnight on.
    pub fn add_spans(&self, day: i64, spans: &mut Vec<Span>) {
        let mut from = day - self.later_days();
        while let Some(start) = self.next_start(from).filter(|start| *start <= day) {
            let begins = (start - day) * DAY_MILLISECONDS + self.start_milliseconds;
            let ends = (begins + self.length_milliseconds).min(DAY_MILLISECONDS);
            if ends > begins.max(0) {
                spans.push((begins.max(0), ends));
            }
            from = start + 1;
        }
    }

    /// The first day from `from` on, on which an occurrence begins.
    fn next_start(&self, from: i64) -> Option<i64> {
        let from = from.max(self.first_day);
        if from > self.last_day {
            return None;
        }
        let start = match self.repeats {
            Repeats::Never => Some(self.first_day).filter(|day| *day == from),
            Repeats::Daily => Some(self.first_day + up_to_multiple(from - self.first_day, self.every)),
            Repeats::Weekly(_) => Some(self.next_in_weeks(from)),
            Repeats::Monthly(_) | Repeats::Yearly(_) => self.next_in_months(from),
        };
        start.filter(|day| *day <= self.last_day)
    }

    fn next_in_weeks(&self, from: i64) -> i64 {
        let Repeats::Weekly(days) = self.repeats else { return from };
        let monday = |day: i64| day - Weekday::of_day(day) as i64;
        let first = monday(self.first_day);
        let mut week = first + up_to_multiple(monday(from) - first, 7 * self.every);
        // Two weeks are enough: in the first the days may be over, a set of days is never empty.
        for _ in 0..2 {
            let mut on = (week..week + 7).filter(|day| *day >= from && days.contains(Weekday::of_day(*day)));
            if let Some(day) = on.next() {
                return day;
            }
            week += 7 * self.every;
        }
        week
    }

    fn next_in_months(&self, from: i64) -> Option<i64> {
        let first = date_of(self.first_day)?;
        let (base, step) = match self.repeats {
            Repeats::Yearly(Yearly::Weekday { month, .. }) => {
                (month_of(first) - first.month0() as i64 + i64::from(month) - 1, 12)
            }
            Repeats::Yearly(Yearly::Date) => (month_of(first), 12),
            _ => (month_of(first), 1),
        };
        let last = month_of(date_of(self.last_day)?);
        let mut month = base + up_to_multiple(month_of(date_of(from)?) - base, step * self.every);
        while month <= last {
            if let Some(day) = self.day_in_month(month, first).filter(|day| *day >= from) {
                return Some(day);
            }
            month += step * self.every;
        }
        None
    }

    fn day_in_month(&self, month: i64, first: NaiveDate) -> Option<i64> {
        let nth = |week: i64, weekday: Weekday| nth_weekday(month, week, weekday);
        let of_first = Weekday::of_day(self.first_day);
        match self.repeats {
            Repeats::Monthly(Monthly::Date) | Repeats::Yearly(Yearly::Date) => {
                let day = first_of_month(month)? + i64::from(first.day0());
                Some(day).filter(|day| date_of(*day).is_some_and(|date| month_of(date) == month))
            }
            Repeats::Monthly(Monthly::Weekday) => nth(i64::from(first.day0() / 7), of_first),
            Repeats::Monthly(Monthly::LastDay) => Some(first_of_month(month + 1)? - 1),
            Repeats::Monthly(Monthly::LastWeekday) => nth(4, of_first),
            Repeats::Yearly(Yearly::Weekday { week, weekday, .. }) => nth(Nth::weeks_before(week), weekday),
            _ => None,
        }
    }
}

impl Nth {
    fn weeks_before(self) -> i64 {
        self as i64
    }
}

/// The least multiple of `step` that is not below `distance` nor below nothing.
fn up_to_multiple(distance: i64, step: i64) -> i64 {
    let distance = distance.max(0);
    (distance + step - 1) / step * step
}

/// Months since the year 0.
fn month_of(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

fn first_of_month(month: i64) -> Option<i64> {
    let (year, month0) = (i32::try_from(month.div_euclid(12)).ok()?, month.rem_euclid(12) as u32);
    NaiveDate::from_ymd_opt(year, month0 + 1, 1).map(day_of)
}

/// The weekday after so many whole weeks of the month; where the month has no fifth, its fourth, which is the last.
fn nth_weekday(month: i64, weeks: i64, weekday: Weekday) -> Option<i64> {
    let first = first_of_month(month)?;
    let ahead = (weekday as i64 - Weekday::of_day(first) as i64).rem_euclid(7);
    let day = first + ahead + 7 * weeks;
    Some(if day < first_of_month(month + 1)? { day } else { day - 7 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::civil::{CivilTime, Weekdays};

    /// The first four days on which an entry of 10 to 11 o'clock begins.
    fn days(start: &str, repeats: Repeats, every: u32) -> Vec<String> {
        let at = |hour: &str| CivilTime::parse(&format!("{start} {hour}:00:00")).expect("a time");
        let entry = Entry { every, ..Entry::works(at("10"), at("11")).repeating(repeats) };
        let rule = Rule::of(&entry);
        let mut from = FIRST_DAY;
        let mut days = Vec::new();
        while let Some(day) = rule.next_start(from).filter(|_| days.len() < 4) {
            days.push(date_of(day).expect("a date").to_string());
            from = day + 1;
        }
        days
    }

    /// Source: ServiceNow "Repeat a monthly schedule", whose years after December are misprinted.
    #[test]
    fn a_monthly_weekday_keeps_its_place_among_the_weekdays_of_the_month() {
        let first_monday = days("2012-11-05", Repeats::Monthly(Monthly::Weekday), 1);
        assert_eq!(first_monday, ["2012-11-05", "2012-12-03", "2013-01-07", "2013-02-04"]);
    }

    /// Source: ServiceNow "Schedule for the fifth instance of a week date", as shipped (`last`).
    #[test]
    fn a_fifth_weekday_is_the_last_of_months_that_have_four() {
        let fifth_thursday = days("2012-11-29", Repeats::Monthly(Monthly::Weekday), 1);
        assert_eq!(fifth_thursday, ["2012-11-29", "2012-12-27", "2013-01-31", "2013-02-28"]);
    }

    #[test]
    fn months_and_years_that_do_not_have_the_day_are_passed_over() {
        let monthly = days("2026-01-31", Repeats::Monthly(Monthly::Date), 1);
        assert_eq!(monthly, ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]);
        let leap = days("2024-02-29", Repeats::Yearly(Yearly::Date), 1);
        assert_eq!(leap, ["2024-02-29", "2028-02-29", "2032-02-29", "2036-02-29"]);
        let last = days("2026-01-31", Repeats::Monthly(Monthly::LastDay), 1);
        assert_eq!(last, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]);
        let last_friday = days("2026-01-30", Repeats::Monthly(Monthly::LastWeekday), 2);
        assert_eq!(last_friday, ["2026-01-30", "2026-03-27", "2026-05-29", "2026-07-31"]);
    }

    #[test]
    fn thanksgiving_is_the_fourth_thursday_of_november_and_memorial_day_the_last_monday_of_may() {
        let floating = |month, week, weekday| Repeats::Yearly(Yearly::Weekday { month, week, weekday });
        let thanksgiving = days("2012-01-01", floating(11, Nth::Fourth, Weekday::Thursday), 1);
        assert_eq!(thanksgiving, ["2012-11-22", "2013-11-28", "2014-11-27", "2015-11-26"]);
        let memorial = days("2012-06-01", floating(5, Nth::Last, Weekday::Monday), 1);
        assert_eq!(memorial, ["2013-05-27", "2014-05-26", "2015-05-25", "2016-05-30"]);
    }

    #[test]
    fn every_second_week_is_counted_from_the_week_of_the_start() {
        let thursday = days("2026-01-01", Repeats::Weekly(Weekdays::of_digits("15")), 2);
        assert_eq!(thursday, ["2026-01-02", "2026-01-12", "2026-01-16", "2026-01-26"]);
        assert_eq!(days("2026-01-01", Repeats::Daily, 3)[..2], ["2026-01-01", "2026-01-04"]);
        assert_eq!(days("2026-01-01", Repeats::Never, 1), ["2026-01-01"]);
        assert_eq!(days("2026-01-01", Repeats::Weekly(Weekdays::of_digits("1")), u32::MAX).len(), 0);
        assert_eq!(days("2026-01-31", Repeats::Monthly(Monthly::Date), u32::MAX), ["2026-01-31"]);
    }
}
