//! A plan: who visits whom and when, and who is visited by nobody.

use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::score::Score;

/// What happens at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// A visit is made: its place in the problem.
    Visit(usize),
    /// A break is taken: its place in the shift.
    Break(usize),
    /// Tools and parts are fetched at the shift's depot: its place in the problem.
    Depot(usize),
}

/// Something that happens in a tour, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stop {
    /// What.
    #[serde(flatten)]
    pub activity: Activity,
    /// When it begins, in seconds since the problem's beginning.
    pub begins_seconds: i32,
}

/// A technician's way through one shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tour {
    /// The shift, by its place in the problem.
    pub shift: usize,
    /// When the technician sets out.
    pub leaves_seconds: i32,
    /// What happens, in its order; at least one visit.
    pub stops: Vec<Stop>,
}

impl Tour {
    /// The visits in their order.
    pub fn visits(&self) -> impl Iterator<Item = usize> {
        self.timed_visits().map(|(visit, _)| visit)
    }

    /// The visits in their order, with the moments they begin.
    pub fn timed_visits(&self) -> impl Iterator<Item = (usize, i32)> {
        self.stops.iter().filter_map(|stop| match stop.activity {
            Activity::Visit(visit) => Some((visit, stop.begins_seconds)),
            Activity::Break(_) | Activity::Depot(_) => None,
        })
    }
}

/// A visit nobody makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unserved {
    /// The visit, by its place in the problem.
    pub visit: usize,
}

/// Who visits whom.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Plan {
    /// The tours, in the order of their shifts.
    pub tours: Vec<Tour>,
    /// The visits in no tour, in their order.
    pub unserved: Vec<Unserved>,
    /// How good it is.
    pub score: Score,
}

/// The visits that some tours do not make and that somebody should, in their order.
pub(crate) fn unserved_by(problem: &Problem, tours: &[Tour]) -> Vec<Unserved> {
    let mut is_settled = problem.is_done();
    tours.iter().flat_map(Tour::visits).for_each(|visit| is_settled[visit] = true);
    (0..is_settled.len()).filter(|visit| !is_settled[*visit]).map(|visit| Unserved { visit }).collect()
}

impl Plan {
    /// The tour of a shift, if it has one.
    pub fn tour_of(&self, shift: usize) -> Option<&Tour> {
        self.tours.iter().find(|tour| tour.shift == shift)
    }
}
