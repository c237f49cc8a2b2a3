//! Stretches of time: what is left of one, whether they meet or cover another, and where there is room.

use fieldline_model::Timestamp;
use fieldline_model::calendar::spans;

/// From, inclusive, until, exclusive.
pub(in crate::change_requests) type Span = (Timestamp, Timestamp);

/// What is left of a stretch without others.
pub(super) fn without(whole: Span, mut taken: Vec<Span>) -> Vec<Span> {
    taken.retain(|(from, until)| from < until);
    spans::without(&[whole], &spans::joined(taken))
}

/// Whether one of these stretches reaches into another.
pub(super) fn overlap(spans: &[Span], other: Span) -> bool {
    spans.iter().any(|(from, until)| *from < other.1 && other.0 < *until)
}

/// Whether these stretches together hold all of another.
pub(super) fn cover(spans: &[Span], other: Span) -> bool {
    without(other, spans.to_vec()).is_empty()
}

/// Where there is room for so many seconds.
pub(super) fn room(whole: Span, taken: Vec<Span>, seconds: i64) -> Vec<Span> {
    let fits = |(from, until): &Span| until.milliseconds_since(*from) >= seconds.saturating_mul(1_000);
    without(whole, taken).into_iter().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: i64, until: i64) -> Span {
        (Timestamp(from * 3_600_000), Timestamp(until * 3_600_000))
    }

    #[test]
    fn room_is_what_others_leave_and_is_long_enough() {
        let taken = || vec![hours(5, 7), hours(1, 3), hours(2, 4)];
        assert_eq!(room(hours(0, 10), taken(), 3_600), [hours(0, 1), hours(4, 5), hours(7, 10)]);
        assert_eq!(room(hours(2, 10), taken(), 7_200), [hours(7, 10)]);
        assert_eq!(room(hours(0, 1), Vec::new(), 7_200), []);
        assert_eq!(room(hours(2, 6), vec![hours(0, 9)], 1), []);
    }

    #[test]
    fn what_touches_does_not_overlap_and_covers_together() {
        assert!(!overlap(&[hours(1, 3)], hours(3, 4)));
        assert!(overlap(&[hours(1, 3)], hours(2, 4)));
        assert!(cover(&[hours(3, 5), hours(1, 3)], hours(2, 4)));
        assert!(!cover(&[hours(1, 3), hours(4, 5)], hours(2, 5)));
        assert!(!cover(&[], hours(2, 5)));
    }
}
