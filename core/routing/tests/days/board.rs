//! What a prepared plan answers while a customer waits, compared with working everything out the slow way.

use fieldline_routing::{Board, Iterations, Offer, Plan, Problem, Score, Start, Unserved, Visit, Window, solve, worth};
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

/// What of a visit's windows lies in a slot.
fn in_slot(windows: &[Window], slot: Window) -> Vec<Window> {
    let all = if windows.is_empty() { &[DAY] } else { windows };
    let common = all.iter().map(|window| Window {
        from_seconds: window.from_seconds.max(slot.from_seconds),
        until_seconds: window.until_seconds.min(slot.until_seconds),
    });
    common.filter(|window| window.from_seconds <= window.until_seconds).collect()
}
