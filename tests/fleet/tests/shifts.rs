//! The simulator itself: it replays, it judges, and it notices what it is there to notice.

use fieldline_fleet::shift::{Report, Shift};

fn short_shift(seed: u64, server_forgets: bool) -> Report {
    Shift { seed, phones: 3, hours: 3, trace: false, server_forgets }.run()
}

#[test]
fn the_same_seed_gives_the_same_shift_to_the_last_byte() {
    let (first, second) = (short_shift(11, false), short_shift(11, false));
    assert_eq!(first.violations, Vec::<String>::new());
    assert_eq!(first.trace_hash, second.trace_hash);
    assert_ne!(first.trace_hash, short_shift(12, false).trace_hash);
}

#[test]
fn a_server_that_forgets_what_it_acknowledged_is_caught() {
    let crashing = (0..40).map(|seed| short_shift(seed, true)).find(|report| !report.violations.is_empty());
    let caught = crashing.expect("one of forty forgetful servers dies and is caught");
    assert!(caught.violations.iter().any(|violation| violation.contains("counts 0 times")), "{:?}", caught.violations);
}
