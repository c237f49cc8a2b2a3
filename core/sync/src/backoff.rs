//! When to try again: exponential with full jitter, so that a thousand phones coming out of one tunnel do not knock at once.

use fieldline_model::Timestamp;
use rand_core::Rng;

use crate::caps::MAX_BACKOFF_MILLISECONDS;

/// The span of the first pause.
const FIRST_MILLISECONDS: i64 = 2_000;
/// No pause is shorter: a line that fails at once must not become a busy loop.
const SHORTEST_MILLISECONDS: i64 = 250;

/// Counts failures in a row and draws the next pause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Notes a failure and says when to try again.
    pub fn failed(&mut self, now: Timestamp, rng: &mut dyn Rng) -> Timestamp {
        let doublings = self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        let span = (FIRST_MILLISECONDS << doublings).min(MAX_BACKOFF_MILLISECONDS);
        let drawn = (rng.next_u64() % (span as u64 + 1)) as i64;
        now.plus_milliseconds(drawn.max(SHORTEST_MILLISECONDS))
    }

    /// Notes a success: the next failure starts from the shortest span again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn pauses_grow_stay_below_five_minutes_and_start_over_after_a_success() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut backoff = Backoff::default();
        let pauses: Vec<i64> = (0..2_000).map(|_| backoff.failed(Timestamp(0), &mut rng).0).collect();
        assert!(pauses[0] <= FIRST_MILLISECONDS);
        assert!(pauses.iter().all(|pause| (SHORTEST_MILLISECONDS..=MAX_BACKOFF_MILLISECONDS).contains(pause)));
        assert!(pauses[1_000..].iter().any(|pause| *pause > MAX_BACKOFF_MILLISECONDS / 2), "the span reaches the cap");
        backoff.reset();
        assert!(backoff.failed(Timestamp(0), &mut rng).0 <= FIRST_MILLISECONDS);
    }

    #[test]
    fn phones_that_failed_together_do_not_return_together() {
        let returns = |seed| {
            let mut backoff = Backoff { failures: 6 };
            backoff.failed(Timestamp(0), &mut ChaCha8Rng::seed_from_u64(seed)).0 / 1_000
        };
        let seconds: std::collections::BTreeSet<i64> = (0..100).map(returns).collect();
        assert!(seconds.len() > 50, "{} different seconds", seconds.len());
    }
}
