//! What the search answers, judged by the checker, which shares no code with it; and the checker, judged by plans that are wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fieldline_routing::formats::{Rounding, solomon};
use fieldline_routing::{
    Iterations, Objective, Plan, Problem, Reason, Shift, Technicians, Tour, Travel, Unserved, Visit, Window,
    best_order, check, explain, obstacle, solve,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

const HOUR: i32 = 3_600;

fn solomon(name: &str) -> Problem {
    let file = format!("{}/../../tests/data/vrptw/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).expect("the instance is there");
    solomon::read(&text, Rounding::Dimacs, false).expect("it is one")
}

/// The best known distances are those of the 12th DIMACS challenge.
#[test]
fn known_instances_are_solved_to_their_best_known_distance() {
    for (name, best_known, iterations) in [("C104", 8_229, 30_000), ("R101", 16_377, 150_000)] {
        let problem = solomon(name);
        let plan = solve(&problem, 1, &mut Iterations(iterations));
        assert_eq!(check(&problem, &plan).map(|score| score.cost), Ok(best_known), "{name}");
        assert!(plan.unserved.is_empty());
    }
}

#[test]
fn the_same_seed_gives_the_same_plan_and_another_seed_another() {
    let problem = solomon("RC208");
    let plan = |seed| solve(&problem, seed, &mut Iterations(2_000));
    assert_eq!(plan(7), plan(7));
    assert_ne!(plan(7), plan(8));
}

#[test]
fn a_search_without_time_still_gives_a_plan() {
    let problem = solomon("C104");
    let plan = solve(&problem, 1, &mut Iterations(0));
    assert!(check(&problem, &plan).is_ok() && plan.unserved.is_empty());
}

fn names(of: BTreeSet<u8>) -> Vec<String> {
    of.into_iter().map(|letter| format!("{}", char::from(b'a' + letter))).collect()
}

prop_compose! {
    fn any_visit()(
        place in 0..12_usize,
        service_seconds in 0..2 * HOUR,
        slow in proptest::option::of(0..3 * HOUR),
        from in 0..8 * HOUR,
        opens in vec(60..2 * HOUR, 0..3),
        priority in 0..3_usize,
        value in proptest::option::of(1..5_i64),
        skills in btree_set(0..3_u8, 0..2),
        level in 1..3_u32,
        tools in btree_set(0..3_u8, 0..2),
        bolts in 0..3_i32,
        territory in proptest::option::weighted(0.3, 0..2_u8),
        excluded in btree_set(0..3_u8, 0..2),
        required in proptest::option::weighted(0.1, 0..3_u8),
    ) -> Visit {
        let mut windows: Vec<Window> = Vec::new();
        for open in opens {
            let from_seconds = windows.last().map_or(from, |last| last.until_seconds + 900);
            windows.push(Window { from_seconds, until_seconds: from_seconds + open });
        }
        let person = |letter: u8| names([letter].into()).remove(0);
        Visit {
            place, service_seconds, windows, priority, value,
            service_seconds_of: slow.map(|slow| (person(0), slow)).into_iter().collect(),
            skills: names(skills).into_iter().map(|skill| (skill, level)).collect(),
            tools: names(tools).into_iter().collect(),
            parts: BTreeMap::from([("bolt".to_owned(), bolts)]),
            territory: territory.map(person),
            technicians: Technicians {
                required: required.map(person).into_iter().collect(),
                excluded: names(excluded).into_iter().collect(),
            },
            ..Visit::default()
        }
    }
}

prop_compose! {
    fn any_shift()(
        technician in 0..3_u8,
        start_place in 0..12_usize,
        end_place in 0..12_usize,
        start_seconds in 0..4 * HOUR,
        length in 0..9 * HOUR,
        skills in btree_set(0..3_u8, 0..3),
        level in 1..4_u32,
        tools in btree_set(0..3_u8, 0..3),
        bolts in 0..9_i32,
        territories in btree_set(0..2_u8, 0..2),
        most_travel_seconds in proptest::option::weighted(0.3, 0..3 * HOUR),
    ) -> Shift {
        Shift {
            technician: names([technician].into()).remove(0),
            start_place, end_place, start_seconds, most_travel_seconds,
            end_seconds: start_seconds + length,
            skills: names(skills).into_iter().map(|skill| (skill, level)).collect(),
            tools: names(tools).into_iter().collect(),
            stock: BTreeMap::from([("bolt".to_owned(), bolts)]),
            territories: names(territories).into_iter().collect(),
            ..Shift::default()
        }
    }
}

prop_compose! {
    /// A day with more work than people, ways that are longer in one direction, and every rule there is.
    fn any_problem()(
        visits in vec(any_visit(), 0..40),
        shifts in vec(any_shift(), 0..6),
        points in vec((0..3_000_i32, 0..3_000_i32), 12),
        uphill in 0..60_i32,
        second_cost in 0..2_i64,
    ) -> Problem {
        let ways = |uphill: i32| -> Arc<[i32]> {
            let way = |a: &(i32, i32), b: &(i32, i32)| (a.0 - b.0).abs() + (a.1 - b.1).abs() + if a.1 < b.1 { uphill } else { 0 };
            points.iter().flat_map(|a| points.iter().map(|b| way(a, b)).collect::<Vec<_>>()).collect()
        };
        let travel = Travel::new(12, ways(uphill), ways(0)).expect("they are short enough");
        let objective = Objective { travel_second_cost: second_cost, ..Objective::default() };
        Problem::new(visits, shifts, travel, objective).expect("it makes sense")
    }
}

/// Whether a visit could be put anywhere into a plan as it stands.
fn fits_somewhere(problem: &Problem, plan: &Plan, visit: usize) -> bool {
    (0..problem.shifts().len()).any(|shift| fits_in(problem, plan, visit, shift))
}

/// Whether a visit could be put anywhere into a shift as it is planned.
fn fits_in(problem: &Problem, plan: &Plan, visit: usize, shift: usize) -> bool {
    let places = |shift: usize| {
        let there = plan.tours.iter().find(|tour| tour.shift == shift);
        0..=there.map_or(0, |tour| tour.visits.len())
    };
    let with = |shift: usize, place: usize| {
        let mut plan = plan.clone();
        plan.unserved.retain(|unserved| unserved.visit != visit);
        match plan.tours.iter_mut().find(|tour| tour.shift == shift) {
            Some(tour) => tour.visits.insert(place, visit),
            None => plan.tours.push(Tour { shift, visits: vec![visit] }),
        }
        plan
    };
    let is_right = |plan: Plan| match check(problem, &plan) {
        Ok(_) => true,
        // What the plan says of itself was not worked out anew, and it may be a part of a plan.
        Err(wrong) => wrong.iter().all(|what| what.starts_with("the plan says") || what.ends_with("0 times")),
    };
    places(shift).any(|place| is_right(with(shift, place)))
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

/// What a tour costs by the checker, `None` when it is not possible.
fn cost_of(problem: &Problem, shift: usize, visits: &[usize]) -> Option<i64> {
    let others = (0..problem.visits().len()).filter(|visit| !visits.contains(visit));
    let unserved = others.map(|visit| Unserved { visit }).collect();
    let tours = if visits.is_empty() { vec![] } else { vec![Tour { shift, visits: visits.to_vec() }] };
    let mut plan = Plan { tours, unserved, ..Plan::default() };
    let says = check(problem, &plan).map_err(|wrong| wrong.join("; "));
    // The checker says what it is worth when the plan says something else.
    let Err(what) = says else { return Some(0) };
    let cost = what.strip_suffix(')').and_then(|what| what.rsplit_once("cost ")).map(|(_, cost)| cost.to_owned());
    plan.score.cost = cost.filter(|_| what.starts_with("the plan says"))?.parse().ok()?;
    Some(plan.score.cost)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_is_right_and_leaves_out_nobody_who_fits(problem in any_problem(), seed in any::<u64>()) {
        let plan = solve(&problem, seed, &mut Iterations(300));
        prop_assert_eq!(check(&problem, &plan), Ok(plan.score));
        for Unserved { visit, .. } in &plan.unserved {
            prop_assert!(!fits_somewhere(&problem, &plan, *visit), "visit {} fits", visit);
        }
    }

    /// Every order is tried, which takes a while; the checker says which are possible and what they cost.
    #[test]
    fn the_best_order_of_a_short_tour_is_the_best_of_all_orders(problem in any_problem(), take in 1..6_usize) {
        for shift in 0..problem.shifts().len() {
            let can = (0..problem.visits().len()).filter(|visit| obstacle(&problem, *visit, shift).is_none());
            let visits: Vec<usize> = can.take(take).collect();
            let cost = |order: &Vec<usize>| cost_of(&problem, shift, order);
            let best = orders(&visits).iter().filter_map(cost).min();
            let found = best_order(&problem, shift, &visits, None);
            prop_assert_eq!(found.as_ref().map(|order| cost(order).expect("it is possible")), best);
            let with_known = best_order(&problem, shift, &visits, found.as_deref());
            prop_assert_eq!(with_known.map(|order| cost(&order)), found.map(|order| cost(&order)));
        }
    }

    /// What is said of each shift is so: what is in the way is in the way of an empty shift too, and what gives way is enough.
    #[test]
    fn every_reason_why_a_visit_is_not_served_is_true(problem in any_problem(), seed in any::<u64>()) {
        let plan = solve(&problem, seed, &mut Iterations(300));
        for Unserved { visit, .. } in &plan.unserved {
            for (shift, reason) in explain(&problem, &plan, *visit).into_iter().enumerate() {
                let kept: Vec<usize> = match &reason {
                    Reason::Obstacle(_) => vec![],
                    Reason::Displaces(moved) => {
                        prop_assert!(!moved.is_empty());
                        let tour = plan.tours.iter().find(|tour| tour.shift == shift);
                        let planned = tour.map(|tour| tour.visits.clone()).unwrap_or_default();
                        prop_assert!(moved.iter().all(|one| planned.contains(one)));
                        planned.into_iter().filter(|one| !moved.contains(one)).collect()
                    }
                    Reason::Fits => return Err(TestCaseError::fail("somebody is left out who fits")),
                };
                let alone = Plan { tours: vec![Tour { shift, visits: kept }], ..Plan::default() };
                let is_so = fits_in(&problem, &alone, *visit, shift) == !matches!(reason, Reason::Obstacle(_));
                prop_assert!(is_so, "visit {} and shift {}: {:?}", visit, shift, reason);
            }
        }
    }

    #[test]
    fn a_longer_search_is_never_worse_than_its_beginning(problem in any_problem(), seed in any::<u64>()) {
        let first = solve(&problem, seed, &mut Iterations(0));
        prop_assert!(solve(&problem, seed, &mut Iterations(300)).score <= first.score);
    }
}

/// What the checker must say of plans that are wrong in one way each.
#[test]
fn the_checker_sees_every_sort_of_mistake() {
    let problem = solomon("C104");
    let right = solve(&problem, 1, &mut Iterations(2_000));
    let complaint = |change: &dyn Fn(&mut Plan)| {
        let mut plan = right.clone();
        change(&mut plan);
        check(&problem, &plan).map_err(|wrong| wrong.join("; ")).expect_err("it is wrong")
    };
    let twice = |plan: &mut Plan| {
        let visit = plan.tours[0].visits[0];
        plan.tours[1].visits.push(visit);
    };
    let reversed = |plan: &mut Plan| plan.tours.iter_mut().for_each(|tour| tour.visits.reverse());
    let overloaded = |plan: &mut Plan| {
        let more = plan.tours.remove(0).visits;
        plan.tours[0].visits.extend(more);
    };
    let cheaper = |plan: &mut Plan| plan.score.cost -= 1;
    assert!(complaint(&twice).contains("2 times"));
    assert!(complaint(&|plan| plan.tours[0].visits.truncate(1)).contains("0 times"));
    assert!(complaint(&|plan| plan.tours[1].shift = plan.tours[0].shift).contains("two tours"));
    assert!(complaint(&|plan| plan.tours[0].shift = 999).contains("no shift 999"));
    assert!(complaint(&|plan| plan.tours[0].visits.push(999)).contains("no visit 999"));
    assert!(complaint(&reversed).contains("is reached at") || complaint(&reversed).contains("ends at"));
    assert!(!complaint(&overloaded).is_empty());
    assert!(complaint(&cheaper).contains("says it is worth"));
}

#[test]
fn bad_input_names_the_visit_and_the_field() {
    let travel = Travel::new(1, Arc::new([0]), Arc::new([0])).expect("a place");
    let problem = |visit: Visit| {
        let problem =
            Problem::new(vec![Visit { name: "Boiler".into(), ..visit }], vec![], travel.clone(), Objective::default());
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
    assert!(problem(Visit { parts: [("bolt".into(), -1)].into(), ..Visit::default() }).contains("parts"));
    assert!(
        Travel::new(2, Arc::new([0]), Arc::new([0])).is_err() && Travel::new(1, Arc::new([-1]), Arc::new([0])).is_err()
    );
}
