//! Every tool a visit needs is on board, or can be fetched.

use super::Obstacle;
use crate::problem::{Problem, Shift, Visit};

pub fn obstacle(problem: &Problem, visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    let can_fetch = |tool: &str| problem.depot_of(shift).is_some_and(|depot| depot.tools.contains(tool));
    visit.tools.difference(&shift.tools).find(|tool| !can_fetch(tool)).cloned().map(Obstacle::Tool)
}
