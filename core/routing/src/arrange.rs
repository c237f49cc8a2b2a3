//! Orders that somebody else decided, as a plan with times: a person who moved visits on a board, or the best order of a day.

use crate::check::worth;
use crate::model::Model;
use crate::plan::{Plan, unserved_by};
use crate::problem::Problem;
use crate::walk::{Call, Walk};

/// A plan in which shifts make visits in given orders, everything as early as it goes, and nobody makes any other; `None` when that is
/// not possible. Crews and visits that wait for others begin when they do in their own tour, so this is not for them.
pub fn arrange(problem: &Problem, orders: &[(usize, Vec<usize>)]) -> Option<Plan> {
    let model = Model::without_neighbours(problem);
    let mut plan = Plan::default();
    for (shift, visits) in orders.iter().filter(|(_, visits)| !visits.is_empty()) {
        let calls: Vec<Call> = visits.iter().map(|visit| Call::any_time(*visit as u32)).collect();
        plan.tours.push(Walk::new(&model, *shift as u32).tour(&calls)?);
    }
    plan.tours.sort_by_key(|tour| tour.shift);
    plan.unserved = unserved_by(problem, &plan.tours);
    plan.score = worth(problem, &plan).ok()?;
    Some(plan)
}
