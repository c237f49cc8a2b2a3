//! What a visit more costs a paid tour at the least, from what comes before it and after it alone: a visit may use up waiting, and
//! then costs less than its ways; and where it costs too much even so, the tour need not be walked.
//!
//! What comes after is its shortest duration and the moment it begins then (Vidal, Crainic, Gendreau and Prins 2013). Breaks, ways over
//! the depot and second windows only add to it.

use super::tours::{Node, Tours};
use crate::model::NEVER;
use crate::stretch::Stretch;
use crate::walk::Call;

/// The rest of a tour.
#[derive(Clone, Copy)]
struct Rest {
    /// How long it takes at the least.
    duration: i32,
    /// The earliest moment to arrive after which it takes no longer than that.
    from: i32,
}

/// A tour seen from one of its places after the other.
#[derive(Default)]
pub struct Least {
    working_second_cost: i64,
    /// What the tour costs beyond its ways at the least as it is.
    least: i64,
    /// How long its ways are.
    ways: i32,
    so_far: Stretch,
    /// The rest from the last visit on, from the one before, and so on to the place looked at.
    rests: Vec<Rest>,
}

impl Least {
    /// Looks at a tour from before its first visit.
    pub fn begin(&mut self, tours: &Tours<'_, '_>, tour: u32, sets_out_by: i32) {
        let model = tours.model;
        self.working_second_cost = model.problem.objective().working_second_cost;
        if self.working_second_cost == 0 {
            return;
        }
        self.so_far = Stretch::before(sets_out_by);
        self.rests.clear();
        let mut rest = Rest { duration: 0, from: 0 };
        self.rests.push(rest);
        self.ways = 0;
        let mut here = tours.nodes[tours.end(tour) as usize].prev;
        while tours.is_visit(here) {
            let (way, service) = (way(tours, here), model.service(here, tour));
            let (from, until) = window(tours, here);
            let waits = (rest.from - until - service - way).max(0);
            rest = Rest {
                duration: service + way + waits + rest.duration,
                from: (rest.from - service - way).min(until).max(from),
            };
            self.rests.push(rest);
            self.ways += way;
            here = tours.nodes[here as usize].prev;
        }
        if self.rests.len() > 1 {
            self.ways += way(tours, here);
        }
        self.least = self.least_without(tours, tour, sets_out_by);
    }

    /// What breaks and ways over the depot add to the tour as it is.
    pub fn added(&self, tours: &Tours<'_, '_>, tour: u32) -> i32 {
        if self.working_second_cost == 0 {
            return 0;
        }
        (tours.beyond_of(tour).cost - self.least).clamp(0, i64::from(i32::MAX / 2)) as i32
    }

    fn least_without(&self, tours: &Tours<'_, '_>, tour: u32, sets_out_by: i32) -> i64 {
        let first = tours.nodes[tours.start(tour) as usize].next;
        if !tours.is_visit(first) {
            return 0;
        }
        let rest = self.rests.last().expect("the end of the tour is one");
        let way = way(tours, tours.start(tour));
        let duration = way.max(rest.from - sets_out_by) + rest.duration;
        i64::from(duration - self.ways) * self.working_second_cost
    }

    /// What a visit after a node costs at the least if its ways cost so much more.
    pub fn more(&self, tours: &Tours<'_, '_>, here: u32, call: Call, ways_cost: i32) -> i32 {
        if self.working_second_cost == 0 {
            return ways_cost;
        }
        let (model, Node { next, place: before, tour, .. }) = (tours.model, tours.nodes[here as usize]);
        let (place, after) = (model.stops[call.stop as usize].place, tours.nodes[next as usize].place);
        let (there, on) = (model.seconds.between(before, place), model.seconds.between(place, after));
        let (from, until) = window(tours, call.stop);
        let open = (from.max(call.from), until.min(call.until));
        let reach = go_on(self.so_far, there, open, model.service(call.stop, tour));
        let rest = self.rests.last().expect("the end of the tour is one");
        let duration = (reach.duration + on).max(rest.from - reach.sets_out_by) + rest.duration;
        let instead = if tours.visits(tour) == 0 { 0 } else { model.seconds.between(before, after) };
        let ways = self.ways + there + on - instead;
        let beyond = i64::from(duration - ways) * self.working_second_cost - self.least;
        (i64::from(ways_cost) + beyond).clamp(i64::from(i32::MIN / 2), i64::from(i32::MAX / 2)) as i32
    }

    /// Goes on to the next visit.
    pub fn go_on(&mut self, tours: &Tours<'_, '_>, next: u32) {
        if self.working_second_cost == 0 {
            return;
        }
        let Node { prev, tour, .. } = tours.nodes[next as usize];
        self.so_far = go_on(self.so_far, way(tours, prev), window(tours, next), tours.model.service(next, tour));
        self.rests.pop();
    }
}

/// Goes on to a stop and makes it.
fn go_on(so_far: Stretch, way: i32, (from, until): (i32, i32), service: i32) -> Stretch {
    let mut then = so_far;
    then.pass(way);
    then.not_before(from);
    then.not_after(until);
    then.pass(service);
    then
}

/// How long the way from a node to the next is.
fn way(tours: &Tours<'_, '_>, node: u32) -> i32 {
    let Node { next, place, .. } = tours.nodes[node as usize];
    tours.model.seconds.between(place, tours.nodes[next as usize].place)
}

/// When the work of a stop may begin at all.
fn window(tours: &Tours<'_, '_>, stop: u32) -> (i32, i32) {
    let of = &tours.model.stops[stop as usize];
    let node = &tours.nodes[stop as usize];
    if node.held_at >= 0 {
        return (node.held_at, node.held_at);
    }
    (of.from, if of.is_special { NEVER } else { of.until })
}
