//! The phone's database: everything a technician carries, encrypted, on one SQLite file and a directory of captured files.
//!
//! It promises three things. What [`Store::write`] returned `Ok` for is on disk (WAL, `synchronous=FULL`) and whole: an edit,
//! its document, its projection and its search entry are one transaction. Nothing is on disk in the clear. And a damaged
//! file is noticed when it is opened, set aside, and costs no more than what cannot be read of it: unsent edits are carried
//! over, the rest is pulled again.
//!
//! It leaves out what an edit or a field means: [`records::RecordUpdate`] comes from the device, which projects documents, and
//! bytes of documents and cursors are opaque here.
//!
//! Reading goes through [`View`], on a connection of its own: a list never waits for a sync. [`Tx`] reads as well, and
//! sees its own writes.

pub mod arrivals;
pub mod blob_files;
pub mod blobs;
mod closed_mark;
pub mod documents;
pub mod edits;
mod error;
mod hits;
mod identity;
mod key;
pub mod lists;
mod log;
mod meta;
mod migrations;
mod newest_mark;
pub mod news;
mod numbers;
mod open;
pub mod records;
mod salvage;
mod search;
mod store;
pub mod taken;

pub use error::StoreError;
pub use key::DatabaseKey;
pub use open::{Opened, is_in, wipe};
pub use salvage::Salvage;
pub use store::{Store, Tx, View};

/// What a store operation returns.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
