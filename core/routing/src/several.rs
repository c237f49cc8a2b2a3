//! Several searches at once, one a thread; the best plan wins. With budgets of iterations the outcome is the same on every machine.

use std::thread;

use crate::plan::Plan;
use crate::problem::Problem;
use crate::solver::{Budget, Start, solve};

/// Searches with each budget in a thread of its own, with a seed of its own.
///
/// # Panics
/// Without any budget.
pub fn solve_in_threads<B: Budget + Send>(problem: &Problem, start: Start<'_>, seed: u64, budgets: &mut [B]) -> Plan {
    let plans: Vec<Plan> = thread::scope(|scope| {
        let searches = budgets.iter_mut().enumerate().map(|(number, budget)| {
            scope.spawn(move || solve(problem, start, seed.wrapping_add(number as u64), budget))
        });
        let searches: Vec<_> = searches.collect();
        searches.into_iter().map(|search| search.join().expect("a search does not panic")).collect()
    });
    plans.into_iter().min_by_key(|plan| plan.score).expect("there is a budget")
}
