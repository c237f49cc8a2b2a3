//! The best order of one short tour, proven: dynamic programming over the sets of visits made so far, the last of them, and the
//! ways to have come there (Held and Karp 1962, with windows as in Dumas et al. 1995).
//!
//! Of two ways to make the same visits and end at the same one, the one that is better in nothing is dropped; so is what
//! cannot become better than the best order known.

use crate::features::obstacle;
use crate::model::Model;
use crate::problem::Problem;
use crate::walk::{Beyond, Call, Label, Walk};

/// The longest tour this is for: beyond it there are too many sets.
pub const MOST_VISITS: usize = 16;

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
    /// What it costs at the least to get to each visit, and home.
    least_to: Vec<i64>,
    least_home: i64,
    wants_depot: bool,
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
    let day = Day::new(&model, shift, visits);
    let is_hindered = visits.iter().any(|visit| obstacle(problem, *visit, shift).is_some());
    if visits.is_empty() || is_hindered || !day.walk.has_parts_for(&calls(visits)) {
        return visits.is_empty().then(Vec::new);
    }
    let bar = known.and_then(|known| day.worth(known));
    let unbeaten = Beyond { late_seconds: i64::MAX, cost: i64::MAX };
    day.search(bar.unwrap_or(unbeaten)).or_else(|| known.filter(|_| bar.is_some()).map(<[usize]>::to_vec))
}

fn calls(visits: &[usize]) -> Vec<Call> {
    visits.iter().map(|visit| Call::any_time(*visit as u32)).collect()
}

impl<'m, 'p> Day<'m, 'p> {
    fn new(model: &'m Model<'p>, shift: usize, visits: &'p [usize]) -> Self {
        let walk = Walk::new(model, shift as u32);
        let wants_depot = walk.wants_depot(visits.iter().map(|visit| *visit as u32));
        let mut day = Self { model, walk, shift, visits, least_to: Vec::new(), least_home: 0, wants_depot };
        let from_all = |to: usize, but: usize| {
            let others = (0..visits.len()).filter(|from| *from != but).map(|from| day.way(day.place(from), to));
            others.chain([day.way(day.start(), to)]).min().unwrap_or(0)
        };
        let least_to = (0..visits.len()).map(|visit| from_all(day.place(visit), visit)).collect();
        let home = (0..visits.len()).map(|from| day.way(day.place(from), day.end())).min();
        (day.least_to, day.least_home) = (least_to, home.unwrap_or(0));
        day
    }

    fn start(&self) -> usize {
        self.model.shifts()[self.shift].sets_out().0
    }

    fn end(&self) -> usize {
        self.model.shifts()[self.shift].end_place
    }

    fn place(&self, visit: usize) -> usize {
        self.model.stops[self.visits[visit]].place as usize
    }

    /// What a way costs.
    fn way(&self, from: usize, to: usize) -> i64 {
        i64::from(self.model.cost.between(from as u32, to as u32))
    }

    /// What an order is worth; `None` when it is not possible.
    fn worth(&self, order: &[usize]) -> Option<Beyond> {
        let beyond = self.walk.beyond(&calls(order))?;
        let places: Vec<usize> = order.iter().map(|visit| self.model.stops[*visit].place as usize).collect();
        let stops = std::iter::once(self.start()).chain(places.iter().copied());
        let ways = stops.zip(places.iter().copied().chain([self.end()])).map(|(from, to)| self.way(from, to));
        Some(Beyond { cost: beyond.cost + ways.sum::<i64>(), ..beyond })
    }

    /// An order better than the bar, the best there is.
    fn search(&self, bar: Beyond) -> Option<Vec<usize>> {
        let count = self.visits.len();
        let rest: i64 = self.least_to.iter().sum::<i64>() + self.least_home;
        let mut layers: Vec<Vec<Made>> = Vec::with_capacity(count);
        let mut first = Vec::new();
        let at_start = Made { set: 0, last: 0, label: self.walk.first_label(self.wants_depot), from: 0 };
        (0..count).for_each(|visit| self.extend(self.start(), at_start, visit, rest, bar, &mut first));
        layers.push(first);
        for _ in 1..count {
            let mut next = Vec::new();
            for (index, made) in layers.last()?.iter().enumerate() {
                let here = Made { from: index, ..*made };
                let left = (0..count).filter(|visit| made.set & (1 << visit) == 0);
                left.for_each(|visit| self.extend(self.place(made.last), here, visit, rest, bar, &mut next));
            }
            undominated(&mut next);
            layers.push(next);
        }
        self.best(&layers, bar)
    }

    /// The ways that go on to a visit and may lead somewhere.
    fn extend(&self, place: usize, before: Made, visit: usize, rest: i64, bar: Beyond, next: &mut Vec<Made>) {
        let (set, way) = (before.set | 1 << visit, self.way(place, self.place(visit)));
        let reached: i64 =
            (0..self.visits.len()).filter(|one| set & (1 << one) != 0).map(|one| self.least_to[one]).sum();
        let call = Call::any_time(self.visits[visit] as u32);
        self.walk.reach(before.label, place as u32, call, self.must_have_fetched(set), |mut label| {
            label.add_cost(way);
            let least = label.worth_at_least(rest - reached);
            if least < bar {
                next.push(Made { set, last: visit, label, from: before.from });
            }
        });
    }

    /// Whether some visits need something that is not on board.
    fn must_have_fetched(&self, set: u32) -> bool {
        let made = (0..self.visits.len()).filter(|visit| set & (1 << visit) != 0);
        self.wants_depot && self.walk.wants_depot(made.map(|visit| self.visits[visit] as u32))
    }

    fn best(&self, layers: &[Vec<Made>], bar: Beyond) -> Option<Vec<usize>> {
        let home = |made: &&Made| {
            let place = self.place(made.last);
            let (beyond, _) = self.walk.best_home(made.label, place as u32)?;
            Some(Beyond { cost: beyond.cost + self.way(place, self.end()), ..beyond })
        };
        let ends = layers.last()?.iter().filter_map(|made| Some((home(&made)?, *made)));
        let (_, mut made) = ends.filter(|(worth, _)| *worth < bar).min_by_key(|(worth, _)| *worth)?;
        let mut order = vec![self.visits[made.last]];
        for layer in layers.iter().rev().skip(1) {
            made = layer[made.from];
            order.push(self.visits[made.last]);
        }
        order.reverse();
        Some(order)
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
