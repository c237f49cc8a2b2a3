//! The simulator itself: it replays, it judges, and it notices what it is there to notice.

use fieldline_fleet::plan::Plan;
use fieldline_fleet::shift::{Report, run};

fn short_plan(seed: u64) -> Plan {
    Plan::draw(seed, 3, 3)
}

fn forgetful(seed: u64) -> Report {
    run(&Plan { server_forgets: true, ..short_plan(seed) }, false)
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
fn a_server_that_forgets_what_it_acknowledged_is_caught() {
    let caught = (0..40).map(forgetful).find(|report| !report.violations.is_empty());
    let caught = caught.expect("one of forty forgetful servers dies and is caught");
    assert!(caught.violations.iter().any(|violation| violation.contains("counts 0 times")), "{:?}", caught.violations);
}
