//! The demo's time: eight hours of a shift in about a minute, then the machine's own.
//!
//! Server and technicians read this one clock, so what happens in the same half hour happens in the same half hour
//! everywhere. It never goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fieldline_model::Timestamp;
use fieldline_web::{Clock, SystemClock};

/// How long the shift lasts.
pub const SHIFT_MILLISECONDS: i64 = 8 * 3_600_000;

/// A clock that begins a shift ago.
#[derive(Debug, Clone)]
pub struct ShiftClock {
    began: Timestamp,
    behind: Arc<AtomicI64>,
}

impl ShiftClock {
    /// Sets the clock to the morning of a shift that ends about now.
    pub fn at_dawn() -> Self {
        let began = SystemClock.now().plus_milliseconds(-SHIFT_MILLISECONDS);
        Self { began, behind: Arc::new(AtomicI64::new(SHIFT_MILLISECONDS)) }
    }

    /// The moment the shift began.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Moves on to a part of the shift, in thousandths.
    pub fn move_to(&self, thousandths: i64) {
        let wanted = self.began.plus_milliseconds(SHIFT_MILLISECONDS / 1000 * thousandths);
        let behind = SystemClock.now().milliseconds_since(wanted);
        self.behind.fetch_min(behind.max(0), Ordering::SeqCst);
    }

    /// Ends the shift: from here on it is now.
    pub fn catch_up(&self) {
        self.behind.store(0, Ordering::SeqCst);
    }
}

impl Clock for ShiftClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_milliseconds(-self.behind.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_goes_back_and_ends_at_the_present() {
        let clock = ShiftClock::at_dawn();
        let mut before = clock.now();
        for thousandths in [0, 500, 250, 900] {
            clock.move_to(thousandths);
            assert!(clock.now() >= before);
            before = clock.now();
        }
        assert!(before.milliseconds_since(clock.began()) >= SHIFT_MILLISECONDS / 10 * 9);
        clock.catch_up();
        assert!(SystemClock.now().milliseconds_since(clock.now()) < 10_000);
    }
}
