//! There is time to go there, work, and be back.

use super::Obstacle;
use crate::problem::{Problem, Shift, Visit};

pub fn obstacle(problem: &Problem, visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    let (from, at) = shift.sets_out();
    let (there, back) =
        (problem.travel().seconds(from, visit.place), problem.travel().seconds(visit.place, shift.end_place));
    if shift.most_travel_seconds.is_some_and(|most| there + back > most) {
        return Some(Obstacle::Travel);
    }
    let Some(begins) = visit.begins(at + there) else { return Some(Obstacle::Window) };
    let is_late = begins + visit.service_seconds_by(&shift.technician) + back > shift.ends_by();
    is_late.then_some(Obstacle::ShiftEnd)
}
