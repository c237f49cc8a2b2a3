//! Parts: where they are, who may take them, and what became of each.
//!
//! * `ledger.rs` adds signed movements and nothing else; what is on hand is their sum.
//! * `lots.rs` keeps asset records and the ledger saying the same: whichever was written last is followed by the other.
//! * `uses.rs` books what was used on records, each entry once, whatever order it comes in.
//! * `assets.rs` says on serialised assets where they went, and lets configuration items follow.
//! * `leases.rs` grants devices the right to take units without asking, out of what nobody else has a right to.
//! * `counts.rs` compares what somebody counted with the ledger and books the difference.
//! * `transfer.rs` moves parts between stockrooms by orders whose stages `stages.rs` knows; `requirements.rs` sources what tasks
//!   need, `restock.rs` what stock rules ask for.
//! * `deficit.rs` asks somebody to count where more was taken than anybody had promised.
//! * `codes.rs` says what a barcode stands for, `history.rs` what was ever done to an asset.
//! * `report.rs` says what is on hand, leased, reserved and available, and shows the movements.
//!
//! A use is never refused, because it has happened. It is *verified* when a lease covered it, or when as many were free the
//! moment it came; all others open one reconciliation task for their stockroom and part.

mod assets;
pub mod codes;
mod counts;
mod deficit;
pub mod history;
mod leases;
mod ledger;
mod lots;
pub mod report;
mod requirements;
pub(crate) mod restock;
mod stages;
mod transfer;
mod uses;

use fieldline_model::SysId;

pub(crate) use assets::check;
pub(crate) use counts::COUNTS;
pub use leases::{Asked, ask, give_back};
pub(crate) use lots::ASSETS;
pub(crate) use requirements::check_reassignment;
pub use requirements::{Source, source};
pub(crate) use transfer::{LINES, ORDERS, line_written, order_written, prepare_line, prepare_order};

/// The table of places where parts lie.
pub(crate) const STOCKROOMS: &str = "alm_stockroom";
/// The table of what parts are.
pub(crate) const MODELS: &str = "cmdb_model";
/// Who looks after stock that is not in their own van.
pub(crate) const KEEPERS: [&str; 4] = ["inventory_admin", "wm_manager", "wm_dispatcher", "asset"];

/// A part in a stockroom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Where.
    pub stockroom: SysId,
    /// What.
    pub model: SysId,
}
