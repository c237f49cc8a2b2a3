//! The rest of a technician's day in its best order.

use fieldline_device::day;

use crate::error::FieldlineError;
use crate::guard::guarded;
use crate::platform::Platform;
use crate::value::{Moment, moment_out};
use crate::views::{Columns, Item};

/// A task of the day with its times.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Stop {
    /// The task.
    pub task: Item,
    /// How long the way takes.
    pub travel_seconds: i64,
    /// How long the way is.
    pub travel_meters: i64,
    /// When the technician is there.
    pub arrives_at: Moment,
    /// When the work begins, or goes on.
    pub begins_at: Moment,
    /// When the work ends.
    pub ends_at: Moment,
    /// Whether it has been begun.
    pub is_begun: bool,
}

/// A task of the day that has no place in the order.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct LeftOut {
    /// The task.
    pub task: Item,
    /// Why, and what to do.
    pub reason: String,
}

/// The rest of a day.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct DayPlan {
    /// What to do, in order.
    pub stops: Vec<Stop>,
    /// What is left out.
    pub left_out: Vec<LeftOut>,
    /// When the technician is back where the day ends.
    pub back_at: Moment,
    /// Whether this person may write the times into the tasks.
    pub may_take: bool,
}

/// A planned day that can be taken as it was shown.
#[derive(uniffi::Object)]
pub struct PlannedDay {
    pub(crate) plan: day::DayPlan,
    pub(crate) platform: Platform,
}

#[uniffi::export]
impl PlannedDay {
    /// What is shown of it.
    pub fn shown(&self) -> Result<DayPlan, FieldlineError> {
        guarded(&self.platform, "shown", || Ok(DayPlan::from(&self.plan)))
    }
}

impl From<&day::DayPlan> for DayPlan {
    fn from(plan: &day::DayPlan) -> Self {
        let plan = plan.clone();
        let columns = Columns::all();
        let stop = |stop: day::Stop| Stop {
            task: columns.item(stop.task),
            travel_seconds: stop.travel_seconds,
            travel_meters: stop.travel_meters,
            arrives_at: moment_out(stop.arrives_at),
            begins_at: moment_out(stop.begins_at),
            ends_at: moment_out(stop.ends_at),
            is_begun: stop.is_begun,
        };
        let left_out = |left: day::LeftOut| LeftOut { task: columns.item(left.task), reason: left.reason };
        Self {
            stops: plan.stops.into_iter().map(stop).collect(),
            left_out: plan.left_out.into_iter().map(left_out).collect(),
            back_at: moment_out(plan.back_at),
            may_take: plan.may_take,
        }
    }
}
