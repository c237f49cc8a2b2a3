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
use crate::plan::{Plan, Unserved};
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
        let mut tours = Tours::new(&self.model);
        let stops = self.model.stops.len();
        let mut cooling = match start {
            Start::Afresh => Cooling::afresh(stops),
            Start::From(plan) => {
                tours.adopt(&orders(&self.model, plan));
                Cooling::repair(stops)
            }
        };
        let mut absences = vec![0_u64; stops];
        recreate.complete(&mut tours, &mut self.rng);
        let mut now = score(&tours);
        let mut best = keep(&tours, now);
        budget.found(0, &best.score);
        let unit = cost_of_a_visit(&tours);
        let (mut iterations, mut temperature, mut touched) = (0, 0.0, Vec::new());
        loop {
            if iterations % LOOK_EVERY == 0 {
                let spent = budget.spent(iterations);
                if spent >= 1.0 {
                    break;
                }
                let (part, is_new_round) = cooling.look(iterations, spent);
                temperature = unit * part;
                if is_new_round {
                    tours = made(&self.model, &best, recreate, &mut self.rng);
                    now = score(&tours);
                }
            }
            iterations += 1;
            let left_out = absent_weight(&tours, &absences);
            let bar = weighed(&self.model, &now) - temperature * (1.0 - chance(&mut self.rng)).ln();
            let most = if is_about_ways_only(&tours) { bar.ceil() as i64 } else { i64::MAX };
            tours.begin_try();
            ruin(&mut tours, &mut touched, &mut self.rng);
            tours.remove_bound();
            tours.settle();
            if tours.is_broken {
                tours.take_back();
                continue;
            }
            if !recreate.put_back(&mut tours, most, &mut self.rng) {
                tours.take_back();
                continue;
            }
            let next = score(&tours);
            tours.absent.iter().for_each(|visit| absences[*visit as usize] += 1);
            let is_kept = match tier(&next).cmp(&tier(&now)) {
                Ordering::Less => true,
                Ordering::Equal => weighed(&self.model, &next) < bar,
                Ordering::Greater => !tours.absent.is_empty() && absent_weight(&tours, &absences) < left_out,
            };
            if !is_kept {
                tours.take_back();
                continue;
            }
            now = next;
            if now < best.score {
                best = keep(&tours, now);
                budget.found(iterations, &best.score);
            }
        }
        best
    }

    /// Whoever is left out and fits anywhere is put in: nobody is unserved because the search gave up.
    fn completed(&mut self, best: Kept, recreate: &mut Recreate) -> Kept {
        if best.score.unserved == Score::default().unserved {
            return best;
        }
        let tours = made(&self.model, &best, recreate, &mut self.rng);
        keep(&tours, score(&tours))
    }
}

/// A plan as tours, with whoever else fits.
fn made<'m, 'p>(
    model: &'m Model<'p>,
    kept: &Kept,
    recreate: &mut Recreate,
    rng: &mut Xoshiro256PlusPlus,
) -> Tours<'m, 'p> {
    let mut tours = Tours::new(model);
    tours.adopt(&kept.orders);
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
    let mut is_served = model.problem.is_done();
    tours.iter().flat_map(|tour| tour.visits()).for_each(|visit| is_served[visit] = true);
    let unserved = (0..is_served.len()).filter(|visit| !is_served[*visit]).map(|visit| Unserved { visit });
    Plan { unserved: unserved.collect(), tours, score: best.score }
}
