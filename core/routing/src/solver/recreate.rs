//! Where visits go: one after the other, each to the cheapest place that is feasible, now and then overlooking one (section 5.2
//! of the paper).

use rand_xoshiro::Xoshiro256PlusPlus;

use super::places::Places;
use super::ruin::{below, chance};
use super::tours::{NONE, Tours};
use super::{held, near, regret};
use crate::model::Model;

/// How often a place is overlooked.
const BLINK_CHANCE: f64 = 0.01;

/// How often those go first that lose most by waiting, where that pays.
const REGRET_CHANCE: f64 = 0.1;

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
    overlooks: bool,
    places: Places,
    sorted: Vec<u32>,
}

impl Recreate {
    pub fn new(model: &Model<'_>) -> Self {
        let keys =
            ORDERS.map(|(order, _)| (0..model.stops.len() as u32).map(|visit| key(model, order, visit)).collect());
        Self { keys, until_blink: 0, overlooks: true, places: Places::new(model), sorted: Vec::new() }
    }

    /// Puts back whatever fits anywhere, overlooking nothing.
    pub fn complete(&mut self, tours: &mut Tours<'_, '_>, rng: &mut Xoshiro256PlusPlus) {
        self.places.forget();
        self.overlooks = false;
        self.put_back(tours, i64::MAX, rng);
        self.overlooks = true;
    }

    /// Puts back whatever fits, now and then overlooking a place. Gives up as soon as the ways cost as much as they must not, which
    /// they rarely do less with one more visit; says whether it is done.
    pub fn put_back(&mut self, tours: &mut Tours<'_, '_>, bar: i64, rng: &mut Xoshiro256PlusPlus) -> bool {
        let mut sorted = std::mem::take(&mut self.sorted);
        sorted.clear();
        sorted.append(&mut tours.absent);
        if self.overlooks && regret::pays(tours.model, sorted.len()) && chance(rng) < REGRET_CHANCE {
            let blinks = || is_overlooked(&mut self.until_blink, rng);
            regret::put_back(tours, &mut sorted, &mut self.places, blinks);
            self.sorted = sorted;
            return true;
        }
        self.sort(tours.model, &mut sorted, rng);
        let is_done = sorted.iter().all(|visit| {
            self.put(tours, *visit, rng);
            tours.cost < bar
        });
        self.sorted = sorted;
        is_done
    }

    fn put(&mut self, tours: &mut Tours<'_, '_>, visit: u32, rng: &mut Xoshiro256PlusPlus) {
        if tours.model.is_held(visit) {
            return held::put_back(tours, visit);
        }
        match self.best_place(tours, visit, rng) {
            NONE => tours.absent.push(visit),
            after => tours.insert(visit, after),
        }
        tours.settle();
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
        if model.has_priorities || !model.bonds.are_none() {
            let visit_list = model.problem.visits();
            visits.sort_by_key(|visit| (model.bonds.urgency(visit_list, *visit), model.bonds.depth(*visit)));
        }
    }

    fn best_place(&mut self, tours: &Tours<'_, '_>, visit: u32, rng: &mut Xoshiro256PlusPlus) -> u32 {
        if near::is_first(tours.model)
            && let Some(place) = near::best_place(tours, visit, || self.blinks(rng))
        {
            return place.after;
        }
        let (mut after, mut least) = (NONE, i32::MAX);
        let idle = tours.idle.iter().filter_map(|class| class.last());
        for tour in tours.busy.iter().chain(idle) {
            let mut place = self.places.best(tours, *tour, visit);
            if place.more < least && self.blinks(rng) {
                place = self.places.second_best(tours, *tour, visit, place.after);
            }
            if place.more < least {
                (after, least) = (place.after, place.more);
            }
        }
        after
    }

    /// Whether this place is overlooked: how many are not is drawn at once.
    fn blinks(&mut self, rng: &mut Xoshiro256PlusPlus) -> bool {
        self.overlooks && is_overlooked(&mut self.until_blink, rng)
    }
}

fn is_overlooked(until_blink: &mut u32, rng: &mut Xoshiro256PlusPlus) -> bool {
    if *until_blink > 0 {
        *until_blink -= 1;
        return false;
    }
    *until_blink = ((1.0 - chance(rng)).ln() / (1.0 - BLINK_CHANCE).ln()) as u32;
    true
}

fn key(model: &Model<'_>, order: Order, visit: u32) -> i32 {
    let stop = &model.stops[visit as usize];
    let away = || {
        let homes =
            model.shifts().iter().take(64).map(|shift| model.cost.between(shift.sets_out().0 as u32, stop.place));
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
