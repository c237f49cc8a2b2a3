//! What is kept: better plans, and worse ones while the search is young (simulated annealing).
//!
//! Who is served comes first. While somebody is not, a plan may also be kept because those it leaves out are left out less
//! often: how often each visit was absent is counted (section 5.3 of the paper).

use std::cmp::Ordering;

use rand_core::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::cooling::Cooling;
use super::recreate::Recreate;
use super::ruin::{chance, ruin};
use super::tours::Tours;
use super::{Budget, Start};
use crate::model::Model;
use crate::plan::{Plan, unserved_by};
use crate::problem::Problem;
use crate::score::Score;
use crate::walk::{Order, Walk, orders};

/// So many iterations pass between two looks at the budget.
const LOOK_EVERY: u64 = 64;

/// A search under way.
pub struct Search<'p> {
    model: Model<'p>,
    rng: Xoshiro256PlusPlus,
}

/// A plan that can be gone back to.
#[derive(Clone)]
struct Kept {
    score: Score,
    orders: Vec<Order>,
}

impl<'p> Search<'p> {
    pub fn new(problem: &'p Problem, seed: u64) -> Self {
        Self { model: Model::new(problem), rng: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    /// Searches until the budget is used up.
    pub fn run(&mut self, start: Start<'_>, budget: &mut dyn Budget) -> Plan {
        let mut recreate = Recreate::new(&self.model);
        let best = self.anneal(&mut recreate, start, budget);
        let best = self.completed(best, &mut recreate);
        plan(&self.model, best)
    }

    fn anneal(&mut self, recreate: &mut Recreate, start: Start<'_>, budget: &mut dyn Budget) -> Kept {
        let (mut cooling, from) = match start {
            Start::Afresh => (Cooling::afresh(&self.model), Vec::new()),
            Start::From(plan) => (Cooling::repair(&self.model), orders(&self.model, plan)),
        };
        let mut work = Work::new(&self.model, &from, recreate, &mut self.rng);
        budget.found(0, &work.best.score);
        let unit = cost_of_a_visit(&work.tours);
        let (mut iterations, mut temperature) = (0, 0.0);
        loop {
            if iterations % LOOK_EVERY == 0 {
                let spent = budget.spent(iterations);
                if spent >= 1.0 {
                    return work.best;
                }
                let (part, is_new_round) = cooling.look(iterations, spent);
                temperature = unit * part;
                if is_new_round {
                    work.go_back(recreate, &mut self.rng);
                }
            }
            iterations += 1;
            if work.is_better_after_a_try(temperature, recreate, &mut self.rng) {
                budget.found(iterations, &work.best.score);
            }
        }
    }

    /// Whoever is left out and fits anywhere is put in: nobody is unserved because the search gave up.
    fn completed(&mut self, best: Kept, recreate: &mut Recreate) -> Kept {
        if best.score.unserved == Score::default().unserved {
            return best;
        }
        let tours = made(&self.model, &best.orders, recreate, &mut self.rng);
        keep(&tours, score(&tours))
    }
}

/// The plan that is changed, and what is known from earlier ones.
struct Work<'m, 'p> {
    model: &'m Model<'p>,
    tours: Tours<'m, 'p>,
    now: Score,
    best: Kept,
    /// How often each stop was absent.
    absences: Vec<u64>,
    /// Tours the present try takes visits from.
    touched: Vec<u32>,
}

impl<'m, 'p> Work<'m, 'p> {
    fn new(model: &'m Model<'p>, from: &[Order], recreate: &mut Recreate, rng: &mut Xoshiro256PlusPlus) -> Self {
        let tours = made(model, from, recreate, rng);
        let now = score(&tours);
        Self { model, now, best: keep(&tours, now), tours, absences: vec![0; model.stops.len()], touched: Vec::new() }
    }

    /// Goes back to the best plan.
    fn go_back(&mut self, recreate: &mut Recreate, rng: &mut Xoshiro256PlusPlus) {
        self.tours = made(self.model, &self.best.orders, recreate, rng);
        self.now = score(&self.tours);
    }

    /// Changes the plan, or takes the change back; says whether it is the best so far.
    fn is_better_after_a_try(
        &mut self,
        temperature: f64,
        recreate: &mut Recreate,
        rng: &mut Xoshiro256PlusPlus,
    ) -> bool {
        let left_out = absent_weight(&self.tours, &self.absences);
        let bar = weighed(self.model, &self.now) - temperature * (1.0 - chance(rng)).ln();
        self.tours.begin_try();
        if !self.is_changed(bar, recreate, rng) {
            self.tours.take_back();
            return false;
        }
        let (next, tours) = (score(&self.tours), &self.tours);
        tours.absent.iter().for_each(|visit| self.absences[*visit as usize] += 1);
        let is_kept = match tier(&next).cmp(&tier(&self.now)) {
            Ordering::Less => true,
            Ordering::Equal => weighed(self.model, &next) < bar,
            Ordering::Greater => !tours.absent.is_empty() && absent_weight(tours, &self.absences) < left_out,
        };
        if !is_kept {
            self.tours.take_back();
            return false;
        }
        self.now = next;
        let is_better = self.now < self.best.score;
        if is_better {
            self.best = keep(&self.tours, self.now);
        }
        is_better
    }

    /// Takes visits out and puts them back; says whether a plan came out of it that may be kept.
    fn is_changed(&mut self, bar: f64, recreate: &mut Recreate, rng: &mut Xoshiro256PlusPlus) -> bool {
        let tours = &mut self.tours;
        let most = if is_about_ways_only(tours) { bar.ceil() as i64 } else { i64::MAX };
        ruin(tours, &mut self.touched, rng);
        tours.remove_bound();
        tours.settle();
        !tours.is_broken && recreate.put_back(tours, most, rng)
    }
}

/// A plan as tours, with whoever else fits.
fn made<'m, 'p>(
    model: &'m Model<'p>,
    orders: &[Order],
    recreate: &mut Recreate,
    rng: &mut Xoshiro256PlusPlus,
) -> Tours<'m, 'p> {
    let mut tours = Tours::new(model);
    tours.adopt(orders);
    recreate.complete(&mut tours, rng);
    tours
}

/// Whether the next plan can be better by its ways only.
fn is_about_ways_only(tours: &Tours<'_, '_>) -> bool {
    tours.absent.is_empty() && !tours.model.needs_walk && !tours.model.problem.objective().fewest_shifts
}

/// What is weighed against each other while the search goes on.
fn weighed(model: &Model<'_>, score: &Score) -> f64 {
    score.cost as f64 + score.late_seconds as f64 * f64::from(model.late_second_cost)
}

/// What comes before lateness and cost.
fn tier(score: &Score) -> ([i64; crate::score::PRIORITIES], i64) {
    (score.unserved, score.shifts)
}

fn absent_weight(tours: &Tours<'_, '_>, absences: &[u64]) -> u64 {
    tours.absent.iter().map(|visit| absences[*visit as usize]).sum()
}

fn score(tours: &Tours<'_, '_>) -> Score {
    let beyond = tours.beyond;
    let mut score = Score { cost: tours.cost + beyond.cost, late_seconds: beyond.late_seconds, ..Score::default() };
    if tours.model.problem.objective().fewest_shifts {
        score.shifts = tours.busy.len() as i64;
    }
    for stop in tours.absent.iter().filter(|stop| tours.model.stands_for_visit(**stop)) {
        let visit = tours.model.visit(*stop);
        score.unserved[visit.priority] += visit.worth();
    }
    score
}

fn keep(tours: &Tours<'_, '_>, score: Score) -> Kept {
    Kept { score, orders: tours.busy.iter().map(|tour| (*tour, tours.calls(*tour).collect())).collect() }
}

/// What a visit costs on average: what a change of a plan is about.
fn cost_of_a_visit(tours: &Tours<'_, '_>) -> f64 {
    (tours.cost as f64 / f64::from(tours.served().max(1))).max(1.0)
}

fn plan(model: &Model<'_>, best: Kept) -> Plan {
    let mut orders = best.orders;
    orders.sort_by_key(|(shift, _)| *shift);
    let tour =
        |(shift, calls): &Order| Walk::new(model, *shift).tour(calls).expect("the search drives only what can be");
    let tours: Vec<_> = orders.iter().map(tour).collect();
    Plan { unserved: unserved_by(model.problem, &tours), tours, score: best.score }
}
