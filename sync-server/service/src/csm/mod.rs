//! Customer service: whose a case is, what they are entitled to, what they see, and how what is done in the field comes back.
//!
//! * `customers.rs` knows who is a customer of what. [`entitlements`] picks what a case comes under, [`contracts`] acts on contracts.
//! * `guard.rs` says what may not be written about a case; `follow.rs` what follows from a change of one, `complete.rs` what a case
//!   knows from what it names. [`major`] lets one case speak for many, [`survey`] asks when it is over.
//! * [`portal`] is all that customers see, chosen field by field.
//! * `field.rs` brings the outcome of a work order back, `replaced.rs` what a swapped device means for the CMDB; [`proactive`] opens
//!   cases for customers who have not called yet.
//!
//! Left out: sold products, case types, billing.

mod complete;
pub mod contracts;
pub(crate) mod customers;
pub mod entitlements;
mod field;
mod follow;
pub(crate) mod guard;
pub mod major;
pub mod portal;
pub mod proactive;
pub(crate) mod replaced;
pub mod survey;

use fieldline_model::Record;

use crate::call::Call;
use crate::table::Result;
use entitlements::{CONTRACTS, ENTITLEMENTS, terms};

/// Judges a row of customer service before it is written, and works out what else it says.
///
/// # Errors
/// When it does not fit.
pub(crate) fn prepare(call: &Call<'_>, before: Option<&Record>, row: &mut Record) -> Result<()> {
    match row.id.table.as_str() {
        ENTITLEMENTS | CONTRACTS => terms::prepare(call, before, row),
        _ => customers::check(call, row),
    }
}

/// Does what follows from a row of customer service that was written.
///
/// # Errors
/// When the database fails.
pub(crate) fn written(call: &mut Call<'_>, before: Option<&Record>, row: &Record) -> Result<()> {
    match row.id.table.as_str() {
        ENTITLEMENTS | CONTRACTS => terms::written(call, before, row),
        _ => Ok(()),
    }
}
