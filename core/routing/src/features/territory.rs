//! A shift that has territories serves no other.

use super::Obstacle;
use crate::problem::{Problem, Shift, Visit};

pub fn obstacle(_: &Problem, visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    let territory = visit.territory.as_ref().filter(|_| !shift.territories.is_empty())?;
    (!shift.territories.contains(territory)).then(|| Obstacle::Territory(territory.clone()))
}
