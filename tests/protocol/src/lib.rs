//! A table to try the protocol on: the real device and the real server, message by message, with nothing in between.
//!
//! An [`Office`] is a server in memory with a dispatcher; a [`Phone`] is the device on real files with its session. A test
//! decides which message is delivered, lost, or held back; who runs an older build; whose files are copied. A [`Day`] is a
//! whole session with somebody on the wire ([`OnTheWire`]) who sees every message and may try anything with it. It leaves out
//! clocks that run, random faults and HTTP: the first two are the fleet simulator's, the last the stories'.

mod judge;
mod office;
mod phone;
mod session;
pub mod tamper;

pub use office::Office;
pub use phone::Phone;
pub use session::{Day, Fate, Nobody, OnTheWire, Stage};
