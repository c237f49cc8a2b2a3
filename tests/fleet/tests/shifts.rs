//! The simulator itself: it replays, it judges, and it notices what it is there to notice.

use fieldline_fleet::plan::Plan;
use fieldline_fleet::shift::{Report, run};
use fieldline_fleet::{seeds, shrink};

fn short_plan(seed: u64) -> Plan {
    Plan::draw(seed, 3, 3)
}

#[test]
fn the_same_plan_gives_the_same_shift_to_the_last_byte() {
    let plan = short_plan(11);
    assert_eq!(plan, short_plan(11));
    let kept: Plan = serde_json::from_str(&serde_json::to_string(&plan).expect("a plan is JSON")).expect("and back");
    let (first, second) = (run(&plan, false), run(&kept, false));
    assert_eq!(first.violations, Vec::<String>::new());
    assert_eq!(first.trace_hash, second.trace_hash);
    assert_ne!(first.trace_hash, run(&short_plan(12), false).trace_hash);
}

#[test]
fn every_kept_shift_that_once_broke_a_promise_keeps_it_now() {
    let kept = seeds::kept().expect("every kept seed is a plan");
    for (file, plan) in kept {
        assert_eq!(run(&plan, false).violations, Vec::<String>::new(), "{}", file.display());
    }
}

#[test]
fn a_server_that_forgets_what_it_acknowledged_is_caught_and_the_shift_shrinks_to_thirty_steps() {
    let forgetful = |seed| Plan { server_forgets: true, ..Plan::draw(seed, 2, 2) };
    let mut runs = (0..40).map(forgetful).map(|plan| (run(&plan, false), plan));
    let (report, plan) = runs.find(|(report, _)| !report.violations.is_empty()).expect("one is caught");
    let lost = |report: &Report| report.violations.iter().any(|violation| violation.contains("counts 0 times"));
    assert!(lost(&report), "{:?}", report.violations);
    let first = report.violations[0].split_once(']').expect("a violation begins with its promise").0.to_owned();
    let (small, _) = shrink::shrink(&plan, &report, 48, &|_, _| {});
    assert!(small.steps.len() <= 30, "{} of {} steps are left", small.steps.len(), plan.steps.len());
    let again = run(&small, false).violations;
    assert!(again.iter().any(|violation| violation.starts_with(&first)), "{first}] is kept no longer: {again:?}");
}
