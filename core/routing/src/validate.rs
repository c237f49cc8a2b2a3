//! Whether a problem makes sense: what is wrong is told with the visit, shift or depot and the field it is in.

use std::collections::BTreeMap;

use crate::problem::{Depot, Objective, Problem, ProblemError, Shift, Visit, Window};
use crate::score::PRIORITIES;

/// Times lie within so many seconds of the problem's beginning: nine years, so that sums of a few fit into 32 bits.
pub const LATEST_SECONDS: i32 = i32::MAX / 8;
/// The dearest meter, second or wish, so that a day's cost fits into 32 bits.
const DEAREST: i64 = 10_000_000;

type Wrong = (&'static str, String);

/// Names the first thing that makes no sense.
pub fn check(problem: &Problem) -> Result<(), ProblemError> {
    for (number, visit) in problem.visits().iter().enumerate() {
        check_visit(problem, number, visit).map_err(named("visit", &visit.name, number))?;
    }
    for (number, shift) in problem.shifts().iter().enumerate() {
        check_shift(problem, shift).map_err(named("shift", &shift.name, number))?;
    }
    for (number, depot) in problem.depots().iter().enumerate() {
        check_depot(problem, depot).map_err(named("depot", &depot.name, number))?;
    }
    check_order(problem)?;
    check_objective(problem.objective()).map_err(named("objective", "", 0))
}

fn named(what: &'static str, name: &str, number: usize) -> impl FnOnce(Wrong) -> ProblemError {
    move |(field, problem)| {
        let name = if name.is_empty() { format!("number {number}") } else { format!("\"{name}\"") };
        ProblemError { what, name, field, problem }
    }
}

fn check_visit(problem: &Problem, number: usize, visit: &Visit) -> Result<(), Wrong> {
    check_place("place", visit.place, problem)?;
    check_time("service_seconds", visit.service_seconds)?;
    visit.service_seconds_of.values().try_for_each(|seconds| check_time("service_seconds_of", *seconds))?;
    visit.due_seconds.into_iter().try_for_each(|seconds| check_time("due_seconds", seconds))?;
    check_windows(&visit.windows)?;
    if visit.priority >= PRIORITIES {
        return Err(("priority", format!("{} is not one of 0 to {}", visit.priority, PRIORITIES - 1)));
    }
    if visit.worth() < 1 {
        return Err(("value", format!("{} is less than 1; leave out what is worth nothing", visit.worth())));
    }
    for (field, shift) in [("pinned_shift", visit.pinned_shift), ("planned_shift", visit.planned_shift)] {
        shift.into_iter().try_for_each(|shift| check_number(field, shift, problem.shifts().len(), "shifts"))?;
    }
    if visit.crew_size() > 1 && visit.pinned_shift.is_some() {
        return Err(("pinned_shift", "a crew is more than one shift; name its members in technicians".into()));
    }
    for after in &visit.after {
        check_number("after", after.visit, problem.visits().len(), "visits")?;
        check_time("after", after.lag_seconds)?;
        if after.visit == number {
            return Err(("after", "it cannot come after itself".into()));
        }
    }
    check_amounts("parts", &visit.parts)
}

fn check_windows(windows: &[Window]) -> Result<(), Wrong> {
    for window in windows {
        check_window("windows", window.from_seconds, window.until_seconds)?;
    }
    match windows.windows(2).any(|pair| pair[1].from_seconds <= pair[0].until_seconds) {
        true => Err(("windows", "they overlap or are not in order; join them or sort them by time".into())),
        false => Ok(()),
    }
}

fn check_window(field: &'static str, from_seconds: i32, until_seconds: i32) -> Result<(), Wrong> {
    check_time(field, from_seconds)?;
    check_time(field, until_seconds)?;
    match until_seconds < from_seconds {
        true => Err((field, format!("{until_seconds} is before {from_seconds}; swap the two ends"))),
        false => Ok(()),
    }
}

fn check_shift(problem: &Problem, shift: &Shift) -> Result<(), Wrong> {
    check_place("start_place", shift.start_place, problem)?;
    check_place("end_place", shift.end_place, problem)?;
    check_time("start_seconds", shift.start_seconds)?;
    check_time("end_seconds", shift.end_seconds)?;
    check_time("most_overtime_seconds", shift.most_overtime_seconds)?;
    if shift.end_seconds < shift.start_seconds {
        let Shift { start_seconds, end_seconds, .. } = shift;
        return Err(("end_seconds", format!("{end_seconds} is before start_seconds, {start_seconds}")));
    }
    for one in &shift.breaks {
        check_window("breaks", one.from_seconds, one.until_seconds)?;
        check_time("breaks", one.break_seconds)?;
    }
    if shift.breaks.windows(2).any(|pair| pair[1].from_seconds < pair[0].from_seconds) {
        return Err(("breaks", "they are not in the order in which they are taken; sort them by time".into()));
    }
    shift.depot.into_iter().try_for_each(|depot| check_number("depot", depot, problem.depots().len(), "depots"))?;
    if let Some(done) = &shift.done {
        check_place("done", done.place, problem)?;
        check_time("done", done.free_seconds)?;
        for made in &done.visits {
            check_number("done", made.visit, problem.visits().len(), "visits")?;
            check_time("done", made.ends_seconds)?;
        }
    }
    check_amounts("stock", &shift.stock)
}

fn check_depot(problem: &Problem, depot: &Depot) -> Result<(), Wrong> {
    check_place("place", depot.place, problem)?;
    check_time("service_seconds", depot.service_seconds)
}

/// Visits that wait for each other in a circle are never made.
fn check_order(problem: &Problem) -> Result<(), ProblemError> {
    let visits = problem.visits();
    let mut is_free = vec![false; visits.len()];
    let mut left: Vec<usize> = (0..visits.len()).collect();
    while !left.is_empty() {
        let waits = |visit: &usize| visits[*visit].after.iter().any(|after| !is_free[after.visit]);
        let (waiting, free): (Vec<usize>, Vec<usize>) = left.iter().partition(|visit| waits(visit));
        if free.is_empty() {
            let wrong = ("after", "it waits for itself, over others that wait for it".to_owned());
            return Err(named("visit", &visits[waiting[0]].name, waiting[0])(wrong));
        }
        free.into_iter().for_each(|visit| is_free[visit] = true);
        left = waiting;
    }
    Ok(())
}

fn check_objective(objective: Objective) -> Result<(), Wrong> {
    let costs = [
        ("meter_cost", objective.meter_cost),
        ("travel_second_cost", objective.travel_second_cost),
        ("working_second_cost", objective.working_second_cost),
        ("overtime_second_cost", objective.overtime_second_cost),
        ("other_technician_cost", objective.other_technician_cost),
        ("moved_visit_cost", objective.moved_visit_cost),
    ];
    match costs.into_iter().find(|(_, cost)| !(0..=DEAREST).contains(cost)) {
        Some((field, cost)) => Err((field, format!("{cost} is not between 0 and {DEAREST}"))),
        None => Ok(()),
    }
}

fn check_place(field: &'static str, place: usize, problem: &Problem) -> Result<(), Wrong> {
    check_number(field, place, problem.travel().places(), "places")
}

fn check_number(field: &'static str, number: usize, count: usize, what: &str) -> Result<(), Wrong> {
    if number < count { Ok(()) } else { Err((field, format!("there are {count} {what}, no {number}"))) }
}

fn check_time(field: &'static str, seconds: i32) -> Result<(), Wrong> {
    match (0..=LATEST_SECONDS).contains(&seconds) {
        true => Ok(()),
        false => Err((field, format!("{seconds} is not between 0 and {LATEST_SECONDS}"))),
    }
}

fn check_amounts(field: &'static str, amounts: &BTreeMap<String, i32>) -> Result<(), Wrong> {
    match amounts.iter().find(|(_, amount)| **amount < 0) {
        Some((name, amount)) => Err((field, format!("{amount} of {name} is less than none"))),
        None => Ok(()),
    }
}
