//! The problem as dense arrays: numbers for names, bits for rules, one row of ways at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::features::obstacle;
use crate::problem::{Problem, Shift, Visit, Window};

/// A moment no one reaches.
pub const NEVER: i32 = i32::MAX / 2;

/// What a visit asks for, in one cache line.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    pub place: u32,
    pub service: i32,
    pub from: i32,
    pub until: i32,
    /// Whether there are more windows, or the service depends on the technician.
    is_special: bool,
}

/// A square of ways, and the same transposed: what leads away from a place, and what leads there.
pub struct Ways {
    places: usize,
    away: Arc<[i32]>,
    there: Arc<[i32]>,
}

impl Ways {
    fn new(places: usize, away: Arc<[i32]>) -> Self {
        let is_symmetric = (0..places).all(|a| (0..a).all(|b| away[a * places + b] == away[b * places + a]));
        let transposed = || (0..places * places).map(|at| away[at % places * places + at / places]).collect();
        let there = if is_symmetric { away.clone() } else { transposed() };
        Self { places, away, there }
    }

    /// From one place to another.
    #[inline]
    pub fn between(&self, from: u32, to: u32) -> i32 {
        self.away[from as usize * self.places + to as usize]
    }

    /// From a place to each.
    #[inline]
    pub fn from(&self, place: u32) -> &[i32] {
        &self.away[place as usize * self.places..][..self.places]
    }

    /// From each place to one.
    #[inline]
    pub fn to(&self, place: u32) -> &[i32] {
        &self.there[place as usize * self.places..][..self.places]
    }
}

/// The problem as the search sees it. Shifts and visits keep their numbers.
pub struct Model<'p> {
    pub visits: &'p [Visit],
    pub shifts: &'p [Shift],
    pub stops: Vec<Stop>,
    pub seconds: Ways,
    pub cost: Ways,
    pub fewest_shifts: bool,
    /// Whether some visits are more urgent than others.
    pub has_priorities: bool,
    /// Sorts of things that are used up.
    pub parts: usize,
    /// What each visit uses, visit by visit.
    uses: Vec<i32>,
    /// What each shift has, shift by shift.
    stock: Vec<i32>,
    /// Which shifts may serve a visit, as bits.
    serves: Vec<u64>,
    words: usize,
    limits: Vec<bool>,
    /// Shifts of one class are alike in everything.
    pub class: Vec<u32>,
    pub classes: usize,
    /// For each visit, the others, nearest first.
    near: Vec<u32>,
    nears: usize,
}

/// Others a ruin looks at around a visit.
const MOST_NEAR: usize = 300;
impl<'p> Model<'p> {
    pub fn new(problem: &'p Problem) -> Self {
        let (visits, shifts, travel) = (problem.visits(), problem.shifts(), problem.travel());
        let places = travel.places();
        let (parts, uses, stock) = amounts(visits, shifts);
        let words = shifts.len().div_ceil(64);
        let (class, classes) = classes(shifts);
        let mut model = Self {
            visits,
            shifts,
            stops: visits.iter().map(stop).collect(),
            seconds: Ways::new(places, travel.all_seconds().clone()),
            cost: Ways::new(places, cost(problem)),
            fewest_shifts: problem.objective().fewest_shifts,
            has_priorities: visits.iter().any(|visit| visit.priority != visits[0].priority),
            parts,
            uses,
            stock,
            serves: vec![0; visits.len() * words],
            words,
            limits: shifts.iter().map(|shift| shift.most_travel_seconds.is_some()).collect(),
            class,
            classes,
            near: Vec::new(),
            nears: MOST_NEAR.min(visits.len().saturating_sub(1)),
        };
        for visit in 0..visits.len() {
            for shift in 0..shifts.len() {
                if obstacle(problem, visit, shift).is_none() {
                    model.serves[visit * words + shift / 64] |= 1 << (shift % 64);
                }
            }
        }
        model.near = (0..visits.len()).flat_map(|visit| model.nearest(visit)).collect();
        model
    }

    /// Whether a shift may serve a visit when it does nothing else.
    #[inline]
    pub fn serves(&self, shift: u32, visit: u32) -> bool {
        self.serves[visit as usize * self.words + shift as usize / 64] & (1 << (shift % 64)) != 0
    }

    /// Whether a shift may drive only so many seconds.
    #[inline]
    pub fn is_limited(&self, shift: u32) -> bool {
        self.limits[shift as usize]
    }

    /// How many shifts may serve a visit.
    pub fn candidates(&self, visit: u32) -> u32 {
        self.serves[visit as usize * self.words..][..self.words].iter().map(|word| word.count_ones()).sum()
    }

    #[inline]
    pub fn uses(&self, visit: u32) -> &[i32] {
        &self.uses[visit as usize * self.parts..][..self.parts]
    }

    #[inline]
    pub fn stock(&self, shift: u32) -> &[i32] {
        &self.stock[shift as usize * self.parts..][..self.parts]
    }

    /// The other visits, nearest first.
    #[inline]
    pub fn near(&self, visit: u32) -> &[u32] {
        &self.near[visit as usize * self.nears..][..self.nears]
    }

    #[inline]
    pub fn service(&self, visit: u32, shift: u32) -> i32 {
        let stop = &self.stops[visit as usize];
        if !stop.is_special {
            return stop.service;
        }
        self.visits[visit as usize].service_seconds_by(&self.shifts[shift as usize].technician)
    }

    /// When the work begins for somebody who is there at a moment; [`NEVER`] when every window is over.
    #[inline]
    pub fn begins(&self, visit: u32, arrives: i32) -> i32 {
        let stop = &self.stops[visit as usize];
        if arrives <= stop.until {
            return arrives.max(stop.from);
        }
        if !stop.is_special {
            return NEVER;
        }
        self.visits[visit as usize].begins(arrives).unwrap_or(NEVER)
    }

    /// The latest arrival after which the work can still begin by a moment; negative when there is none.
    #[inline]
    pub fn latest_arrival(&self, visit: u32, begins_by: i32) -> i32 {
        let stop = &self.stops[visit as usize];
        if stop.is_special {
            let windows = &self.visits[visit as usize].windows;
            if let Some(window) = windows.iter().rev().find(|window| window.from_seconds <= begins_by) {
                return window.until_seconds.min(begins_by);
            }
        }
        if begins_by < stop.from { -1 } else { stop.until.min(begins_by) }
    }

    fn nearest(&self, visit: usize) -> Vec<u32> {
        let ways = self.cost.from(self.stops[visit].place);
        let mut others: Vec<u32> = (0..self.stops.len() as u32).filter(|other| *other != visit as u32).collect();
        others.sort_by_key(|other| ways[self.stops[*other as usize].place as usize]);
        others.truncate(self.nears);
        others
    }
}

fn stop(visit: &Visit) -> Stop {
    let any = Window { from_seconds: 0, until_seconds: NEVER };
    let first = visit.windows.first().unwrap_or(&any);
    Stop {
        place: visit.place as u32,
        service: visit.service_seconds,
        from: first.from_seconds,
        until: first.until_seconds,
        is_special: visit.windows.len() > 1 || !visit.service_seconds_of.is_empty(),
    }
}

/// What a way costs; shares the problem's own matrix where that says it.
fn cost(problem: &Problem) -> Arc<[i32]> {
    let (travel, objective) = (problem.travel(), problem.objective());
    match (objective.meter_cost, objective.travel_second_cost) {
        (1, 0) => travel.all_meters().clone(),
        (0, 1) => travel.all_seconds().clone(),
        _ => {
            let both = travel.all_meters().iter().zip(travel.all_seconds().iter());
            both.map(|(meters, seconds)| objective.cost(i64::from(*meters), i64::from(*seconds)) as i32).collect()
        }
    }
}

/// How many sorts of parts there are, what each visit uses of each, and what each shift has.
fn amounts(visits: &[Visit], shifts: &[Shift]) -> (usize, Vec<i32>, Vec<i32>) {
    let names = visits.iter().flat_map(|visit| visit.parts.keys());
    let mut numbers: BTreeMap<&str, usize> = names.map(|name| (name.as_str(), 0)).collect();
    numbers.values_mut().enumerate().for_each(|(index, number)| *number = index);
    let row = |amounts: &BTreeMap<String, i32>| {
        let mut row = vec![0; numbers.len()];
        for (name, amount) in amounts {
            numbers.get(name.as_str()).into_iter().for_each(|number| row[*number] = *amount);
        }
        row
    };
    let uses = visits.iter().flat_map(|visit| row(&visit.parts)).collect();
    let stock = shifts.iter().flat_map(|shift| row(&shift.stock)).collect();
    (numbers.len(), uses, stock)
}

/// Which shifts are alike.
fn classes(shifts: &[Shift]) -> (Vec<u32>, usize) {
    let mut alike: Vec<&Shift> = Vec::new();
    let is_alike = |a: &Shift, b: &Shift| *a == Shift { name: a.name.clone(), ..b.clone() };
    let class = shifts.iter().map(|shift| {
        let known = alike.iter().position(|other| is_alike(other, shift));
        known.unwrap_or_else(|| {
            alike.push(shift);
            alike.len() - 1
        }) as u32
    });
    let class = class.collect();
    (class, alike.len())
}
