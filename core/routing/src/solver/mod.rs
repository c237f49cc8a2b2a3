//! The search for a good plan: ruin and recreate (SISR; Christiaens and Vanden Berghe, "Slack Induction by String Removals for
//! Vehicle Routing Problems", Transportation Science 54(2), 2020) under simulated annealing.
//!
//! ```text
//! tours      the plan under work: linked lists with times, changed in place and taken back
//! settle     what their times come to where they are more than that
//! ruin       which visits are taken out
//! unlike     the same where shifts are unlike
//! places     where in a tour a visit fits best
//! least      what it costs there at the least
//! near       where it fits best next to what is near it
//! recreate   where they go
//! regret     the same, those first that lose most by waiting
//! held       where those go that are held together
//! cooling    how much worse a plan may be
//! search     what is kept
//! ```

mod cooling;
mod held;
mod least;
mod near;
mod places;
mod recreate;
mod regret;
mod ruin;
mod search;
mod settle;
mod tours;
mod unlike;

use crate::plan::Plan;
use crate::problem::Problem;
use crate::score::Score;

/// How long a search may go on.
pub trait Budget {
    /// Which part of what there is has been used after so many iterations, from 0 to 1; from 1 on the search ends.
    fn spent(&mut self, iterations: u64) -> f64;

    /// Takes in that a better plan was found.
    fn found(&mut self, _iterations: u64, _score: &Score) {}
}

/// A number of iterations: the same plan on every machine.
#[derive(Debug, Clone, Copy)]
pub struct Iterations(pub u64);

impl Budget for Iterations {
    fn spent(&mut self, iterations: u64) -> f64 {
        if self.0 == 0 { 1.0 } else { iterations as f64 / self.0 as f64 }
    }
}

/// What a search begins with.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// Nothing.
    Afresh,
    /// A plan that is good already: what of it is still possible stays unless something better is found.
    From(&'a Plan),
}

/// Searches for a good plan as long as the budget lasts; always gives one, if need be with nobody served.
pub fn solve(problem: &Problem, start: Start<'_>, seed: u64, budget: &mut dyn Budget) -> Plan {
    search::Search::new(problem, seed).run(start, budget)
}
