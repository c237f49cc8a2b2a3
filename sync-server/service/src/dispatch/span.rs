//! Stretches of time, and what is left of them when something cuts in.

use fieldline_model::Timestamp;

const DAY_MILLISECONDS: i64 = 86_400_000;

/// A stretch of time `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first moment inside.
    pub from: Timestamp,
    /// The first moment after.
    pub until: Timestamp,
}

impl Span {
    /// So many days of 24 hours.
    pub fn of_days(from: Timestamp, days: u32) -> Self {
        Self { from, until: from.plus_milliseconds(i64::from(days) * DAY_MILLISECONDS) }
    }

    /// Whether a moment lies inside.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.until
    }

    /// What two stretches share; `None` when nothing.
    pub fn shared_with(&self, other: Self) -> Option<Self> {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }.not_empty()
    }

    /// What is left before and after another stretch.
    pub fn without(&self, cut: Self) -> impl Iterator<Item = Self> {
        let before = Self { from: self.from, until: self.until.min(cut.from) };
        let after = Self { from: self.from.max(cut.until), until: self.until };
        [before.not_empty(), after.not_empty()].into_iter().flatten()
    }

    fn not_empty(self) -> Option<Self> {
        (self.from < self.until).then_some(self)
    }
}

/// The same moments in as few stretches as can be, in order.
pub fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
            _ => joined.push(span),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i64, until: i64) -> Span {
        Span { from: Timestamp(from), until: Timestamp(until) }
    }

    #[test]
    fn what_cuts_in_leaves_what_is_before_and_after() {
        let left = |cut| span(8, 16).without(cut).collect::<Vec<_>>();
        assert_eq!(left(span(12, 13)), [span(8, 12), span(13, 16)]);
        assert_eq!(left(span(0, 10)), [span(10, 16)]);
        assert_eq!(left(span(15, 20)), [span(8, 15)]);
        assert_eq!(left(span(0, 20)), []);
        assert_eq!(left(span(20, 30)), [span(8, 16)]);
    }

    #[test]
    fn stretches_that_meet_are_one() {
        assert_eq!(joined(vec![span(5, 7), span(1, 3), span(3, 4), span(2, 3)]), [span(1, 4), span(5, 7)]);
        assert_eq!(span(1, 3).shared_with(span(3, 4)), None);
    }
}
