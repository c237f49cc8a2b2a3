//! Judges a plan by the problem alone, slowly and plainly; shares no code with the search.

use std::collections::BTreeMap;

use crate::features::obstacle;
use crate::plan::Plan;
use crate::problem::{Problem, Visit};
use crate::score::Score;

/// What a tour comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Driven {
    seconds: i64,
    meters: i64,
}

/// What the plan is worth.
///
/// # Errors
/// Everything that is wrong with it, one line each.
pub fn check(problem: &Problem, plan: &Plan) -> Result<Score, Vec<String>> {
    let mut wrong = everybody_once(problem, plan);
    let mut score = Score::default();
    for tour in &plan.tours {
        let Some(shift) = problem.shifts().get(tour.shift) else {
            wrong.push(format!("there is no shift {}", tour.shift));
            continue;
        };
        match drive(problem, tour.shift, &tour.visits) {
            Ok(driven) => {
                score.shifts += i64::from(problem.objective().fewest_shifts);
                score.cost += problem.objective().cost(driven.meters, driven.seconds);
            }
            Err(what) => wrong.push(format!("shift {} \"{}\": {what}", tour.shift, shift.name)),
        }
    }
    for unserved in &plan.unserved {
        let visit = problem.visits().get(unserved.visit);
        if let Some(visit) = visit {
            score.unserved[visit.priority] += visit.worth();
        }
    }
    if wrong.is_empty() && score != plan.score {
        wrong.push(format!("the plan says it is worth ({}) and is worth ({score})", plan.score));
    }
    if wrong.is_empty() { Ok(score) } else { Err(wrong) }
}

fn everybody_once(problem: &Problem, plan: &Plan) -> Vec<String> {
    let mut times = vec![0; problem.visits().len()];
    let mut wrong = Vec::new();
    let planned = plan.tours.iter().flat_map(|tour| tour.visits.iter().copied());
    for visit in planned.chain(plan.unserved.iter().map(|unserved| unserved.visit)) {
        match times.get_mut(visit) {
            Some(times) => *times += 1,
            None => wrong.push(format!("there is no visit {visit}")),
        }
    }
    let mut shifts: BTreeMap<usize, usize> = BTreeMap::new();
    plan.tours.iter().for_each(|tour| *shifts.entry(tour.shift).or_default() += 1);
    wrong.extend(
        shifts.iter().filter(|(_, tours)| **tours > 1).map(|(shift, _)| format!("shift {shift} has two tours")),
    );
    let not_once = times.iter().enumerate().filter(|(_, times)| **times != 1);
    wrong.extend(not_once.map(|(visit, times)| format!("visit {visit} is in the plan {times} times")));
    wrong
}

/// Whether a shift can make visits in an order.
pub(crate) fn is_feasible(problem: &Problem, shift: usize, visits: &[usize]) -> bool {
    drive(problem, shift, visits).is_ok()
}

/// What a tour costs; only for one that is feasible.
pub(crate) fn cost_of(problem: &Problem, shift: usize, visits: &[usize]) -> i64 {
    let driven = drive(problem, shift, visits);
    driven.map_or(i64::MAX, |driven| problem.objective().cost(driven.meters, driven.seconds))
}

/// Whether a shift has what all of some visits need, whatever their order.
pub(crate) fn has_all(problem: &Problem, shift: usize, visits: &[usize]) -> bool {
    let has_parts = lacking(problem, shift, visits).is_none();
    has_parts && visits.iter().all(|visit| obstacle(problem, *visit, shift).is_none())
}

/// What some visits together use more of than a shift has.
fn lacking(problem: &Problem, shift: usize, visits: &[usize]) -> Option<String> {
    let mut used: BTreeMap<&str, i64> = BTreeMap::new();
    let parts = visits.iter().flat_map(|visit| &problem.visits()[*visit].parts);
    parts.for_each(|(part, amount)| *used.entry(part).or_default() += i64::from(*amount));
    used.into_iter().find_map(|(part, used)| {
        let has = problem.shifts()[shift].stock.get(part).copied().unwrap_or(0);
        (used > i64::from(has)).then(|| format!("{used} of {part} are used and {has} are on board"))
    })
}

/// Follows a tour from its start to its end.
fn drive(problem: &Problem, number: usize, visits: &[usize]) -> Result<Driven, String> {
    let shift = &problem.shifts()[number];
    let (mut place, mut now, mut driven) = (shift.start_place, i64::from(shift.start_seconds), Driven::default());
    let go = |from: usize, to: usize, driven: &mut Driven| {
        driven.meters += i64::from(problem.travel().meters(from, to));
        let seconds = i64::from(problem.travel().seconds(from, to));
        driven.seconds += seconds;
        seconds
    };
    for &visited in visits {
        let Some(visit) = problem.visits().get(visited) else { return Err(format!("there is no visit {visited}")) };
        if let Some(obstacle) = obstacle(problem, visited, number) {
            return Err(format!("visit {visited} \"{}\": {obstacle:?}", visit.name));
        }
        now += go(place, visit.place, &mut driven);
        now = begin(visit, now).ok_or_else(|| format!("visit {visited} \"{}\" is reached at {now}", visit.name))?;
        now += i64::from(visit.service_seconds_by(&shift.technician));
        place = visit.place;
    }
    now += go(place, shift.end_place, &mut driven);
    if now > i64::from(shift.end_seconds) {
        return Err(format!("it ends at {now}, and should at {}", shift.end_seconds));
    }
    if let Some(lacking) = lacking(problem, number, visits) {
        return Err(lacking);
    }
    if shift.most_travel_seconds.is_some_and(|most| driven.seconds > i64::from(most)) {
        return Err(format!("it drives {} seconds", driven.seconds));
    }
    Ok(driven)
}

/// When the work begins for somebody who is there at a moment; `None` when every window is over.
fn begin(visit: &Visit, now: i64) -> Option<i64> {
    if visit.windows.is_empty() {
        return Some(now);
    }
    let open = visit.windows.iter().find(|window| now <= i64::from(window.until_seconds))?;
    Some(now.max(i64::from(open.from_seconds)))
}
