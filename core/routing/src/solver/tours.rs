//! The plan under work: every tour a linked list whose nodes know when they are left at the earliest and reached at the latest,
//! so that an insertion is judged by looking at two of them. Changes are made in place and can be taken back.

use super::settle::Room;
use crate::model::{Model, NEVER};
use crate::problem::Shift;
use crate::walk::{Beyond, Call};

/// No tour, no node.
pub const NONE: u32 = u32::MAX;
/// Held to no time.
pub const FREE: i32 = -1;

/// A visit, or one end of a shift.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    pub prev: u32,
    pub next: u32,
    /// The shift it belongs to, [`NONE`] for a visit nobody makes.
    pub tour: u32,
    pub place: u32,
    /// When it is left at the earliest.
    pub departs: i32,
    /// When it must be reached at the latest.
    pub latest: i32,
    /// What the way to the next costs; 0 for a visit in no tour, and for a shift without visits, whose technician stays at home.
    pub way: i32,
    /// When the work begins, for a visit that is held to a time; [`FREE`] for others.
    pub held_at: i32,
}

/// What a tour is beside its order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    version: u32,
    visits: u32,
    travel_seconds: i32,
    pub(super) beyond: Beyond,
}

/// All tours, and who is in none.
pub struct Tours<'m, 'p> {
    pub model: &'m Model<'p>,
    pub nodes: Vec<Node>,
    pub(super) tours: Vec<Sums>,
    /// What each shift has used of each part, shift by shift.
    used: Vec<i32>,
    /// Visits nobody makes.
    pub absent: Vec<u32>,
    /// What all the ways and wishes cost.
    pub cost: i64,
    /// What all tours are worth beyond that.
    pub beyond: Beyond,
    /// Whether the tours as they are cannot be driven; whoever sees it takes the try back.
    pub is_broken: bool,
    /// Tours that changed since they were walked last.
    pub(super) unsettled: Vec<u32>,
    pub(super) room: Room,
    /// Shifts with visits, in no order.
    pub busy: Vec<u32>,
    busy_at: Vec<u32>,
    /// Shifts without visits, by class.
    pub idle: Vec<Vec<u32>>,
    /// The newest version any tour has had.
    newest: u32,
    log: Log,
}

/// What was there before the present try.
#[derive(Default)]
struct Log {
    node_stamps: Vec<u32>,
    tour_stamps: Vec<u32>,
    stamp: u32,
    nodes: Vec<(u32, Node)>,
    tours: Vec<(u32, Sums)>,
    used: Vec<i32>,
    absent: Vec<u32>,
    cost: i64,
    beyond: Beyond,
}

impl<'m, 'p> Tours<'m, 'p> {
    /// Tours without any visit.
    pub fn new(model: &'m Model<'p>) -> Self {
        let visits = model.stops.len();
        let visit =
            |place| Node { prev: NONE, next: NONE, tour: NONE, place, departs: 0, latest: 0, way: 0, held_at: FREE };
        let mut nodes: Vec<Node> = model.stops.iter().map(|stop| visit(stop.place)).collect();
        for (number, shift) in model.shifts().iter().enumerate() {
            let (start_place, start_seconds) = shift.sets_out();
            let (first, last) = ((visits + 2 * number) as u32, (visits + 2 * number + 1) as u32);
            let end = |place: usize| Node {
                prev: first,
                next: last,
                tour: number as u32,
                place: place as u32,
                departs: start_seconds,
                latest: shift.ends_by(),
                way: 0,
                held_at: FREE,
            };
            nodes.extend([end(start_place), end(shift.end_place)]);
        }
        let is_done = model.problem.is_done();
        let mut idle = vec![Vec::new(); model.classes];
        (0..model.shifts().len()).rev().for_each(|shift| idle[model.class[shift] as usize].push(shift as u32));
        let log =
            Log { node_stamps: vec![0; nodes.len()], tour_stamps: vec![0; model.shifts().len()], ..Log::default() };
        Self {
            model,
            nodes,
            tours: model.shifts().iter().map(|shift| home_to_home(model, shift)).collect(),
            used: vec![0; model.shifts().len() * model.parts],
            absent: (0..visits as u32).filter(|stop| !is_done[model.bonds.visit_of[*stop as usize] as usize]).collect(),
            cost: 0,
            beyond: Beyond::default(),
            is_broken: false,
            unsettled: Vec::new(),
            room: Room::default(),
            busy: Vec::new(),
            busy_at: vec![NONE; model.shifts().len()],
            idle,
            newest: 0,
            log,
        }
    }

    /// Where a shift begins.
    #[inline]
    pub fn start(&self, tour: u32) -> u32 {
        self.model.stops.len() as u32 + 2 * tour
    }

    /// Where a shift ends.
    #[inline]
    pub fn end(&self, tour: u32) -> u32 {
        self.start(tour) + 1
    }

    /// Whether a node is a visit and no end of a shift.
    #[inline]
    pub fn is_visit(&self, node: u32) -> bool {
        (node as usize) < self.model.stops.len()
    }

    /// What a tour is known by until it changes; a change that is taken back brings it back.
    #[inline]
    pub fn version(&self, tour: u32) -> u32 {
        self.tours[tour as usize].version
    }

    /// How many visits a shift has.
    #[inline]
    pub fn visits(&self, tour: u32) -> u32 {
        self.tours[tour as usize].visits
    }

    /// How many stops are made.
    pub fn served(&self) -> u32 {
        self.busy.iter().map(|tour| self.visits(*tour)).sum()
    }

    /// The visits of a shift in their order.
    pub fn walk(&self, tour: u32) -> impl Iterator<Item = u32> {
        self.walk_from(self.nodes[self.start(tour) as usize].next)
    }

    /// The visits from a node on.
    pub fn walk_from(&self, first: u32) -> impl Iterator<Item = u32> {
        let next = |node: &u32| Some(self.nodes[*node as usize].next);
        std::iter::successors(Some(first), next).take_while(|node| self.is_visit(*node))
    }

    /// Whether a shift has enough of every part left for a visit.
    #[inline]
    pub fn has_parts_for(&self, tour: u32, visit: u32) -> bool {
        let parts = self.model.parts;
        let used = &self.used[tour as usize * parts..][..parts];
        let stock = self.model.stock(tour);
        (0..parts).all(|part| used[part] + self.model.uses(visit)[part] <= stock[part])
    }

    /// Whether a shift has to fetch something for its visits and one more.
    pub fn wants_depot(&self, tour: u32, visit: u32) -> bool {
        let (model, parts) = (self.model, self.model.parts);
        let used = &self.used[tour as usize * parts..][..parts];
        let has = model.on_board(tour);
        (0..parts).any(|part| used[part] + model.uses(visit)[part] > has[part])
            || std::iter::once(visit).chain(self.walk(tour)).any(|visit| model.fetches_tool(tour, visit))
    }

    /// Whether a shift may drive as far as a visit after a node asks for.
    pub fn may_drive(&self, visit: u32, after: u32) -> bool {
        let tour = self.nodes[after as usize].tour as usize;
        let most = self.model.shifts()[tour].most_travel_seconds;
        most.is_none_or(|most| self.tours[tour].travel_seconds + self.longer_by(visit, after) <= most)
    }

    /// Begins a try that may be taken back.
    pub fn begin_try(&mut self) {
        let log = &mut self.log;
        log.stamp += 1;
        (log.cost, log.beyond) = (self.cost, self.beyond);
        log.nodes.clear();
        log.tours.clear();
        log.used.clear();
        log.absent.clear();
        log.absent.extend_from_slice(&self.absent);
    }

    /// Takes back everything since the try was begun.
    pub fn take_back(&mut self) {
        (self.cost, self.beyond, self.is_broken) = (self.log.cost, self.log.beyond, false);
        self.unsettled.clear();
        std::mem::swap(&mut self.absent, &mut self.log.absent);
        for (number, node) in self.log.nodes.drain(..) {
            self.nodes[number as usize] = node;
        }
        let parts = self.model.parts;
        for (index, (tour, before)) in std::mem::take(&mut self.log.tours).into_iter().enumerate() {
            self.set_visits(tour, before.visits);
            self.tours[tour as usize] = before;
            let used = &self.log.used[index * parts..][..parts];
            self.used[tour as usize * parts..][..parts].copy_from_slice(used);
        }
    }

    #[inline]
    fn node_mut(&mut self, number: u32) -> &mut Node {
        let (index, log) = (number as usize, &mut self.log);
        if log.node_stamps[index] != log.stamp {
            log.node_stamps[index] = log.stamp;
            log.nodes.push((number, self.nodes[index]));
        }
        &mut self.nodes[index]
    }

    /// A tour is about to change: what it was is noted, and it is known by another version.
    fn change(&mut self, tour: u32) {
        let (index, log) = (tour as usize, &mut self.log);
        if log.tour_stamps[index] != log.stamp {
            log.tour_stamps[index] = log.stamp;
            log.tours.push((tour, self.tours[index]));
            log.used.extend_from_slice(&self.used[index * self.model.parts..][..self.model.parts]);
        }
        if self.model.needs_walk && !self.unsettled.contains(&tour) {
            self.unsettled.push(tour);
        }
        self.newest = self.newest.wrapping_add(1);
        self.tours[index].version = self.newest;
    }

    fn set_visits(&mut self, tour: u32, visits: u32) {
        let before = std::mem::replace(&mut self.tours[tour as usize].visits, visits);
        let idle = &mut self.idle[self.model.class[tour as usize] as usize];
        if before == 0 && visits > 0 {
            let at = idle.iter().rposition(|other| *other == tour).expect("a shift without visits is idle");
            idle.swap_remove(at);
            self.busy_at[tour as usize] = self.busy.len() as u32;
            self.busy.push(tour);
        } else if before > 0 && visits == 0 {
            idle.push(tour);
            let at = self.busy_at[tour as usize] as usize;
            self.busy.swap_remove(at);
            self.busy.get(at).into_iter().for_each(|moved| self.busy_at[*moved as usize] = at as u32);
        }
    }

    /// Puts a visit after a node; the caller has seen that it fits. It must not be in any tour, and stays among the absent until
    /// the caller takes it from there.
    pub fn insert(&mut self, visit: u32, after: u32) {
        let Node { tour, next, .. } = self.nodes[after as usize];
        self.count(visit, after, tour, 1);
        self.cost += i64::from(self.model.visit_cost(visit, tour));
        self.link(after, visit);
        self.link(visit, next);
        self.node_mut(visit).tour = tour;
        self.push_departures(visit);
        // The visit itself has no times yet: it is always settled, whatever it says.
        self.settle_latest(visit);
        self.pull_latest(after);
    }

    /// Takes a visit out of its tour; the caller puts it among the absent.
    pub fn remove(&mut self, visit: u32) {
        let Node { prev, next, tour, way, .. } = self.nodes[visit as usize];
        self.count(visit, prev, tour, -1);
        self.cost -= i64::from(way) + i64::from(self.model.visit_cost(visit, tour));
        self.link(prev, next);
        let node = self.node_mut(visit);
        (node.tour, node.way, node.held_at) = (NONE, 0, FREE);
        self.push_departures(next);
        self.pull_latest(prev);
        // Where ways are no shortest ways, a visit less can take longer.
        let (before, after) = (&self.nodes[prev as usize], &self.nodes[next as usize]);
        self.is_broken |= before.departs + self.model.seconds.between(before.place, after.place) > after.latest;
    }

    /// Holds a visit to the time its work begins: nothing fits around it that would move it.
    pub fn hold(&mut self, visit: u32, begins: i32) {
        self.node_mut(visit).held_at = begins;
        self.push_departures(visit);
        self.pull_latest(visit);
    }

    /// The stops of a tour, with the times they are held to.
    pub fn calls(&self, tour: u32) -> impl Iterator<Item = Call> {
        self.walk(tour).map(|stop| match self.nodes[stop as usize].held_at {
            FREE => Call::any_time(stop),
            begins => Call::at(stop, begins),
        })
    }

    /// Lets two shifts go on with each other's visits after two nodes, if they are alike and can; says whether they do.
    pub fn exchange_tails(&mut self, one: u32, other: u32) -> bool {
        let (a, b) = (self.nodes[one as usize].tour, self.nodes[other as usize].tour);
        let are_alike = self.model.class[a as usize] == self.model.class[b as usize];
        if a == b || !are_alike || !self.model.bonds.are_none() {
            return false;
        }
        if !self.can_go_on(one, other) || !self.can_go_on(other, one) || !self.tails_fit(one, other) {
            return false;
        }
        let (first_of_a, first_of_b) = (self.nodes[one as usize].next, self.nodes[other as usize].next);
        self.change(a);
        self.change(b);
        let (moved_to_b, last_of_a) = self.hand_over(first_of_a, b);
        let (moved_to_a, last_of_b) = self.hand_over(first_of_b, a);
        self.join(one, first_of_b, last_of_b, a);
        self.join(other, first_of_a, last_of_a, b);
        for (tour, more) in [(a, moved_to_a as i32 - moved_to_b as i32), (b, moved_to_b as i32 - moved_to_a as i32)] {
            let visits = self.tours[tour as usize].visits.wrapping_add_signed(more);
            self.set_visits(tour, visits);
        }
        true
    }

    /// Whether one can go from a node to where another goes next, in time.
    fn can_go_on(&self, from: u32, other: u32) -> bool {
        let (from, to) = (&self.nodes[from as usize], &self.nodes[self.nodes[other as usize].next as usize]);
        from.departs + self.model.seconds.between(from.place, to.place) <= to.latest
    }

    /// Whether there are parts enough, and no limit of driving to be looked after, when two shifts exchange what comes after two
    /// nodes.
    fn tails_fit(&self, one: u32, other: u32) -> bool {
        let (a, b) = (self.nodes[one as usize].tour, self.nodes[other as usize].tour);
        let uses = |after: u32, part: usize| -> i32 {
            self.walk_from(self.nodes[after as usize].next).map(|visit| self.model.uses(visit)[part]).sum()
        };
        let parts = self.model.parts;
        let fits = |part: usize| {
            let (from_a, from_b) = (uses(one, part), uses(other, part));
            let used = |tour: u32| self.used[tour as usize * parts + part];
            used(a) - from_a + from_b <= self.model.stock(a)[part]
                && used(b) - from_b + from_a <= self.model.stock(b)[part]
        };
        !self.model.is_limited(a) && (0..parts).all(fits)
    }

    /// Books visits from one on to another shift; says how many there are and which is the last.
    fn hand_over(&mut self, first: u32, to: u32) -> (u32, u32) {
        let (mut here, mut last, mut count) = (first, NONE, 0);
        let parts = self.model.parts;
        while self.is_visit(here) {
            let from = self.nodes[here as usize].tour;
            for part in 0..parts {
                let uses = self.model.uses(here)[part];
                self.used[from as usize * parts + part] -= uses;
                self.used[to as usize * parts + part] += uses;
            }
            self.node_mut(here).tour = to;
            (last, count, here) = (here, count + 1, self.nodes[here as usize].next);
        }
        (count, last)
    }

    /// Lets a shift go on from a node with visits that are its own already, or straight to its end. What comes after them does
    /// not change, because the two shifts are alike.
    fn join(&mut self, before: u32, first: u32, last: u32, tour: u32) {
        let end = self.end(tour);
        if last == NONE {
            self.link(before, end);
        } else {
            self.link(before, first);
            self.link(last, end);
            self.push_departures(first);
        }
        self.pull_latest(before);
    }

    /// Lets one node follow another.
    fn link(&mut self, from: u32, to: u32) {
        let stays_home = !self.is_visit(from) && !self.is_visit(to);
        let place = |node: u32| self.nodes[node as usize].place;
        let way = if stays_home { 0 } else { self.model.cost.between(place(from), place(to)) };
        self.cost += i64::from(way - self.nodes[from as usize].way);
        let before = self.node_mut(from);
        (before.next, before.way) = (to, way);
        self.node_mut(to).prev = from;
    }

    /// Books what a visit uses, or, with a sign of -1, gives it back.
    fn count(&mut self, visit: u32, prev: u32, tour: u32, sign: i32) {
        self.change(tour);
        if self.model.is_limited(tour) {
            self.tours[tour as usize].travel_seconds += self.longer_by(visit, prev) * sign;
        }
        let parts = self.model.parts;
        let used = &mut self.used[tour as usize * parts..][..parts];
        used.iter_mut().zip(self.model.uses(visit)).for_each(|(used, uses)| *used += uses * sign);
        let visits = self.tours[tour as usize].visits.wrapping_add_signed(sign);
        self.set_visits(tour, visits);
    }

    /// How many seconds of driving a visit after a node adds, or adds there now.
    pub fn longer_by(&self, visit: u32, prev: u32) -> i32 {
        let next = self.nodes[prev as usize].next;
        let next = if next == visit { self.nodes[visit as usize].next } else { next };
        let place = |node: u32| self.nodes[node as usize].place;
        let (from, here, to) = (place(prev), place(visit), place(next));
        let seconds = &self.model.seconds;
        seconds.between(from, here) + seconds.between(here, to) - seconds.between(from, to)
    }

    /// Works out departures from a node on, as far as they change.
    fn push_departures(&mut self, from: u32) {
        let mut number = from;
        while self.is_visit(number) {
            let Node { prev, next, tour, place, departs: known, held_at, .. } = self.nodes[number as usize];
            let before = &self.nodes[prev as usize];
            let arrives = before.departs + self.model.seconds.between(before.place, place);
            let begins = self.model.begins(number, arrives).max(held_at);
            let departs = begins + self.model.service(number, tour);
            if departs == known && number != from {
                return;
            }
            self.node_mut(number).departs = departs.min(NEVER);
            number = next;
        }
    }

    /// Works out latest arrivals from a node backwards, as far as they change.
    fn pull_latest(&mut self, from: u32) {
        let mut number = from;
        while self.is_visit(number) {
            let known = self.nodes[number as usize].latest;
            if self.settle_latest(number) == known && number != from {
                return;
            }
            number = self.nodes[number as usize].prev;
        }
    }

    #[inline]
    fn settle_latest(&mut self, number: u32) -> i32 {
        let Node { next, tour, place, latest: known, held_at, .. } = self.nodes[number as usize];
        let after = &self.nodes[next as usize];
        let begins_by =
            after.latest - self.model.seconds.between(place, after.place) - self.model.service(number, tour);
        let latest = match held_at {
            FREE => self.model.latest_arrival(number, begins_by),
            _ if begins_by < held_at => -1,
            _ => held_at,
        };
        if latest != known {
            self.node_mut(number).latest = latest;
        }
        latest
    }
}

/// A shift that only drives from where it begins to where it ends.
fn home_to_home(model: &Model<'_>, shift: &Shift) -> Sums {
    let travel_seconds = model.seconds.between(shift.sets_out().0 as u32, shift.end_place as u32);
    Sums { travel_seconds, ..Sums::default() }
}
