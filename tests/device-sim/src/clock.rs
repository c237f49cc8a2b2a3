//! A phone's clock, which may be wrong.

use std::sync::atomic::{AtomicI64, Ordering};

use fieldline_device::runtime::{Clock, SystemClock};
use fieldline_model::Timestamp;

/// The system's clock, and how far this phone's is off.
#[derive(Default)]
pub struct WrongClock {
    off_by_milliseconds: AtomicI64,
}

impl WrongClock {
    /// Sets it so many seconds fast, or slow.
    pub fn is_off_by(&self, seconds: i64) {
        self.off_by_milliseconds.store(seconds.saturating_mul(1_000), Ordering::SeqCst);
    }
}

impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_milliseconds(self.off_by_milliseconds.load(Ordering::SeqCst))
    }
}
