//! The table.

use serde_json::{Value, json};

use super::drive::{Both, Run};
use super::operations::Operation;

/// How many times the floor's time is allowed.
const READS_AT_MOST: f64 = 1.5;
const WRITES_AT_MOST: f64 = 3.0;

pub fn print_head() {
    println!(
        "{:<36} {:>3} | {:>8} {:>7} {:>7} {:>6} | {:>8} {:>7} {:>7} {:>6} | {:>5} {:>5}",
        "ours | floor", "", "req/s", "p50 ms", "p99 ms", "cpu ms", "req/s", "p50 ms", "p99 ms", "cpu ms", "time", "cpu"
    );
}

/// Prints a line; `time` and `cpu` are ours in times of the floor's, the wall time of a request in the middle.
pub fn line(operation: &Operation, at_once: usize, runs: &[Run; 2]) -> Value {
    let [ours, floor] = runs;
    let ratio = ours.milliseconds(50) / floor.milliseconds(50);
    let of_processor = ours.processor_milliseconds() / floor.processor_milliseconds();
    let most = if operation.writes() { WRITES_AT_MOST } else { READS_AT_MOST };
    let side = |run: &Run| {
        let [per_second, p50, p99] = [run.per_second(), run.milliseconds(50), run.milliseconds(99)];
        format!("{per_second:>8.0} {p50:>7.2} {p99:>7.2} {:>6.3}", run.processor_milliseconds())
    };
    println!(
        "{:<36} {at_once:>2}x | {} | {} | {ratio:>5.2} {of_processor:>5.2}{}",
        operation.name,
        side(ours),
        side(floor),
        if ratio > most { "  over the goal" } else { "" }
    );
    let figures = |run: &Run| {
        json!({ "requests": run.latencies.len(), "per_second": run.per_second(), "p50_milliseconds": run.milliseconds(50),
            "p99_milliseconds": run.milliseconds(99), "processor_milliseconds": run.processor_milliseconds() })
    };
    json!({ "operation": operation.name, "at_once": at_once, "ours": figures(ours), "floor": figures(floor),
        "ratio": ratio, "processor_ratio": of_processor, "at_most": most })
}

/// Prints what both hold in memory.
pub fn memory(both: &Both<'_>) -> Value {
    let side = |name: &str, watched: &crate::sync::process::Watched| {
        let [now, most] = [watched.heap_bytes(), watched.peak_resident_bytes()].map(|bytes| bytes as f64 / 1e6);
        println!("memory, {name}: {now:.0} MB of its own at the end, {most:.0} MB resident at the most");
        json!({ "own_megabytes": now, "peak_resident_megabytes": most })
    };
    json!({ "ours": side("ours", &both.ours.watched), "floor": side("floor", &both.floor.watched) })
}
