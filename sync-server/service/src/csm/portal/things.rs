//! What a customer has and is entitled to: assets, what is installed, contracts, entitlements.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId};
use serde::Serialize;

use super::{Part, Shown, called, choice, newest};
use crate::call::Call;
use crate::csm::customers::{Customer, INSTALLED, one_of};
use crate::csm::entitlements::{CONTRACTS, ENTITLEMENTS};
use crate::csm::replaced::ASSETS;
use crate::moment::Moment;
use crate::table::Result;

/// What the rows of these tables name whose they are by.
const WHOSE: [&str; 3] = ["account", "contact", "consumer"];

/// An asset or something installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ThingView {
    /// Its identity.
    pub sys_id: SysId,
    /// What people call it.
    pub name: String,
    /// Which product it is.
    pub product: Option<String>,
    /// The number on it.
    pub serial_number: String,
    /// Where it is.
    pub location: Option<String>,
    /// Since when.
    pub installed_at: Option<Moment>,
    /// Until when it is under warranty.
    pub warranty_until: Option<Moment>,
    /// What it is part of.
    pub part_of: Option<SysId>,
}

/// A contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContractView {
    /// Its identity.
    pub sys_id: SysId,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub short_description: String,
    /// Where it stands.
    pub state: Shown,
    /// From when.
    pub starts: Option<Moment>,
    /// Until when.
    pub ends: Option<Moment>,
}

/// An entitlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntitlementView {
    /// Its identity.
    pub sys_id: SysId,
    /// Its number.
    pub number: String,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub state: Shown,
    /// By which channels it holds; all of them when empty.
    pub channels: String,
    /// From when.
    pub starts: Option<Moment>,
    /// Until when.
    pub ends: Option<Moment>,
    /// What it counts, if it does.
    pub unit: Option<String>,
    /// How many there were.
    pub total_units: Option<String>,
    /// How many are left.
    pub remaining_units: Option<String>,
}

/// The caller's assets.
///
/// # Errors
/// When the caller is no customer, or the database fails.
pub fn assets(call: &Call<'_>, part: Part) -> Result<Vec<ThingView>> {
    let own = own_assets(call, &super::customer(call)?)?;
    let assets = newest(call, ASSETS, &own, "display_name", part)?;
    assets.iter().map(|asset| thing(call, asset, ("display_name", "model"), "warranty_expiration")).collect()
}

/// The assets that are a customer's, or are something they have installed.
fn own_assets(call: &Call<'_>, customer: &Customer) -> Result<Filter> {
    let installed = call.rows(INSTALLED, &customer.things(&WHOSE))?;
    let installed: BTreeSet<SysId> = installed.iter().filter_map(|item| item.reference("asset")).collect();
    Ok(Filter::Any(vec![customer.things(&["account", "contact"]), one_of("sys_id", &installed)]))
}

/// Whether an asset or an installed item is a customer's.
pub(super) fn is_own(call: &Call<'_>, customer: &Customer, table: &str, id: SysId) -> Result<bool> {
    let own = if table == ASSETS { own_assets(call, customer)? } else { customer.things(&WHOSE) };
    Ok(!call.some_rows(table, &own.and(Filter::equals("sys_id", id)), 1)?.is_empty())
}

/// What the caller has installed.
///
/// # Errors
/// When the caller is no customer, or the database fails.
pub fn installed(call: &Call<'_>, part: Part) -> Result<Vec<ThingView>> {
    let own = super::customer(call)?.things(&WHOSE);
    let items = newest(call, INSTALLED, &own, "name", part)?;
    items.iter().map(|item| thing(call, item, ("name", "product"), "")).collect()
}

fn thing(call: &Call<'_>, row: &Record, (name, product): (&str, &str), warranty: &str) -> Result<ThingView> {
    Ok(ThingView {
        sys_id: row.id.sys_id,
        name: row.text(name).to_owned(),
        product: called(call, row, product)?,
        serial_number: row.text("serial_number").to_owned(),
        location: called(call, row, "location")?,
        installed_at: Moment::of(row, "install_date"),
        warranty_until: Moment::of(row, warranty),
        part_of: row.reference("parent"),
    })
}

/// The caller's contracts.
///
/// # Errors
/// When the caller is no customer, or the database fails.
pub fn contracts(call: &Call<'_>, part: Part) -> Result<Vec<ContractView>> {
    let own = super::customer(call)?.things(&WHOSE);
    let view = |row: &Record| ContractView {
        sys_id: row.id.sys_id,
        number: row.text("number").to_owned(),
        short_description: row.text("short_description").to_owned(),
        state: choice(call, row, "state"),
        starts: Moment::of(row, "starts"),
        ends: Moment::of(row, "ends"),
    };
    Ok(newest(call, CONTRACTS, &own, "starts", part)?.iter().map(view).collect())
}

/// The caller's entitlements.
///
/// # Errors
/// When the caller is no customer, or the database fails.
pub fn entitlements(call: &Call<'_>, part: Part) -> Result<Vec<EntitlementView>> {
    let own = super::customer(call)?.things(&WHOSE);
    let view = |row: &Record| {
        let counted = |field: &str| row.get(field).filter(|_| row.says("per_unit")).map(ToString::to_string);
        EntitlementView {
            sys_id: row.id.sys_id,
            number: row.text("number").to_owned(),
            name: row.text("name").to_owned(),
            state: choice(call, row, "state"),
            channels: row.text("channels").to_owned(),
            starts: Moment::of(row, "start_date"),
            ends: Moment::of(row, "end_date"),
            unit: counted("unit"),
            total_units: counted("total_units"),
            remaining_units: counted("remaining_units"),
        }
    };
    Ok(newest(call, ENTITLEMENTS, &own, "start_date", part)?.iter().map(view).collect())
}
