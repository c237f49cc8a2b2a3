//! The time zones people live in, from the IANA database as it was when this was built.

use chrono::{Offset, TimeZone};

use crate::time::{Timestamp, Zone};

/// Somebody's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserZone(chrono_tz::Tz);

impl UserZone {
    /// The zone of an IANA name such as `Europe/Monaco`; UTC where the name is empty or unknown.
    pub fn named(name: &str) -> Self {
        Self(name.parse().unwrap_or(chrono_tz::UTC))
    }

    /// Whether there is a zone of this name.
    pub fn is_known(name: &str) -> bool {
        name.parse::<chrono_tz::Tz>().is_ok()
    }

    /// How a moment reads on clocks there, as `yyyy-MM-dd HH:mm:ss`.
    pub fn shown(&self, at: Timestamp) -> String {
        at.plus_milliseconds(i64::from(self.ahead_seconds(at)) * 1_000).to_string()
    }
}

impl Zone for UserZone {
    fn ahead_seconds(&self, at: Timestamp) -> i32 {
        let Some(moment) = chrono::DateTime::from_timestamp_millis(at.0) else { return 0 };
        self.0.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_in_summer_and_winter_time_and_an_unknown_zone_is_utc() {
        let at = |text| Timestamp::parse(text).expect("a moment");
        let monaco = UserZone::named("Europe/Monaco");
        assert_eq!(monaco.shown(at("2026-07-01 12:00:00")), "2026-07-01 14:00:00");
        assert_eq!(monaco.shown(at("2026-01-01 12:00:00")), "2026-01-01 13:00:00");
        assert_eq!(UserZone::named("Mars/Olympus").shown(at("2026-01-01 12:00:00")), "2026-01-01 12:00:00");
    }
}
