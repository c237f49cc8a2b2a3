//! What customers are entitled to: which entitlement a case comes under, what it takes from it, and when it begins and ends.
//!
//! * [`choice`] weighs entitlements for a case and gives it the best one; it can say why.
//! * `units.rs` takes what a closed case has used, once.
//! * `terms.rs` keeps the states of entitlements and of contracts, and lets both begin and end at their moment.
//!
//! A service level comes with the entitlement by the condition of its definition, such as `entitlement.service_level=gold`.
//!
//! Source: ServiceNow "Configure entitlements", "Customer service case entitlement calculation".

pub mod choice;
pub(crate) mod terms;
pub(crate) mod units;

/// The table.
pub(crate) const ENTITLEMENTS: &str = "service_entitlement";
/// Where contracts are.
pub(crate) const CONTRACTS: &str = "ast_contract";
