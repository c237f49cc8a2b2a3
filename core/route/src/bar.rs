//! How far a long search has come, for somebody who watches it.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

use fieldline_routing::{Iterations, Problem, Score};
use indicatif::{ProgressBar, ProgressStyle};

use crate::limit::Limit;

/// Searches that are over before somebody wonders show nothing.
const LONG_SECONDS: f64 = 2.0;
const LONG_ITERATIONS: u64 = 50_000;
/// So often it is drawn anew at most.
const STEPS: f64 = 1_000.0;

/// A bar that several searches share.
#[derive(Clone)]
pub struct Bar {
    bar: ProgressBar,
    best: Arc<Mutex<Option<Score>>>,
    /// What all visits are worth together.
    worth: i64,
    /// So much of the cost is one of what people read.
    units: f64,
}

impl Bar {
    /// A bar, where the search is long and somebody is there to see it.
    pub fn of(limit: Limit, problem: &Problem, units: f64) -> Option<Self> {
        let is_long = match limit {
            Limit::Iterations(Iterations(iterations)) => iterations >= LONG_ITERATIONS,
            Limit::Seconds(seconds) => seconds >= LONG_SECONDS,
        };
        let style = ProgressStyle::with_template("{bar:40} {percent}% {msg}").expect("the template is well formed");
        (is_long && std::io::stderr().is_terminal()).then(|| Self {
            bar: ProgressBar::new(STEPS as u64).with_style(style),
            best: Arc::default(),
            worth: problem.visits().iter().map(|visit| visit.worth()).sum(),
            units,
        })
    }

    /// One of the searches has spent a share of what it has.
    pub fn spent(&self, share: f64, iterations: u64) {
        let step = (share.min(1.0) * STEPS) as u64;
        if step > self.bar.position() {
            let best = *self.best.lock().unwrap_or_else(PoisonError::into_inner);
            self.bar.set_message(in_words(iterations, best, self.worth, self.units));
            self.bar.set_position(step);
        }
    }

    /// One of the searches has found a plan better than all of its own before.
    pub fn found(&self, score: &Score) {
        let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
        *best = Some(best.map_or(*score, |best| best.min(*score)));
    }

    /// Leaves the terminal as it was.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Visits count as often as they are worth: once, unless the problem says otherwise.
fn in_words(iterations: u64, best: Option<Score>, worth: i64, units: f64) -> String {
    let Some(best) = best else { return format!("{iterations} iterations") };
    let served = worth - best.unserved.iter().sum::<i64>();
    format!("{iterations} iterations, best {:.1}, {served} of {worth} served", best.cost as f64 / units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_tells_the_iterations_the_best_cost_and_who_is_served() {
        let best = Score { unserved: [1, 0, 2, 0], cost: 12_345, ..Score::default() };
        assert_eq!(in_words(700, Some(best), 100, 10.0), "700 iterations, best 1234.5, 97 of 100 served");
        assert_eq!(in_words(0, None, 100, 10.0), "0 iterations");
    }
}
