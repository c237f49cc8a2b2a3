//! A plan prepared for questions: who could take one more visit, when, and at what cost. Answers come while a customer is on the phone:
//! most places are ruled out by looking at two stops, and only the cheapest few are worked out to the end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::features::{obstacle_but_time, time};
use crate::model::{Model, NEVER};
use crate::pairs::Abilities;
use crate::part::Part;
use crate::plan::{Plan, Tour};
use crate::problem::{Problem, Shift, Visit, Window};
use crate::validate::LATEST_SECONDS;
use crate::walk::{Beyond, Call, Walk};

/// So many of the cheapest are worked out for each slot before others are left aside.
const MOST_TRIED: usize = 8;
const ANY_TIME: Window = Window { from_seconds: 0, until_seconds: LATEST_SECONDS };

/// A moment somebody could come, and what that would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The slot, by its place in the question.
    pub slot: usize,
    /// The shift, by its place in the problem.
    pub shift: usize,
    /// How many of the shift's visits come before.
    pub position: usize,
    /// When the work would begin.
    pub begins_seconds: i32,
    /// By how much it and others would be later than they are due.
    pub late_seconds: i64,
    /// What it would cost, in the objective's units.
    pub cost: i64,
}

/// A way between two stops of a tour, and the time there is.
struct Gap {
    from: usize,
    to: usize,
    /// When the first is left at the earliest, and the second reached at the latest.
    departs: i32,
    latest: i32,
    cost: i64,
}

/// A plan prepared for questions.
pub struct Board<'p> {
    problem: &'p Problem,
    /// The visits of each shift, with the moments they begin.
    planned: Vec<Vec<(usize, i32)>>,
    gaps: Vec<Vec<Gap>>,
    /// When somebody is there in each shift.
    there: Vec<Window>,
    /// Which visits hang together with others.
    is_bound: Vec<bool>,
    abilities: Abilities,
}

/// A place for the visit, before it is worked out.
struct Seat {
    shift: usize,
    cost: i64,
}

impl<'p> Board<'p> {
    /// Prepares a plan that is right.
    pub fn new(problem: &'p Problem, plan: &Plan) -> Self {
        let mut planned = vec![Vec::new(); problem.shifts().len()];
        plan.tours.iter().for_each(|tour: &Tour| planned[tour.shift] = tour.timed_visits().collect());
        let gaps = planned.iter().enumerate().map(|(shift, visits)| gaps(problem, &problem.shifts()[shift], visits));
        let (gaps, abilities) = (gaps.collect(), Abilities::of(problem.shifts()));
        let there = |shift: &Shift| Window { from_seconds: shift.sets_out().1, until_seconds: shift.ends_by() };
        let there = problem.shifts().iter().map(there).collect();
        Self { problem, gaps, there, is_bound: problem.bound(), planned, abilities }
    }

    /// What is planned.
    pub(crate) fn problem(&self) -> &'p Problem {
        self.problem
    }

    /// For each slot the cheapest offers, each of another shift, at most so many; the cheapest first. The visit begins within the slot
    /// and within its own windows. It need not be in the problem, but its place must be among the problem's. Of a crew these are
    /// the members one by one ([`Board::crew_offers`]); whom the visit waits for is not asked.
    pub fn offers(&self, visit: &Visit, slots: &[Window], most: usize) -> Vec<Offer> {
        let is_able = |shift: usize| obstacle_but_time(self.problem, visit, shift).is_none();
        let able = match visit.pinned_shift {
            Some(pinned) => Some(pinned).filter(|pinned| is_able(*pinned)).into_iter().collect(),
            None => self.abilities.shifts_that(is_able),
        };
        // A shift is worked out once for all slots: what differs between them is little.
        let mut slots_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (slot, window) in slots.iter().enumerate() {
            let seats = self.seats(visit, *window, &able, MOST_TRIED.max(2 * most));
            seats.into_iter().for_each(|seat| slots_of.entry(seat.shift).or_default().push(slot));
        }
        let mut of_slot = vec![Vec::new(); slots.len()];
        for (shift, into) in slots_of {
            let offers = self.worked_out(visit, shift, into.into_iter().map(|slot| (slot, slots[slot])));
            offers.into_iter().for_each(|offer| of_slot[offer.slot].push(offer));
        }
        ranked(of_slot.into_iter().flat_map(|offers| ranked(offers).into_iter().take(most)).collect())
    }

    /// The shifts where a visit of the problem is cheapest, at most so many.
    pub(crate) fn near(&self, visit: usize, most: usize) -> Vec<usize> {
        let offers = self.offers(&self.problem.visits()[visit], &[ANY_TIME], most);
        offers.into_iter().map(|offer| offer.shift).collect()
    }

    /// Who could make a visit of the problem instead of whoever does, the cheapest first: at most so many.
    pub fn next_best(&self, visit: usize, most: usize) -> Vec<Offer> {
        let others = self.offers(&self.problem.visits()[visit], &[ANY_TIME], most + 1);
        let has_it = |offer: &Offer| self.planned[offer.shift].iter().any(|(planned, _)| *planned == visit);
        others.into_iter().filter(|offer| !has_it(offer)).take(most).collect()
    }

    /// The shifts where a slot is cheapest by looking at two stops, at most so many.
    fn seats(&self, visit: &Visit, slot: Window, able: &[usize], most: usize) -> Vec<Seat> {
        let visit = &Visit { windows: within(&visit.windows, slot), ..visit.clone() };
        let (Some(first), Some(last)) = (visit.windows.first(), visit.windows.last()) else { return Vec::new() };
        let is_there = |shift: &&usize| {
            let there = self.there[**shift];
            there.from_seconds <= last.until_seconds && first.from_seconds <= there.until_seconds
        };
        let mut seats: Vec<Seat> = able.iter().filter(is_there).filter_map(|shift| self.seat(visit, *shift)).collect();
        seats.sort_by_key(|seat| (seat.cost, seat.shift));
        seats.truncate(most);
        seats
    }

    /// The cheapest place in a shift by looking at two stops.
    fn seat(&self, visit: &Visit, shift: usize) -> Option<Seat> {
        let (of, travel, objective) = (&self.problem.shifts()[shift], self.problem.travel(), self.problem.objective());
        if time::obstacle(self.problem, visit, of).is_some() {
            return None;
        }
        let service = visit.service_seconds_by(&of.technician);
        let cost = |from: usize, to: usize| {
            objective.cost(i64::from(travel.meters(from, to)), i64::from(travel.seconds(from, to)))
        };
        let mut best: Option<i64> = None;
        for gap in &self.gaps[shift] {
            let Some(begins) = visit.begins(gap.departs + travel.seconds(gap.from, visit.place)) else { break };
            if begins + service + travel.seconds(visit.place, gap.to) > gap.latest {
                continue;
            }
            let more = cost(gap.from, visit.place) + cost(visit.place, gap.to) - gap.cost;
            best = Some(best.map_or(more, |best| best.min(more)));
        }
        best.map(|cost| Seat { shift, cost: cost + objective.visit_cost(visit, shift, of) })
    }

    /// Works a shift out to the end, wherever in it the visit is cheapest in each slot.
    fn worked_out(&self, visit: &Visit, shift: usize, slots: impl Iterator<Item = (usize, Window)>) -> Vec<Offer> {
        let Some(problem) = self.with_guest(visit, shift) else { return Vec::new() };
        let model = Model::without_neighbours(&problem);
        let walk = Walk::new(&model, 0);
        let before: Vec<Call> = (0..self.planned[shift].len()).map(|stop| Call::any_time(stop as u32)).collect();
        // With ways that are no shortest ways, a tour may be possible with the visit only.
        let ways_only = || Beyond { late_seconds: 0, cost: walk.ways_cost(&before) };
        let known = walk.worth(&before).unwrap_or_else(ways_only);
        let wish = self.problem.objective().visit_cost(visit, shift, &self.problem.shifts()[shift]);
        let offer = |(slot, Window { from_seconds, until_seconds })| {
            let guest = Call { stop: before.len() as u32, from: from_seconds, until: until_seconds };
            let (with, position, begins_seconds) = cheapest_place(&walk, &before, guest)?;
            let (late_seconds, cost) = (with.late_seconds - known.late_seconds, with.cost - known.cost + wish);
            Some(Offer { slot, shift, position, begins_seconds, late_seconds, cost })
        };
        slots.filter_map(offer).collect()
    }

    /// A small problem of one shift, its visits, and one more.
    fn with_guest(&self, visit: &Visit, shift: usize) -> Option<Problem> {
        let alone = |visit: Visit| Visit { after: vec![], crew: 0, pinned_shift: None, planned_shift: None, ..visit };
        let begins: BTreeMap<usize, i32> = self.planned[shift].iter().copied().collect();
        let held = |number: usize, visit: Visit| alone(self.held(number, visit, begins[&number]));
        let visits = self.planned[shift].iter().map(|(number, _)| *number).collect();
        Part::of(self.problem, vec![shift], visits, held, &[alone(visit.clone())]).ok().map(|part| part.problem)
    }

    /// A visit of a plan: one that hangs together with others keeps its moment.
    fn held(&self, number: usize, visit: Visit, begins: i32) -> Visit {
        if !self.is_bound[number] {
            return visit;
        }
        Visit { windows: vec![Window { from_seconds: begins, until_seconds: begins }], ..visit }
    }
}

/// Where in a tour one more call is cheapest: what the tour is worth then, how many calls come before, and when the work begins.
fn cheapest_place(walk: &Walk<'_, '_>, before: &[Call], guest: Call) -> Option<(Beyond, usize, i32)> {
    let mut calls = before.to_vec();
    calls.push(guest);
    if !walk.has_parts_for(&calls) {
        return None;
    }
    let with_guest_at = |position: usize| [&before[..position], &[guest], &before[position..]].concat();
    let places = (0..=before.len()).filter_map(|position| Some((walk.worth(&with_guest_at(position))?, position)));
    let (with, position) = places.min()?;
    Some((with, position, walk.begins(&with_guest_at(position), position)?))
}

/// The cheapest first.
fn ranked(mut offers: Vec<Offer>) -> Vec<Offer> {
    offers.sort_by_key(|offer| (offer.late_seconds, offer.cost, offer.begins_seconds, offer.shift));
    offers
}

/// The parts of windows that lie in a slot.
fn within(windows: &[Window], slot: Window) -> Vec<Window> {
    if windows.is_empty() {
        return vec![slot];
    }
    let common = windows.iter().map(|window| Window {
        from_seconds: window.from_seconds.max(slot.from_seconds),
        until_seconds: window.until_seconds.min(slot.until_seconds),
    });
    common.filter(|window| window.from_seconds <= window.until_seconds).collect()
}

/// The ways of a tour with the time there is, as if breaks and the depot cost none: what does not fit then never fits.
fn gaps(problem: &Problem, shift: &Shift, visits: &[(usize, i32)]) -> Vec<Gap> {
    let (travel, objective) = (problem.travel(), problem.objective());
    let of = |number: usize| &problem.visits()[number];
    let (mut place, mut departs) = shift.sets_out();
    let mut gaps: Vec<Gap> = Vec::with_capacity(visits.len() + 1);
    let places = visits.iter().map(|(visit, _)| of(*visit).place).chain([shift.end_place]);
    for (index, to) in places.enumerate() {
        let (meters, seconds) = (travel.meters(place, to), travel.seconds(place, to));
        // Somebody who makes no visit stays at home.
        let cost = if visits.is_empty() { 0 } else { objective.cost(i64::from(meters), i64::from(seconds)) };
        gaps.push(Gap { from: place, to, departs, latest: shift.ends_by(), cost });
        if let Some((visit, _)) = visits.get(index) {
            let begins = of(*visit).begins(departs + seconds).unwrap_or(NEVER);
            (place, departs) = (to, begins.saturating_add(of(*visit).service_seconds_by(&shift.technician)));
        }
    }
    for index in (0..visits.len()).rev() {
        let (visit, next) = (of(visits[index].0), &gaps[index + 1]);
        let begins_by = next.latest - travel.seconds(next.from, next.to) - visit.service_seconds_by(&shift.technician);
        let open = visit.windows.iter().rev().find(|window| window.from_seconds <= begins_by);
        gaps[index].latest = open.map_or(begins_by, |window| window.until_seconds.min(begins_by));
    }
    gaps
}
