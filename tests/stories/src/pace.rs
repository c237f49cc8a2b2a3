//! How slow a line can be: so many bits in a second, so long a way, and segments that get lost and are sent again.
//!
//! Loss is what TCP makes of it: nothing goes missing, but a segment that was lost comes a timeout later, everything behind
//! it waits, and its bytes take their airtime twice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::any_between;

/// How slow a line is.
#[derive(Clone)]
pub struct Pace {
    pub(crate) up: Lane,
    pub(crate) down: Lane,
}

/// One direction of a line, shared by all connections on it.
#[derive(Clone)]
pub(crate) struct Lane {
    bits_per_second: u32,
    one_way: Duration,
    lost_percent: u64,
    traffic: Arc<Mutex<Traffic>>,
}

/// When the last segment had left, and when it arrived.
#[derive(Clone, Copy)]
struct Traffic {
    free_at: Instant,
    arrived_at: Instant,
}

impl Pace {
    /// 2G at the edge of its cell: 20 kbit/s, 800 ms there and back, one segment in twenty lost.
    pub fn of_2g() -> Self {
        let lane = || Lane {
            bits_per_second: 20_000,
            one_way: Duration::from_millis(400),
            lost_percent: 5,
            traffic: Arc::new(Mutex::new(Traffic { free_at: Instant::now(), arrived_at: Instant::now() })),
        };
        Self { up: lane(), down: lane() }
    }

    /// Waits as long as a connection takes to be made: once there and back.
    pub(crate) async fn connects(&self) {
        tokio::time::sleep(self.up.one_way + self.down.one_way).await;
    }
}

impl Lane {
    /// When a segment that is sent now arrives.
    pub(crate) fn arrival(&self, bytes: usize) -> Instant {
        let airtime = Duration::from_secs(1) * 8 * u32::try_from(bytes).unwrap_or(u32::MAX) / self.bits_per_second;
        let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_at = traffic.free_at.max(Instant::now()) + airtime;
        let mut arrives_at = left_at + self.one_way;
        // A sender that hears nothing for twice the way there and back sends again.
        while any_between(0, 100) < self.lost_percent {
            left_at += airtime;
            arrives_at += 4 * self.one_way + airtime;
        }
        let arrived_at = arrives_at.max(traffic.arrived_at);
        *traffic = Traffic { free_at: left_at, arrived_at };
        arrived_at
    }
}
