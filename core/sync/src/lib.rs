//! Sans-I/O replication: frames, positions, outbox, receipts, scopes, blob transfer.
//!
//! This crate moves bytes and ids and gives them no meaning: an edit, a row and a snapshot are opaque. It opens no socket,
//! reads no clock and rolls no dice; a [`session::Session`] is told the time and hands out what to send next.
//!
//! One exchange does everything: a [`wire::Request`] pushes signed edits and blob chunks and says where the device stands, the
//! [`wire::Response`] carries a receipt per edit, what is new in the device's scope, and the next cursor. Losing either is
//! harmless: edits are known by (device, epoch, counter) and positions only move forward. [`live`] is how a server says that
//! an exchange would bring something, [`relay`] how one is made through a depot's kiosk that nobody has to trust.

pub mod backoff;
pub mod caps;
pub mod frame;
pub mod live;
pub mod packing;
pub mod relay;
pub mod seal;
pub mod session;
pub mod wire;
