//! The open hours of a calendar in civil time, and the arithmetic that counts them fast and exactly.
//!
//! Most days are like the same weekday of the week before. [`Hours`] works out such a week once for each *era*, the time
//! between two moments at which a weekly rule begins or ends, and then counts whole weeks. Only days that something else
//! reaches into, such as a holiday or a fortnightly shift, are worked out one by one from the rules.

use std::borrow::Cow;

use super::civil::{DAY_MILLISECONDS, FIRST_DAY, LAST_DAY, Weekday};
use super::rule::Rule;
use super::spans::{Span, joined, without};

/// The rules as people wrote them: what is open is what works, without what is excluded and without the hours taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rules {
    pub works: Vec<Rule>,
    pub excluded: Vec<Rule>,
    /// Calendars whose open hours are closed here.
    pub taken: Vec<Rules>,
}

impl Rules {
    /// What is open on a day, from its midnight on.
    pub fn day(&self, day: i64) -> Vec<Span> {
        let spans = |rules: &[Rule]| {
            let mut spans = Vec::new();
            rules.iter().for_each(|rule| rule.add_spans(day, &mut spans));
            joined(spans)
        };
        let mut open = spans(&self.works);
        if !open.is_empty() {
            open = without(&open, &spans(&self.excluded));
        }
        for taken in &self.taken {
            open = without(&open, &taken.day(day));
        }
        open
    }

    fn each<'a>(&'a self, visit: &mut impl FnMut(&'a Rule)) {
        self.works.iter().chain(&self.excluded).for_each(&mut *visit);
        self.taken.iter().for_each(|taken| taken.each(visit));
    }

    /// The steady rules that are seen on a day, as if they had always been.
    fn steady_on(&self, day: i64) -> Self {
        let keep = |rules: &[Rule]| {
            let seen = |rule: &&Rule| rule.is_steady() && (rule.turns()[1]..rule.turns()[2]).contains(&day);
            rules.iter().filter(seen).map(Rule::endless).collect()
        };
        let taken = self.taken.iter().map(|taken| taken.steady_on(day)).collect();
        Self { works: keep(&self.works), excluded: keep(&self.excluded), taken }
    }
}

/// A week like many others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Week {
    /// What is open on each day, Monday first.
    days: [Vec<Span>; 7],
    open_milliseconds: i64,
}

impl Week {
    fn of(rules: &Rules) -> Self {
        // 1970-01-05 was a Monday.
        let days: [Vec<Span>; 7] = std::array::from_fn(|weekday| rules.day(4 + weekday as i64));
        let open_milliseconds = days.iter().flatten().map(|(from, until)| until - from).sum();
        Self { days, open_milliseconds }
    }
}

/// The days from one on until the next era.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Era {
    from_day: i64,
    /// Its weeks; none where a weekly rule is just beginning or ending.
    week: Option<Week>,
}

/// The days until one, which are like those of a week or must be worked out each.
struct Stretch<'a> {
    until_day: i64,
    week: Option<&'a Week>,
}

/// Open hours in civil time, in milliseconds since the wall showed 1970-01-01 00:00.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hours {
    rules: Rules,
    eras: Vec<Era>,
    /// The rules whose weeks differ.
    uneven: Vec<Rule>,
}

impl Hours {
    pub fn of(rules: Rules) -> Self {
        let mut turns = vec![FIRST_DAY];
        let (mut steady, mut uneven) = (Vec::new(), Vec::new());
        rules.each(&mut |rule| if rule.is_steady() { steady.push(rule) } else { uneven.push(rule.clone()) });
        turns.extend(steady.iter().flat_map(|rule| rule.turns()));
        turns.sort_unstable();
        turns.dedup();
        let edge = |rule: &&Rule, day| {
            let [first, even, uneven, over] = rule.turns();
            (first..even).contains(&day) || (uneven..over).contains(&day)
        };
        let era = |from_day: i64| {
            let is_edge = steady.iter().any(|rule| edge(rule, from_day));
            Era { from_day, week: (!is_edge).then(|| Week::of(&rules.steady_on(from_day))) }
        };
        let eras = turns.into_iter().map(era).collect();
        Self { rules, eras, uneven }
    }

    /// What they were made from.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether nothing is ever open, which is seen without looking at any day.
    pub fn are_none(&self) -> bool {
        self.rules.works.is_empty()
    }

    /// What is open on a day, from its midnight on.
    pub fn day(&self, day: i64) -> Vec<Span> {
        if (FIRST_DAY..=LAST_DAY).contains(&day) { self.rules.day(day) } else { Vec::new() }
    }

    /// The moment at which `wanted` milliseconds were open since `from`.
    ///
    /// # Errors
    /// With the milliseconds that are still wanted when they were not by `until`.
    pub fn advance(&self, from: i64, until: i64, wanted: i64) -> Result<i64, i64> {
        let from = from.max(FIRST_DAY * DAY_MILLISECONDS);
        let until = until.min((LAST_DAY + 1) * DAY_MILLISECONDS);
        let mut day = from.div_euclid(DAY_MILLISECONDS);
        let mut left = wanted;
        while day * DAY_MILLISECONDS < until {
            let stretch = self.stretch(day);
            let last = stretch.until_day.min((until - 1).div_euclid(DAY_MILLISECONDS) + 1);
            while day < last {
                if let Some(week) = stretch.week.filter(|_| day * DAY_MILLISECONDS >= from) {
                    let weeks = weeks_within(last.min(until.div_euclid(DAY_MILLISECONDS)) - day, week, left);
                    left -= weeks * week.open_milliseconds;
                    day += weeks * 7;
                }
                if day < last {
                    let midnight = day * DAY_MILLISECONDS;
                    match pass(&self.open_on(day, &stretch), (from - midnight, until - midnight), left) {
                        Ok(reached) => return Ok(midnight + reached),
                        Err(still) => left = still,
                    }
                    day += 1;
                }
            }
        }
        Err(left)
    }

    fn open_on<'a>(&self, day: i64, stretch: &Stretch<'a>) -> Cow<'a, [Span]> {
        match stretch.week {
            Some(week) => Cow::Borrowed(&week.days[Weekday::of_day(day) as usize]),
            None => Cow::Owned(self.rules.day(day)),
        }
    }

    fn stretch(&self, day: i64) -> Stretch<'_> {
        let next = self.eras.partition_point(|era| era.from_day <= day);
        let week = next.checked_sub(1).and_then(|at| self.eras[at].week.as_ref());
        let until_day = self.eras.get(next).map_or(LAST_DAY + 1, |era| era.from_day);
        let touched = self.uneven.iter().filter_map(|rule| rule.next_touched(day)).min().unwrap_or(LAST_DAY + 1);
        if touched <= day {
            return Stretch { until_day: day + 1, week: None };
        }
        Stretch { until_day: until_day.min(touched), week }
    }
}

/// How many whole weeks of so many days can be passed without reaching what is wanted.
fn weeks_within(days: i64, week: &Week, left: i64) -> i64 {
    let weeks = (days / 7).max(0);
    if week.open_milliseconds == 0 { weeks } else { weeks.min((left - 1) / week.open_milliseconds) }
}

/// When the open hours of a day reach what is left, or what is left after them; only those within `bounds` count.
fn pass(open: &[Span], bounds: Span, mut left: i64) -> Result<i64, i64> {
    for &(from, until) in open {
        let (from, until) = (from.max(bounds.0), until.min(bounds.1));
        let milliseconds = (until - from).max(0);
        if milliseconds >= left {
            return Ok(from + left);
        }
        left -= milliseconds;
    }
    Err(left)
}
