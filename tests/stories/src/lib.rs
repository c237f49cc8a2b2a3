//! The stage for user stories: a real server process, real HTTP, real phones with real files.
//!
//! An [`Office`] is the server's machine with a dispatcher at it; a [`Technician`] carries a phone; a [`Line`] between them
//! counts bytes, is cut, is slow, or is answered by a [`Portal`]. Nothing leaves a phone before its owner syncs, so whatever a technician
//! does between two syncs is done offline. A story reads like what happened; what a story needs and people have no word for
//! is reached through [`Technician::phone`] and [`Office::asks`].
//!
//! It leaves out simulated time and simulated faults: those are `fieldline-fleet`'s.

mod kiosk;
mod line;
mod office;
mod pace;
mod portal;
mod riviera;
mod serving;
mod stores;
mod technician;

use std::sync::LazyLock;

use rand_core::Rng;
use tokio::runtime::Runtime;

pub use kiosk::Kiosk;
pub use line::Line;
pub use office::{ADMINISTRATOR, Answer, Costs, DISPATCHER, Office, PASSWORD, record};
pub use pace::Pace;
pub use portal::{Ends, Listens, Portal, Real};
pub use riviera::{MONACO, Riviera, site};
pub use technician::{SwitchedOn, Technician, captured, database_key};

static WORLD: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("a machine that runs tests has threads to spare"));

/// Waits for what takes time in the real world.
pub fn wait<F: Future>(what: F) -> F::Output {
    WORLD.block_on(what)
}

/// Lets real time pass.
pub fn pause_milliseconds(milliseconds: u64) {
    wait(async { tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await });
}

/// A number from `from` to below `until`; real processes die at real, unrepeatable moments.
pub fn any_between(from: u64, until: u64) -> u64 {
    from + fieldline_device::runtime::Entropy::default().next_u64() % (until - from)
}

/// Bytes that no compression makes smaller, as photos are.
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    fieldline_device::runtime::Entropy::default().fill_bytes(&mut noise);
    noise
}
