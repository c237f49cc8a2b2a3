//! The best place for a visit where there are many: next to a visit near it, whichever tour that belongs to, so that a try takes
//! no longer the more there are (granular neighbourhoods; Toth and Vigo 2003).

use super::places::Place;
use super::tours::{NONE, Tours};
use crate::model::Model;

/// From so many stops on it is better to look at near ones than at every tour.
const MANY: usize = 150;
/// So many near stops are looked at.
const LOOKED_AT: usize = 40;

/// Whether near stops are looked at first: they are many, and a place is judged by the two nodes around it.
pub fn is_first(model: &Model<'_>) -> bool {
    model.stops.len() >= MANY && !model.needs_walk
}

/// The best place next to a stop near a visit, or in a shift without visits where that is better; `None` where no near stop has
/// one.
pub fn best_place(tours: &Tours<'_, '_>, visit: u32, mut overlooks: impl FnMut() -> bool) -> Option<Place> {
    let mut best = Place { after: NONE, more: i32::MAX };
    for near in tours.model.near(visit).iter().take(LOOKED_AT) {
        let node = &tours.nodes[*near as usize];
        if node.tour == NONE {
            continue;
        }
        for after in [*near, node.prev] {
            let more = costs_more(tours, visit, after);
            if more < best.more && tours.fits_after(after, visit) && !overlooks() {
                best = Place { after, more };
            }
        }
    }
    if best.after == NONE {
        return None;
    }
    for tour in tours.idle.iter().filter_map(|class| class.last()) {
        let after = tours.start(*tour);
        let more = costs_more(tours, visit, after);
        if more < best.more && tours.fits_after(after, visit) {
            best = Place { after, more };
        }
    }
    Some(best)
}

/// What a visit after a node costs.
#[inline]
fn costs_more(tours: &Tours<'_, '_>, visit: u32, after: u32) -> i32 {
    let (model, node) = (tours.model, &tours.nodes[after as usize]);
    let (place, next) = (model.stops[visit as usize].place, tours.nodes[node.next as usize].place);
    let ways = model.cost.to(place)[node.place as usize] + model.cost.from(place)[next as usize] - node.way;
    ways + model.visit_cost(visit, node.tour)
}
