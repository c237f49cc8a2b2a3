//! The phone, whole: commands in, views out, and a sync that nobody has to think about.
//!
//! A [`Device`] is a small server that is usually alone. [`Device::execute`] checks a [`Command`] against what is known here
//! and makes it durable in one transaction; when it returns, the work is safe and the offline story ends. Views read the
//! projections in the store and never wait for a sync. [`fieldline_sync::session::Session`] drives the device as a
//! [`fieldline_sync::session::Replica`]; what the server answers becomes durable together with the cursor, or not at all.
//!
//! Nothing here reads a clock, rolls dice or opens a socket, except [`runtime`] and the listener beside it, the one place where
//! the real world comes in. It leaves out screens, cameras and keystores: those belong to the apps.

mod arrivals;
mod bench;
pub mod checklists;
pub mod clocks;
mod codes;
pub mod command;
mod compose;
pub mod day;
mod device;
mod draft;
mod enrol;
mod error;
pub mod form;
pub mod http;
mod judge;
mod line;
mod live;
pub mod news;
pub mod on_site;
mod recent;
mod relay;
mod replica;
mod report;
pub mod runtime;
pub mod safety;
mod site_rules;
pub mod stock;
mod swap;
mod sync_state;
#[cfg(test)]
mod tests;
pub mod transport;
pub mod view;
mod visit;

pub use command::{Captured, Command, Done};
pub use device::{Device, Dialect};
pub use enrol::{Enrolment, SigningKey};
pub use error::DeviceError;
pub use fieldline_store::{DatabaseKey, Salvage};
pub use swap::Swap;
pub use visit::Visit;
