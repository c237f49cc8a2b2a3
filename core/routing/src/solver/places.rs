//! The best place for a visit in a tour, remembered as long as the tour stays as it is: most tries change a few tours and are
//! taken back, so most of what is asked was answered before.

use super::least::Least;
use super::near;
use super::settle::Room;
use super::tours::{NONE, Node, Tours};
use crate::model::{Model, NEVER};
use crate::walk::{Beyond, Call, Walk};

/// Most answers remembered: 16 MB.
const MOST_KNOWN: usize = 1 << 20;
/// The same where only visits are asked about that fit nowhere near: half a megabyte.
const MOST_KNOWN_FAR: usize = 1 << 15;

/// So many places in a tour are looked at closely once one fits.
const MOST_WALKED: u32 = 3;

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
    least: Least,
    guesses: Vec<Guess>,
    room: Room,
}

/// A place that has to be looked at more closely.
struct Guess {
    /// How many visits come before it.
    before: usize,
    /// The node it comes after.
    after: u32,
    /// What the ways cost more.
    ways: i32,
    /// What it costs more when breaks and ways over the depot are not looked at.
    more: i32,
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

/// Where both ends of a way allow it, walks the whole tour with the visit, first where that costs least when breaks and ways over
/// the depot are not looked at.
fn with_walks(tours: &Tours<'_, '_>, tour: u32, call: Call, except: u32, scratch: &mut Scratch) -> Place {
    let walk = Walk::new(tours.model, tour);
    let Scratch { least, guesses, room } = scratch;
    least.begin(tours, tour, walk.sets_out_by());
    guess(tours, (tour, call), except, least, guesses);
    let added = least.added(tours, tour);
    if is_plain(tours, &walk, call.stop) {
        let best = guesses.iter().min_by_key(|guess| guess.more);
        return best.map_or(NO_PLACE, |guess| Place { more: guess.more.saturating_sub(added), after: guess.after });
    }
    guesses.sort_by_key(|guess| guess.more);
    room.calls.clear();
    room.calls.extend(tours.calls(tour));
    let (mut best, mut walked) = (NO_PLACE, 0);
    for guess in guesses.iter() {
        let is_enough = best.after != NONE && walked >= MOST_WALKED;
        if is_enough || guess.more.saturating_sub(added) >= best.more {
            break;
        }
        walked += 1;
        room.calls.insert(guess.before, call);
        let with = walk.beyond_in(&room.calls, &mut room.progress);
        room.calls.remove(guess.before);
        let more = with.map(|with| guess.ways.saturating_add(weighed(tours, with, tours.beyond_of(tour))));
        best = more.filter(|more| *more < best.more).map_or(best, |more| Place { after: guess.after, more });
    }
    best
}

/// Whether the least a visit costs is what it costs.
fn is_plain(tours: &Tours<'_, '_>, walk: &Walk<'_, '_>, visit: u32) -> bool {
    let (model, tour) = (tours.model, walk.number);
    let is_plain_shift = walk.breaks.is_empty() && walk.shift.most_overtime_seconds == 0 && !model.is_limited(tour);
    model.has_plain_visits && is_plain_shift && !(walk.depot.is_some() && tours.wants_depot(tour, visit))
}

/// The places in a tour where both ends of a way allow a visit.
fn guess(tours: &Tours<'_, '_>, (tour, call): (u32, Call), except: u32, least: &mut Least, guesses: &mut Vec<Guess>) {
    let (model, mut after) = (tours.model, tours.start(tour));
    let place = model.stops[call.stop as usize].place;
    let service = model.service(call.stop, tour);
    guesses.clear();
    for before in 0.. {
        let Node { next, place: from, departs, way, .. } = tours.nodes[after as usize];
        let to = &tours.nodes[next as usize];
        let begins = model.begins(call.stop, (departs + model.seconds.between(from, place)).max(call.from));
        if begins == NEVER || begins > call.until {
            return;
        }
        if begins + service + model.seconds.between(place, to.place) <= to.latest && after != except {
            let ways = model.cost.between(from, place) + model.cost.between(place, to.place) - way;
            guesses.push(Guess { before, after, ways, more: least.more(tours, after, call, ways) });
        }
        if !tours.is_visit(next) {
            return;
        }
        least.go_on(tours, next);
        after = next;
    }
}

fn weighed(tours: &Tours<'_, '_>, with: Beyond, without: Beyond) -> i32 {
    let late = (with.late_seconds - without.late_seconds) * i64::from(tours.model.late_second_cost);
    (late + with.cost - without.cost).clamp(i64::from(i32::MIN / 2), i64::from(i32::MAX / 2)) as i32
}
