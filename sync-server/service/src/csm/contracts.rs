//! What is done with a contract: suspend it, go on, call it off, renew it.

use fieldline_model::{Record, SysId, Timestamp};

use super::entitlements::{CONTRACTS, terms};
use crate::call::Call;
use crate::table::{self, Input, Result};

/// Something that is done with a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nobody is entitled by it for now.
    Suspend {
        /// Why.
        reason: String,
    },
    /// It holds again.
    Resume,
    /// It is over before its end.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Another one goes on where it ends.
    Renew {
        /// Until when.
        until: Timestamp,
    },
}

/// Does something with a contract; answers the contract, or the one that goes on from it.
///
/// # Errors
/// When there is no such contract for the caller, the caller may not, or its state does not allow it.
pub fn act(call: &mut Call<'_>, contract: SysId, action: &Action) -> Result<Record> {
    let fields: &[(&str, &str)] = match action {
        Action::Suspend { reason } => &[("state", "suspended"), ("state_reason", reason)],
        Action::Resume => &[("state", "active"), ("state_reason", "")],
        Action::Cancel { reason } => &[("state", "cancelled"), ("state_reason", reason)],
        Action::Renew { until } => return terms::renew(call, contract, *until),
    };
    Ok(table::update(call, CONTRACTS, contract, &Input::of(fields))?.record)
}
