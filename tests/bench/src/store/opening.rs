//! A cold start: from nothing in memory to the day's list, each time in a process of its own.

use std::time::Duration;

use crate::measure::Cost;
use crate::store::{Bench, Line, MEDIAN, Result, SIDES, child, times};

const OPENINGS: usize = 25;
/// What issue 3 of the project asks of a cold start.
const GOAL_MICROSECONDS: f64 = 2_000.0;

pub fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (what, is_killed) in
        [("cold start after an orderly close, first list", false), ("cold start after a kill, first list", true)]
    {
        let mut costs = [const { Vec::new() }; 3];
        for _ in 0..OPENINGS {
            for (side, costs) in SIDES.iter().zip(&mut costs) {
                if is_killed {
                    child::numbers(None, "die", 1, side, &bench.path(side))?;
                }
                let spent = child::numbers(None, "open", 1, side, &bench.path(side))?;
                let [wall, processor] = spent[..] else { return Err("a child did not say what it cost".into()) };
                let duration = |nanoseconds: f64| Duration::from_nanos(nanoseconds as u64);
                costs.push(Cost { wall: duration(wall), processor: duration(processor) });
            }
        }
        lines.extend(times(what, &costs, MEDIAN, Some(GOAL_MICROSECONDS)));
    }
    Ok(lines)
}
