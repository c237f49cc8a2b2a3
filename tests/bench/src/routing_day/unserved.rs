//! Days with more work than can be done: nobody may be left out who fits somewhere. Asked three ways: the explanation, the
//! board, and trying every place with the checker as the judge.

use fieldline_routing::{Board, Iterations, Plan, Problem, Reason, Start, Window, check, explain, solve, worth};

use super::Figure;
use super::region::{Dice, HOUR, lunch, problem, shift, travel, visit};
use crate::measure::cost;
use crate::routing::tour;

const VISITS: usize = 36;
const TECHNICIANS: usize = 3;
const SIDE_METERS: i32 = 40_000;
const ITERATIONS: u64 = 50;
const DAY: Window = Window { from_seconds: 0, until_seconds: 24 * HOUR };

/// Looks through so many days.
pub fn measure(days: u32) -> [Figure; 2] {
    let (mut explaining, mut left, mut falsely) = (Vec::new(), 0, 0);
    for seed in 0..u64::from(days) {
        let problem = day(seed);
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(ITERATIONS));
        assert_eq!(check(&problem, &plan), Ok(plan.score), "day {seed}");
        let board = Board::new(&problem, &plan);
        left += plan.unserved.len();
        for unserved in &plan.unserved {
            let (took, explanation) = cost(|| explain(&problem, &plan, unserved.visit));
            explaining.push(took);
            let is_offered = !board.offers(&problem.visits()[unserved.visit], &[DAY], 1).is_empty();
            let fits =
                explanation.shifts.contains(&Reason::Fits) || is_offered || goes_in(&problem, &plan, unserved.visit);
            falsely += usize::from(fits);
        }
    }
    let found = format!("{falsely} of {left} unserved");
    [
        Figure::new(format!("{days} days with too much work: left out though they fit"), found, "0"),
        Figure::of_times("why a visit is not made", &explaining, "1 ms"),
    ]
}

/// Every second technician has lunch.
fn day(seed: u64) -> Problem {
    let mut dice = Dice::new(seed);
    let travel = travel(&mut dice, TECHNICIANS + VISITS, SIDE_METERS);
    let visits = (0..VISITS).map(|number| {
        let of = visit(&mut dice, TECHNICIANS + number, [20, 90]);
        fieldline_routing::Visit { skills: dice.trade(), ..of }
    });
    let visits = visits.collect();
    let shifts = ["ann", "bob", "cleo"].iter().enumerate().map(|(home, name)| {
        let mut of = shift(name, home, 0);
        (0..3).for_each(|_| of.skills.extend(dice.trade()));
        of.breaks = (home % 2 == 1).then(lunch).into_iter().collect();
        of
    });
    problem(visits, shifts.collect(), travel)
}

/// Whether a visit can be put anywhere into a tour without breaks, with every other visit kept.
fn goes_in(problem: &Problem, plan: &Plan, visit: usize) -> bool {
    (0..problem.shifts().len()).filter(|shift| problem.shifts()[*shift].breaks.is_empty()).any(|shift| {
        let before: Vec<usize> = plan.tour_of(shift).into_iter().flat_map(|tour| tour.visits()).collect();
        (0..=before.len()).any(|place| {
            let mut visits = before.clone();
            visits.insert(place, visit);
            let Some(with) = tour(problem, shift, &visits) else { return false };
            let mut other = plan.clone();
            other.tours.retain(|tour| tour.shift != shift);
            other.tours.push(with);
            other.unserved.retain(|unserved| unserved.visit != visit);
            worth(problem, &other).is_ok()
        })
    })
}
