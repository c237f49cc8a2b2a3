//! The best order of one short tour, proven: dynamic programming over the sets of visits made so far, the last of them, and the
//! ways to have come there (Held and Karp 1962, with windows as in Dumas et al. 1995).
//!
//! Of two ways to make the same visits and end at the same one, the one that is better in nothing is dropped; so is what
//! comes too late for a visit that is left, and what cannot become better than the best order known (see `bound`). A first look
//! that keeps only the most promising ways finds an order that is good enough to leave little to look at.

use crate::bound::{Bound, Costs, members};
use crate::features::obstacle;
use crate::model::{Model, NEVER, Ways};
use crate::problem::Problem;
use crate::walk::{Beyond, Call, Label, Walk};

/// The longest tour this is for: beyond it there are too many sets.
pub const MOST_VISITS: usize = 16;

/// How many ways a first look keeps.
const FEW: usize = 100;

/// A way to make some visits.
#[derive(Debug, Clone, Copy)]
struct Made {
    set: u32,
    last: usize,
    label: Label,
    /// The one it goes on from, in the layer before.
    from: usize,
}

/// One shift and its visits, with their own numbers.
struct Day<'m, 'p> {
    model: &'m Model<'p>,
    walk: Walk<'m, 'p>,
    shift: usize,
    visits: &'p [usize],
    wants_depot: bool,
    /// How long it takes at the least from one visit, or the start as the last row, to another.
    soonest: Vec<i32>,
    /// When each visit can begin at the latest.
    until: Vec<i32>,
}

/// The best order of some visits in a shift: the least lateness, then the least cost; `None` when there is none. `known` is an order
/// that is good already: the better it is, the less there is to look at. Crews and visits that wait for others are taken as if they
/// were alone.
///
/// # Panics
/// With more than [`MOST_VISITS`] visits.
pub fn best_order(problem: &Problem, shift: usize, visits: &[usize], known: Option<&[usize]>) -> Option<Vec<usize>> {
    assert!(visits.len() <= MOST_VISITS, "{} visits are too many", visits.len());
    let model = Model::without_neighbours(problem);
    let is_hindered = visits.iter().any(|visit| obstacle(problem, *visit, shift).is_some());
    let walk = Walk::new(&model, shift as u32);
    if visits.is_empty() || is_hindered || !walk.has_parts_for(&calls(visits)) {
        return visits.is_empty().then(Vec::new);
    }
    let day = &Day::new(&model, walk, shift, visits);
    let search = Search { day, bound: Bound::new(day.costs()) };
    let unbeaten = Beyond { late_seconds: i64::MAX, cost: i64::MAX };
    let mut best = known.and_then(|known| Some((day.worth(known)?, known.to_vec())));
    for most in [FEW, usize::MAX] {
        let bar = best.as_ref().map_or(unbeaten, |(bar, _)| *bar);
        best = search.best_within(bar, most).or(best);
    }
    best.map(|(_, order)| order)
}

fn calls(visits: &[usize]) -> Vec<Call> {
    visits.iter().map(|visit| Call::any_time(*visit as u32)).collect()
}

impl<'m, 'p> Day<'m, 'p> {
    fn new(model: &'m Model<'p>, walk: Walk<'m, 'p>, shift: usize, visits: &'p [usize]) -> Self {
        let wants_depot = walk.wants_depot(visits.iter().map(|visit| *visit as u32));
        let until =
            |visit: &usize| model.problem.visits()[*visit].windows.last().map_or(NEVER, |last| last.until_seconds);
        let until = visits.iter().map(until).collect();
        let day = Self { model, walk, shift, visits, wants_depot, soonest: Vec::new(), until };
        Self { soonest: day.soonest(), ..day }
    }

    fn start(&self) -> usize {
        self.model.shifts()[self.shift].sets_out().0
    }

    fn end(&self) -> usize {
        self.model.shifts()[self.shift].end_place
    }

    /// Where a visit is, or the start.
    fn place(&self, visit: usize) -> usize {
        self.visits.get(visit).map_or(self.start(), |visit| self.model.stops[*visit].place as usize)
    }

    /// What a way costs.
    fn way(&self, from: usize, to: usize) -> i64 {
        i64::from(self.model.cost.between(from as u32, to as u32))
    }

    /// The least of a way, going over the depot if that is wanted and less.
    fn least(&self, ways: &Ways, from: usize, to: usize) -> i32 {
        let direct = ways.between(from as u32, to as u32);
        let depot = self.walk.depot.filter(|_| self.wants_depot).map(|depot| depot.place as u32);
        depot.map_or(direct, |over| direct.min(ways.between(from as u32, over) + ways.between(over, to as u32)))
    }

    /// The shortest times from each visit, and from the start, to each: a way may be longer than one over other places.
    fn soonest(&self) -> Vec<i32> {
        let count = self.visits.len();
        let pairs = (0..=count).flat_map(|from| (0..count).map(move |to| (from, to)));
        let direct = pairs.map(|(from, to)| self.least(&self.model.seconds, self.place(from), self.place(to)));
        let mut soonest: Vec<i32> = direct.collect();
        for over in 0..count {
            for from in 0..=count {
                for to in 0..count {
                    let both = soonest[from * count + over] + soonest[over * count + to];
                    soonest[from * count + to] = soonest[from * count + to].min(both);
                }
            }
        }
        soonest
    }

    /// What ways cost at the least, where time allows them.
    fn costs(&self) -> Costs {
        let count = self.visits.len();
        let least = |from: usize, to: usize| i64::from(self.least(&self.model.cost, from, to));
        let pairs = (0..=count).flat_map(|from| (0..count).map(move |to| (from, to)));
        let mut costs = Costs {
            count,
            to: pairs.map(|(from, to)| least(self.place(from), self.place(to))).collect(),
            home: (0..count).map(|from| least(self.place(from), self.end())).collect(),
        };
        let sets_out = self.model.shifts()[self.shift].sets_out().1;
        for from in 0..count {
            let stop = self.visits[from] as u32;
            let begins = self.model.begins(stop, sets_out + self.soonest[count * count + from]);
            let free = begins.saturating_add(self.model.service(stop, self.shift as u32));
            let too_late = |to: &usize| !self.is_in_time(free, from, *to);
            (0..count).filter(too_late).for_each(|to| costs.forbid(from, to));
        }
        costs
    }

    /// Whether somebody who is free at a visit at a moment may still come to another in time.
    fn is_in_time(&self, free: i32, from: usize, to: usize) -> bool {
        free.saturating_add(self.soonest[from * self.visits.len() + to]) <= self.until[to]
    }

    /// What an order is worth; `None` when it is not possible.
    fn worth(&self, order: &[usize]) -> Option<Beyond> {
        self.walk.worth(&calls(order))
    }

    /// The visits not made yet.
    fn left(&self, set: u32) -> u32 {
        ((1 << self.visits.len()) - 1) & !set
    }

    /// Whether some visits need something that is not on board.
    fn must_have_fetched(&self, set: u32) -> bool {
        self.wants_depot && self.walk.wants_depot(members(set).map(|visit| self.visits[visit] as u32))
    }
}

/// A day, and what its rest costs at the least.
struct Search<'d, 'm, 'p> {
    day: &'d Day<'m, 'p>,
    bound: Bound,
}

impl Search<'_, '_, '_> {
    /// An order better than the bar, the best there is; of so many ways only, if there are more.
    fn best_within(&self, bar: Beyond, most: usize) -> Option<(Beyond, Vec<usize>)> {
        let count = self.day.visits.len();
        let label = self.day.walk.first_label(self.day.wants_depot);
        let mut layers = vec![vec![Made { set: 0, last: count, label, from: 0 }]];
        for _ in 0..count {
            let mut next = Vec::new();
            let (mut set, mut rest) = (u32::MAX, 0);
            for (index, made) in layers.last()?.iter().enumerate() {
                if made.set != set {
                    (set, rest) = (made.set, self.bound.after_link(self.day.left(made.set)));
                }
                self.extend(Made { from: index, ..*made }, rest, bar, &mut next);
            }
            undominated(&mut next);
            self.keep_most_promising(&mut next, most);
            layers.push(next);
        }
        self.best(&layers, bar)
    }

    /// The ways that go on to a visit and may lead somewhere, when the rest after that costs so much at the least.
    fn extend(&self, before: Made, rest: i64, bar: Beyond, next: &mut Vec<Made>) {
        let place = self.day.place(before.last);
        for visit in members(self.day.left(before.set)) {
            if before.label.worth_at_least(rest + self.bound.link(before.last, visit)) >= bar {
                continue;
            }
            let (set, way) = (before.set | 1 << visit, self.day.way(place, self.day.place(visit)));
            let call = Call::any_time(self.day.visits[visit] as u32);
            self.day.walk.reach(before.label, place as u32, call, self.day.must_have_fetched(set), |mut label| {
                label.add_cost(way);
                let (_, _, free) = label.order();
                if members(self.day.left(set)).all(|left| self.day.is_in_time(free, visit, left)) {
                    next.push(Made { set, last: visit, label, from: before.from });
                }
            });
        }
    }

    fn keep_most_promising(&self, layer: &mut Vec<Made>, most: usize) {
        if layer.len() <= most {
            return;
        }
        let promise = |made: &Made| {
            let left = self.day.left(made.set);
            let link = members(left).map(|visit| self.bound.link(made.last, visit)).min();
            made.label.worth_at_least(link.map_or(0, |link| link + self.bound.after_link(left)))
        };
        layer.sort_by_cached_key(promise);
        layer.truncate(most);
        layer.sort_by_key(|made| made.set);
    }

    fn best(&self, layers: &[Vec<Made>], bar: Beyond) -> Option<(Beyond, Vec<usize>)> {
        let home = |made: &&Made| {
            let place = self.day.place(made.last);
            let (beyond, _) = self.day.walk.best_home(made.label, place as u32)?;
            Some(Beyond { cost: beyond.cost + self.day.way(place, self.day.end()), ..beyond })
        };
        let ends = layers.last()?.iter().filter_map(|made| Some((home(&made)?, *made)));
        let (worth, mut made) = ends.filter(|(worth, _)| *worth < bar).min_by_key(|(worth, _)| *worth)?;
        let mut order = vec![self.day.visits[made.last]];
        for layer in layers[1..].iter().rev().skip(1) {
            made = layer[made.from];
            order.push(self.day.visits[made.last]);
        }
        order.reverse();
        Some((worth, order))
    }
}

/// Keeps of the ways that make the same visits and end at the same one those that are better in something than each other.
fn undominated(labels: &mut Vec<Made>) {
    labels.sort_unstable_by_key(|made| (made.set, made.last, made.label.order()));
    let mut kept: Vec<Made> = Vec::new();
    labels.retain(|made| {
        if kept.last().is_some_and(|other| (other.set, other.last) != (made.set, made.last)) {
            kept.clear();
        }
        let is_better = !kept.iter().any(|other| other.label.is_as_good_as(&made.label));
        if is_better {
            kept.push(*made);
        }
        is_better
    });
}
