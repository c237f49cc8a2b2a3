//! The best place for a visit in a tour, remembered as long as the tour stays as it is: most tries change a few tours and are
//! taken back, so most of what is asked was answered before.

use super::model::NEVER;
use super::tours::{NONE, Node, Tours};

/// Most answers remembered: 16 MB.
const MOST_KNOWN: usize = 1 << 20;

/// A place in a tour.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The node it comes after; [`NONE`] when there is no place.
    pub after: u32,
    /// What it costs more.
    pub more: i32,
}

const NO_PLACE: Place = Place { after: NONE, more: i32::MAX };

#[derive(Clone, Copy)]
struct Known {
    visit: u32,
    /// Of the tour, which has another after every change.
    version: u32,
    place: Place,
}

/// What is remembered.
pub struct Places {
    known: Vec<Known>,
}

impl Places {
    /// Remembers nothing yet.
    pub fn new(visits: usize, shifts: usize) -> Self {
        // A power of two, so that a mask finds the entry.
        let size = (visits * shifts).max(1).next_power_of_two().min(MOST_KNOWN.max(shifts.next_power_of_two()));
        Self { known: vec![Known { visit: NONE, version: 0, place: NO_PLACE }; size] }
    }

    /// The cheapest place for a visit in a tour.
    pub fn best(&mut self, tours: &Tours<'_, '_>, tour: u32, visit: u32) -> Place {
        let shifts = tours.model.shifts.len();
        let at = (visit as usize * shifts + tour as usize) & (self.known.len() - 1);
        let (known, version) = (&mut self.known[at], tours.version(tour));
        if (known.visit, known.version) != (visit, version) {
            *known = Known { visit, version, place: look_through(tours, tour, visit, NONE) };
        }
        known.place
    }
}

/// The cheapest place for a visit in a tour, but for the one after a node.
pub fn look_through(tours: &Tours<'_, '_>, tour: u32, visit: u32, except: u32) -> Place {
    let model = tours.model;
    let mut best = NO_PLACE;
    if !model.serves(tour, visit) || !tours.has_parts_for(tour, visit) {
        return best;
    }
    let place = model.stops[visit as usize].place;
    let (cost_to, cost_from) = (model.cost.to(place), model.cost.from(place));
    let (seconds_to, seconds_from) = (model.seconds.to(place), model.seconds.from(place));
    let (service, end, is_limited) = (model.service(visit, tour), tours.end(tour), model.is_limited(tour));
    let mut here = tours.start(tour);
    while here != end {
        let Node { next, place, departs, way, .. } = tours.nodes[here as usize];
        let after = &tours.nodes[next as usize];
        let begins = model.begins(visit, departs + seconds_to[place as usize]);
        if begins == NEVER {
            break;
        }
        let more = cost_to[place as usize] + cost_from[after.place as usize] - way;
        let fits = begins + service + seconds_from[after.place as usize] <= after.latest;
        if more < best.more && fits && here != except && (!is_limited || tours.may_drive(visit, here)) {
            best = Place { after: here, more };
        }
        here = next;
    }
    best
}
