//! What a prepared plan answers while a customer waits, compared with working everything out the slow way.

use std::collections::BTreeSet;

use fieldline_routing::{
    Board, Iterations, Objective, Offer, Plan, Problem, Score, Shift, Start, Travel, Unserved, Visit, Window, solve,
    worth,
};
use proptest::prelude::*;

use crate::any_problem::any_problem;
use crate::oracle::best_tour;

const DAY: Window = Window { from_seconds: 0, until_seconds: 24 * 3_600 };

/// The best a shift can do with what it has.
fn best_now(problem: &Problem, plan: &Plan, shift: usize) -> Option<Score> {
    let planned: Vec<(usize, i32)> = plan.tour_of(shift).into_iter().flat_map(|tour| tour.timed_visits()).collect();
    match planned.is_empty() {
        true => worth(problem, plan).ok(),
        false => best_tour(problem, plan, shift, &planned, problem.shifts()[shift].start_seconds).map(|(now, _)| now),
    }
}

/// The best a shift can do with one more visit: how much more it would be late and cost.
fn best_with(problem: &Problem, plan: &Plan, visit: usize, shift: usize, now: Score) -> Option<(i64, i64)> {
    let planned: Vec<(usize, i32)> = plan.tour_of(shift).into_iter().flat_map(|tour| tour.timed_visits()).collect();
    let mut rest = plan.clone();
    rest.unserved.retain(|unserved| unserved.visit != visit);
    let with = (0..=planned.len()).filter_map(|place| {
        let mut visits = planned.clone();
        visits.insert(place, (visit, -1));
        let leaves = problem.shifts()[shift].start_seconds;
        best_tour(problem, &rest, shift, &visits, leaves).map(|(worth, _)| worth)
    });
    with.map(|worth| (worth.late_seconds - now.late_seconds, worth.cost - now.cost)).min()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Whoever is left out is asked for in a plan from which others were taken: what is offered can be done at just that cost.
    #[test]
    fn every_offer_can_be_kept_and_costs_what_it_says(problem in any_problem(), seed in any::<u64>(), taken in 0..9_usize) {
        let mut plan = solve(&problem, Start::Afresh, seed, &mut Iterations(50));
        let out: Vec<usize> = plan.tours.iter().flat_map(|tour| tour.visits().skip(taken % 3)).collect();
        plan = crate::oracle::without(&problem, &plan, &out);
        plan.unserved.sort_by_key(|unserved| unserved.visit);
        // Where ways are no shortest ways, a tour may be impossible with a visit less.
        prop_assume!(worth(&problem, &plan).is_ok());
        for Unserved { visit } in &plan.unserved {
            let of = &problem.visits()[*visit];
            if of.crew > 1 || !of.after.is_empty() {
                continue;
            }
            let offers = Board::new(&problem, &plan).offers(of, &[DAY], problem.shifts().len());
            for shift in 0..problem.shifts().len() {
                // Where ways are no shortest ways, what was taken out may have been a shortcut.
                let Some(now) = best_now(&problem, &plan, shift) else { continue };
                let offer = offers.iter().find(|offer| offer.shift == shift);
                let said = offer.map(|offer| (offer.late_seconds, offer.cost));
                prop_assert_eq!(said, best_with(&problem, &plan, *visit, shift, now), "visit {} in shift {}", visit, shift);
            }
            prop_assert!(offers.is_sorted_by_key(|offer| (offer.late_seconds, offer.cost)));
        }
    }

    /// Whoever could make a visit that is made already is named, and whoever makes it is not.
    #[test]
    fn the_next_best_are_those_who_could_take_it_over(problem in any_problem(), seed in any::<u64>()) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(50));
        let board = Board::new(&problem, &plan);
        for tour in &plan.tours {
            for visit in tour.visits().filter(|visit| problem.visits()[*visit].crew < 2) {
                let said: Vec<usize> = board.next_best(visit, 99).iter().map(|offer| offer.shift).collect();
                let of_a_day = board.offers(&problem.visits()[visit], &[DAY], 99);
                let expected: Vec<usize> =
                    of_a_day.iter().map(|offer| offer.shift).filter(|shift| *shift != tour.shift).collect();
                prop_assert_eq!(said, expected);
            }
        }
    }

    /// Everybody of a crew that is offered can begin at that moment, they are as many as it takes, and nobody is in it twice.
    #[test]
    fn a_crew_that_is_offered_can_come_together(problem in any_problem(), seed in any::<u64>(), from in 0..36_000_i32, crew in 1..4_usize) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(50));
        let board = Board::new(&problem, &plan);
        let slots = [from, from + 7_200].map(|from_seconds| Window { from_seconds, until_seconds: from_seconds + 7_200 });
        for Unserved { visit } in &plan.unserved {
            let visit = Visit { crew, pinned_shift: None, ..problem.visits()[*visit].clone() };
            for offer in board.crew_offers(&visit, &slots) {
                let begins = offer.begins_seconds();
                let exactly = [Window { from_seconds: begins, until_seconds: begins }];
                let alone = board.offers(&visit, &exactly, problem.shifts().len());
                let can = |member: &Offer| alone.iter().any(|other| Offer { slot: member.slot, ..other.clone() } == *member);
                prop_assert!(offer.members.iter().all(can), "{:?} of {:?}", offer, alone);
                prop_assert!((slots[offer.slot].from_seconds..=slots[offer.slot].until_seconds).contains(&begins));
                let people: BTreeSet<(&str, usize)> = offer.members.iter().map(|member| person(&problem, member.shift)).collect();
                prop_assert_eq!(people.len(), crew);
            }
        }
    }

    /// Where everybody is free and able, a crew is as large as they are many, and no larger.
    #[test]
    fn a_crew_is_found_while_there_are_enough_who_are_free(shifts in 1..6_usize, crew in 1..7_usize, late in 0..3_600_i32) {
        let shift = |number: usize| Shift {
            technician: number.to_string(),
            start_seconds: if number == 0 { late } else { 0 },
            end_seconds: 8 * 3_600,
            ..Shift::default()
        };
        let travel = Travel::new(1, [0].into(), [0].into()).unwrap();
        let problem = Problem::new(Vec::new(), (0..shifts).map(shift).collect(), Vec::new(), travel, Objective::default()).unwrap();
        let board = Board::new(&problem, &Plan::default()).crew_offers(&Visit { crew, service_seconds: 3_600, ..Visit::default() }, &[DAY]);
        prop_assert_eq!(board.len(), usize::from(crew <= shifts));
        prop_assert!(board.iter().all(|offer| offer.members.len() == crew));
    }

    #[test]
    fn what_is_offered_for_a_slot_begins_in_it(problem in any_problem(), seed in any::<u64>(), from in 0..36_000_i32) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(50));
        let slots = [from, from + 7_200].map(|from_seconds| Window { from_seconds, until_seconds: from_seconds + 7_200 });
        for Unserved { visit } in &plan.unserved {
            for offer in Board::new(&problem, &plan).offers(&problem.visits()[*visit], &slots, 3) {
                let slot = slots[offer.slot];
                prop_assert!((slot.from_seconds..=slot.until_seconds).contains(&offer.begins_seconds), "{:?}", offer);
            }
        }
    }
    /// Slots are asked about together, and each is as if it were the only one, and the visit's only window.
    #[test]
    fn what_is_offered_for_a_slot_is_what_who_has_that_slot_only_is_offered(
        problem in any_problem(),
        seed in any::<u64>(),
        starts in proptest::collection::vec(0..36_000_i32, 1..5),
        most in 1..4_usize,
    ) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(50));
        let board = Board::new(&problem, &plan);
        let slot = |from_seconds: i32| Window { from_seconds, until_seconds: from_seconds + 9_000 };
        let slots: Vec<Window> = starts.into_iter().map(slot).collect();
        for visit in problem.visits() {
            let mut expected: Vec<Offer> = Vec::new();
            for (slot, window) in slots.iter().enumerate() {
                let windows = in_slot(&visit.windows, *window);
                if !windows.is_empty() {
                    let offers = board.offers(&Visit { windows, ..visit.clone() }, &[DAY], most);
                    expected.extend(offers.into_iter().map(|offer| Offer { slot, ..offer }));
                }
            }
            expected.sort_by_key(|offer| (offer.late_seconds, offer.cost, offer.begins_seconds, offer.shift));
            prop_assert_eq!(board.offers(visit, &slots, most), expected);
        }
    }
}

/// Whose a shift is; those who have no name are told apart by their shifts.
fn person(problem: &Problem, shift: usize) -> (&str, usize) {
    let technician = problem.shifts()[shift].technician.as_str();
    (technician, if technician.is_empty() { shift } else { 0 })
}

/// What of a visit's windows lies in a slot.
fn in_slot(windows: &[Window], slot: Window) -> Vec<Window> {
    let all = if windows.is_empty() { &[DAY] } else { windows };
    let common = all.iter().map(|window| Window {
        from_seconds: window.from_seconds.max(slot.from_seconds),
        until_seconds: window.until_seconds.min(slot.until_seconds),
    });
    common.filter(|window| window.from_seconds <= window.until_seconds).collect()
}
