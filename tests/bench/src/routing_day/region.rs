//! Made-up work in a made-up region: places in a square, roads a good third longer than the crow flies.

use std::collections::BTreeMap;
use std::sync::Arc;

use fieldline_routing::{Break, Objective, Problem, Shift, Travel, Visit, Window};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

pub const MINUTE: i32 = 60;
pub const HOUR: i32 = 60 * MINUTE;
const DETOUR: f64 = 1.4;
const METERS_PER_SECOND: f64 = 12.0;
const TRADES: [&str; 5] = ["cooling", "electricity", "gas", "networks", "water"];

/// Dice that fall the same way every time.
pub struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub fn between(&mut self, least: i32, most: i32) -> i32 {
        least + (self.0.next_u64() % (most - least + 1) as u64) as i32
    }

    pub fn happens(&mut self, per_cent: i32) -> bool {
        self.between(1, 100) <= per_cent
    }

    pub fn trade(&mut self) -> BTreeMap<String, u32> {
        let trade = TRADES[self.between(0, TRADES.len() as i32 - 1) as usize];
        BTreeMap::from([(trade.to_owned(), 1)])
    }
}

/// So many places in a square with sides of so many meters.
pub fn travel(dice: &mut Dice, places: usize, side_meters: i32) -> Travel {
    let points: Vec<(i32, i32)> =
        (0..places).map(|_| (dice.between(0, side_meters), dice.between(0, side_meters))).collect();
    let way = |from: &(i32, i32), to: &(i32, i32)| f64::from(from.0 - to.0).hypot(f64::from(from.1 - to.1)) * DETOUR;
    let all = |per_meter: f64| -> Arc<[i32]> {
        let ways = points.iter().flat_map(|from| points.iter().map(move |to| way(from, to)));
        ways.map(|meters| (meters * per_meter).round() as i32).collect()
    };
    Travel::new(places, all(1.0 / METERS_PER_SECOND), all(1.0)).expect("the square is small")
}

/// A working day from half past seven to five.
pub fn shift(name: &str, home: usize, day: i32) -> Shift {
    let at = |seconds: i32| day * 24 * HOUR + seconds;
    Shift {
        name: name.to_owned(),
        technician: name.to_owned(),
        start_place: home,
        end_place: home,
        start_seconds: at(7 * HOUR + HOUR / 2),
        end_seconds: at(17 * HOUR),
        ..Shift::default()
    }
}

/// Half an hour, begun between half past eleven and one.
pub fn lunch() -> Break {
    let (from_seconds, until_seconds) = (11 * HOUR + HOUR / 2, 13 * HOUR);
    Break { from_seconds, until_seconds, break_seconds: HOUR / 2 }
}

/// A visit that half of the time was promised for two to four hours of the day.
pub fn visit(dice: &mut Dice, place: usize, service_minutes: [i32; 2]) -> Visit {
    let from_seconds = dice.between(15, 27) * HOUR / 2;
    let until_seconds = from_seconds + dice.between(4, 8) * HOUR / 2;
    let service_seconds = dice.between(service_minutes[0], service_minutes[1]) * MINUTE;
    let windows = if dice.happens(50) { vec![Window { from_seconds, until_seconds }] } else { Vec::new() };
    Visit { place, service_seconds, windows, ..Visit::default() }
}

/// All of it as a problem in which driving costs.
pub fn problem(visits: Vec<Visit>, shifts: Vec<Shift>, travel: Travel) -> Problem {
    Problem::new(visits, shifts, Vec::new(), travel, Objective::default()).expect("made-up days make sense")
}
