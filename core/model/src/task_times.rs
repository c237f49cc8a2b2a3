//! How long a work order task takes and when its work may begin, as the task says: the same on the phone and on the server.
//!
//! A window holds the whole work, from its beginning to its end; a fixed one is kept or the task is not planned, any other is kept
//! where that can be. Source: ServiceNow "Task windows" and "Work order task
//! fields", where a task without a duration takes an hour.

use crate::record::Record;
use crate::time::Timestamp;
use crate::value::Value;

/// How long a task takes that does not say it.
pub const USUAL_WORK_SECONDS: i64 = 3_600;
/// The longest task that fits into anybody's roster.
const MOST_WORK_SECONDS: i64 = 7 * 86_400;

/// What a task says about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskTimes {
    /// How long the work takes.
    pub work_seconds: i64,
    /// Whether that is the usual time, because the task says none.
    pub is_usual: bool,
    /// The earliest moment the work may begin.
    pub earliest: Option<Timestamp>,
    /// The latest moment the work may begin, by a window that is fixed.
    pub latest: Option<Timestamp>,
    /// When the work should be over, by a window that is not.
    pub due: Option<Timestamp>,
}

/// What does not fit together in a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TaskTimesError {
    /// The window ends before it begins.
    #[error("window_end, {until}, is before window_start, {from}; swap or correct them")]
    Reversed {
        /// `window_start`
        from: Timestamp,
        /// `window_end`
        until: Timestamp,
    },
    /// The work takes longer than the window.
    #[error("the work takes {work_seconds} seconds and the window has {window_seconds}; widen it or shorten the work")]
    TooShort {
        /// How long the work takes.
        work_seconds: i64,
        /// How long the window is.
        window_seconds: i64,
    },
    /// The duration is no duration.
    #[error("estimated_work_duration, {0} seconds, is not between 0 and {MOST_WORK_SECONDS}; correct it")]
    Duration(i64),
}

impl TaskTimes {
    /// Reads a task.
    ///
    /// # Errors
    /// When its fields contradict each other.
    pub fn of(task: &Record) -> Result<Self, TaskTimesError> {
        let said = task.get("estimated_work_duration").and_then(Value::as_integer).unwrap_or(0);
        if !(0..=MOST_WORK_SECONDS).contains(&said) {
            return Err(TaskTimesError::Duration(said));
        }
        let is_usual = said == 0;
        let work_seconds = if is_usual { USUAL_WORK_SECONDS } else { said };
        let (earliest, until) = (task.time("window_start"), task.time("window_end"));
        if let (Some(from), Some(until)) = (earliest, until) {
            let window_seconds = until.milliseconds_since(from).div_euclid(1_000);
            if window_seconds < 0 {
                return Err(TaskTimesError::Reversed { from, until });
            }
            if window_seconds < work_seconds {
                return Err(TaskTimesError::TooShort { work_seconds, window_seconds });
            }
        }
        let is_fixed = task.says("is_fixed_window");
        let latest = until.filter(|_| is_fixed).map(|until| until.plus_milliseconds(-1_000 * work_seconds));
        let due = until.filter(|_| !is_fixed);
        Ok(Self { work_seconds, is_usual, earliest, latest, due })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DocumentId, SysId};

    fn task(fields: &[(&str, Value)]) -> Record {
        let mut task = Record::new(DocumentId::new("wm_task", SysId([1; 16])));
        fields.iter().for_each(|(field, value)| task.set(*field, Some(value.clone())));
        task
    }

    fn hour(hour: i64) -> Value {
        Value::Time(Timestamp(hour * 3_600_000))
    }

    #[test]
    fn the_work_begins_early_enough_to_end_within_a_fixed_window_and_is_due_by_the_end_of_any_other() {
        let window = [("window_start", hour(8)), ("window_end", hour(12))];
        let times = TaskTimes::of(&task(&window)).expect("it fits together");
        let moment = |hour: i64| Some(Timestamp(hour * 3_600_000));
        assert_eq!((times.work_seconds, times.is_usual), (3_600, true));
        assert_eq!((times.earliest, times.latest, times.due), (moment(8), None, moment(12)));
        let fixed = [&window[..], &[("is_fixed_window", Value::Boolean(true))]].concat();
        let times = TaskTimes::of(&task(&fixed)).expect("it fits together");
        assert_eq!((times.earliest, times.latest, times.due), (moment(8), moment(11), None));
        let open = TaskTimes::of(&task(&[("estimated_work_duration", Value::Integer(600))])).expect("it fits together");
        assert_eq!((open.work_seconds, open.is_usual, open.latest, open.due), (600, false, None, None));
    }

    #[test]
    fn what_contradicts_itself_is_named() {
        let says = |fields: &[(&str, Value)]| TaskTimes::of(&task(fields)).expect_err("it does not fit").to_string();
        assert!(says(&[("window_start", hour(9)), ("window_end", hour(8))]).contains("is before window_start"));
        let long = ("estimated_work_duration", Value::Integer(7_200));
        assert!(says(&[("window_start", hour(8)), ("window_end", hour(9)), long]).contains("takes 7200 seconds"));
        assert!(says(&[("estimated_work_duration", Value::Integer(-1))]).contains("-1 seconds"));
    }
}
