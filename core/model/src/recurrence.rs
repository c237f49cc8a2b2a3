//! What comes again every so many days, weeks or months, as clocks on a wall show it.
//!
//! Months are counted from the first occurrence, never from the one before: what first comes on the 31st comes on the last day of a
//! shorter month, and on the 31st again after it.

use chrono::{DateTime, Datelike, Months, NaiveDateTime, TimeDelta};

use crate::calendar::CivilTime;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Days.
    Days,
    /// Weeks.
    Weeks,
    /// Months.
    Months,
}

impl Unit {
    /// The unit of a name, as `repeat_unit` writes it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "days" => Some(Self::Days),
            "weeks" => Some(Self::Weeks),
            "months" => Some(Self::Months),
            _ => None,
        }
    }
}

/// What comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recurrence {
    /// When it first comes.
    pub first: CivilTime,
    /// Every how many units; at least 1.
    pub every: u32,
    /// The unit.
    pub unit: Unit,
}

impl Recurrence {
    /// When it comes at a moment or next after it; `None` beyond the years a calendar knows.
    pub fn on_or_after(&self, moment: CivilTime) -> Option<CivilTime> {
        if moment <= self.first {
            return Some(self.first);
        }
        // No occurrence is more than a month's length away from where counting puts it.
        let near = self.periods_until(moment)?.saturating_sub(1);
        (near..near + 3).filter_map(|number| self.occurrence(number)).find(|occurrence| moment <= *occurrence)
    }

    fn occurrence(&self, number: u32) -> Option<CivilTime> {
        let (first, units) = (naive(self.first)?, number.checked_mul(self.every.max(1))?);
        let moment = match self.unit {
            Unit::Days => first.checked_add_signed(TimeDelta::try_days(units.into())?),
            Unit::Weeks => first.checked_add_signed(TimeDelta::try_weeks(units.into())?),
            Unit::Months => first.checked_add_months(Months::new(units)),
        };
        moment.map(|moment| CivilTime(moment.and_utc().timestamp()))
    }

    /// How many whole periods there are at the most until a moment that is later than the first occurrence.
    fn periods_until(&self, moment: CivilTime) -> Option<u32> {
        let (first, until) = (naive(self.first)?, naive(moment)?);
        let days = until.signed_duration_since(first).num_days();
        let units = match self.unit {
            Unit::Days => days,
            Unit::Weeks => days / 7,
            Unit::Months => {
                i64::from(until.year() - first.year()) * 12 + i64::from(until.month()) - i64::from(first.month())
            }
        };
        u32::try_from(units).ok().map(|units| units / self.every.max(1))
    }
}

fn naive(shown: CivilTime) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(shown.0, 0).map(|moment| moment.naive_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> CivilTime {
        CivilTime::parse(text).expect("a time")
    }

    fn days_of(first: &str, every: u32, unit: Unit, count: usize) -> Vec<String> {
        let recurrence = Recurrence { first: at(first), every, unit };
        let next = |last: &CivilTime| recurrence.on_or_after(CivilTime(last.0 + 1));
        std::iter::successors(recurrence.on_or_after(at("1970-01-01")), next)
            .take(count)
            .map(|at| at.to_string())
            .collect()
    }

    #[test]
    fn the_31st_is_the_last_day_of_a_shorter_month_and_the_31st_again_after_it() {
        let days = days_of("2027-12-31 08:00:00", 1, Unit::Months, 5);
        let wanted = ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"];
        assert_eq!(days, wanted.map(|day| format!("{day} 08:00:00")));
        assert_eq!(days_of("2026-03-30", 2, Unit::Weeks, 2), ["2026-03-30 00:00:00", "2026-04-13 00:00:00"]);
    }

    #[test]
    fn what_first_comes_on_a_leap_day_comes_every_year() {
        let years = days_of("2024-02-29", 12, Unit::Months, 3);
        assert_eq!(years, ["2024-02-29 00:00:00", "2025-02-28 00:00:00", "2026-02-28 00:00:00"]);
    }

    /// Walks day by day and knows of nothing but the calendar on the wall.
    fn naive_days(first: NaiveDateTime, every: u32, unit: Unit, days: i64) -> Vec<i64> {
        let is_last = |day: NaiveDateTime| (day + TimeDelta::days(1)).month() != day.month();
        let mut found = Vec::new();
        let mut months = 0;
        for passed in 0..=days {
            let day = first + TimeDelta::days(passed);
            months += u32::from(passed > 0 && day.day() == 1);
            let comes = match unit {
                Unit::Days => passed % i64::from(every) == 0,
                Unit::Weeks => passed % (7 * i64::from(every)) == 0,
                Unit::Months => {
                    months % every == 0 && (day.day() == first.day() || (is_last(day) && day.day() < first.day()))
                }
            };
            if comes {
                found.push(day.and_utc().timestamp());
            }
        }
        found
    }

    proptest! {
        #[test]
        fn over_years_it_comes_when_somebody_who_walks_day_by_day_says_so(
            start in 0i64..40_000, second in 0i64..86_400, every in 1u32..9, unit in 0usize..3,
        ) {
            let unit = [Unit::Days, Unit::Weeks, Unit::Months][unit];
            let first = CivilTime(start * 86_400 + second);
            let recurrence = Recurrence { first, every, unit };
            let wanted = naive_days(naive(first).expect("near"), every, unit, 800);
            let next = |last: &CivilTime| recurrence.on_or_after(CivilTime(last.0 + 1));
            let found: Vec<i64> = std::iter::successors(Some(first), next).map(|at| at.0).take(wanted.len()).collect();
            prop_assert_eq!(&found, &wanted);
            for day in 0..400 {
                let asked = first.0 + day * 172_800 - 86_400;
                let next = wanted.iter().find(|at| asked <= **at).copied();
                let told = recurrence.on_or_after(CivilTime(asked)).map(|at| at.0);
                prop_assert!(next.is_none() || told == next, "{asked}: {told:?} and not {next:?}");
            }
        }
    }
}
