//! When a request that had no good answer is tried again: by which plan, how long after, and when nobody tries any more.

use chrono::DateTime;
use fieldline_model::{Record, Timestamp};
use rand_core::Rng;

use crate::query::number_field;

/// The longest between two attempts.
const LONGEST_MILLISECONDS: i64 = 24 * 60 * 60_000;
/// The longest that `Retry-After` is believed, and that anything is tried at all.
const MOST_ELAPSED_SECONDS: i64 = 604_800;

/// How the next wait follows from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strategy {
    /// Always as long.
    Fixed,
    /// Twice as long each time.
    Exponential,
    /// As long as the other side says.
    RetryAfter,
}

/// A plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    strategy: Strategy,
    interval_milliseconds: i64,
    /// Attempts after the first.
    count: u32,
    most_elapsed_milliseconds: i64,
}

impl Policy {
    /// What webhooks are sent by: after 5 seconds, then twice as long each time, for five days.
    pub const WEBHOOK: Self = Self {
        strategy: Strategy::Exponential,
        interval_milliseconds: 5_000,
        count: 24,
        most_elapsed_milliseconds: 5 * 24 * 60 * 60_000,
    };
    /// What a connection is asked by whose alias says nothing.
    pub const USUAL: Self = Self {
        strategy: Strategy::Exponential,
        interval_milliseconds: 10_000,
        count: 5,
        most_elapsed_milliseconds: 24 * 60 * 60_000,
    };

    /// The plan a row of `sys_retry_policy` describes.
    pub fn read(row: &Record) -> Self {
        let strategy = match row.text("retry_strategy") {
            "fixed_time_interval" => Strategy::Fixed,
            "retry_after" => Strategy::RetryAfter,
            _ => Strategy::Exponential,
        };
        let seconds = |field: &str, usual: i64, most: i64| number_field(row, field).unwrap_or(usual).clamp(1, most);
        Self {
            strategy,
            interval_milliseconds: seconds("interval", 10, MOST_ELAPSED_SECONDS) * 1_000,
            count: number_field(row, "count").and_then(|count| u32::try_from(count).ok()).unwrap_or(5).min(100),
            most_elapsed_milliseconds: seconds("max_elapsed_time", 86_400, MOST_ELAPSED_SECONDS) * 1_000,
        }
    }

    /// When to try again after `attempts` in vain of which the first was possible since `began`; `None` when it was enough.
    pub fn next(
        &self,
        attempts: u32,
        (began, now): (Timestamp, Timestamp),
        retry_after_milliseconds: Option<i64>,
        rng: &mut dyn Rng,
    ) -> Option<Timestamp> {
        let counts = self.strategy != Strategy::RetryAfter;
        if counts && attempts > self.count {
            return None;
        }
        let planned = match self.strategy {
            Strategy::Fixed | Strategy::RetryAfter => self.interval_milliseconds,
            Strategy::Exponential => {
                let doubled = self.interval_milliseconds.saturating_mul(1 << attempts.saturating_sub(1).min(30));
                spread(doubled.min(LONGEST_MILLISECONDS), rng)
            }
        };
        let wait = planned.max(retry_after_milliseconds.unwrap_or_default());
        let due_at = now.plus_milliseconds(wait);
        (due_at.milliseconds_since(began) <= self.most_elapsed_milliseconds).then_some(due_at)
    }
}

/// Between three quarters and five quarters of a wait, so that those who failed together do not come back together.
fn spread(wait: i64, rng: &mut dyn Rng) -> i64 {
    let half = u64::try_from(wait / 2).unwrap_or_default();
    let part = i64::try_from(rng.next_u64() % (half + 1)).unwrap_or_default();
    wait - wait / 4 + part
}

/// How long a `Retry-After` asks to wait: seconds, or until a moment.
pub(super) fn retry_after_milliseconds(header: &str, now: Timestamp) -> Option<i64> {
    let header = header.trim();
    let wait = match header.parse::<u32>() {
        Ok(seconds) => i64::from(seconds) * 1_000,
        Err(_) => DateTime::parse_from_rfc2822(header).ok()?.timestamp_millis() - now.0,
    };
    Some(wait.max(0))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use fieldline_model::{DocumentId, SysId, Value};
    use rand_core::{TryRng, utils};

    use super::*;

    /// Dice that show the least, or the most.
    struct Dice(u64);

    impl TryRng for Dice {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(self.0 as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(self.0)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            utils::fill_bytes_via_next_word(bytes, || self.try_next_u64())
        }
    }

    const NOW: Timestamp = Timestamp(1_772_438_400_000);

    fn policy(fields: &[(&str, &str)], numbers: &[(&str, i64)]) -> Policy {
        let mut row = Record::new(DocumentId::new("sys_retry_policy", SysId([1; 16])));
        fields.iter().for_each(|(field, text)| row.set(*field, Some(Value::text(*text))));
        numbers.iter().for_each(|(field, number)| row.set(*field, Some(Value::Integer(*number))));
        Policy::read(&row)
    }

    #[test]
    fn waits_double_and_are_spread_and_come_to_an_end() {
        let policy = policy(&[("retry_strategy", "exponential_backoff")], &[("count", 3), ("interval", 10)]);
        let next = |attempts, dice| policy.next(attempts, (NOW, NOW), None, &mut Dice(dice)).map(|due| due.0 - NOW.0);
        assert_eq!([1, 2, 3, 4].map(|tried| next(tried, 0)), [Some(7_500), Some(15_000), Some(30_000), None]);
        assert_eq!(next(1, 5_000), Some(12_500), "half of the wait more");
    }

    #[test]
    fn who_says_when_to_come_back_is_believed_but_not_for_ever() {
        let fixed = policy(&[("retry_strategy", "fixed_time_interval")], &[("interval", 10), ("max_elapsed_time", 60)]);
        let next = |since: i64, after| {
            let began = NOW.plus_milliseconds(-since);
            fixed.next(1, (began, NOW), after, &mut Dice(0)).map(|due| due.0 - NOW.0)
        };
        assert_eq!([next(0, None), next(0, Some(45_000)), next(0, Some(61_000))], [Some(10_000), Some(45_000), None]);
        assert_eq!([next(50_000, None), next(50_001, None)], [Some(10_000), None]);
        let told = policy(&[("retry_strategy", "retry_after")], &[("count", 1)]);
        assert!(told.next(50, (NOW, NOW), Some(1_000), &mut Dice(0)).is_some(), "only its time counts");
        for (header, wait) in [
            ("120", Some(120_000)),
            (" 0 ", Some(0)),
            ("Mon, 02 Mar 2026 08:01:00 GMT", Some(60_000)),
            ("Sun, 01 Mar 2026 08:01:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
        ] {
            assert_eq!(retry_after_milliseconds(header, NOW), wait, "{header}");
        }
    }

    #[test]
    fn a_webhook_is_tried_for_days() {
        let (mut now, mut tries) = (NOW, 0);
        while let Some(due) = Policy::WEBHOOK.next(tries + 1, (NOW, now), None, &mut Dice(0)) {
            (now, tries) = (due, tries + 1);
        }
        let days = now.milliseconds_since(NOW) / 86_400_000;
        assert!((3..=5).contains(&days) && (14..=20).contains(&tries), "{days} days, {tries} tries");
    }
}
