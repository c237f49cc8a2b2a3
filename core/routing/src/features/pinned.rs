//! A visit that a dispatcher has pinned to a shift stays there.

use super::Obstacle;
use crate::problem::{Problem, Visit};

pub fn obstacle(_: &Problem, visit: &Visit, shift: usize) -> Option<Obstacle> {
    visit.pinned_shift.filter(|pinned| *pinned != shift).map(Obstacle::Pinned)
}
