//! A clock as a row of `task_sla`, and back. Durations are written as the moment that long after 1970 began.

use super::{BusinessTime, Clock, ClockStage};
use crate::record::Record;
use crate::time::Timestamp;
use crate::value::{Decimal, Value};

const STAGES: [(&str, ClockStage); 4] = [
    ("in_progress", ClockStage::InProgress),
    ("paused", ClockStage::Paused),
    ("completed", ClockStage::Completed),
    ("cancelled", ClockStage::Cancelled),
];
/// The field that says how much business time 100 percent is.
const PROMISED: &str = "promised_duration";

/// The clock a row holds; `None` when it holds none.
pub fn clock(row: &Record) -> Option<Clock> {
    let milliseconds = |field: &str| row.time(field).map_or(0, |moment| moment.0);
    let (_, stage) = *STAGES.iter().find(|(name, _)| *name == row.text("stage"))?;
    Some(Clock {
        stage,
        start: row.time("start_time")?,
        end: row.time("end_time"),
        planned_end: row.time("planned_end_time"),
        original_breach: row.time("original_breach_time"),
        pause_time: row.time("pause_time"),
        pause_milliseconds: milliseconds("pause_duration"),
        business_pause_milliseconds: milliseconds("business_pause_duration"),
        duration_milliseconds: milliseconds(PROMISED),
        has_breached: row.says("has_breached"),
    })
}

/// Writes a clock into its row.
pub fn write(row: &mut Record, clock: &Clock) {
    let stage = STAGES.iter().find(|(_, stage)| *stage == clock.stage).map(|(name, _)| Value::text(*name));
    row.set("stage", stage);
    row.set("active", Some(Value::Boolean(clock.stage.is_active())));
    row.set("has_breached", Some(Value::Boolean(clock.has_breached)));
    for (field, moment) in [
        ("start_time", Some(clock.start)),
        ("end_time", clock.end),
        ("planned_end_time", clock.planned_end),
        ("original_breach_time", clock.original_breach),
        ("pause_time", clock.pause_time),
    ] {
        row.set(field, moment.map(Value::Time));
    }
    for (field, milliseconds) in [
        ("pause_duration", clock.pause_milliseconds),
        ("business_pause_duration", clock.business_pause_milliseconds),
        (PROMISED, clock.duration_milliseconds),
    ] {
        row.set(field, Some(lasting(milliseconds)));
    }
}

/// Writes what has elapsed by a moment into a row.
pub fn show_elapsed(row: &mut Record, clock: &Clock, at: Timestamp, business: BusinessTime<'_>) {
    let elapsed = clock.elapsed(at, business);
    row.set("duration", Some(lasting(elapsed.actual_milliseconds)));
    row.set("business_duration", Some(lasting(elapsed.business_milliseconds)));
    row.set("time_left", elapsed.actual_left_milliseconds.map(lasting));
    row.set("business_time_left", Some(lasting(elapsed.business_left_milliseconds)));
    row.set("percentage", Some(percent(elapsed.actual_percent)));
    row.set("business_percentage", Some(percent(elapsed.business_percent)));
    row.set("has_breached", Some(Value::Boolean(clock.is_breached_by(at))));
}

fn lasting(milliseconds: i64) -> Value {
    Value::Time(Timestamp(milliseconds))
}

/// A percentage with two decimals, cut and not rounded: 100 is said of what is breached only.
fn percent(percent: f64) -> Value {
    Value::Decimal(Decimal { millionths: (percent * 100.0) as i64 * 10_000 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DocumentId, SysId};
    use crate::time::Utc0;

    fn running(duration_milliseconds: i64) -> Clock {
        Clock {
            stage: ClockStage::InProgress,
            start: Timestamp(1_000),
            end: None,
            planned_end: Some(Timestamp(1_000 + duration_milliseconds)),
            original_breach: Some(Timestamp(1_000 + duration_milliseconds)),
            pause_time: None,
            pause_milliseconds: 5,
            business_pause_milliseconds: 4,
            duration_milliseconds,
            has_breached: false,
        }
    }

    #[test]
    fn a_clock_comes_back_from_its_row_as_it_went_in() {
        let mut row = Record::new(DocumentId::new("task_sla", SysId([1; 16])));
        assert_eq!(clock(&row), None);
        for (_, stage) in STAGES {
            let ended = Some(Timestamp(9_000)).filter(|_| !stage.is_active());
            let pause_time = Some(Timestamp(8_000)).filter(|_| stage == ClockStage::Paused);
            let held = Clock { stage, end: ended, pause_time, has_breached: stage.is_active(), ..running(7_777) };
            write(&mut row, &held);
            assert_eq!(clock(&row), Some(held));
        }
    }

    #[test]
    fn what_is_almost_breached_is_not_said_to_be() {
        let mut row = Record::new(DocumentId::new("task_sla", SysId([1; 16])));
        let held = Clock { pause_milliseconds: 0, business_pause_milliseconds: 0, ..running(100_000) };
        let business = BusinessTime { calendar: None, zone: &Utc0 };
        for (passed, percentage, breached) in
            [(99_951, "99.95", false), (99_999, "99.99", false), (100_000, "100", true)]
        {
            show_elapsed(&mut row, &held, Timestamp(1_000 + passed), business);
            assert_eq!(row.get("business_percentage").map(ToString::to_string).as_deref(), Some(percentage));
            assert_eq!(row.get("has_breached"), Some(&Value::Boolean(breached)));
        }
    }
}
