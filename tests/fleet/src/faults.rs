//! How unkind the world is. Every seed draws its own rates, and some faults are off altogether, because a fault that is
//! always there hides the bugs that need its absence.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

/// The fault rates of one seed, in thousandths. What is left out of a plan does not happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Messages that never arrive.
    pub loss: u32,
    /// Messages that arrive twice.
    pub duplicate: u32,
    /// Messages cut short.
    pub truncate: u32,
    /// Messages with one byte changed.
    pub corrupt: u32,
    /// Messages that arrive after every timeout in the code has passed, some of them hours later.
    pub very_late: u32,
    /// Answers that come from a captive portal.
    pub portal: u32,
    /// Chance, each time a technician acts, that the phone loses its link for a while.
    pub partition: u32,
    /// Chance, each time a technician acts, that the phone dies and starts again.
    pub phone_crash: u32,
    /// Chance, each time a technician acts, that the phone's clock jumps or begins to drift.
    pub clock: u32,
    /// Chance, each time the dispatcher acts, that the server dies and starts again.
    pub server_crash: u32,
}

impl Faults {
    /// Draws the rates of a seed: each fault is off in a third of the worlds.
    pub fn draw(rng: &mut dyn Rng) -> Self {
        let mut rate = |most: u32| if rng.next_u32().is_multiple_of(3) { 0 } else { rng.next_u32() % (most + 1) };
        Self {
            loss: rate(400),
            duplicate: rate(150),
            truncate: rate(60),
            corrupt: rate(40),
            very_late: rate(80),
            portal: rate(60),
            partition: rate(250),
            phone_crash: rate(40),
            clock: rate(40),
            server_crash: rate(60),
        }
    }
}
