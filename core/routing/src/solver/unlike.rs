//! Which visits are taken out where shifts are unlike: strings out of tours that lie near each other leave everybody with much the
//! same work, which is not enough where few shifts may make a visit and tours are short.
//!
//! Visits go that are near in time too (Shaw, "Using constraint programming and local search methods to solve vehicle routing
//! problems", CP 1998), or all the work of shifts; and two shifts may exchange their work, as far as each can make it.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::ruin::{below, chance};
use super::tours::{NONE, Tours};
use crate::walk::Call;

/// How often visits are taken out that are near in time too.
const RELATED_CHANCE: f64 = 0.1;
/// At least so many of them, and so many more by lot.
const LEAST_RELATED: u32 = 4;
const MORE_RELATED: u32 = 12;
/// What a second of driving counts next to one between two visits.
const WAY_WEIGHT: f64 = 0.5;
/// How little at the least, and how much at the most, chance makes of what lies between two visits.
const BETWEEN: (f64, f64) = (0.3, 1.3);

/// How often all the work of shifts is taken out.
const WHOLE_CHANCE: f64 = 0.05;
/// Of so many shifts at the most, with so many visits.
const MOST_SHIFTS: u32 = 3;
const MOST_VISITS: u32 = 20;

/// How often two shifts exchange all their work first.
const EXCHANGE_CHANCE: f64 = 0.05;

/// Takes visits out in one of these ways; says whether enough are out, so that no strings are needed.
pub fn ruin(tours: &mut Tours<'_, '_>, touched: &mut Vec<u32>, rng: &mut Xoshiro256PlusPlus) -> bool {
    let drawn = chance(rng);
    if drawn < RELATED_CHANCE {
        take_related(tours, rng);
        return true;
    }
    if drawn < RELATED_CHANCE + WHOLE_CHANCE {
        take_whole(tours, touched, rng);
        return true;
    }
    if drawn < RELATED_CHANCE + WHOLE_CHANCE + EXCHANGE_CHANCE {
        exchange_work(tours, rng);
        return tours.busy.is_empty();
    }
    false
}

/// Lets two unlike shifts go on with each other's visits after two nodes, as far as they can; what they cannot make is absent. Says
/// whether they do.
pub fn exchange_tails(tours: &mut Tours<'_, '_>, one: u32, other: u32) -> bool {
    let (a, b) = (tours.nodes[one as usize].tour, tours.nodes[other as usize].tour);
    let are_unlike = tours.model.class[a as usize] != tours.model.class[b as usize];
    if are_unlike && tours.model.bonds.are_none() {
        go_on_as_each_other(tours, one, other);
        return true;
    }
    false
}

/// Lets two shifts make each other's visits; one of them may have had none.
fn exchange_work(tours: &mut Tours<'_, '_>, rng: &mut Xoshiro256PlusPlus) {
    let a = tours.busy[below(rng, tours.busy.len() as u32) as usize];
    let b = below(rng, tours.model.shifts().len() as u32);
    exchange_tails(tours, tours.start(a), tours.start(b));
}

fn go_on_as_each_other(tours: &mut Tours<'_, '_>, one: u32, other: u32) {
    let after = |node: u32| tours.walk_from(tours.nodes[node as usize].next).collect::<Vec<u32>>();
    let (of_one, of_other) = (after(one), after(other));
    of_one.iter().chain(&of_other).for_each(|visit| tours.remove(*visit));
    tours.settle();
    append(tours, one, &of_other);
    append(tours, other, &of_one);
}

fn append(tours: &mut Tours<'_, '_>, after: u32, visits: &[u32]) {
    let mut here = after;
    for visit in visits {
        if !tours.is_broken && tours.is_added(here, Call::any_time(*visit)) {
            here = *visit;
        } else {
            tours.absent.push(*visit);
        }
    }
}

/// Takes out all the work of shifts around a visit drawn by lot.
fn take_whole(tours: &mut Tours<'_, '_>, touched: &mut Vec<u32>, rng: &mut Xoshiro256PlusPlus) {
    let model = tours.model;
    let seed = below(rng, model.stops.len() as u32);
    let shifts = 1 + below(rng, MOST_SHIFTS);
    let mut left = MOST_VISITS;
    touched.clear();
    for visit in std::iter::once(&seed).chain(model.near(seed)) {
        let tour = tours.nodes[*visit as usize].tour;
        if tour == NONE || touched.contains(&tour) || tours.visits(tour) > left {
            continue;
        }
        left -= tours.visits(tour);
        let all: Vec<u32> = tours.walk(tour).collect();
        take(tours, all);
        touched.push(tour);
        if touched.len() as u32 >= shifts {
            return;
        }
    }
}

/// Takes out visits that are near one drawn by lot, and made at about the same time.
fn take_related(tours: &mut Tours<'_, '_>, rng: &mut Xoshiro256PlusPlus) {
    let model = tours.model;
    let seed = below(rng, model.stops.len() as u32);
    let at = tours.nodes[seed as usize];
    if at.tour == NONE {
        return;
    }
    let count = LEAST_RELATED + below(rng, MORE_RELATED);
    let between = |visit: u32| {
        let node = &tours.nodes[visit as usize];
        let way = f64::from(model.seconds.between(at.place, node.place));
        way * WAY_WEIGHT + f64::from((node.departs - at.departs).abs())
    };
    let made = model.near(seed).iter().filter(|visit| tours.nodes[**visit as usize].tour != NONE);
    let mut related: Vec<(f64, u32)> =
        made.map(|visit| (between(*visit) * (BETWEEN.0 + (BETWEEN.1 - BETWEEN.0) * chance(rng)), *visit)).collect();
    related.sort_by(|one, other| one.0.total_cmp(&other.0));
    let others = related.into_iter().take(count as usize - 1).map(|(_, visit)| visit);
    take(tours, std::iter::once(seed).chain(others));
}

fn take(tours: &mut Tours<'_, '_>, visits: impl IntoIterator<Item = u32>) {
    for visit in visits {
        tours.remove(visit);
        tours.absent.push(visit);
    }
}
