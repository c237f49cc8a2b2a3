//! The problem as dense arrays: numbers for names, bits for rules, one row of ways at a time.
//!
//! Shifts keep their numbers, and so do visits; a crew's further members are stops of their own behind the visits.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bonds::Bonds;
use crate::pairs::{Abilities, Pairs};
use crate::problem::{Objective, Problem, Shift, Visit, Window};

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
    pub is_special: bool,
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

/// The problem as the search sees it.
pub struct Model<'p> {
    pub problem: &'p Problem,
    pub stops: Vec<Stop>,
    pub seconds: Ways,
    pub cost: Ways,
    /// When those visits are over that were made or are under way.
    done_at: BTreeMap<usize, i32>,
    /// Which stops keep the time they were given; empty when none does.
    held: Vec<bool>,
    /// Whether some visits are more urgent than others.
    pub has_priorities: bool,
    /// Whether a tour is more than its ways: breaks, overtime, lateness and so on, see `walk`.
    pub needs_walk: bool,
    /// Whether each visit has one window, one length, and cannot be late.
    pub has_plain_visits: bool,
    /// Sorts of things that are used up.
    pub parts: usize,
    /// What each stop uses, stop by stop.
    uses: Vec<i32>,
    /// What each shift has on board, shift by shift.
    on_board: Vec<i32>,
    /// What each shift can have, counting what it can fetch.
    stock: Vec<i32>,
    serves: Pairs,
    /// Which shift has to fetch a tool for which stop.
    fetches: Pairs,
    /// Which shift is somebody else's than a visit would rather have, and what that costs.
    unwanted: Pairs,
    unwanted_cost: i32,
    /// The shift each stop was planned in, and what another one costs; empty when nobody was planned.
    planned: Vec<u32>,
    moved_cost: i32,
    limits: Vec<bool>,
    /// Shifts of one class are alike in everything.
    pub class: Vec<u32>,
    pub classes: usize,
    /// What the search takes a second of lateness for, next to costs.
    pub late_second_cost: i32,
    /// For each stop, the others, nearest first.
    near: Vec<u32>,
    nears: usize,
    pub bonds: Bonds,
}

/// Others a ruin looks at around a visit.
const MOST_NEAR: usize = 150;

impl<'p> Model<'p> {
    /// Everything a search needs.
    pub fn new(problem: &'p Problem) -> Self {
        let mut model = Self::without_neighbours(problem);
        model.serves = Abilities::of(problem.shifts()).serving(problem, &model.bonds.visit_of);
        model.nears = MOST_NEAR.min(model.stops.len().saturating_sub(1));
        model.near = (0..model.stops.len()).flat_map(|stop| model.nearest(stop)).collect();
        model.late_second_cost = (model.cost_of_a_way() / 60).max(1);
        model
    }

    /// What is needed to judge tours.
    pub fn without_neighbours(problem: &'p Problem) -> Self {
        let (visits, shifts, travel) = (problem.visits(), problem.shifts(), problem.travel());
        let (class, classes) = classes(problem);
        let bonds = Bonds::new(visits);
        let abilities = Abilities::of(shifts);
        let stops = bonds.visit_of.len();
        let parts = Amounts::new(problem, &bonds.visit_of);
        Self {
            problem,
            stops: bonds.visit_of.iter().map(|visit| stop(&visits[*visit as usize])).collect(),
            seconds: Ways::new(travel.places(), travel.all_seconds().clone()),
            cost: Ways::new(travel.places(), cost(problem)),
            has_priorities: visits.iter().any(|visit| visit.priority != visits[0].priority),
            done_at: done_at(problem),
            held: if bonds.are_none() {
                Vec::new()
            } else {
                (0..stops as u32).map(|stop| bonds.holds(visits, stop)).collect()
            },
            needs_walk: needs_walk(problem) || !bonds.are_none(),
            has_plain_visits: visits.iter().all(|visit| !stop(visit).is_special && visit.due_seconds.is_none()),
            parts: parts.sorts,
            uses: parts.uses,
            on_board: parts.on_board,
            stock: parts.stock,
            serves: Pairs::default(),
            fetches: abilities.fetching(problem, &bonds.visit_of),
            unwanted: abilities.unwanted(problem, &bonds.visit_of),
            unwanted_cost: problem.objective().other_technician_cost as i32,
            planned: planned(problem, &bonds.visit_of),
            moved_cost: problem.objective().moved_visit_cost as i32,
            limits: shifts.iter().map(|shift| shift.most_travel_seconds.is_some()).collect(),
            classes,
            class,
            late_second_cost: 1,
            near: Vec::new(),
            nears: 0,
            bonds,
        }
    }

    pub fn shifts(&self) -> &'p [Shift] {
        self.problem.shifts()
    }

    /// Whether some shifts are unlike others and tours more than their ways: where they are no more, plain strings do as well faster.
    pub fn has_unlike_days(&self) -> bool {
        self.classes > 1 && self.needs_walk
    }

    /// The visit of a stop.
    #[inline]
    pub fn visit(&self, stop: u32) -> &'p Visit {
        &self.problem.visits()[self.bonds.visit_of[stop as usize] as usize]
    }

    /// When a visit is over that was made or is under way.
    pub fn done_at(&self, visit: usize) -> Option<i32> {
        self.done_at.get(&visit).copied()
    }

    /// Whether a stop keeps the time it was given.
    #[inline]
    pub fn is_held(&self, stop: u32) -> bool {
        !self.held.is_empty() && self.held[stop as usize]
    }

    /// Whether a stop is a visit's first, which stands for it.
    pub fn stands_for_visit(&self, stop: u32) -> bool {
        (stop as usize) < self.problem.visits().len()
    }

    /// Whether a shift may serve a visit when it does nothing else.
    #[inline]
    pub fn serves(&self, shift: u32, stop: u32) -> bool {
        self.serves.has(stop, shift)
    }

    /// Whether a shift has to fetch a tool for a visit.
    #[inline]
    pub fn fetches_tool(&self, shift: u32, stop: u32) -> bool {
        self.fetches.has(stop, shift)
    }

    /// Whether a shift may drive only so many seconds.
    #[inline]
    pub fn is_limited(&self, shift: u32) -> bool {
        self.limits[shift as usize]
    }

    /// How many shifts may serve a visit.
    pub fn candidates(&self, stop: u32) -> u32 {
        self.serves.count(stop)
    }

    #[inline]
    pub fn uses(&self, stop: u32) -> &[i32] {
        &self.uses[stop as usize * self.parts..][..self.parts]
    }

    /// What a shift can have of each part, counting what it can fetch.
    #[inline]
    pub fn stock(&self, shift: u32) -> &[i32] {
        &self.stock[shift as usize * self.parts..][..self.parts]
    }

    /// What a shift has of each part before it fetches any.
    #[inline]
    pub fn on_board(&self, shift: u32) -> &[i32] {
        &self.on_board[shift as usize * self.parts..][..self.parts]
    }

    /// What it costs that a shift makes a visit, wherever in its tour.
    #[inline]
    pub fn visit_cost(&self, stop: u32, shift: u32) -> i32 {
        let is_moved = self.planned.get(stop as usize).is_some_and(|planned| *planned != u32::MAX && *planned != shift);
        i32::from(is_moved) * self.moved_cost + i32::from(self.unwanted.has(stop, shift)) * self.unwanted_cost
    }

    /// The other visits, nearest first.
    #[inline]
    pub fn near(&self, stop: u32) -> &[u32] {
        &self.near[stop as usize * self.nears..][..self.nears]
    }

    #[inline]
    pub fn service(&self, visit: u32, shift: u32) -> i32 {
        let stop = &self.stops[visit as usize];
        if !stop.is_special {
            return stop.service;
        }
        self.visit(visit).service_seconds_by(&self.shifts()[shift as usize].technician)
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
        self.visit(visit).begins(arrives).unwrap_or(NEVER)
    }

    /// When the window is over in which work begins at a moment.
    pub fn until(&self, visit: u32, begins: i32) -> i32 {
        let stop = &self.stops[visit as usize];
        if begins <= stop.until {
            return stop.until;
        }
        let windows = &self.visit(visit).windows;
        windows.iter().map(|window| window.until_seconds).find(|until| begins <= *until).unwrap_or(NEVER)
    }

    /// The latest arrival after which the work can still begin by a moment; negative when there is none.
    #[inline]
    pub fn latest_arrival(&self, visit: u32, begins_by: i32) -> i32 {
        let stop = &self.stops[visit as usize];
        if stop.is_special {
            let windows = &self.visit(visit).windows;
            if let Some(window) = windows.iter().rev().find(|window| window.from_seconds <= begins_by) {
                return window.until_seconds.min(begins_by);
            }
        }
        if begins_by < stop.from { -1 } else { stop.until.min(begins_by) }
    }

    /// What it costs on average to get from one visit to one near it.
    fn cost_of_a_way(&self) -> i32 {
        let way = |stop: u32| {
            let other = self.near(stop).iter().take(5).next_back()?;
            Some(i64::from(self.cost.between(self.stops[stop as usize].place, self.stops[*other as usize].place)))
        };
        let ways: Vec<i64> = (0..self.stops.len() as u32).filter_map(way).collect();
        (ways.iter().sum::<i64>() / ways.len().max(1) as i64) as i32
    }

    fn nearest(&self, stop: usize) -> Vec<u32> {
        let ways = self.cost.from(self.stops[stop].place);
        let mut others: Vec<u32> = (0..self.stops.len() as u32).filter(|other| *other != stop as u32).collect();
        let far = |other: &u32| (ways[self.stops[*other as usize].place as usize], *other);
        if self.nears < others.len() {
            others.select_nth_unstable_by_key(self.nears, far);
            others.truncate(self.nears);
        }
        others.sort_unstable_by_key(far);
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

/// When those are over that nobody waits for any more.
fn done_at(problem: &Problem) -> BTreeMap<usize, i32> {
    let done = problem.shifts().iter().filter_map(|shift| shift.done.as_ref());
    let made = done.flat_map(|done| done.visits.iter().map(|made| (made.visit, made.ends_seconds)));
    let cancelled = problem.visits().iter().enumerate().filter(|(_, visit)| visit.is_cancelled);
    let mut done_at = BTreeMap::new();
    for (visit, ends) in made.chain(cancelled.map(|(number, _)| (number, 0))) {
        let known = done_at.entry(visit).or_insert(ends);
        *known = ends.max(*known);
    }
    done_at
}

/// Whether a tour's worth depends on more than its ways.
fn needs_walk(problem: &Problem) -> bool {
    let shift =
        |shift: &Shift| !shift.breaks_left().is_empty() || shift.most_overtime_seconds > 0 || shift.depot.is_some();
    let is_paid = problem.objective().working_second_cost > 0;
    is_paid || problem.shifts().iter().any(shift) || problem.visits().iter().any(|visit| visit.due_seconds.is_some())
}

/// What a way costs, with the working time it takes; shares the problem's own matrix where that says it.
fn cost(problem: &Problem) -> Arc<[i32]> {
    let (travel, objective) = (problem.travel(), problem.objective());
    let second_cost = objective.travel_second_cost + objective.working_second_cost;
    let objective = Objective { travel_second_cost: second_cost, ..objective };
    match (objective.meter_cost, second_cost) {
        (1, 0) => travel.all_meters().clone(),
        (0, 1) => travel.all_seconds().clone(),
        _ => {
            let both = travel.all_meters().iter().zip(travel.all_seconds().iter());
            let cost = |(meters, seconds): (&i32, &i32)| objective.cost(i64::from(*meters), i64::from(*seconds));
            both.map(|way| cost(way).min(i64::from(NEVER / 2)) as i32).collect()
        }
    }
}

/// Parts by number: what each stop uses, what each shift has and can have.
struct Amounts {
    sorts: usize,
    uses: Vec<i32>,
    on_board: Vec<i32>,
    stock: Vec<i32>,
}

impl Amounts {
    fn new(problem: &Problem, visit_of: &[u32]) -> Self {
        let names = problem.visits().iter().flat_map(|visit| visit.parts.keys());
        let mut numbers: BTreeMap<&str, usize> = names.map(|name| (name.as_str(), 0)).collect();
        numbers.values_mut().enumerate().for_each(|(index, number)| *number = index);
        let row = |amounts: &BTreeMap<String, i32>| {
            let mut row = vec![0; numbers.len()];
            for (name, amount) in amounts {
                numbers.get(name.as_str()).into_iter().for_each(|number| row[*number] = *amount);
            }
            row
        };
        let can_have = |shift: &Shift| {
            let mut row = row(&shift.stock);
            let fetched = problem.depot_of(shift).into_iter().flat_map(|depot| &depot.parts);
            fetched.filter_map(|name| numbers.get(name.as_str())).for_each(|number| row[*number] = NEVER);
            row
        };
        Self {
            sorts: numbers.len(),
            uses: visit_of.iter().flat_map(|visit| row(&problem.visits()[*visit as usize].parts)).collect(),
            on_board: problem.shifts().iter().flat_map(|shift| row(&shift.stock)).collect(),
            stock: problem.shifts().iter().flat_map(can_have).collect(),
        }
    }
}

/// The shift each stop was planned in, [`u32::MAX`] for none; empty when that does not matter.
fn planned(problem: &Problem, visit_of: &[u32]) -> Vec<u32> {
    let planned = |visit: &u32| problem.visits()[*visit as usize].planned_shift;
    if problem.objective().moved_visit_cost == 0 || visit_of.iter().all(|visit| planned(visit).is_none()) {
        return Vec::new();
    }
    visit_of.iter().map(|visit| planned(visit).map_or(u32::MAX, |shift| shift as u32)).collect()
}

/// The class of each shift, and how many there are. A shift that visits name is like no other.
fn classes(problem: &Problem) -> (Vec<u32>, usize) {
    let mut is_named = vec![false; problem.shifts().len()];
    let named = problem.visits().iter().flat_map(|visit| [visit.pinned_shift, visit.planned_shift]);
    named.flatten().for_each(|shift| is_named[shift] = true);
    let mut known = BTreeMap::new();
    let class = problem.shifts().iter().enumerate().map(|(number, shift)| {
        let key = (Shift { name: String::new(), ..shift.clone() }, is_named[number].then_some(number));
        let new = known.len() as u32;
        *known.entry(key).or_insert(new)
    });
    let class = class.collect();
    (class, known.len())
}
