//! How long a search may go on, by a clock or by iterations; and when it found what.

use std::time::{Duration, Instant};

use fieldline_routing::{Budget, Iterations, Score};
use rustix::time::{ClockId, clock_gettime};

use crate::bar::Bar;
use crate::solve::Clock;

/// A search's limit.
#[derive(Clone, Copy)]
pub enum Limit {
    /// So many iterations.
    Iterations(Iterations),
    /// So many seconds.
    Seconds(f64),
}

/// A limit under way.
#[derive(Clone)]
pub struct Running {
    clock: Clock,
    began: Instant,
    limit: Limit,
    bar: Option<Bar>,
    /// Iterations so far.
    pub iterations: u64,
    /// When everybody was served first, in seconds.
    pub complete_after: Option<f64>,
    /// When the best plan was found, in seconds.
    pub best_after: f64,
}

impl Running {
    /// Starts the clock. That of the processor began with the process, so reading the problem counts.
    #[expect(clippy::disallowed_methods, reason = "a tool's limit is where time comes in")]
    pub fn start(limit: Limit, clock: Clock, bar: Option<Bar>) -> Self {
        Self { clock, began: Instant::now(), limit, bar, iterations: 0, complete_after: None, best_after: 0.0 }
    }

    /// What several searches that went on at once come to.
    pub fn together(all: &[Self]) -> Self {
        let first = |of: fn(&Self) -> Option<f64>| all.iter().filter_map(of).reduce(f64::min);
        Self {
            iterations: all.iter().map(|one| one.iterations).sum(),
            complete_after: first(|one| one.complete_after),
            best_after: all.iter().map(|one| one.best_after).fold(0.0, f64::max),
            ..all[0].clone()
        }
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> f64 {
        match self.clock {
            Clock::Wall => self.began.elapsed().as_secs_f64(),
            Clock::Cpu => {
                let used = clock_gettime(ClockId::ProcessCPUTime);
                Duration::new(used.tv_sec.unsigned_abs(), used.tv_nsec as u32).as_secs_f64()
            }
        }
    }
}

impl Budget for Running {
    fn spent(&mut self, iterations: u64) -> f64 {
        self.iterations = iterations;
        let share = match self.limit {
            Limit::Iterations(mut limit) => limit.spent(iterations),
            Limit::Seconds(most) => self.seconds() / most,
        };
        self.bar.iter().for_each(|bar| bar.spent(share, iterations));
        share
    }

    fn found(&mut self, _: u64, score: &Score) {
        self.best_after = self.seconds();
        self.bar.iter().for_each(|bar| bar.found(score));
        if score.unserved.iter().all(|left| *left == 0) && self.complete_after.is_none() {
            self.complete_after = Some(self.best_after);
        }
    }
}
