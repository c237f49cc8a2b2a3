//! Why a visit is in no tour: for each shift either what makes it impossible, or what would have to give way.
//!
//! Every answer can be checked: an obstacle by the problem alone, and a visit that gives way by taking it out and seeing that the
//! other fits. "The search gave up" is no answer, because a plan leaves out nobody who fits.

use serde::{Deserialize, Serialize};

use crate::check::is_feasible;
use crate::features::{Obstacle, obstacle};
use crate::plan::Plan;
use crate::problem::Problem;

/// What is between a visit and a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The shift could not serve it if it did nothing else.
    Obstacle(Obstacle),
    /// It fits once these are taken out; no single one less would do.
    Displaces(Vec<usize>),
    /// It fits as the plan stands.
    Fits,
}

/// For each shift, in their order, what is between a visit and the shift as it is planned.
pub fn explain(problem: &Problem, plan: &Plan, visit: usize) -> Vec<Reason> {
    (0..problem.shifts().len()).map(|shift| reason(problem, plan, visit, shift)).collect()
}

fn reason(problem: &Problem, plan: &Plan, visit: usize, shift: usize) -> Reason {
    if let Some(obstacle) = obstacle(problem, visit, shift) {
        return Reason::Obstacle(obstacle);
    }
    let tour = plan.tours.iter().find(|tour| tour.shift == shift);
    let planned = tour.map(|tour| tour.visits.as_slice()).unwrap_or_default();
    if fits(problem, shift, planned, visit) {
        return Reason::Fits;
    }
    Reason::Displaces(fewest_to_move(problem, shift, planned, visit))
}

/// Whether a visit fits anywhere among others.
fn fits(problem: &Problem, shift: usize, others: &[usize], visit: usize) -> bool {
    (0..=others.len()).any(|place| {
        let mut visits = others.to_vec();
        visits.insert(place, visit);
        is_feasible(problem, shift, &visits)
    })
}

/// Visits without which another fits, the least important first: what is not needed in the end stays.
fn fewest_to_move(problem: &Problem, shift: usize, planned: &[usize], visit: usize) -> Vec<usize> {
    let importance = |visit: &usize| {
        let visit = &problem.visits()[*visit];
        (std::cmp::Reverse(visit.priority), visit.worth(), visit.service_seconds)
    };
    let mut candidates = planned.to_vec();
    candidates.sort_by_key(importance);
    let without = |moved: &[usize]| planned.iter().copied().filter(|other| !moved.contains(other)).collect::<Vec<_>>();
    if let Some(one) = candidates.iter().find(|one| fits(problem, shift, &without(&[**one]), visit)) {
        return vec![*one];
    }
    let enough = (1..=candidates.len()).find(|count| fits(problem, shift, &without(&candidates[..*count]), visit));
    let mut moved = candidates[..enough.unwrap_or(candidates.len())].to_vec();
    for one in moved.clone().into_iter().rev() {
        let fewer: Vec<usize> = moved.iter().copied().filter(|other| *other != one).collect();
        if fits(problem, shift, &without(&fewer), visit) {
            moved = fewer;
        }
    }
    moved
}
