//! The air between a phone and the server: it delays, drops, duplicates, reorders, truncates, corrupts and partitions.
//!
//! Delays reach beyond every timeout in the code, because a fault shorter than the timeouts proves nothing.

use rand_core::Rng;

use crate::dice::{between, happens};
use crate::faults::Faults;
use crate::plan::MINUTE;

/// What a captive portal answers, whatever was asked.
pub const PORTAL_PAGE: &[u8] = b"<html><head><title>Welcome to Hotel Wi-Fi</title></head><body>Sign in</body></html>";

/// A message on its way: when it arrives, and what of it.
pub struct Delivery {
    /// Milliseconds until it arrives.
    pub after_milliseconds: i64,
    /// What arrives.
    pub bytes: Vec<u8>,
}

/// Sends a message through the air; the answer has no, one or two deliveries.
pub fn carry(rng: &mut dyn Rng, faults: &Faults, bytes: &[u8]) -> Vec<Delivery> {
    if happens(rng, faults.loss) {
        return Vec::new();
    }
    let copies = if happens(rng, faults.duplicate) { 2 } else { 1 };
    (0..copies)
        .map(|_| Delivery { after_milliseconds: delay(rng, faults), bytes: damage(rng, faults, bytes) })
        .collect()
}

fn delay(rng: &mut dyn Rng, faults: &Faults) -> i64 {
    match () {
        () if !happens(rng, faults.very_late) => between(rng, 20, 4_000),
        () if happens(rng, 200) => between(rng, 10 * MINUTE, 300 * MINUTE),
        () => between(rng, MINUTE / 2, 10 * MINUTE),
    }
}

fn damage(rng: &mut dyn Rng, faults: &Faults, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if happens(rng, faults.truncate) {
        bytes.truncate(rng.next_u32() as usize % (bytes.len() + 1));
    }
    if !bytes.is_empty() && happens(rng, faults.corrupt) {
        let at = rng.next_u32() as usize % bytes.len();
        bytes[at] ^= 1 << (rng.next_u32() % 8);
    }
    bytes
}
