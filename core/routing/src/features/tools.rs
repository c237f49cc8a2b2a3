//! Every tool a visit needs is on board.

use super::Obstacle;
use crate::problem::{Problem, Shift, Visit};

pub fn obstacle(_: &Problem, visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    visit.tools.difference(&shift.tools).next().cloned().map(Obstacle::Tool)
}
