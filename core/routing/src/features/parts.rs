//! What a visit uses up is on board.

use super::Obstacle;
use crate::problem::{Problem, Shift, Visit};

pub fn obstacle(_: &Problem, visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    visit.parts.iter().find_map(|(part, needs)| {
        let has = shift.stock.get(part).copied().unwrap_or(0);
        (has < *needs).then(|| Obstacle::Part { part: part.clone(), needs: *needs, has })
    })
}
