//! The uniffi face of the device: what an app in Kotlin, Swift or Python sees of the core. Types in, types out, no logic.
//!
//! A [`Fieldline`] is one person's encrypted store on this machine. Commands and views answer at once from disk; only what
//! talks to a server is async. What only the platform has comes in through foreign traits ([`platform`]): the key store, HTTP, the
//! clock, where the phone is, captured files. Errors are sorted by what helps ([`FieldlineError`]); a panic in the core becomes
//! one of them, and the next call works.
//!
//! It leaves out everything that decides anything: that is the core's, so that a phone, a server and a test agree.

mod clocks;
mod commands;
mod day;
mod error;
mod fieldline;
mod files;
mod form;
mod guard;
mod ids;
mod log;
pub mod platform;
mod record;
mod site;
mod stock;
mod syncing;
mod value;
mod views;

pub use clocks::{ClockStage, SlaClock};
pub use commands::{Command, Done, FieldChange};
pub use day::{DayPlan, LeftOut, PlannedDay, Stop};
pub use error::FieldlineError;
pub use fieldline::{Enrolled, Fieldline, Salvage};
pub use files::{Captured, Content};
pub use form::{Choice, FieldKind, FormField};
pub use ids::{BlobHash, DeviceId, RecordId, SysId};
pub use log::{LogLevel, LogSink};
pub use record::{
    Alternative, Answer, Answered, Attachment, AttachmentRole, Deed, Details, HistoryLine, Note, Origin, PartUse,
    Reading, RecordView, RefusedStep, StepOffer, TimeEntry,
};
pub use site::{ChecklistView, Expense, MissingAnswer, QuestionChoice, QuestionView, SafetyTimer, Signature, SiteDeed};
pub use stock::{Lease, Swap, Uncovered};
pub use syncing::{KioskVisit, SyncEvent, SyncListener, SyncOutcome};
pub use value::{FieldValue, Moment, Place};
pub use views::{
    Doubt, Fate, Happened, HeldEdit, Item, ListedField, NeedsAttention, News, OutboxEdit, StockItem, SyncStatus,
};

uniffi::setup_scaffolding!("fieldline");

/// The version of the core an app carries.
#[uniffi::export]
pub fn core_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
