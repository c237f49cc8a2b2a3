//! Points in time: milliseconds since 1970 in UTC, and the two ways people write them.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Always handed in, never taken from a clock below the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

impl Timestamp {
    /// The same moment `milliseconds` later (earlier when negative), kept within the representable range.
    pub fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Milliseconds from `earlier` to `self`, negative when `earlier` is later.
    pub fn milliseconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads `yyyy-MM-dd HH:mm:ss` in UTC, the Table API's way of writing a moment; also `yyyy-MM-dd` (midnight) and
    /// RFC 3339. `None` when the text is none of them.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Some(Self(moment.timestamp_millis()));
        }
        let spaced = text.replacen('T', " ", 1);
        let full = if spaced.len() == 10 { format!("{spaced} 00:00:00") } else { spaced };
        let moment = NaiveDateTime::parse_from_str(&full, "%Y-%m-%d %H:%M:%S").ok()?;
        Some(Self(moment.and_utc().timestamp_millis()))
    }

    /// RFC 3339 with milliseconds, for logs and native JSON; moments beyond the year 262142 read as `never`.
    pub fn to_rfc3339(self) -> String {
        self.chrono().map_or("never".into(), |moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    }

    fn chrono(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

/// Where people's days begin: how far their clocks are from UTC. The zone data live outside the model, which must stay small.
pub trait Zone {
    /// Seconds that clocks here are ahead of UTC at a moment.
    fn ahead_seconds(&self, at: Timestamp) -> i32;
}

/// Clocks that show UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Utc0;

impl Zone for Utc0 {
    fn ahead_seconds(&self, _: Timestamp) -> i32 {
        0
    }
}

/// `yyyy-MM-dd HH:mm:ss` in UTC, as the Table API answers.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.chrono() {
            // Written digit by digit, for a page of a list has hundreds.
            Some(moment) if (0..10_000).contains(&moment.year()) => {
                let year = moment.year().unsigned_abs();
                let date = [year / 100, year % 100, moment.month(), moment.day()];
                let time = [moment.hour(), moment.minute(), moment.second()];
                let mut text = *b"0000-00-00 00:00:00";
                for (part, at) in date.into_iter().chain(time).zip([0, 2, 5, 8, 11, 14, 17]) {
                    text[at] += (part / 10) as u8;
                    text[at + 1] += (part % 10) as u8;
                }
                f.write_str(str::from_utf8(&text).expect("digits are text"))
            }
            Some(moment) => write!(f, "{}", moment.format("%Y-%m-%d %H:%M:%S")),
            None => f.write_str("never"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_every_form_clients_write_it() {
        let moment = Timestamp(1_456_708_560_000);
        assert_eq!(moment.to_string(), "2016-02-29 01:16:00");
        for text in ["2016-02-29 01:16:00", "2016-02-29T01:16:00", "2016-02-29T02:16:00+01:00", "2016-02-29T01:16:00Z"]
        {
            assert_eq!(Timestamp::parse(text), Some(moment), "{text}");
        }
        assert_eq!(Timestamp::parse("2016-02-29").map(|day| day.to_string()).as_deref(), Some("2016-02-29 00:00:00"));
        assert_eq!(Timestamp::parse("29-02-2016"), None);
    }

    #[test]
    fn no_moment_however_far_makes_the_text_fail() {
        for extreme in [i64::MIN, i64::MAX] {
            assert_eq!(Timestamp(extreme).to_string(), "never");
            assert_eq!(Timestamp(extreme).plus_milliseconds(extreme.signum()), Timestamp(extreme));
        }
    }
}
