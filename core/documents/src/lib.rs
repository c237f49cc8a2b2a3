//! A record as an Automerge document: typed edits in, one change each out, and everything people want to know back.
//!
//! * An [`edit::Edit`] says who did what, when, where, on top of which heads. Encoding it is a pure function of the edit and
//!   of those heads, so every replica that holds the edit makes the same change, byte for byte; edits travel, changes do not.
//! * A document is born from one fixed seeding change that holds all its containers, so two replicas never create rival lists.
//! * [`project::Projection`] is what a document means: a flat record, its folded stage, refused steps, alternatives,
//!   provenance, journals.
//!
//! No Automerge bytes that a peer made are ever parsed here, with one exception: [`document::Document::check`] and
//! [`document::Document::verify`] load a snapshot the server made, under a size cap, and check that it is what it claims to be.

pub mod answers;
pub mod caps;
#[cfg(test)]
mod convergence_tests;
pub mod document;
pub mod edit;
mod encode;
mod files;
pub mod history;
#[cfg(test)]
mod hostile_tests;
pub mod journal;
mod layout;
mod ledger;
pub mod packed;
pub mod project;
mod register;
pub mod shape;
mod snapshot;
#[cfg(test)]
mod testing;

pub use document::{Applied, ApplyError, Document};
pub use edit::{Act, ChangeHash, Edit, EditError, EditId, Head};
pub use files::{Attachment, AttachmentRole};
pub use project::Projection;
pub use shape::check_shape;
pub use snapshot::LoadError;
