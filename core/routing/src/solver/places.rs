//! The best place for a visit in a tour, remembered as long as the tour stays as it is: most tries change a few tours and are
//! taken back, so most of what is asked was answered before.

use super::near;
use super::tours::{NONE, Node, Tours};
use crate::model::{Model, NEVER};
use crate::walk::{Beyond, Call, Progress, Walk};

/// Most answers remembered: 16 MB.
const MOST_KNOWN: usize = 1 << 20;
/// The same where only visits are asked about that fit nowhere near: half a megabyte.
const MOST_KNOWN_FAR: usize = 1 << 15;

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

const NOTHING_KNOWN: Known = Known { visit: NONE, version: 0, place: NO_PLACE };

/// What is remembered.
pub struct Places {
    known: Vec<Known>,
    scratch: Scratch,
}

/// Room to walk in, used again and again.
#[derive(Default)]
pub struct Scratch {
    calls: Vec<Call>,
    progress: Progress,
    ahead: [Progress; 2],
}

impl Places {
    /// Remembers nothing yet.
    pub fn new(model: &Model<'_>) -> Self {
        let (visits, shifts) = (model.stops.len(), model.shifts().len());
        let most = if near::is_first(model) { MOST_KNOWN_FAR } else { MOST_KNOWN };
        // A power of two, so that a mask finds the entry.
        let size = (visits * shifts).max(1).next_power_of_two().min(most.max(shifts.next_power_of_two()));
        Self { known: vec![NOTHING_KNOWN; size], scratch: Scratch::default() }
    }

    /// Forgets everything, because other tours are asked about from now on.
    pub fn forget(&mut self) {
        self.known.fill(NOTHING_KNOWN);
    }

    /// The cheapest place for a visit in a tour.
    pub fn best(&mut self, tours: &Tours<'_, '_>, tour: u32, visit: u32) -> Place {
        let shifts = tours.model.shifts().len();
        let at = (visit as usize * shifts + tour as usize) & (self.known.len() - 1);
        let (known, version) = (&mut self.known[at], tours.version(tour));
        if (known.visit, known.version) != (visit, version) {
            *known = Known {
                visit,
                version,
                place: look_through(tours, tour, Call::any_time(visit), NONE, &mut self.scratch),
            };
        }
        known.place
    }

    /// The cheapest place but for the best.
    pub fn second_best(&mut self, tours: &Tours<'_, '_>, tour: u32, visit: u32, best: u32) -> Place {
        look_through(tours, tour, Call::any_time(visit), best, &mut self.scratch)
    }
}

/// The cheapest place for a visit in a tour, but for the one after a node.
pub fn look_through(tours: &Tours<'_, '_>, tour: u32, call: Call, except: u32, scratch: &mut Scratch) -> Place {
    let model = tours.model;
    if !model.serves(tour, call.stop) || !tours.has_parts_for(tour, call.stop) {
        return NO_PLACE;
    }
    let mut place = if model.needs_walk {
        with_walks(tours, tour, call, except, scratch)
    } else {
        by_ways(tours, tour, call.stop, except)
    };
    if place.after != NONE {
        place.more = place.more.saturating_add(model.visit_cost(call.stop, tour));
    }
    place
}

/// Looks at both ends of each way only.
fn by_ways(tours: &Tours<'_, '_>, tour: u32, visit: u32, except: u32) -> Place {
    let (model, mut best) = (tours.model, NO_PLACE);
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

/// Where both ends of a way allow it, walks the whole tour with the visit.
fn with_walks(tours: &Tours<'_, '_>, tour: u32, call: Call, except: u32, scratch: &mut Scratch) -> Place {
    let (model, mut best, mut here) = (tours.model, NO_PLACE, tours.start(tour));
    let place = model.stops[call.stop as usize].place;
    let service = model.service(call.stop, tour);
    let mut trial = Trial::new(tours, tour, call, scratch);
    loop {
        let Node { next, place: before, departs, way, .. } = tours.nodes[here as usize];
        let after = &tours.nodes[next as usize];
        let begins = model.begins(call.stop, (departs + model.seconds.between(before, place)).max(call.from));
        if begins == NEVER || begins > call.until {
            return best;
        }
        let more = model.cost.between(before, place) + model.cost.between(place, after.place) - way;
        let fits = begins + service + model.seconds.between(place, after.place) <= after.latest;
        if more < best.more && fits && here != except {
            let more = trial.beyond().map(|beyond| more.saturating_add(beyond));
            best = more.filter(|more| *more < best.more).map_or(best, |more| Place { after: here, more });
        }
        if !tours.is_visit(next) || !trial.go_on() {
            return best;
        }
        here = next;
    }
}

/// A tour with one more visit, first before all others, then after the first, and so on.
struct Trial<'s, 't, 'm, 'p> {
    walk: Walk<'m, 'p>,
    tours: &'t Tours<'m, 'p>,
    tour: u32,
    call: Call,
    /// How many visits come before the one that is tried.
    before: usize,
    scratch: &'s mut Scratch,
}

impl<'s, 't, 'm, 'p> Trial<'s, 't, 'm, 'p> {
    fn new(tours: &'t Tours<'m, 'p>, tour: u32, call: Call, scratch: &'s mut Scratch) -> Self {
        let walk = Walk::new(tours.model, tour);
        scratch.calls.clear();
        scratch.calls.extend(tours.calls(tour));
        let wants_depot = walk.wants_depot(scratch.calls.iter().chain([&call]).map(|call| call.stop));
        walk.start(wants_depot, &mut scratch.progress);
        Self { walk, tours, tour, call, before: 0, scratch }
    }

    /// Lets one more visit come before; says whether that is possible.
    fn go_on(&mut self) -> bool {
        let Scratch { calls, progress, ahead: [next, _] } = &mut *self.scratch;
        let is_possible = self.walk.go_on(progress, calls[self.before], next);
        std::mem::swap(progress, next);
        self.before += 1;
        is_possible
    }

    /// What the visit costs here beyond ways, as the search weighs it; `None` when it does not fit.
    fn beyond(&mut self) -> Option<i32> {
        let Scratch { calls, progress, ahead: [one, other] } = &mut *self.scratch;
        if !self.walk.go_on(progress, self.call, one) {
            return None;
        }
        for call in &calls[self.before..] {
            if !self.walk.go_on(one, *call, other) {
                return None;
            }
            std::mem::swap(one, other);
        }
        let (with, without) = (self.walk.ends(one)?, self.tours.beyond_of(self.tour));
        Some(weighed(self.tours, with, without))
    }
}

fn weighed(tours: &Tours<'_, '_>, with: Beyond, without: Beyond) -> i32 {
    let late = (with.late_seconds - without.late_seconds) * i64::from(tours.model.late_second_cost);
    (late + with.cost - without.cost).clamp(i64::from(i32::MIN / 2), i64::from(i32::MAX / 2)) as i32
}
