//! Wall time and processor time of one deed, the middle and the worst of many, and what a process holds in memory.

use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What one deed cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub wall: Duration,
    /// Time this thread was on a processor, of its own and in the system for it.
    pub processor: Duration,
}

/// Does something and says what it cost.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark is for")]
pub fn cost<T>(deed: impl FnOnce() -> T) -> (Cost, T) {
    let (processor, begun) = (on_processor(), Instant::now());
    let answer = deed();
    let wall = begun.elapsed();
    (Cost { wall, processor: on_processor().saturating_sub(processor) }, answer)
}

fn on_processor() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The wall time below which `share` of all lie, in microseconds.
pub fn wall_microseconds(costs: &[Cost], share: f64) -> f64 {
    at_share(costs.iter().map(|cost| cost.wall), share)
}

/// Seconds that all threads of this process have spent on a processor (Linux counts in hundredths).
pub fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let numbers: Vec<f64> = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
    numbers.iter().sum::<f64>() / 100.0
}

/// The processor time below which `share` of all lie, in microseconds.
pub fn processor_microseconds(costs: &[Cost], share: f64) -> f64 {
    at_share(costs.iter().map(|cost| cost.processor), share)
}

fn at_share(all: impl Iterator<Item = Duration>, share: f64) -> f64 {
    let mut all: Vec<Duration> = all.collect();
    all.sort();
    let last = all.len().saturating_sub(1);
    all.get((last as f64 * share) as usize).map_or(0.0, |duration| duration.as_secs_f64() * 1e6)
}

/// A figure of `/proc/self/status` in kibibytes, such as `VmHWM` (the most ever resident) or `RssAnon` (what the process
/// itself filled: heap and stacks); 0 where the system does not say.
pub fn memory_kibibytes(figure: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
}
