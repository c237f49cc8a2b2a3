//! Days with more work than people, ways that are longer in one direction, and every rule there is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fieldline_routing::{After, Break, Depot, Objective, Problem, Shift, Technicians, Travel, Visit, Window};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

const HOUR: i32 = 3_600;

fn names(of: BTreeSet<u8>) -> Vec<String> {
    of.into_iter().map(|letter| format!("{}", char::from(b'a' + letter))).collect()
}

fn person(letter: u8) -> String {
    names([letter].into()).remove(0)
}

prop_compose! {
    fn any_wish()(
        excluded in btree_set(0..3_u8, 0..2),
        required in proptest::option::weighted(0.1, 0..3_u8),
        preferred in proptest::option::weighted(0.2, 0..3_u8),
        pinned_shift in proptest::option::weighted(0.05, 0..6_usize),
        planned_shift in proptest::option::weighted(0.2, 0..6_usize),
        due_seconds in proptest::option::weighted(0.3, 0..10 * HOUR),
        crew in proptest::option::weighted(0.1, 2..4_usize),
        after in proptest::option::weighted(0.15, (0..40_usize, 0..HOUR)),
    ) -> Visit {
        Visit {
            technicians: Technicians {
                required: required.map(person).into_iter().collect(),
                excluded: names(excluded).into_iter().collect(),
                preferred: preferred.map(person).into_iter().collect(),
            },
            pinned_shift: pinned_shift.filter(|_| crew.is_none()),
            planned_shift,
            due_seconds,
            crew: crew.unwrap_or(0),
            after: after.map(|(visit, lag_seconds)| After { visit, lag_seconds }).into_iter().collect(),
            ..Visit::default()
        }
    }
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
        wish in any_wish(),
    ) -> Visit {
        let mut windows: Vec<Window> = Vec::new();
        for open in opens {
            let from_seconds = windows.last().map_or(from, |last| last.until_seconds + 900);
            windows.push(Window { from_seconds, until_seconds: from_seconds + open });
        }
        Visit {
            place, service_seconds, windows, priority, value,
            service_seconds_of: slow.map(|slow| (person(0), slow)).into_iter().collect(),
            skills: names(skills).into_iter().map(|skill| (skill, level)).collect(),
            tools: names(tools).into_iter().collect(),
            parts: BTreeMap::from([("bolt".to_owned(), bolts)]),
            territory: territory.map(person),
            ..wish
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
        most_overtime_seconds in prop_oneof![Just(0), 0..2 * HOUR],
        rest in proptest::option::weighted(0.4, (0..8 * HOUR, 0..2 * HOUR, 0..HOUR)),
        depot in proptest::option::weighted(0.3, Just(0_usize)),
        skills in btree_set(0..3_u8, 0..3),
        level in 1..4_u32,
        tools in btree_set(0..3_u8, 0..3),
        bolts in 0..9_i32,
        territories in btree_set(0..2_u8, 0..2),
        most_travel_seconds in proptest::option::weighted(0.3, 0..3 * HOUR),
    ) -> Shift {
        let rest = rest.map(|(from_seconds, open, break_seconds)| {
            Break { from_seconds, until_seconds: from_seconds + open, break_seconds }
        });
        Shift {
            technician: person(technician),
            start_place, end_place, start_seconds, most_travel_seconds, most_overtime_seconds, depot,
            breaks: rest.into_iter().collect(),
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
    fn any_depot()(place in 0..12_usize, service_seconds in 0..900_i32, tools in btree_set(0..3_u8, 0..3), has_bolts in any::<bool>())
        -> Depot
    {
        let parts = has_bolts.then(|| "bolt".to_owned()).into_iter().collect();
        Depot { name: "Depot".into(), place, service_seconds, tools: names(tools).into_iter().collect(), parts }
    }
}

fn problem(
    mut visits: Vec<Visit>,
    shifts: Vec<Shift>,
    depot: Depot,
    points: &[(i32, i32)],
    [uphill, detour]: [i32; 2],
    objective: Objective,
) -> Problem {
    let (count, shift_count) = (visits.len(), shifts.len());
    for (number, visit) in visits.iter_mut().enumerate() {
        // Later ones only wait for earlier ones, so that nobody waits in a circle.
        visit.after.retain(|after| after.visit < number && after.visit < count);
        visit.pinned_shift = visit.pinned_shift.filter(|shift| *shift < shift_count);
        visit.planned_shift = visit.planned_shift.filter(|shift| *shift < shift_count);
    }
    let ways = |uphill: i32| -> Arc<[i32]> {
        // Going around some hills is longer than going over a third place: not every matrix has the shortest ways in it.
        let hill = |a: &(i32, i32), b: &(i32, i32)| if (a.0 + b.1) % 3 == 0 && a != b { detour } else { 0 };
        let climb = |a: &(i32, i32), b: &(i32, i32)| if a.1 < b.1 { uphill } else { 0 };
        let way = |a: &(i32, i32), b: &(i32, i32)| (a.0 - b.0).abs() + (a.1 - b.1).abs() + climb(a, b) + hill(a, b);
        points.iter().flat_map(|a| points.iter().map(|b| way(a, b)).collect::<Vec<_>>()).collect()
    };
    let travel = Travel::new(points.len(), ways(uphill), ways(0)).expect("they are short enough");
    Problem::new(visits, shifts, vec![depot], travel, objective).expect("it makes sense")
}

prop_compose! {
    fn any_problem_with(detours: std::ops::Range<i32>)(
        visits in vec(any_visit(), 0..30),
        shifts in vec(any_shift(), 0..6),
        depot in any_depot(),
        points in vec((0..3_000_i32, 0..3_000_i32), 12),
        uphill in 0..60_i32,
        detour in detours,
        second_cost in 0..2_i64,
        moved_visit_cost in prop_oneof![Just(0), 0..900_i64],
    ) -> Problem {
        let objective = Objective { travel_second_cost: second_cost, moved_visit_cost, ..Objective::default() };
        problem(visits, shifts, depot, &points, [uphill, detour], objective)
    }
}

/// A day in which working time costs nothing.
pub fn any_problem() -> impl Strategy<Value = Problem> {
    any_problem_with(0..1)
}

/// The same with ways that are no shortest ways: a visit less may take longer.
pub fn any_rough_problem() -> impl Strategy<Value = Problem> {
    any_problem_with(0..900)
}

/// A day on which no visit hangs together with others.
pub fn any_loose_problem() -> impl Strategy<Value = Problem> {
    any_problem().prop_map(|problem| {
        let loose = |visit: &Visit| Visit { crew: 0, after: vec![], ..visit.clone() };
        let (visits, shifts) = (problem.visits().iter().map(loose).collect(), problem.shifts().to_vec());
        let (depots, travel) = (problem.depots().to_vec(), problem.travel().clone());
        Problem::new(visits, shifts, depots, travel, problem.objective()).expect("it makes sense with less")
    })
}

prop_compose! {
    /// A day in which working time costs something.
    pub fn any_paid_problem()(
        visits in vec(any_visit(), 0..20),
        shifts in vec(any_shift(), 0..5),
        depot in any_depot(),
        points in vec((0..3_000_i32, 0..3_000_i32), 12),
        working_second_cost in 1..3_i64,
    ) -> Problem {
        problem(visits, shifts, depot, &points, [0, 0], Objective { working_second_cost, ..Objective::default() })
    }
}

/// A day without breaks, overtime, depots and due times, on which visits hang together all the same.
pub fn any_plain_problem() -> impl Strategy<Value = Problem> {
    prop_oneof![any_problem(), any_paid_problem()].prop_map(|problem| {
        let plain = |visit: &Visit| {
            let windows = visit.windows.first().copied().into_iter().collect();
            Visit { windows, due_seconds: None, service_seconds_of: BTreeMap::new(), ..visit.clone() }
        };
        let short = |shift: &Shift| {
            let without = Shift { breaks: vec![], depot: None, most_travel_seconds: None, ..shift.clone() };
            Shift { most_overtime_seconds: 0, ..without }
        };
        let (visits, shifts) = (problem.visits(), problem.shifts().iter().map(short).collect());
        let visits = visits.iter().map(plain).collect();
        Problem::new(visits, shifts, vec![], problem.travel().clone(), problem.objective()).expect("it makes sense")
    })
}
