//! What the search answers, judged by the checker, which shares no code with it; and the checker, judged by plans that are wrong.

use std::sync::Arc;

use fieldline_routing::formats::{Rounding, solomon};
use fieldline_routing::{
    Activity, After, Iterations, Objective, Plan, Problem, Reason, Score, Shift, Start, Stop, Tour, Travel, Unserved,
    Visit, Window, arrange, best_order, check, explain, obstacle, solve,
};
use proptest::prelude::*;

use crate::any_problem::{any_loose_problem, any_paid_problem, any_plain_problem, any_problem, any_rough_problem};
use crate::oracle::{best_tour, comes_after, fits_in, without, worth_of};

fn solomon(name: &str) -> Problem {
    let file = format!("{}/../../tests/data/vrptw/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).expect("the instance is there");
    solomon::read(&text, Rounding::Dimacs, false).expect("it is one").problem
}

/// How many days each property is tried on; `PROPTEST_CASES` says otherwise.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(200, |cases| cases.parse().expect("it is a number"))
}

/// A day as a dispatcher poses it: long, with two shifts of which neither does anything yet.
#[test]
fn what_comes_after_another_is_planned_when_the_search_begins_from_nothing() {
    let travel = Travel::new(2, Arc::new([0, 1_612, 1_612, 0]), Arc::new([0, 20_156, 20_156, 0])).expect("a table");
    let windows = vec![Window { from_seconds: 0, until_seconds: 86_400 }];
    let visit =
        |place, after| Visit { place, after, service_seconds: 3_600, windows: windows.clone(), ..Visit::default() };
    let visits = vec![visit(1, vec![]), visit(0, vec![After { visit: 0, lag_seconds: 600 }])];
    let shift = || Shift { end_seconds: 28_800, ..Shift::default() };
    let objective =
        Objective { meter_cost: 1, working_second_cost: 1, overtime_second_cost: 1, ..Objective::default() };
    let problem = Problem::new(visits, vec![shift(), shift()], vec![], travel, objective).expect("a problem");
    let plan = solve(&problem, Start::From(&Plan::default()), 1, &mut Iterations(2_000));
    assert_eq!(plan.unserved, []);
}

/// The best known distances are those of the 12th DIMACS challenge.
#[test]
fn known_instances_are_solved_to_their_best_known_distance() {
    for (name, best_known, iterations) in [("C104", 8_229, 30_000), ("R101", 16_377, 150_000)] {
        let problem = solomon(name);
        let plan = solve(&problem, Start::Afresh, 1, &mut Iterations(iterations));
        assert_eq!(check(&problem, &plan).map(|score| score.cost), Ok(best_known), "{name}");
        assert!(plan.unserved.is_empty());
    }
}

#[test]
fn the_same_seed_gives_the_same_plan_and_another_seed_another() {
    let problem = solomon("RC208");
    let plan = |seed| solve(&problem, Start::Afresh, seed, &mut Iterations(2_000));
    assert_eq!(plan(7), plan(7));
    assert_ne!(plan(7), plan(8));
}

#[test]
fn a_search_without_time_still_gives_a_plan() {
    let problem = solomon("C104");
    let plan = solve(&problem, Start::Afresh, 1, &mut Iterations(0));
    assert!(check(&problem, &plan).is_ok() && plan.unserved.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn every_plan_is_right_and_leaves_out_nobody_who_fits(
        problem in prop_oneof![any_rough_problem(), any_plain_problem()],
        seed in any::<u64>(),
    ) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(300));
        prop_assert_eq!(check(&problem, &plan), Ok(plan.score));
        for Unserved { visit } in &plan.unserved {
            // Whether a whole crew finds a moment is searched for in part only.
            let is_alone = problem.visits()[*visit].crew < 2;
            let fits = |shift| fits_in(&problem, &plan, *visit, shift);
            prop_assert!(!is_alone || !(0..problem.shifts().len()).any(fits), "visit {} fits", visit);
        }
    }

    /// Every order is tried, with every place of a break and of the depot, which takes a while; the checker says what they are worth.
    #[test]
    fn the_best_order_of_a_short_tour_is_the_best_of_all_orders(problem in any_problem(), take in 1..5_usize) {
        for shift in 0..problem.shifts().len() {
            let can = |visit: &usize| {
                let of = &problem.visits()[*visit];
                obstacle(&problem, *visit, shift).is_none() && of.crew < 2 && of.after.is_empty()
            };
            let visits: Vec<usize> = (0..problem.visits().len()).filter(can).take(take).collect();
            let worth = |order: &Vec<usize>| worth_of(&problem, shift, order);
            let best = orders(&visits).iter().filter_map(worth).min();
            let found = best_order(&problem, shift, &visits, None);
            prop_assert_eq!(found.as_ref().map(|order| worth(order).expect("it is possible")), best);
            let with_known = best_order(&problem, shift, &visits, found.as_deref());
            prop_assert_eq!(with_known.map(|order| worth(&order)), found.map(|order| worth(&order)));
        }
    }

    /// The times of a plan are those its orders have by themselves.
    #[test]
    fn the_orders_of_a_plan_arranged_anew_are_the_plan(problem in any_loose_problem(), seed in any::<u64>()) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(50));
        let orders: Vec<(usize, Vec<usize>)> =
            plan.tours.iter().map(|tour| (tour.shift, tour.visits().collect())).collect();
        prop_assert_eq!(arrange(&problem, &orders), Some(plan.clone()));
        let backwards: Vec<(usize, Vec<usize>)> =
            orders.into_iter().map(|(shift, visits)| (shift, visits.into_iter().rev().collect())).collect();
        if let Some(other) = arrange(&problem, &backwards) {
            prop_assert_eq!(check(&problem, &other), Ok(other.score));
        }
    }

    /// Working time is paid: nobody sets out when another moment would be better.
    #[test]
    fn a_tour_sets_out_when_it_is_best(problem in any_paid_problem(), seed in any::<u64>()) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(100));
        prop_assert_eq!(check(&problem, &plan), Ok(plan.score));
        for tour in &plan.tours {
            let shift = &problem.shifts()[tour.shift];
            let other = (shift.start_seconds..=shift.end_seconds).step_by(600).filter_map(|leaves| {
                best_tour(&problem, &plan, tour.shift, &tour.timed_visits().collect::<Vec<_>>(), leaves)
            });
            for (worth, other) in other {
                prop_assert!(worth >= plan.score, "{:?} is better than {:?}", other, tour);
            }
        }
    }

    /// What is said of each shift is so: what is in the way is in the way of an empty shift too, and what gives way is enough.
    #[test]
    fn every_reason_why_a_visit_is_not_served_is_true(problem in any_problem(), seed in any::<u64>()) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(300));
        for Unserved { visit } in &plan.unserved {
            let explanation = explain(&problem, &plan, *visit);
            for first in &explanation.waits_for {
                let is_unserved = plan.unserved.contains(&Unserved { visit: *first });
                prop_assert!(is_unserved, "visit {} is made", first);
            }
            if !explanation.waits_for.is_empty() || problem.visits()[*visit].crew > 1 {
                continue;
            }
            for (shift, reason) in explanation.shifts.into_iter().enumerate() {
                let planned: Vec<usize> = plan.tour_of(shift).into_iter().flat_map(|tour| tour.visits()).collect();
                let moved = match &reason {
                    Reason::Obstacle(_) => planned,
                    Reason::ComesAfter(_) => {
                        let waits = |one: &usize| !comes_after(&problem, *visit, *one);
                        planned.into_iter().filter(waits).collect()
                    }
                    Reason::Displaces(moved) => {
                        prop_assert!(!moved.is_empty());
                        prop_assert!(moved.iter().all(|one| planned.contains(one)));
                        moved.clone()
                    }
                    Reason::Fits => return Err(TestCaseError::fail("somebody is left out who fits")),
                };
                let rest = without(&problem, &plan, &moved);
                let is_so = fits_in(&problem, &rest, *visit, shift) == matches!(reason, Reason::Displaces(_));
                prop_assert!(is_so, "visit {} and shift {}: {:?}", visit, shift, reason);
            }
        }
    }

    #[test]
    fn a_longer_search_is_never_worse_than_its_beginning(problem in any_rough_problem(), seed in any::<u64>()) {
        let first = solve(&problem, Start::Afresh, seed, &mut Iterations(0));
        prop_assert!(solve(&problem, Start::Afresh, seed, &mut Iterations(300)).score <= first.score);
        let again = solve(&problem, Start::From(&first), seed, &mut Iterations(100));
        prop_assert_eq!(check(&problem, &again), Ok(again.score));
        prop_assert!(again.score <= first.score);
    }
}

/// Every order of some visits.
fn orders(visits: &[usize]) -> Vec<Vec<usize>> {
    let [first, rest @ ..] = visits else { return vec![vec![]] };
    let with_first = |order: Vec<usize>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, *first);
            order
        })
    };
    orders(rest).into_iter().flat_map(with_first).collect()
}

/// What the checker must say of plans that are wrong in one way each.
#[test]
fn the_checker_sees_every_sort_of_mistake() {
    let problem = solomon("C104");
    let right = solve(&problem, Start::Afresh, 1, &mut Iterations(2_000));
    let complaint = |change: &dyn Fn(&mut Plan)| {
        let mut plan = right.clone();
        change(&mut plan);
        check(&problem, &plan).map_err(|wrong| wrong.join("; ")).expect_err("it is wrong")
    };
    let twice = |plan: &mut Plan| {
        let visit = plan.tours[0].stops[0];
        plan.tours[1].stops.push(visit);
    };
    let reversed = |plan: &mut Plan| plan.tours.iter_mut().for_each(|tour| tour.stops.reverse());
    let overloaded = |plan: &mut Plan| {
        let more = plan.tours.remove(0).stops;
        plan.tours[0].stops.extend(more);
    };
    let earlier = |plan: &mut Plan| plan.tours[0].stops[0].begins_seconds -= 1;
    let cheaper = |plan: &mut Plan| plan.score.cost -= 1;
    assert!(complaint(&twice).contains("2 times"));
    assert!(complaint(&|plan| plan.tours[0].stops.truncate(1)).contains("0 times"));
    assert!(complaint(&|plan| plan.tours[1].shift = plan.tours[0].shift).contains("two tours"));
    assert!(complaint(&|plan| plan.tours[0].shift = 999).contains("no shift 999"));
    assert!(
        complaint(&|plan| plan.tours[0].stops.push(Stop { activity: Activity::Visit(999), begins_seconds: 0 }))
            .contains("no visit 999")
    );
    assert!(complaint(&reversed).contains("is reached at"));
    assert!(complaint(&earlier).contains("and begins at"));
    assert!(!complaint(&overloaded).is_empty());
    assert!(complaint(&cheaper).contains("says it is worth"));
}

/// A visit for three that takes no time, where everybody is already, made by whoever has a tour; a tour may make it several times.
fn made_together(technicians: [&str; 3], tours: &[(usize, usize)]) -> Result<Score, Vec<String>> {
    let travel = Travel::new(1, Arc::new([0]), Arc::new([0])).expect("a place");
    let shift = |name: &str| Shift { technician: name.into(), end_seconds: 3_600, ..Shift::default() };
    let visits = vec![Visit { crew: 3, ..Visit::default() }];
    let problem = Problem::new(visits, technicians.map(shift).to_vec(), vec![], travel, Objective::default());
    let stop = Stop { activity: Activity::Visit(0), begins_seconds: 0 };
    let tour = |(shift, times): &(usize, usize)| Tour { shift: *shift, leaves_seconds: 0, stops: vec![stop; *times] };
    let plan = Plan { tours: tours.iter().map(tour).collect(), ..Plan::default() };
    check(&problem.expect("it makes sense"), &plan)
}

#[test]
fn the_checker_refuses_a_crew_in_which_somebody_counts_twice() {
    let each_once = [(0, 1), (1, 1), (2, 1)];
    assert_eq!(made_together(["ann", "bob", "cleo"], &each_once), Ok(Score::default()));
    assert_eq!(made_together(["", "", ""], &each_once), Ok(Score::default()), "nobody knows that they are one");
    let refused = |technicians: [&str; 3], tours: &[(usize, usize)]| {
        made_together(technicians, tours).is_err_and(|wrong| wrong.join("; ").contains("crew is not together"))
    };
    for twice in [["ann", "ann", "bob"], ["ann", "bob", "ann"], ["ann", "bob", "bob"]] {
        assert!(refused(twice, &each_once), "{twice:?}");
    }
    assert!(refused(["", "", ""], &[(0, 1), (1, 2)]), "one shift does not make two");
}

#[test]
fn bad_input_names_the_visit_and_the_field() {
    let travel = Travel::new(1, Arc::new([0]), Arc::new([0])).expect("a place");
    let problem = |visit: Visit| {
        let problem = Problem::new(
            vec![Visit { name: "Boiler".into(), ..visit }],
            vec![],
            vec![],
            travel.clone(),
            Objective::default(),
        );
        problem.expect_err("it makes no sense").to_string()
    };
    let window = |from_seconds, until_seconds| Window { from_seconds, until_seconds };
    let windows = |windows: &[Window]| Visit { windows: windows.to_vec(), ..Visit::default() };
    assert!(problem(Visit { place: 3, ..Visit::default() }).starts_with("visit \"Boiler\": place:"));
    assert!(problem(windows(&[window(9, 8)])).starts_with("visit \"Boiler\": windows:"));
    assert!(problem(windows(&[window(1, 8), window(8, 9)])).contains("overlap"));
    assert!(problem(Visit { service_seconds: -1, ..Visit::default() }).contains("service_seconds"));
    assert!(problem(Visit { priority: 9, ..Visit::default() }).contains("priority"));
    assert!(problem(Visit { value: Some(0), ..Visit::default() }).contains("value"));
    assert!(problem(Visit { due_seconds: Some(-1), ..Visit::default() }).contains("due_seconds"));
    assert!(problem(Visit { pinned_shift: Some(0), ..Visit::default() }).contains("there are 0 shifts, no 0"));
    let after = |visit| Visit { after: vec![After { visit, lag_seconds: 0 }], ..Visit::default() };
    assert!(problem(after(0)).contains("after itself") && problem(after(1)).contains("no 1"));
    assert!(problem(Visit { parts: [("bolt".into(), -1)].into(), ..Visit::default() }).contains("parts"));
    assert!(
        Travel::new(2, Arc::new([0]), Arc::new([0])).is_err() && Travel::new(1, Arc::new([-1]), Arc::new([0])).is_err()
    );
}
