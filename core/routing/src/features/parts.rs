//! What a visit uses up is on board, or can be fetched.

use super::Obstacle;
use crate::problem::{Problem, Shift, Visit};

pub fn obstacle(problem: &Problem, visit: &Visit, shift: &Shift) -> Option<Obstacle> {
    let can_fetch = |part: &str| problem.depot_of(shift).is_some_and(|depot| depot.parts.contains(part));
    visit.parts.iter().filter(|(part, _)| !can_fetch(part)).find_map(|(part, needs)| {
        let has = shift.stock.get(part).copied().unwrap_or(0);
        (has < *needs).then(|| Obstacle::Part { part: part.clone(), needs: *needs, has })
    })
}
