//! How large an answer the line is worth: a large one packs better and is written at less cost, but a cut loses it whole.

use fieldline_sync::caps::{DEFAULT_BUDGET_BYTES, MAX_BUDGET_BYTES};

/// A shorter answer tells how long the way is, not how wide.
const TELLING_BYTES: usize = 16 << 10;
/// An answer takes about as long as people wait without wondering.
const WAIT_MILLISECONDS: u64 = 1_000;

/// What the last answers showed of the line.
#[derive(Debug)]
pub(crate) struct Line {
    pub answer_bytes: u32,
}

impl Default for Line {
    fn default() -> Self {
        Self { answer_bytes: DEFAULT_BUDGET_BYTES }
    }
}

impl Line {
    /// Takes in that so many bytes came within so long of asking.
    pub fn carried(&mut self, bytes: usize, milliseconds: u64) {
        if bytes >= TELLING_BYTES {
            let carries = bytes as u64 * WAIT_MILLISECONDS / milliseconds.max(1);
            let carries = u32::try_from(carries).unwrap_or(u32::MAX);
            self.answer_bytes = carries.clamp(DEFAULT_BUDGET_BYTES, MAX_BUDGET_BYTES);
        }
    }

    /// Takes in that nothing came: the line is not what it was.
    pub fn failed(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_line_is_asked_for_more_until_it_fails_and_a_slow_one_never() {
        let mut line = Line::default();
        line.carried(60_000, 24_000);
        assert_eq!(line.answer_bytes, DEFAULT_BUDGET_BYTES, "2G");
        line.carried(300, 1);
        assert_eq!(line.answer_bytes, DEFAULT_BUDGET_BYTES, "that was no telling answer");
        line.carried(60_000, 500);
        assert_eq!(line.answer_bytes, 120_000);
        line.carried(60_000, 20);
        assert_eq!(line.answer_bytes, MAX_BUDGET_BYTES);
        line.failed();
        assert_eq!(line.answer_bytes, DEFAULT_BUDGET_BYTES);
    }
}
