//! Some visits are for certain technicians only, or for all but some.

use super::Obstacle;
use crate::problem::{Problem, Shift, Visit};

pub fn obstacle(_: &Problem, visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    let wish = &visit.technicians;
    if wish.excluded.contains(&shift.technician) {
        return Some(Obstacle::Excluded);
    }
    let is_for_others = !wish.required.is_empty() && !wish.required.contains(&shift.technician);
    is_for_others.then_some(Obstacle::OtherTechnician)
}
