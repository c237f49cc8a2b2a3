//! A repair that concerns few of many: whoever something happened to, and the shifts where a visit that has nobody is cheapest. All
//! others go on as they did, and hear of nothing.

use std::collections::BTreeSet;

use crate::board::Board;
use crate::check::worth;
use crate::part::Part;
use crate::plan::{Plan, Tour, unserved_by};
use crate::problem::Problem;
use crate::solver::{Budget, Start, solve};

/// Up to so many shifts everybody is asked.
const FEW_SHIFTS: usize = 24;
/// So many shifts are asked for each visit that has nobody.
const ASKED: usize = 6;
/// Up to so many visits that nobody made before are tried again.
const MOST_TRIED_AGAIN: usize = 100;

/// A plan for a problem that goes out from what is left of another, with changes in few shifts only; `None` where everybody has to be
/// asked: there are few shifts, visits hang together, or one of those who lost their technician finds none near by.
pub fn near_by(
    problem: &Problem,
    left: &Plan,
    happened_to: &BTreeSet<usize>,
    seed: u64,
    budget: &mut dyn Budget,
) -> Option<Plan> {
    let is_few = problem.shifts().len() <= FEW_SHIFTS || left.unserved.len() > MOST_TRIED_AGAIN;
    if is_few || problem.bound().contains(&true) {
        return None;
    }
    let has_nobody: Vec<usize> = unserved_by(problem, &left.tours).into_iter().map(|unserved| unserved.visit).collect();
    let board = Board::new(problem, left);
    let near = has_nobody.iter().flat_map(|visit| board.near(*visit, ASKED));
    let shifts: BTreeSet<usize> = happened_to.iter().copied().chain(near).collect();
    let tours = || left.tours.iter().filter(|tour| shifts.contains(&tour.shift));
    let visits = tours().flat_map(Tour::visits).chain(has_nobody.iter().copied()).collect();
    let part = Part::of(problem, shifts.iter().copied().collect(), visits, |_, visit| visit, &[]).ok()?;
    let found = part.told(&solve(&part.problem, Start::From(&part.asked(left)), seed, budget));
    let was_unserved: BTreeSet<usize> = left.unserved.iter().map(|unserved| unserved.visit).collect();
    if found.unserved.iter().any(|unserved| !was_unserved.contains(&unserved.visit)) {
        return None;
    }
    let others = left.tours.iter().filter(|tour| !shifts.contains(&tour.shift)).cloned();
    let mut plan = Plan { tours: others.chain(found.tours).collect(), unserved: found.unserved, ..Plan::default() };
    plan.tours.sort_by_key(|tour| tour.shift);
    plan.score = worth(problem, &plan).ok()?;
    Some(plan)
}
