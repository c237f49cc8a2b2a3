//! Timetables say of a plan what the checker says of it.

use fieldline_routing::{Activity, Iterations, Start, solve, timetable};
use proptest::prelude::*;

use crate::any_problem::any_problem;
use crate::oracle::best_tour;

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn a_timetable_adds_up_and_its_slack_is_really_there(problem in any_problem(), seed in any::<u64>()) {
        let plan = solve(&problem, Start::Afresh, seed, &mut Iterations(50));
        let told = timetable(&problem, &plan);
        let late: i64 = told.iter().flat_map(|tour| &tour.stays).map(|stay| i64::from(stay.late_seconds)).sum();
        prop_assert_eq!(late, plan.score.late_seconds);
        for (tour, told) in plan.tours.iter().zip(&told) {
            let shift = &problem.shifts()[tour.shift];
            prop_assert!(told.leaves_seconds >= shift.start_seconds && told.returns_seconds <= shift.ends_by());
            for (index, stay) in told.stays.iter().enumerate() {
                prop_assert!(stay.waits_seconds >= 0 && stay.slack_seconds >= 0, "{:?}", stay);
                prop_assert_eq!(stay.begins_seconds, stay.arrives_seconds + stay.waits_seconds);
                let Activity::Visit(visit) = stay.activity else { continue };
                // A first visit that begins as much later as there is slack: setting out later does that.
                if index == 0 && shift.breaks.is_empty() && shift.depot.is_none() && told.stays.len() == 1 {
                    let leaves = stay.begins_seconds + stay.slack_seconds - stay.travel_seconds;
                    let later = best_tour(&problem, &plan, tour.shift, &[(visit, stay.begins_seconds)], leaves);
                    prop_assert!(later.is_some_and(|(score, _)| score.late_seconds <= plan.score.late_seconds));
                }
            }
        }
    }
}
