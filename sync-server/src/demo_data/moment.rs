//! Moments told from the day the data is loaded: `-3d 09:30` is half past nine (UTC) three days before.

use fieldline_model::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Reads a moment; `None` when the text is written otherwise.
pub fn read(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (days, clock) = text.split_once("d ")?;
    let (hours, minutes) = clock.split_once(':')?;
    let number = |text: &str| text.parse::<i64>().ok();
    let midnight = Timestamp(now.0.div_euclid(DAY) * DAY);
    let after = number(days)? * DAY + number(hours)? * HOUR + number(minutes)? * MINUTE;
    Some(midnight.plus_milliseconds(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_from_the_day_of_loading() {
        let now = Timestamp::parse("2026-03-02 17:45:00").expect("a moment");
        let read = |text| read(text, now).map(|moment| moment.to_string());
        assert_eq!(read("-3d 09:30").as_deref(), Some("2026-02-27 09:30:00"));
        assert_eq!(read("+1d 00:05").as_deref(), Some("2026-03-03 00:05:00"));
        assert_eq!(read("2026-03-02 17:45:00"), None);
    }
}
