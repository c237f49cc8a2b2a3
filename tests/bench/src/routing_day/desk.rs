//! A dispatcher's desk: 300 technicians, two weeks, 3,000 visits planned. A customer on the phone wants to know when somebody
//! can come; and then something cannot wait.

use fieldline_routing::{Board, Event, Iterations, Plan, Problem, Start, Visit, Window, repair, solve};

use super::Figure;
use super::region::{Dice, HOUR, problem, shift, travel, visit};
use super::team::changed;
use crate::measure::cost;

const TECHNICIANS: usize = 300;
const DAYS: i32 = 14;
const VISITS: usize = 3_000;
/// Places where nothing is planned yet.
const CUSTOMERS: usize = 200;
const SIDE_METERS: i32 = 150_000;
/// Enough that everybody is planned once, and a little better.
const ITERATIONS: u64 = 2_000;
const EMERGENCIES: usize = 5;

/// What the desk waits for.
pub fn measure() -> Vec<Figure> {
    let mut dice = Dice::new(1);
    let problem = fortnight(&mut dice);
    let (planning, plan) = cost(|| solve(&problem, Start::Afresh, 1, &mut Iterations(ITERATIONS)));
    let size = "300 technicians, 14 days, 3,000 visits";
    let planned = format!("{:.1} s, {} unserved", planning.processor.as_secs_f64(), plan.unserved.len());
    let mut figures = vec![Figure::new(format!("{size}: planned afresh, {ITERATIONS} iterations"), planned, "")];
    let preparing: Vec<_> = (0..10).map(|_| cost(|| Board::new(&problem, &plan)).0).collect();
    figures.push(Figure::of_times(format!("{size}: a board"), &preparing, ""));
    let board = Board::new(&problem, &plan);
    let asked: Vec<Visit> = (0..CUSTOMERS).map(|number| customer(&mut dice, number)).collect();
    let mornings = |days: std::ops::Range<i32>| -> Vec<Window> { days.flat_map(half_days).collect() };
    for (what, slots) in [("a day's two slots", mornings(3..4)), ("28 slots of two weeks", mornings(0..DAYS))] {
        let (costs, offers): (Vec<_>, Vec<_>) =
            asked.iter().map(|visit| cost(|| board.offers(visit, &slots, 3))).unzip();
        let count = offers.iter().map(Vec::len).sum::<usize>() / CUSTOMERS;
        figures.push(Figure::of_times(format!("{size}: {count} offers for {what}"), &costs, "p99 2 ms"));
    }
    figures.extend(emergencies(&problem, &plan, &asked, size));
    figures
}

/// Everybody works every day; visits are promised for a day, or a part of it.
fn fortnight(dice: &mut Dice) -> Problem {
    let travel = travel(dice, TECHNICIANS + VISITS + CUSTOMERS, SIDE_METERS);
    let mut shifts = Vec::new();
    for home in 0..TECHNICIANS {
        let (name, mut skills) = (format!("technician {home}"), dice.trade());
        skills.extend(dice.trade());
        let of = |day| fieldline_routing::Shift { skills: skills.clone(), ..shift(&name, home, day) };
        shifts.extend((0..DAYS).map(of));
    }
    let visits = (0..VISITS).map(|number| {
        let day = dice.between(0, DAYS - 1) * 24 * HOUR;
        let all_day = Window { from_seconds: 7 * HOUR, until_seconds: 17 * HOUR };
        let visit = visit(dice, TECHNICIANS + number, [20, 90]);
        let of_day = visit.windows.first().copied().unwrap_or(all_day);
        let window = Window { from_seconds: day + of_day.from_seconds, until_seconds: day + of_day.until_seconds };
        Visit { skills: dice.trade(), windows: vec![window], ..visit }
    });
    problem(visits.collect(), shifts, travel)
}

fn customer(dice: &mut Dice, number: usize) -> Visit {
    let of = visit(dice, TECHNICIANS + VISITS + number, [30, 90]);
    Visit { skills: dice.trade(), windows: Vec::new(), ..of }
}

/// The morning and the afternoon of a day.
fn half_days(day: i32) -> [Window; 2] {
    [8, 12].map(|hour| {
        let from_seconds = day * 24 * HOUR + hour * HOUR;
        Window { from_seconds, until_seconds: from_seconds + 4 * HOUR }
    })
}

/// Somebody has to come within two hours: who could, and a repair.
fn emergencies(problem: &Problem, plan: &Plan, asked: &[Visit], size: &str) -> [Figure; 3] {
    let now = 10 * HOUR;
    let soon = Window { from_seconds: now, until_seconds: now + 2 * HOUR };
    let urgent: Vec<Visit> = asked.iter().map(|visit| Visit { windows: vec![soon], ..visit.clone() }).collect();
    let board = Board::new(problem, plan);
    let inserted: Vec<_> = urgent.iter().map(|visit| cost(|| board.offers(visit, &[soon], 1)).0).collect();
    let repairs = urgent.iter().take(EMERGENCIES).map(|visit| {
        let events = [Event::Emergency(Box::new(visit.clone()))];
        cost(|| repair(problem, plan, now, &events, 1, &mut Iterations(100)).expect("the event makes sense"))
    });
    let (repairing, repairs): (Vec<_>, Vec<_>) = repairs.unzip();
    let most = repairs.iter().map(|repair| changed(&repair.changes)).max().unwrap_or(0);
    [
        Figure::of_times(format!("{size}: who takes an emergency"), &inserted, "10 ms"),
        Figure::of_times(format!("{size}: a repair, 100 iterations"), &repairing, "10 ms"),
        Figure::new(format!("{size}: tours it changes"), format!("at most {most}"), "2"),
    ]
}
