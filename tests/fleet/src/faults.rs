//! How unkind the world is. Every seed draws its own rates, and each fault is off in a third of the worlds, because a fault
//! that is always there hides the bugs that need its absence.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

/// What becomes of messages, in thousandths. What is left out of a plan does not happen.
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
    /// Answers in the middle of whose absorption the phone dies.
    pub dies_absorbing: u32,
    /// Phones that ask for the smallest answers there are, because their lines are not worth more.
    pub narrow: u32,
}

/// Chances, in thousandths, that something befalls a phone each time its technician acts, or the server each time the
/// dispatcher acts. A plan is drawn with them and holds what came of it.
#[derive(Debug, Clone)]
pub struct Misfortunes {
    /// The phone loses its link for a while.
    pub partition: u32,
    /// The phone dies and starts again.
    pub phone_crash: u32,
    /// The phone's clock jumps or begins to drift.
    pub clock: u32,
    /// The phone's files are put by.
    pub phone_backup: u32,
    /// The phone is restored from what was put by.
    pub phone_restore: u32,
    /// A second phone goes on with the same files.
    pub clone: u32,
    /// The phone is lost for good and replaced.
    pub swap: u32,
    /// The phone is locked by an administrator.
    pub revoke: u32,
    /// The technician changes groups.
    pub regroup: u32,
    /// The phone is given another build of the app.
    pub phone_build: u32,
    /// Somebody hostile does something about the phone.
    pub attack: u32,
    /// Somebody answers the phone in the server's place.
    pub impersonate: u32,
    /// The server dies and starts again.
    pub server_crash: u32,
    /// The server is backed up.
    pub server_backup: u32,
    /// The server is restored from its last backup.
    pub server_restore: u32,
    /// The server is given another build.
    pub server_build: u32,
    /// The office takes back work that somebody has said to do.
    pub withdraw: u32,
    /// The office cancels work that somebody is at.
    pub cancel: u32,
    /// The office moves an order to another site.
    pub move_order: u32,
}

impl Faults {
    /// Draws the rates of a seed.
    pub fn draw(rng: &mut dyn Rng) -> Self {
        Self {
            loss: rate(rng, 400),
            duplicate: rate(rng, 150),
            truncate: rate(rng, 60),
            corrupt: rate(rng, 40),
            very_late: rate(rng, 80),
            portal: rate(rng, 60),
            dies_absorbing: rate(rng, 60),
            narrow: rate(rng, 1_000),
        }
    }

    /// The same world with one fault less, one choice for each fault there is.
    pub fn with_one_less(&self) -> Vec<Self> {
        let clear: [fn(&mut Self) -> &mut u32; 8] = [
            |faults| &mut faults.loss,
            |faults| &mut faults.duplicate,
            |faults| &mut faults.truncate,
            |faults| &mut faults.corrupt,
            |faults| &mut faults.very_late,
            |faults| &mut faults.portal,
            |faults| &mut faults.dies_absorbing,
            |faults| &mut faults.narrow,
        ];
        let mut choices = Vec::new();
        for rate in clear {
            let mut less = self.clone();
            if std::mem::take(rate(&mut less)) > 0 {
                choices.push(less);
            }
        }
        choices
    }
}

impl Misfortunes {
    /// Draws the chances of a seed.
    pub fn draw(rng: &mut dyn Rng) -> Self {
        Self {
            partition: rate(rng, 250),
            phone_crash: rate(rng, 40),
            clock: rate(rng, 40),
            phone_backup: rate(rng, 60),
            phone_restore: rate(rng, 30),
            clone: rate(rng, 20),
            swap: rate(rng, 20),
            revoke: rate(rng, 20),
            regroup: rate(rng, 60),
            phone_build: rate(rng, 40),
            attack: rate(rng, 60),
            impersonate: rate(rng, 20),
            server_crash: rate(rng, 60),
            server_backup: rate(rng, 60),
            server_restore: rate(rng, 25),
            server_build: rate(rng, 30),
            withdraw: rate(rng, 250),
            cancel: rate(rng, 250),
            move_order: rate(rng, 200),
        }
    }
}

fn rate(rng: &mut dyn Rng, most: u32) -> u32 {
    if rng.next_u32().is_multiple_of(3) { 0 } else { rng.next_u32() % (most + 1) }
}
