//! Days that go otherwise than planned.

use std::sync::Arc;

use fieldline_routing::{
    Activity, Event, Iterations, Objective, Plan, Problem, Repair, Shift, Start, Travel, Visit, Window, check, repair,
    solve,
};
use proptest::prelude::*;

use crate::any_problem::any_problem;

const HOUR: i32 = 3_600;

/// Two technicians at two ends of a road of ten places, a quarter of an hour apart and more in the middle, and a visit of half an hour
/// at each.
fn road() -> (Problem, Plan) {
    let at = |place: i32| if place < 5 { place * 900 } else { (place + 2) * 900 };
    let ways: Arc<[i32]> = (0..10).flat_map(|from| (0..10).map(move |to| (at(from) - at(to)).abs())).collect();
    let travel = Travel::new(10, ways.clone(), ways).expect("it is short");
    let visit = |place| Visit { name: format!("v{place}"), place, service_seconds: HOUR / 2, ..Visit::default() };
    let shift = |name: &str, place| Shift {
        name: name.into(),
        technician: name.into(),
        start_place: place,
        end_place: place,
        end_seconds: 9 * HOUR,
        ..Shift::default()
    };
    let shifts = vec![shift("ann", 0), shift("bob", 9)];
    let problem = Problem::new((1..9).map(visit).collect(), shifts, vec![], travel, Objective::default());
    let problem = problem.expect("it makes sense");
    let plan = solve(&problem, Start::Afresh, 1, &mut Iterations(2_000));
    assert_eq!(plan.tours.iter().map(|tour| tour.visits().count()).collect::<Vec<_>>(), [4, 4]);
    (problem, plan)
}

fn repaired(events: &[Event], now: i32) -> Repair {
    let (problem, plan) = road();
    let repair = repair(&problem, &plan, now, events, 1, &mut Iterations(2_000)).expect("it can be");
    assert_eq!(check(&repair.problem, &repair.plan), Ok(repair.plan.score));
    repair
}

#[test]
fn a_day_on_which_nothing_happens_stays_as_it_is() {
    let repair = repaired(&[], 2 * HOUR);
    assert_eq!(repair.changes, vec![]);
    assert!(repair.problem.shifts().iter().all(|shift| !shift.done.as_ref().expect("it began").visits.is_empty()));
}

#[test]
fn an_emergency_goes_to_who_is_near_and_moves_nobody() {
    let visit = Visit { name: "burst pipe".into(), place: 7, service_seconds: HOUR, ..Visit::default() };
    let repair = repaired(&[Event::Emergency(Box::new(visit))], HOUR);
    let new = repair.changes.iter().find(|change| change.visit == 8).expect("it is planned");
    assert_eq!((new.before.len(), new.after[0].shift), (0, 1), "bob is near");
    let moved =
        |change: &&fieldline_routing::Change| change.before.iter().any(|before| before.shift != change.after[0].shift);
    assert_eq!(repair.changes.iter().filter(moved).count(), 0);
}

#[test]
fn who_is_ill_is_stood_in_for_by_others() {
    let repair = repaired(&[Event::Ill { shift: 1, from_seconds: HOUR }], HOUR);
    assert!(repair.plan.tours.iter().all(|tour| tour.shift == 0));
    assert!(repair.plan.unserved.is_empty(), "{:?}", repair.plan);
    assert!(
        repair
            .changes
            .iter()
            .any(|change| change.before.iter().all(|before| before.shift == 1) && change.after[0].shift == 0)
    );
}

#[test]
fn a_visit_that_takes_longer_makes_others_later_or_moves_them() {
    let (problem, plan) = road();
    let first = plan.tours[0].visits().next().expect("there is one");
    let repair = repaired(&[Event::Overran { visit: first, ends_seconds: 6 * HOUR }], HOUR / 2);
    assert!(repair.plan.unserved.is_empty(), "{:?}", repair.plan);
    assert!(repair.changes.iter().all(|change| change.visit != first), "it has begun");
    assert_eq!(repair.problem.visits().len(), problem.visits().len());
}

#[test]
fn a_cancelled_visit_leaves_the_rest_alone() {
    let repair = repaired(&[Event::Cancelled { visit: 3 }], HOUR);
    assert!(repair.plan.unserved.is_empty());
    assert!(repair.plan.tours.iter().flat_map(|tour| tour.visits()).all(|visit| visit != 3));
    assert!(repair.changes.iter().all(|change| change.visit == 3 || change.before[0].shift == change.after[0].shift));
}

/// A window is kept while it can be; when it cannot, the visit is late rather than left out.
#[test]
fn a_promise_that_cannot_be_kept_is_broken_by_as_little_as_can_be() {
    let (problem, plan) = road();
    let begins = plan.tours[0].timed_visits().last().expect("there is one");
    let mut visits = problem.visits().to_vec();
    visits[begins.0].windows = vec![Window { from_seconds: 0, until_seconds: begins.1 }];
    let (shifts, travel) = (problem.shifts()[..1].to_vec(), problem.travel().clone());
    let others: Vec<usize> = plan.tours[1].visits().collect();
    let visits = visits.into_iter().enumerate().filter(|(number, _)| !others.contains(number)).map(|(_, visit)| visit);
    let problem = Problem::new(visits.collect(), shifts, vec![], travel, Objective::default()).expect("it makes sense");
    let plan = solve(&problem, Start::Afresh, 1, &mut Iterations(500));
    assert!(plan.unserved.is_empty() && plan.score.late_seconds == 0);
    let first = plan.tours[0].visits().next().expect("there is one");
    let overran = [Event::Overran { visit: first, ends_seconds: 5 * HOUR }];
    let repair = repair(&problem, &plan, HOUR / 2, &overran, 1, &mut Iterations(500)).expect("it can be");
    assert!(repair.plan.unserved.is_empty() && repair.plan.score.late_seconds > 0, "{:?}", repair.plan);
    assert_eq!(check(&repair.problem, &repair.plan), Ok(repair.plan.score));
}

#[test]
fn an_event_about_nobody_is_refused() {
    let (problem, plan) = road();
    let refused =
        |event| repair(&problem, &plan, 0, &[event], 1, &mut Iterations(1)).expect_err("there is none").to_string();
    assert!(refused(Event::Cancelled { visit: 99 }).contains("visit number 99"));
    assert!(refused(Event::Ill { shift: 2, from_seconds: 0 }).contains("shift number 2"));
    assert!(refused(Event::Overran { visit: 7, ends_seconds: 0 }).contains("visit under way number 7"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Whatever happens, what is planned for the rest is right, and what was begun stays.
    #[test]
    fn the_rest_of_any_day_is_right(
        problem in any_problem(), seed in any::<u64>(), now in 0..9 * HOUR, ill in 0..6_usize, out in 0..30_usize,
    ) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(100));
        let mut events = Vec::new();
        if ill < problem.shifts().len() {
            events.push(Event::Ill { shift: ill, from_seconds: now });
        }
        if out < problem.visits().len() {
            events.push(Event::Cancelled { visit: out });
        }
        let repair = repair(&problem, &plan, now, &events, seed, &mut Iterations(100)).expect("it can be");
        prop_assert_eq!(check(&repair.problem, &repair.plan), Ok(repair.plan.score));
        let planned = repair.plan.tours.iter().flat_map(|tour| &tour.stops);
        let is_begun = |visit: usize| repair.problem.shifts().iter().any(|shift| {
            shift.done.as_ref().is_some_and(|done| done.visits.iter().any(|made| made.visit == visit))
        });
        for stop in planned {
            prop_assert!(stop.begins_seconds >= now);
            let begun_again = matches!(stop.activity, Activity::Visit(visit) if is_begun(visit));
            prop_assert!(!begun_again);
        }
    }
}

/// Forty technicians at forty places in a row: what happens to one of them is no business of those far away.
#[test]
fn in_a_large_team_only_those_near_by_hear_of_it() {
    let ways: Arc<[i32]> = (0..40_i32).flat_map(|from| (0..40_i32).map(move |to| (from - to).abs() * 300)).collect();
    let travel = Travel::new(40, ways.clone(), ways).expect("it is short");
    let visit = |number: usize| Visit { place: number % 40, service_seconds: HOUR, ..Visit::default() };
    let shift = |place| Shift {
        technician: format!("t{place}"),
        start_place: place,
        end_place: place,
        end_seconds: 8 * HOUR,
        ..Shift::default()
    };
    let (visits, shifts) = ((0..120).map(visit).collect(), (0..40).map(shift).collect());
    let problem = Problem::new(visits, shifts, vec![], travel, Objective::default()).expect("it makes sense");
    let plan = solve(&problem, Start::Afresh, 1, &mut Iterations(1_000));
    let ill = plan.tours[20].shift;
    let emergency = Visit { place: 5, service_seconds: HOUR, ..Visit::default() };
    let events = [Event::Ill { shift: ill, from_seconds: HOUR / 2 }, Event::Emergency(Box::new(emergency))];
    let repair = repair(&problem, &plan, HOUR / 2, &events, 1, &mut Iterations(500)).expect("it can be");
    assert_eq!(check(&repair.problem, &repair.plan), Ok(repair.plan.score));
    assert!(repair.plan.unserved.is_empty());
    let concerned = repair.changes.iter().flat_map(|change| change.before.iter().chain(&change.after));
    let concerned: std::collections::BTreeSet<usize> = concerned.map(|assignment| assignment.shift).collect();
    assert!(concerned.len() <= 8, "{concerned:?}");
    assert!(concerned.iter().all(|shift| shift.abs_diff(ill) < 10 || shift.abs_diff(5) < 10), "{concerned:?}");
}
