//! The best order of one short tour, proven: dynamic programming over the sets of visits made so far, the last of them, and
//! what time it is and what was spent by then (Held and Karp 1962, with windows as in Dumas et al. 1995).
//!
//! Of two ways to make the same visits and end at the same one, the one that is better in nothing is dropped; so is what
//! cannot become cheaper than the best order known.

use crate::check::{cost_of, has_all, is_feasible};
use crate::problem::Problem;

/// The longest tour this is for: beyond it there are too many sets.
pub const MOST_VISITS: usize = 16;

/// A way to make some visits.
#[derive(Debug, Clone, Copy)]
struct Label {
    made: u32,
    last: usize,
    leaves: i32,
    /// Seconds driven, counted only where they are limited.
    drives: i32,
    cost: i64,
    /// The label it goes on from, in the layer before.
    from: usize,
}

/// One shift and its visits, with their own numbers.
struct Day<'p> {
    problem: &'p Problem,
    shift: usize,
    visits: &'p [usize],
    /// What it costs at the least to get to each visit, and home.
    least_to: Vec<i64>,
    least_home: i64,
}

/// The cheapest order of some visits in a shift; `None` when there is none. `known` is an order that is good already: the better
/// it is, the less there is to look at.
///
/// # Panics
/// With more than [`MOST_VISITS`] visits.
pub fn best_order(problem: &Problem, shift: usize, visits: &[usize], known: Option<&[usize]>) -> Option<Vec<usize>> {
    assert!(visits.len() <= MOST_VISITS, "{} visits are too many", visits.len());
    if visits.is_empty() {
        return Some(Vec::new());
    }
    if !has_all(problem, shift, visits) {
        return None;
    }
    let known = known.filter(|known| is_feasible(problem, shift, known));
    let bar = known.map_or(i64::MAX, |known| cost_of(problem, shift, known));
    Day::new(problem, shift, visits).search(bar).or_else(|| known.map(<[usize]>::to_vec))
}

impl<'p> Day<'p> {
    fn new(problem: &'p Problem, shift: usize, visits: &'p [usize]) -> Self {
        let mut day = Self { problem, shift, visits, least_to: Vec::new(), least_home: 0 };
        let from_all = |to: usize, but: usize| {
            let others = (0..visits.len()).filter(|from| *from != but).map(|from| day.way(day.place(from), to).1);
            others.chain([day.way(day.start(), to).1]).min().unwrap_or(0)
        };
        let least_to = (0..visits.len()).map(|visit| from_all(day.place(visit), visit)).collect();
        let home = (0..visits.len()).map(|from| day.way(day.place(from), day.end()).1).min();
        (day.least_to, day.least_home) = (least_to, home.unwrap_or(0));
        day
    }

    fn start(&self) -> usize {
        self.problem.shifts()[self.shift].start_place
    }

    fn end(&self) -> usize {
        self.problem.shifts()[self.shift].end_place
    }

    fn place(&self, visit: usize) -> usize {
        self.problem.visits()[self.visits[visit]].place
    }

    /// Seconds and cost from one place to another.
    fn way(&self, from: usize, to: usize) -> (i32, i64) {
        let travel = self.problem.travel();
        let (seconds, meters) = (travel.seconds(from, to), travel.meters(from, to));
        (seconds, self.problem.objective().cost(i64::from(meters), i64::from(seconds)))
    }

    /// When a visit is left by somebody who sets out from a place at a moment; `None` when it is too late.
    fn leaves(&self, from: usize, at: i32, visit: usize) -> Option<i32> {
        let arrives = at + self.way(from, self.place(visit)).0;
        let visit = &self.problem.visits()[self.visits[visit]];
        Some(visit.begins(arrives)? + visit.service_seconds_by(&self.problem.shifts()[self.shift].technician))
    }

    /// An order cheaper than the bar, the cheapest there is.
    fn search(&self, bar: i64) -> Option<Vec<usize>> {
        let count = self.visits.len();
        let rest: i64 = self.least_to.iter().sum::<i64>() + self.least_home;
        let shift = &self.problem.shifts()[self.shift];
        let mut layers: Vec<Vec<Label>> = Vec::with_capacity(count);
        let mut first = Vec::new();
        for visit in 0..count {
            let at_home = Label { made: 0, last: 0, leaves: shift.start_seconds, drives: 0, cost: 0, from: 0 };
            first.extend(self.extended(self.start(), &at_home, visit, rest, bar));
        }
        layers.push(first);
        for _ in 1..count {
            let mut next = Vec::new();
            for (index, label) in layers.last()?.iter().enumerate() {
                let place = self.place(label.last);
                let left = (0..count).filter(|visit| label.made & (1 << visit) == 0);
                let extended = left.filter_map(|visit| self.extended(place, label, visit, rest, bar));
                next.extend(extended.map(|extended| Label { from: index, ..extended }));
            }
            undominated(&mut next);
            layers.push(next);
        }
        self.cheapest(&layers, bar)
    }

    /// The way that goes on to a visit, unless it leads nowhere.
    fn extended(&self, place: usize, before: &Label, visit: usize, rest: i64, bar: i64) -> Option<Label> {
        let (here, shift) = (self.place(visit), &self.problem.shifts()[self.shift]);
        let leaves = self.leaves(place, before.leaves, visit)?;
        let ((seconds, cost), made) = (self.way(place, here), before.made | 1 << visit);
        let (home_seconds, cost) = (self.way(here, self.end()).0, before.cost + cost);
        let drives = if shift.most_travel_seconds.is_some() { before.drives + seconds } else { 0 };
        let reached = (0..self.visits.len()).filter(|one| made & (1 << one) != 0);
        let least = cost + rest - reached.map(|one| self.least_to[one]).sum::<i64>();
        let is_last = made.count_ones() as usize == self.visits.len();
        let is_late = is_last && leaves + home_seconds > shift.end_seconds;
        let is_too_far = is_last && shift.most_travel_seconds.is_some_and(|most| drives + home_seconds > most);
        let leads_somewhere = least < bar && !is_late && !is_too_far;
        leads_somewhere.then_some(Label { made, last: visit, leaves, drives, cost, from: 0 })
    }

    fn cheapest(&self, layers: &[Vec<Label>], bar: i64) -> Option<Vec<usize>> {
        let home = |label: &Label| label.cost + self.way(self.place(label.last), self.end()).1;
        let last = layers.last()?.iter().filter(|label| home(label) < bar);
        let mut label = *last.min_by_key(|label| home(label))?;
        let mut order = vec![self.visits[label.last]];
        for layer in layers.iter().rev().skip(1) {
            label = layer[label.from];
            order.push(self.visits[label.last]);
        }
        order.reverse();
        Some(order)
    }
}

/// Keeps of the ways that make the same visits and end at the same one those that are better in something than each other.
fn undominated(labels: &mut Vec<Label>) {
    labels.sort_unstable_by_key(|label| (label.made, label.last, label.cost, label.leaves, label.drives));
    let mut kept: Vec<Label> = Vec::new();
    labels.retain(|label| {
        if kept.last().is_some_and(|other| (other.made, other.last) != (label.made, label.last)) {
            kept.clear();
        }
        // Those before it cost less or the same.
        let is_better = kept.iter().all(|other| label.leaves < other.leaves || label.drives < other.drives);
        if is_better {
            kept.push(*label);
        }
        is_better
    });
}
