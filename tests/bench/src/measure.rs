//! Wall time and processor time of one deed, and medians of many.

use std::fs;
use std::time::{Duration, Instant};

/// What one deed cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub wall: Duration,
    /// Time on a processor, as Linux's scheduler counts it; zero where it does not.
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

/// The first number of `/proc/self/schedstat`: nanoseconds this thread ran.
fn on_processor() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// The most memory this process ever had, in bytes (`VmHWM`); 0 where the system does not say.
pub fn peak_memory_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// The memory this process has now, in bytes (`VmRSS`); 0 where the system does not say.
pub fn resident_memory_bytes() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Seconds that all threads of this process have spent on a processor (Linux counts in hundredths).
pub fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let numbers: Vec<f64> = after_name.split_whitespace().skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
    numbers.iter().sum::<f64>() / 100.0
}

/// The middle one's wall time in microseconds.
pub fn median_wall_microseconds(costs: &[Cost]) -> f64 {
    let mut all: Vec<Duration> = costs.iter().map(|cost| cost.wall).collect();
    all.sort();
    all.get(all.len() / 2).map_or(0.0, |duration| duration.as_secs_f64() * 1e6)
}

/// The mean processor time in microseconds: the scheduler counts in ticks, which only the sum of many evens out.
pub fn mean_processor_microseconds(costs: &[Cost]) -> f64 {
    let sum: Duration = costs.iter().map(|cost| cost.processor).sum();
    sum.as_secs_f64() * 1e6 / costs.len().max(1) as f64
}
