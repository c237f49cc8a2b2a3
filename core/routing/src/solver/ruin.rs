//! Which visits are taken out: strings of neighbours in a few tours that lie near each other, so that there is room where
//! others could go (section 5.1 of the paper).

use rand_core::Rng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::tours::{NONE, Tours};
use super::unlike;

/// How many visits are taken out on average.
const AVERAGE_REMOVED: f64 = 8.0;
/// The longest string.
const LONGEST_STRING: f64 = 10.0;
/// How often a string is taken from both sides of some visits that stay.
const SPLIT_CHANCE: f64 = 0.5;
/// How often one more of them stays.
const STAYS_CHANCE: f64 = 0.01;

/// How often two tours exchange their tails first: strings of ten never turn long tours around.
const EXCHANGE_CHANCE: f64 = 0.1;
/// So many near visits are candidates for an exchange.
const NEAR_EXCHANGED: u32 = 8;

/// From 0 to 1, without 1.
pub fn chance(rng: &mut Xoshiro256PlusPlus) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// One of so many.
pub fn below(rng: &mut Xoshiro256PlusPlus, most: u32) -> u32 {
    ((u64::from(rng.next_u32()) * u64::from(most)) >> 32) as u32
}

/// Takes strings out around a visit drawn by lot; sometimes two tours near it exchange their tails before.
pub fn ruin(tours: &mut Tours<'_, '_>, touched: &mut Vec<u32>, rng: &mut Xoshiro256PlusPlus) {
    let visits = tours.model.stops.len() as u32;
    if tours.busy.is_empty() {
        return;
    }
    if chance(rng) < EXCHANGE_CHANCE {
        exchange_near(tours, below(rng, visits), rng);
    }
    if tours.model.has_unlike_days() && unlike::ruin(tours, touched, rng) {
        return;
    }
    let served = tours.served();
    let average = f64::from(served) / tours.busy.len() as f64;
    let longest = LONGEST_STRING.min(average);
    let most_strings = 4.0 * AVERAGE_REMOVED / (1.0 + longest) - 1.0;
    let strings = (chance(rng) * most_strings + 1.0) as usize;
    let seed = below(rng, visits);
    touched.clear();
    let model = tours.model;
    for visit in std::iter::once(&seed).chain(model.near(seed)) {
        let tour = tours.nodes[*visit as usize].tour;
        if tour == NONE || touched.contains(&tour) {
            continue;
        }
        let longest = longest.min(f64::from(tours.visits(tour)));
        let length = (chance(rng) * longest + 1.0) as u32;
        take_string(tours, *visit, length, rng);
        touched.push(tour);
        if touched.len() >= strings {
            return;
        }
    }
}

/// Lets the tour of a visit go on after it as another tour near it does, and that one as this.
fn exchange_near(tours: &mut Tours<'_, '_>, visit: u32, rng: &mut Xoshiro256PlusPlus) {
    let model = tours.model;
    if tours.nodes[visit as usize].tour == NONE {
        return;
    }
    let near = model.near(visit);
    let from = below(rng, NEAR_EXCHANGED.min(near.len() as u32).max(1)) as usize;
    for other in near[from.min(near.len())..].iter().take(NEAR_EXCHANGED as usize) {
        let prev = tours.nodes[*other as usize].prev;
        let is_made = tours.nodes[*other as usize].tour != NONE;
        if is_made && (tours.exchange_tails(visit, prev) || unlike::exchange_tails(tours, visit, prev)) {
            return;
        }
    }
}

/// Takes so many visits out of a tour, in a string that holds one of them, or held it if it happens to stay.
fn take_string(tours: &mut Tours<'_, '_>, visit: u32, length: u32, rng: &mut Xoshiro256PlusPlus) {
    let all = tours.visits(tours.nodes[visit as usize].tour);
    let mut stays = 0;
    if length > 1 && length < all && chance(rng) < SPLIT_CHANCE {
        stays = 1;
        while length + stays < all && chance(rng) < STAYS_CHANCE {
            stays += 1;
        }
    }
    let span = length + stays;
    let mut here = first_of_string(tours, visit, span, rng);
    let keeps_from = if stays > 0 { 1 + below(rng, length - 1) } else { span };
    for index in 0..span {
        let next = tours.nodes[here as usize].next;
        if index < keeps_from || index >= keeps_from + stays {
            tours.remove(here);
            tours.absent.push(here);
        }
        here = next;
    }
}

/// Where a string of so many that holds a visit begins.
fn first_of_string(tours: &Tours<'_, '_>, visit: u32, span: u32, rng: &mut Xoshiro256PlusPlus) -> u32 {
    let count = |step: fn(&super::tours::Node) -> u32| {
        let (mut here, mut count) = (visit, 0);
        while count < span - 1 {
            here = step(&tours.nodes[here as usize]);
            if !tours.is_visit(here) {
                break;
            }
            count += 1;
        }
        count
    };
    let (before, after) = (count(|node| node.prev), count(|node| node.next));
    let least = (span - 1).saturating_sub(after);
    let back = least + below(rng, before.min(span - 1) - least + 1);
    (0..back).fold(visit, |here, _| tours.nodes[here as usize].prev)
}
