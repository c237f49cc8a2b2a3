//! The stretches of time during which clocks somewhere are not changed.
//!
//! A [`Zone`] answers only for one moment, so it is asked every fourth day. Two changes that undo each other within four days
//! would not be seen; the shortest summer of the IANA database since 1970 has seven (Boa Vista, October 2000; a test looks). The
//! moment of a change is found to the millisecond.

use crate::time::{Timestamp, Zone};

/// How often a zone is asked.
const STRIDE_MILLISECONDS: i64 = 4 * 86_400_000;

/// Some time during which clocks are equally far ahead of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub from: i64,
    pub until: i64,
    pub ahead_milliseconds: i64,
}

/// The pieces from one moment until another, in order. A long time without changes comes in more than one.
pub(super) struct Pieces<'a> {
    zone: &'a dyn Zone,
    from: i64,
    until: i64,
    /// How many more strides the next piece may have, so that who stops early asks little.
    strides: u32,
}

impl<'a> Pieces<'a> {
    pub fn new(zone: &'a dyn Zone, from: i64, until: i64) -> Self {
        Self { zone, from, until, strides: 1 }
    }

    fn ahead(&self, at: i64) -> i64 {
        i64::from(self.zone.ahead_seconds(Timestamp(at))) * 1_000
    }

    /// The moment of the change between one moment and another with a different answer.
    fn change(&self, mut before: i64, mut after: i64, ahead_milliseconds: i64) -> i64 {
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.ahead(middle) == ahead_milliseconds { before = middle } else { after = middle }
        }
        after
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.from >= self.until {
            return None;
        }
        let (from, ahead_milliseconds) = (self.from, self.ahead(self.from));
        let mut same = from;
        for _ in 0..self.strides {
            let next = same.saturating_add(STRIDE_MILLISECONDS).min(self.until);
            if self.ahead(next) != ahead_milliseconds {
                same = self.change(same, next, ahead_milliseconds);
                break;
            }
            same = next;
        }
        self.strides = (self.strides * 2).min(128);
        self.from = same;
        Some(Piece { from, until: same, ahead_milliseconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Monaco;

    impl Zone for Monaco {
        fn ahead_seconds(&self, at: Timestamp) -> i32 {
            let at = |text| Timestamp::parse(text).expect("a moment") <= at;
            if at("2026-03-29 01:00:00") && !at("2026-10-25 01:00:00") { 7_200 } else { 3_600 }
        }
    }

    #[test]
    fn the_pieces_of_a_year_meet_where_clocks_are_changed() {
        let at = |text| Timestamp::parse(text).expect("a moment").0;
        let (from, until) = (at("2026-01-01 00:00:00"), at("2027-01-01 00:00:00"));
        let pieces: Vec<Piece> = Pieces::new(&Monaco, from, until).collect();
        assert_eq!((pieces[0].from, pieces[pieces.len() - 1].until), (from, until));
        assert!(pieces.windows(2).all(|two| two[0].until == two[1].from && two[0].from < two[0].until));
        let changed = |two: &[Piece]| two[0].ahead_milliseconds != two[1].ahead_milliseconds;
        let changes: Vec<i64> = pieces.windows(2).filter(|two| changed(two)).map(|two| two[1].from).collect();
        assert_eq!(changes, [at("2026-03-29 01:00:00"), at("2026-10-25 01:00:00")]);
        assert_eq!(Pieces::new(&Monaco, until, from).next(), None);
    }
}
