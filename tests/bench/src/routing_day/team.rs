//! Six technicians with sixty visits, and one more at ten in the morning that cannot wait.

use fieldline_routing::{Budget, Change, Event, Iterations, Plan, Problem, Start, Visit, Window, repair, solve};

use super::Figure;
use super::region::{Dice, HOUR, lunch, problem, shift, travel, visit};
use crate::measure::{cost, processor_seconds};

const TECHNICIANS: usize = 6;
const VISITS: usize = 60;
const SIDE_METERS: i32 = 30_000;
const NOW_SECONDS: i32 = 10 * HOUR;
/// What the day was planned with.
const ITERATIONS: u64 = 20_000;
/// What repairs are given.
const REPAIRS: [u64; 3] = [100, 300, 1_000];
/// What they are compared with.
const PATIENT_SECONDS: f64 = 5.0;
/// How many days are worth so much patience.
const MOST_DAYS: u32 = 10;

/// Repairs within so many iterations, next to one that had five seconds.
pub fn measure(days: u32) -> Vec<Figure> {
    let days: Vec<(Problem, Plan, Event)> = (0..u64::from(days.min(MOST_DAYS))).map(day).collect();
    let repaired = |(problem, plan, event): &(Problem, Plan, Event), budget: &mut dyn Budget| {
        repair(problem, plan, NOW_SECONDS, std::slice::from_ref(event), 1, budget).expect("the event makes sense")
    };
    let patient: Vec<Plan> = days.iter().map(|day| repaired(day, &mut Patience::new()).plan).collect();
    let mut figures = Vec::new();
    for iterations in REPAIRS {
        let all = days.iter().map(|day| cost(|| repaired(day, &mut Iterations(iterations))));
        let (costs, repairs): (Vec<_>, Vec<_>) = all.unzip();
        let what = |what: &str| format!("6 technicians, 60 visits, an emergency, {iterations} iterations: {what}");
        figures.push(Figure::of_times(what("time"), &costs, "20 ms"));
        let gaps = repairs.iter().zip(&patient).map(|(repair, patient)| gap(&repair.plan, patient));
        figures.push(Figure::new(what("gap to 5 s"), in_words(gaps.collect()), "1 %"));
        let most = repairs.iter().map(|repair| changed(&repair.changes)).max().unwrap_or(0);
        figures.push(Figure::new(what("tours whose visits change"), format!("at most {most}"), "2"));
    }
    figures
}

fn day(seed: u64) -> (Problem, Plan, Event) {
    let mut dice = Dice::new(seed);
    let travel = travel(&mut dice, TECHNICIANS + VISITS + 1, SIDE_METERS);
    let visits = (0..VISITS).map(|number| visit(&mut dice, TECHNICIANS + number, [20, 50])).collect();
    let names = ["ann", "bob", "cleo", "dan", "eva", "finn"];
    let shifts = names.iter().enumerate().map(|(home, name)| {
        let mut of = shift(name, home, 0);
        of.breaks.push(lunch());
        of
    });
    let problem = problem(visits, shifts.collect(), travel);
    let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(ITERATIONS));
    let soon = Window { from_seconds: NOW_SECONDS, until_seconds: NOW_SECONDS + 2 * HOUR };
    let emergency = Visit { windows: vec![soon], ..visit(&mut dice, TECHNICIANS + VISITS, [30, 60]) };
    (problem, plan, Event::Emergency(Box::new(emergency)))
}

/// By how much a plan costs more; nothing where it leaves more undone, or is later.
fn gap(quick: &Plan, patient: &Plan) -> Option<f64> {
    let tiers = |plan: &Plan| (plan.score.unserved, plan.score.late_seconds);
    (tiers(quick) <= tiers(patient)).then(|| (quick.score.cost as f64 / patient.score.cost as f64 - 1.0) * 100.0)
}

fn in_words(mut gaps: Vec<Option<f64>>) -> String {
    gaps.sort_by(|a, b| a.unwrap_or(f64::MAX).total_cmp(&b.unwrap_or(f64::MAX)));
    let of = |gap: Option<f64>| gap.map_or("leaves more undone".to_owned(), |gap| format!("{gap:.2} %"));
    format!("{}, worst {}", of(gaps[gaps.len() / 2]), of(gaps[gaps.len() - 1]))
}

/// How many shifts give or take a visit that was planned already, or take the new one.
pub fn changed(changes: &[Change]) -> usize {
    let shifts = |of: &[fieldline_routing::Assignment]| of.iter().map(|one| one.shift).collect::<Vec<_>>();
    let moved = changes.iter().map(|change| (shifts(&change.before), shifts(&change.after)));
    let mut all: Vec<usize> =
        moved.filter(|(before, after)| before != after).flat_map(|(before, after)| [before, after].concat()).collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

/// Five seconds of the processor.
struct Patience(f64);

impl Patience {
    fn new() -> Self {
        Self(processor_seconds())
    }
}

impl Budget for Patience {
    fn spent(&mut self, _: u64) -> f64 {
        (processor_seconds() - self.0) / PATIENT_SECONDS
    }
}
