//! Whether a wall shows an open time, asked of the lines of a calendar one moment at a time.
//!
//! It shares no code with the calendar: a date is held against each rule as a person would hold it, day by day, and nothing is
//! counted or sorted.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use fieldline_model::calendar::{Entry, EntryKind, Monthly, Nth, Repeats, Weekday, Yearly};

/// A calendar before anything is made of it.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub entries: Vec<Entry>,
    pub included: Vec<Plan>,
    pub excluded: Vec<Plan>,
}

impl Plan {
    pub fn is_open(&self, shown: NaiveDateTime) -> bool {
        self.works(shown) && !self.is_shut(shown)
    }

    fn works(&self, shown: NaiveDateTime) -> bool {
        self.says(EntryKind::Works, shown) || self.included.iter().any(|plan| plan.works(shown))
    }

    fn is_shut(&self, shown: NaiveDateTime) -> bool {
        self.says(EntryKind::Excluded, shown)
            || self.included.iter().any(|plan| plan.is_shut(shown))
            || self.excluded.iter().any(|plan| plan.is_open(shown))
    }

    fn says(&self, kind: EntryKind, shown: NaiveDateTime) -> bool {
        self.entries.iter().any(|entry| entry.kind == kind && covers(entry, shown))
    }
}

fn time(seconds: i64) -> NaiveDateTime {
    DateTime::from_timestamp(seconds, 0).expect("a time of this century").naive_utc()
}

fn covers(entry: &Entry, shown: NaiveDateTime) -> bool {
    let (start, end) = (time(entry.start.0), time(entry.end.0));
    let days = (end.date() - start.date()).num_days();
    (0..=days.unsigned_abs()).any(|back| {
        let date = shown.date() - Days::new(back);
        if !begins_on(entry, start.date(), date) {
            return false;
        }
        if entry.all_day {
            let last_moment = (end - TimeDelta::seconds(1)).max(start);
            let last = date + (last_moment.date() - start.date());
            return shown.date() <= last;
        }
        let begins = date.and_time(start.time());
        begins <= shown && shown < begins + (end - start)
    })
}

fn begins_on(entry: &Entry, first: NaiveDate, date: NaiveDate) -> bool {
    let is_over =
        entry.repeats != Repeats::Never && entry.repeat_until.is_some_and(|until| time(until.0).date() < date);
    if date < first || is_over {
        return false;
    }
    let fits = |passed: i64| passed % i64::from(entry.every) == 0;
    let months = i64::from(date.year() - first.year()) * 12 + i64::from(date.month()) - i64::from(first.month());
    match entry.repeats {
        Repeats::Never => date == first,
        Repeats::Daily => fits((date - first).num_days()),
        Repeats::Weekly(days) => {
            let monday = |date: NaiveDate| date - Days::new(date.weekday().num_days_from_monday().into());
            days.contains(named(date)) && fits((monday(date) - monday(first)).num_days() / 7)
        }
        Repeats::Monthly(by) => fits(months) && is_day_of_month(by, first, date),
        Repeats::Yearly(Yearly::Date) => {
            fits(months / 12) && (date.month(), date.day()) == (first.month(), first.day())
        }
        Repeats::Yearly(Yearly::Weekday { month, week, weekday }) => {
            let is_which = if week == Nth::Last { is_last(date) } else { Nth::of_number(which(date)) == Some(week) };
            let years = i64::from(date.year() - first.year());
            date.month() == u32::from(month) && named(date) == weekday && is_which && fits(years)
        }
    }
}

fn is_day_of_month(by: Monthly, first: NaiveDate, date: NaiveDate) -> bool {
    let is_same_weekday = date.weekday() == first.weekday();
    match by {
        Monthly::Date => date.day() == first.day(),
        Monthly::Weekday if which(first) == 5 => is_same_weekday && is_last(date),
        Monthly::Weekday => is_same_weekday && which(date) == which(first),
        Monthly::LastDay => (date + Days::new(1)).day() == 1,
        Monthly::LastWeekday => is_same_weekday && is_last(date),
    }
}

/// Whether it is the first, second … of its weekday in the month.
fn which(date: NaiveDate) -> u8 {
    1 + (1..5).filter(|weeks| (date - Days::new(7 * weeks)).month() == date.month()).count() as u8
}

fn is_last(date: NaiveDate) -> bool {
    (date + Days::new(7)).month() != date.month()
}

fn named(date: NaiveDate) -> Weekday {
    Weekday::of_number(date.weekday().number_from_monday() as u8).expect("1 to 7")
}

/// Equal cells of time, in each of which a place is open or not. Each is looked at once.
pub struct Cells {
    pub plan: Option<Plan>,
    pub zone: Tz,
    /// How many seconds one is long.
    pub seconds: i64,
    /// Which cell the first of `seen` is, counted from 1970.
    first: i64,
    seen: Vec<Option<bool>>,
}

impl Cells {
    /// Cells around one, counted from 1970.
    pub fn around(plan: Option<Plan>, zone: Tz, seconds: i64, cell: i64) -> Self {
        let most = 80_000;
        Self { plan, zone, seconds, first: cell - most / 2, seen: vec![None; most as usize] }
    }

    /// What clocks show when a cell begins.
    pub fn shown(&self, cell: i64) -> NaiveDateTime {
        let moment = DateTime::from_timestamp(cell * self.seconds, 0).expect("a moment of this century");
        moment.with_timezone(&self.zone).naive_local()
    }

    pub fn is_open(&mut self, cell: i64) -> bool {
        let Some(plan) = &self.plan else { return true };
        let at = usize::try_from(cell - self.first).unwrap_or(usize::MAX);
        if let Some(Some(seen)) = self.seen.get(at) {
            return *seen;
        }
        let is_open = plan.is_open(self.shown(cell));
        if let Some(seen) = self.seen.get_mut(at) {
            *seen = Some(is_open);
        }
        is_open
    }
}
