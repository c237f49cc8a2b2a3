//! Why a visit is in no tour: for each shift either what makes it impossible, or what would have to give way.
//!
//! Every answer can be checked: an obstacle by the problem alone, and a visit that gives way by taking it out and seeing that the
//! other fits. "The search gave up" is no answer, because a plan leaves out nobody who fits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::features::{Obstacle, obstacle};
use crate::model::{Model, NEVER};
use crate::plan::Plan;
use crate::problem::Problem;
use crate::walk::{Call, Order, Walk, orders};

/// What is between a visit and a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The shift could not serve it if it did nothing else.
    Obstacle(Obstacle),
    /// Even if the shift did nothing but these, which have to be over first, there would be no time for it after them.
    ComesAfter(Vec<usize>),
    /// It fits once these are taken out; no single one less would do.
    Displaces(Vec<usize>),
    /// It fits as the plan stands; a visit that takes a crew needs others at the same time.
    Fits,
}

/// What is between a visit and being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Visits that have to be over first, and are not made themselves.
    pub waits_for: Vec<usize>,
    /// For each shift, in their order, what is between the visit and the shift as it is planned.
    pub shifts: Vec<Reason>,
}

/// Why nobody makes a visit, or who could.
pub fn explain(problem: &Problem, plan: &Plan, visit: usize) -> Explanation {
    let model = Model::without_neighbours(problem);
    let orders = orders(&model, plan);
    let shifts = 0..problem.shifts().len();
    let tours: BTreeMap<u32, &[Call]> = orders.iter().map(|(shift, calls)| (*shift, calls.as_slice())).collect();
    let planned = |shift: usize| tours.get(&(shift as u32)).copied().unwrap_or_default();
    let waits_for = waits_for(problem, &model, &orders, visit);
    let call = Call { stop: visit as u32, from: earliest(problem, &model, &orders, visit), until: NEVER };
    Explanation {
        waits_for,
        shifts: shifts.map(|shift| Asked { model: &model, shift, planned: planned(shift), call }.reason()).collect(),
    }
}

/// When the stop of another visit is over, for every technician who makes it.
fn ends(model: &Model<'_>, orders: &[Order], visit: usize) -> Option<i32> {
    let made = orders.iter().flat_map(|(shift, calls)| calls.iter().map(move |call| (*shift, call)));
    let of_it = made.filter(|(_, call)| model.bonds.visit_of[call.stop as usize] as usize == visit);
    of_it.map(|(shift, call)| call.from + model.service(call.stop, shift)).max().or(model.done_at(visit))
}

fn waits_for(problem: &Problem, model: &Model<'_>, orders: &[Order], visit: usize) -> Vec<usize> {
    let before = problem.visits()[visit].after.iter().map(|after| after.visit);
    before.filter(|before| ends(model, orders, *before).is_none()).collect()
}

fn earliest(problem: &Problem, model: &Model<'_>, orders: &[Order], visit: usize) -> i32 {
    let after = problem.visits()[visit].after.iter();
    after.filter_map(|after| Some(ends(model, orders, after.visit)? + after.lag_seconds)).max().unwrap_or(0)
}

/// A visit, and a shift that is asked for it.
struct Asked<'a> {
    model: &'a Model<'a>,
    shift: usize,
    planned: &'a [Call],
    call: Call,
}

impl Asked<'_> {
    fn reason(&self) -> Reason {
        let visit = self.call.stop as usize;
        if let Some(obstacle) = obstacle(self.model.problem, visit, self.shift) {
            return Reason::Obstacle(obstacle);
        }
        if self.fits(self.planned) {
            return Reason::Fits;
        }
        if !(Self { call: Call::any_time(self.call.stop), ..*self }).fits(&[]) {
            return Reason::Obstacle(Obstacle::BreaksOrDepot);
        }
        let first: Vec<Call> = self.planned.iter().copied().filter(|call| self.comes_first(call.stop)).collect();
        if !self.fits(&first) {
            return Reason::ComesAfter(
                self.model.visit(self.call.stop).after.iter().map(|after| after.visit).collect(),
            );
        }
        let moved = self.fewest_to_move().into_iter();
        Reason::Displaces(moved.map(|stop| self.model.bonds.visit_of[stop as usize] as usize).collect())
    }

    /// Whether a stop has to be over first.
    fn comes_first(&self, stop: u32) -> bool {
        self.model.bonds.waits_for(self.model.problem.visits(), self.call.stop, stop)
    }

    /// Whether the visit fits anywhere among others.
    fn fits(&self, others: &[Call]) -> bool {
        let walk = Walk::new(self.model, self.shift as u32);
        (0..=others.len()).any(|place| {
            let mut calls = others.to_vec();
            calls.insert(place, self.call);
            walk.has_parts_for(&calls) && walk.beyond(&calls).is_some()
        })
    }

    /// Stops without which the visit fits, the least important first: what is not needed in the end stays.
    fn fewest_to_move(&self) -> Vec<u32> {
        let importance = |stop: &u32| {
            let visit = self.model.visit(*stop);
            (std::cmp::Reverse(visit.priority), visit.worth(), visit.service_seconds)
        };
        let stops = self.planned.iter().map(|call| call.stop);
        let mut candidates: Vec<u32> = stops.filter(|stop| !self.comes_first(*stop)).collect();
        candidates.sort_by_key(importance);
        let fits_without = |moved: &[u32]| {
            let kept = self.planned.iter().copied().filter(|call| !moved.contains(&call.stop));
            self.fits(&kept.collect::<Vec<_>>())
        };
        if let Some(one) = candidates.iter().find(|one| fits_without(&[**one])) {
            return vec![*one];
        }
        let enough = (1..=candidates.len()).find(|count| fits_without(&candidates[..*count]));
        let mut moved = candidates[..enough.unwrap_or(candidates.len())].to_vec();
        for one in moved.clone().into_iter().rev() {
            let fewer: Vec<u32> = moved.iter().copied().filter(|other| *other != one).collect();
            if fits_without(&fewer) {
                moved = fewer;
            }
        }
        moved
    }
}
