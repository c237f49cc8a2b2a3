//! One technician's day: the order that is best, proven, by the time a phone has drawn its screen.

use fieldline_routing::{Iterations, Problem, Start, best_order, solve};

use super::Figure;
use super::region::{Dice, lunch, problem, shift, travel, visit};
use crate::measure::cost;

const SIDE_METERS: i32 = 15_000;
/// What finds the order that is known when the proof begins.
const ITERATIONS: u64 = 300;

/// The days with so many visits, with and without lunch; proofs that begin with a plan, and with nothing.
pub fn measure(days: u32) -> Vec<Figure> {
    let mut figures = Vec::new();
    for has_lunch in [false, true] {
        for visits in [8, 12, 16] {
            let (mut planned, mut afresh) = (Vec::new(), Vec::new());
            for (problem, known) in possible_days(visits, has_lunch).take(days as usize) {
                let all: Vec<usize> = (0..visits).collect();
                planned.push(cost(|| best_order(&problem, 0, &all, Some(&known))).0);
                afresh.push(cost(|| best_order(&problem, 0, &all, None)).0);
            }
            let lunch = if has_lunch { ", lunch break" } else { "" };
            let what = |from: &str| format!("a technician's day, {visits} visits{lunch}: proven from {from}");
            figures.push(Figure::of_times(what("its plan"), &planned, "2 ms"));
            figures.push(Figure::of_times(what("nothing"), &afresh, "2 ms"));
        }
    }
    figures
}

/// Days on which everybody can be visited, each with a good order.
fn possible_days(visits: usize, has_lunch: bool) -> impl Iterator<Item = (Problem, Vec<usize>)> {
    (0..).filter_map(move |seed| {
        let mut dice = Dice::new(seed);
        let travel = travel(&mut dice, visits + 1, SIDE_METERS);
        let of_day = (1..=visits).map(|place| visit(&mut dice, place, [10, 30])).collect();
        let mut day = shift("ann", 0, 0);
        day.breaks = has_lunch.then(lunch).into_iter().collect();
        let problem = problem(of_day, vec![day], travel);
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(ITERATIONS));
        let known = plan.tours.first()?.visits().collect();
        plan.unserved.is_empty().then_some((problem, known))
    })
}
