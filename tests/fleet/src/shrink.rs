//! Makes a failing plan small: what is left is what a person has to understand.
//!
//! Parts are left out as long as the shift still breaks a promise of the same kind: the end of the day, whole phones, faults,
//! then steps in ever smaller pieces (delta debugging). Several candidates run at once. The number of runs is bounded, so
//! shrinking always ends.

use std::num::NonZero;

use crate::faults::Faults;
use crate::plan::{Plan, Who};
use crate::shift::{Report, run};

/// The smallest plan found in so many runs that still breaks the first promise that was broken, and what came of it. `told`
/// hears after every run how many there were and how many steps are left.
pub fn shrink(plan: &Plan, report: &Report, most_runs: u64, told: &dyn Fn(u64, usize)) -> (Plan, Report) {
    let first = kinds(report).into_iter().take(1).collect();
    let mut shrinking = Shrinking { wanted: first, best: (plan.clone(), report.clone()), runs: 0, most_runs, told };
    loop {
        let before = shrinking.best.0.clone();
        shrinking.cut_the_end();
        shrinking.leave_out_phones();
        shrinking.leave_out_faults();
        shrinking.leave_out_steps();
        shrinking.hire_fewer();
        if shrinking.best.0 == before || shrinking.is_over() {
            return shrinking.best;
        }
    }
}

struct Shrinking<'a> {
    wanted: Vec<String>,
    best: (Plan, Report),
    runs: u64,
    most_runs: u64,
    told: &'a dyn Fn(u64, usize),
}

impl Shrinking<'_> {
    fn is_over(&self) -> bool {
        self.runs >= self.most_runs
    }

    /// Runs plans, several at once, and keeps the first that still fails; says which one it was.
    fn keep_first_failing(&mut self, candidates: &[Plan]) -> Option<usize> {
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        for (round, plans) in candidates.chunks(workers).enumerate() {
            if self.is_over() {
                return None;
            }
            let reports = run_together(plans);
            self.runs += plans.len() as u64;
            let fails = |report: &Report| kinds(report).iter().any(|kind| self.wanted.contains(kind));
            let found = reports.into_iter().enumerate().find(|(_, report)| fails(report));
            if let Some((index, report)) = found {
                self.best = (plans[index].clone(), report);
                (self.told)(self.runs, self.best.0.steps.len());
                return Some(round * workers + index);
            }
            (self.told)(self.runs, self.best.0.steps.len());
        }
        None
    }

    /// The storm ends as soon as it has done its harm.
    fn cut_the_end(&mut self) {
        let mut hours = 1;
        while hours < self.best.0.hours && !self.is_over() {
            let mut plan = Plan { hours, ..self.best.0.clone() };
            let end = plan.storm_milliseconds();
            plan.steps.retain(|step| step.at < end);
            if self.keep_first_failing(&[plan]).is_some() {
                return;
            }
            hours *= 2;
        }
    }

    fn leave_out_phones(&mut self) {
        for phone in (0..self.best.0.phones).rev() {
            let mut plan = self.best.0.clone();
            plan.steps.retain(|step| step.who != Who::Phone(phone));
            if plan.steps.len() < self.best.0.steps.len() {
                self.keep_first_failing(&[plan]);
            }
        }
    }

    fn leave_out_faults(&mut self) {
        let with = |plan: &Plan, faults| Plan { faults, ..plan.clone() };
        self.keep_first_failing(&[with(&self.best.0, Faults::default())]);
        loop {
            let less = self.best.0.faults.with_one_less();
            let candidates: Vec<Plan> = less.into_iter().map(|faults| with(&self.best.0, faults)).collect();
            if self.keep_first_failing(&candidates).is_none() {
                return;
            }
        }
    }

    fn leave_out_steps(&mut self) {
        let mut size = self.best.0.steps.len().div_ceil(2);
        while size > 0 && !self.is_over() {
            let mut from = 0;
            while from < self.best.0.steps.len() && !self.is_over() {
                let starts: Vec<usize> = (from..self.best.0.steps.len()).step_by(size).collect();
                let without = |start: &usize| {
                    let mut plan = self.best.0.clone();
                    plan.steps.drain(*start..(*start + size).min(plan.steps.len()));
                    plan
                };
                let candidates: Vec<Plan> = starts.iter().map(without).collect();
                match self.keep_first_failing(&candidates) {
                    Some(index) => from = starts[index],
                    None => break,
                }
            }
            size /= 2;
        }
    }

    /// Technicians nothing happens to are not hired.
    fn hire_fewer(&mut self) {
        let used = self.best.0.steps.iter().filter_map(|step| match step.who {
            Who::Phone(phone) => Some(phone + 1),
            Who::Office => None,
        });
        let phones = used.max().unwrap_or(1);
        if phones < self.best.0.phones {
            self.keep_first_failing(&[Plan { phones, ..self.best.0.clone() }]);
        }
    }
}

fn run_together(plans: &[Plan]) -> Vec<Report> {
    std::thread::scope(|scope| {
        let running: Vec<_> = plans.iter().map(|plan| scope.spawn(|| run(plan, false))).collect();
        running.into_iter().map(|shift| shift.join().expect("a shift catches its panics")).collect()
    })
}

/// What sorts of promises a shift broke: the words without the deeds, records, numbers and moments.
fn kinds(report: &Report) -> Vec<String> {
    let is_name = |word: &str| word.chars().any(|letter| letter.is_ascii_digit() || letter.is_uppercase());
    let kind = |violation: &String| {
        let words = violation.split_whitespace().filter(|word| !is_name(word));
        words.collect::<Vec<_>>().join(" ")
    };
    report.violations.iter().map(kind).collect()
}
