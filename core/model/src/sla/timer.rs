//! The moment of the next percentage, so that a timer is one row and nothing polls.

use std::cmp::Reverse;

use super::{BusinessTime, Clock, ClockStage};
use crate::time::Timestamp;

impl Clock {
    /// The first moment later than `after` at which one of the percentages is reached, and which; of several at once the greatest.
    /// 100 percent is the breach. `None` while it stands, and when all are past or the calendar has too few hours.
    pub fn next_event(
        &self,
        percents: &[u32],
        after: Timestamp,
        business: BusinessTime<'_>,
    ) -> Option<(Timestamp, u32)> {
        if self.stage != ClockStage::InProgress {
            return None;
        }
        let from = after.max(self.start);
        let elapsed = self.business_milliseconds(from, business);
        let moment = |percent: u32| match percent {
            100 => self.planned_end.filter(|end| *end > after),
            _ => {
                let missing = self.share(percent).saturating_sub(elapsed);
                if missing > 0 { business.after(from, missing) } else { None }
            }
        };
        let events = percents.iter().filter_map(|percent| Some((moment(*percent)?, *percent)));
        events.min_by_key(|(at, percent)| (*at, Reverse(*percent)))
    }

    /// So many percent of the duration, the started millisecond counted whole.
    fn share(&self, percent: u32) -> i64 {
        let share = (i128::from(self.duration_milliseconds) * i128::from(percent) + 99) / 100;
        i64::try_from(share).unwrap_or(i64::MAX)
    }
}
