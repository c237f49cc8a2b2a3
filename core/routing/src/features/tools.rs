//! Every tool a visit needs is on board.

use super::Obstacle;
use crate::problem::{Shift, Visit};

pub fn obstacle(visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    visit.tools.difference(&shift.tools).next().cloned().map(Obstacle::Tool)
}
