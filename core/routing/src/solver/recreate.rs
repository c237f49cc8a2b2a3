//! Where visits go: one after the other, each to the cheapest place that is feasible, now and then overlooking one (section 5.2
//! of the paper).

use rand_xoshiro::Xoshiro256PlusPlus;

use super::model::{FEW_VISITS, Model};
use super::ruin::{below, chance};
use super::tours::{NONE, Node, Tours};

/// How often a place is overlooked.
const BLINK_CHANCE: f64 = 0.01;

/// The orders in which visits are put back, with the weights they are drawn by.
const ORDERS: [(Order, u32); 8] = [
    (Order::Chance, 4),
    (Order::Parts, 2),
    (Order::FewestShifts, 2),
    (Order::Far, 2),
    (Order::Close, 1),
    (Order::ShortestWindow, 2),
    (Order::EarliestWindow, 2),
    (Order::LatestEnd, 2),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Chance,
    Parts,
    FewestShifts,
    Far,
    Close,
    ShortestWindow,
    EarliestWindow,
    LatestEnd,
}

/// What the orders go by, worked out once.
pub struct Recreate {
    keys: [Vec<i32>; ORDERS.len()],
    until_blink: u32,
    /// Whether only likely places are looked at, and some of them overlooked.
    overlooks: bool,
    sorted: Vec<u32>,
}

/// The best place found for a visit.
struct Best {
    after: u32,
    more: i32,
}

impl Recreate {
    pub fn new(model: &Model<'_>) -> Self {
        let keys =
            ORDERS.map(|(order, _)| (0..model.stops.len() as u32).map(|visit| key(model, order, visit)).collect());
        Self { keys, until_blink: 0, overlooks: true, sorted: Vec::new() }
    }

    /// Puts back whatever fits anywhere, overlooking nothing.
    pub fn complete(&mut self, tours: &mut Tours<'_, '_>, rng: &mut Xoshiro256PlusPlus) {
        self.overlooks = false;
        self.put_back(tours, rng);
        self.overlooks = true;
    }

    /// Puts back whatever fits, now and then overlooking a place.
    pub fn put_back(&mut self, tours: &mut Tours<'_, '_>, rng: &mut Xoshiro256PlusPlus) {
        let mut sorted = std::mem::take(&mut self.sorted);
        sorted.clear();
        sorted.append(&mut tours.absent);
        self.sort(tours.model, &mut sorted, rng);
        for visit in &sorted {
            match self.best_place(tours, *visit, rng) {
                Some(best) => tours.insert(*visit, best.after),
                None => tours.absent.push(*visit),
            }
        }
        self.sorted = sorted;
    }

    fn sort(&self, model: &Model<'_>, visits: &mut [u32], rng: &mut Xoshiro256PlusPlus) {
        let mut drawn = below(rng, ORDERS.iter().map(|(_, weight)| weight).sum());
        let order = ORDERS.iter().position(|(_, weight)| {
            let is_it = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            is_it
        });
        let order = order.expect("it is one of them");
        for last in (1..visits.len()).rev() {
            visits.swap(last, below(rng, last as u32 + 1) as usize);
        }
        if ORDERS[order].0 != Order::Chance {
            let keys = &self.keys[order];
            visits.sort_by_key(|visit| keys[*visit as usize]);
        }
        if model.has_priorities {
            visits.sort_by_key(|visit| model.visits[*visit as usize].priority);
        }
    }

    fn best_place(&mut self, tours: &Tours<'_, '_>, visit: u32, rng: &mut Xoshiro256PlusPlus) -> Option<Best> {
        let mut best = Best { after: NONE, more: i32::MAX };
        let model = tours.model;
        if model.stops.len() <= FEW_VISITS || !self.overlooks {
            for tour in &tours.busy {
                self.look_through(tours, *tour, visit, &mut best, rng);
            }
        } else {
            for from in model.before(visit) {
                self.look_after(tours, *from, visit, &mut best, rng);
            }
            for to in model.after(visit) {
                let Node { prev, tour, .. } = tours.nodes[*to as usize];
                if tour != NONE {
                    self.look_after(tours, prev, visit, &mut best, rng);
                }
            }
        }
        let idle = tours.idle.iter().filter_map(|class| class.last());
        for tour in idle {
            self.look_after(tours, tours.start(*tour), visit, &mut best, rng);
        }
        (best.after != NONE).then_some(best)
    }

    /// Looks at every place in a tour.
    fn look_through(
        &mut self,
        tours: &Tours<'_, '_>,
        tour: u32,
        visit: u32,
        best: &mut Best,
        rng: &mut Xoshiro256PlusPlus,
    ) {
        let model = tours.model;
        if !model.serves(tour, visit) || !tours.has_parts_for(tour, visit) {
            return;
        }
        let stop = &model.stops[visit as usize];
        let (cost_to, cost_from) = (model.cost.to(stop.place), model.cost.from(stop.place));
        let (seconds_to, seconds_from) = (model.seconds.to(stop.place), model.seconds.from(stop.place));
        let service = model.service(visit, tour);
        let end = tours.end(tour);
        let mut here = tours.start(tour);
        while here != end {
            let Node { next, place, departs, way, .. } = tours.nodes[here as usize];
            let after = &tours.nodes[next as usize];
            let begins = model.begins(visit, departs + seconds_to[place as usize]);
            if begins == super::model::NEVER {
                return;
            }
            let more = cost_to[place as usize] + cost_from[after.place as usize] - way;
            let fits = begins + service + seconds_from[after.place as usize] <= after.latest;
            if fits && more < best.more && !self.blinks(rng) && tours.may_drive(visit, here) {
                *best = Best { after: here, more };
            }
            here = next;
        }
    }

    /// Looks at the place after a node, if that is in a tour.
    fn look_after(
        &mut self,
        tours: &Tours<'_, '_>,
        here: u32,
        visit: u32,
        best: &mut Best,
        rng: &mut Xoshiro256PlusPlus,
    ) {
        let model = tours.model;
        let Node { next, tour, place, departs, way, .. } = tours.nodes[here as usize];
        if tour == NONE {
            return;
        }
        let after = &tours.nodes[next as usize];
        let to = model.stops[visit as usize].place;
        let more = model.cost.to(to)[place as usize] + model.cost.from(to)[after.place as usize] - way;
        if more >= best.more || !model.serves(tour, visit) || !tours.has_parts_for(tour, visit) {
            return;
        }
        let begins = model.begins(visit, departs + model.seconds.to(to)[place as usize]);
        let leaves = begins + model.service(visit, tour);
        let fits = leaves + model.seconds.from(to)[after.place as usize] <= after.latest;
        if fits && !self.blinks(rng) && tours.may_drive(visit, here) {
            *best = Best { after: here, more };
        }
    }

    /// Whether this place is overlooked: how many are not is drawn at once.
    fn blinks(&mut self, rng: &mut Xoshiro256PlusPlus) -> bool {
        if !self.overlooks {
            return false;
        }
        if self.until_blink > 0 {
            self.until_blink -= 1;
            return false;
        }
        self.until_blink = ((1.0 - chance(rng)).ln() / (1.0 - BLINK_CHANCE).ln()) as u32;
        true
    }
}

fn key(model: &Model<'_>, order: Order, visit: u32) -> i32 {
    let stop = &model.stops[visit as usize];
    let away = || {
        let homes = model.shifts.iter().take(64).map(|shift| model.cost.between(shift.start_place as u32, stop.place));
        homes.min().unwrap_or(0)
    };
    match order {
        Order::Chance => 0,
        Order::Parts => -model.uses(visit).iter().sum::<i32>(),
        Order::FewestShifts => model.candidates(visit) as i32,
        Order::Far => -away(),
        Order::Close => away(),
        Order::ShortestWindow => stop.until - stop.from,
        Order::EarliestWindow => stop.from,
        Order::LatestEnd => -stop.until,
    }
}
