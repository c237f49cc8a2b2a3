//! What taking an input costs the side that takes it: processor time and memory, of that deed alone.

use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// Processor time and memory of one deed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Processor time of the thread.
    pub microseconds: u64,
    /// The most memory in use meanwhile, on top of what was before.
    pub memory_bytes: u64,
}

/// Does something and says what it cost.
pub fn measured<T>(deed: impl FnOnce() -> T) -> (T, Cost) {
    let (before, begun) = (MEMORY.current_usage(), processor_microseconds());
    MEMORY.reset_peak_usage();
    let answer = deed();
    let microseconds = processor_microseconds() - begun;
    let memory_bytes = MEMORY.peak_usage().saturating_sub(before) as u64;
    (answer, Cost { microseconds, memory_bytes })
}

fn processor_microseconds() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1_000
}
