//! 5: stock is conserved to the unit and nothing is spent twice under a lease. What lies in a stockroom is what was stocked
//! less every use the log has, or what its keeper counted last less every use since; the ledger has each use once; the
//! movements, the balances, the lots and the vans on the phones say the same. What the log has under a lease is never more than
//! was granted, and what the server took for covered neither.

use std::collections::BTreeMap;

use fieldline_documents::Act;
use fieldline_model::{Record, SysId, Timestamp, Value};

use super::case::{Case, Seen, on_each};
use crate::staff::STOCKED;

type Place = (SysId, SysId);

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let mut broken = vans(case, seen);
    broken.extend(each_use_is_booked_once(case));
    broken.extend(stockrooms(case));
    broken.extend(leases(case));
    broken
}

/// What lies in a stockroom: what the office put there, or its keeper counted last, less what was used since.
fn left(case: &Case<'_>, place: Place) -> i64 {
    let counted = counted(case, place);
    let since = counted.map_or(Timestamp(i64::MIN), |(at, _)| at);
    let mut used = 0;
    for history in case.histories.values() {
        for (deed, act) in history.deeds() {
            let Act::UsePart { model, quantity, stockroom: Some(stockroom), .. } = act else { continue };
            if (*stockroom, *model) == place && history.at(deed) > since {
                used += quantity;
            }
        }
    }
    counted.map_or(0, |(_, quantity)| quantity) + stocked(case, place, since) - used
}

/// The last count of a part by whoever keeps the stockroom, by their clock.
fn counted(case: &Case<'_>, (stockroom, model): Place) -> Option<(Timestamp, i64)> {
    let keeper = case.records.get(&stockroom)?.reference("manager");
    let is_of_it = |row: &&Record| {
        let place = (row.reference("stockroom"), row.reference("model"));
        place == (Some(stockroom), Some(model)) && row.reference("sys_created_by") == keeper
    };
    let counts = rows(case, "fl_stock_count").filter(is_of_it);
    counts.filter_map(|row| Some((row.time("sys_created_on")?, number(row, "quantity")))).max()
}

fn number(row: &Record, field: &str) -> i64 {
    row.get(field).and_then(Value::as_integer).unwrap_or(0)
}

fn rows<'c>(case: &'c Case<'_>, table: &'static str) -> impl Iterator<Item = &'c Record> {
    case.rows.values().filter(move |row| row.id.table == table)
}

fn vans(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    on_each(seen, |phone| {
        let mut broken = Vec::new();
        for stock in &phone.van {
            let reference = |field: &str| stock.item.fields.get(field).and_then(Value::as_reference);
            let Some(place) = reference("stockroom").zip(reference("model")) else { continue };
            let left = left(case, place);
            if stock.left != left {
                broken.push(format!("{}: {left} are left, and the van shows {}", stock.item.display, stock.left));
            }
        }
        for (id, view) in &phone.records {
            let (Some(meaning), Some(details)) = (case.meanings.get(id), &view.details) else { continue };
            let shown: i64 = details.parts_used().values().sum();
            let used: i64 = meaning.parts.values().sum();
            if shown != used {
                broken.push(format!("{id}: {used} parts used and {shown} shown"));
            }
        }
        broken
    })
}

/// How many the office put there after a moment: a count by a clock that was behind comes before what was stocked.
fn stocked(case: &Case<'_>, place: Place, since: Timestamp) -> i64 {
    let is_there = |row: &&Record| row.reference("stockroom").zip(row.reference("model")) == Some(place);
    let is_of_the_office = |row: &&Record| row.text("display_name").starts_with("Part ");
    let is_later = |row: &&Record| row.time("sys_created_on").is_some_and(|at| at > since);
    rows(case, "alm_asset").filter(is_there).filter(is_of_the_office).filter(is_later).count() as i64 * STOCKED
}

/// The uses the log has of each record are the uses the ledger has of it.
fn each_use_is_booked_once(case: &Case<'_>) -> Vec<String> {
    let mut booked: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for row in rows(case, "fl_stock_movement").filter(|row| row.text("kind") == "use") {
        booked.entry(row.text("cause")).or_default().push(-number(row, "quantity"));
    }
    let mut broken = Vec::new();
    for (id, history) in &case.histories {
        let quantity = |act: &Act| if let Act::UsePart { quantity, .. } = act { Some(*quantity) } else { None };
        let mut used: Vec<i64> = history.deeds().filter_map(|(_, act)| quantity(act)).collect();
        let mut booked = booked.remove(id.sys_id.to_string().as_str()).unwrap_or_default();
        used.sort_unstable();
        booked.sort_unstable();
        if used != booked {
            broken.push(format!("{id}: {used:?} were used and the ledger has {booked:?}"));
        }
    }
    broken
}

fn stockrooms(case: &Case<'_>) -> Vec<String> {
    let sums = |table: &'static str| {
        let mut sums: BTreeMap<Place, i64> = BTreeMap::new();
        for row in rows(case, table) {
            if let Some(place) = row.reference("stockroom").zip(row.reference("model")) {
                *sums.entry(place).or_default() += number(row, "quantity");
            }
        }
        sums
    };
    let (moved, kept, lots) = (sums("fl_stock_movement"), sums("fl_stock_balance"), sums("alm_asset"));
    let mut broken = Vec::new();
    for (place, moved) in moved {
        let wanted = left(case, place);
        let (kept, lot) = (kept.get(&place).copied().unwrap_or(0), lots.get(&place).copied());
        if [moved, kept, lot.unwrap_or(wanted)] != [wanted; 3] {
            broken.push(format!(
                "{place:?}: {wanted} are left, the movements sum to {moved}, the balance is {kept}, the lot shows {lot:?}"
            ));
        }
    }
    broken
}

fn leases(case: &Case<'_>) -> Vec<String> {
    let mut claimed: BTreeMap<SysId, i64> = BTreeMap::new();
    for (_, act) in case.histories.values().flat_map(|history| history.deeds()) {
        if let Act::UsePart { lease: Some(lease), quantity, .. } = act {
            *claimed.entry(*lease).or_default() += quantity;
        }
    }
    let mut broken = Vec::new();
    for row in rows(case, "fl_stock_lease") {
        let (granted, noted) = (number(row, "granted"), number(row, "used"));
        let claimed = claimed.get(&row.id.sys_id).copied().unwrap_or(0);
        if noted > granted {
            broken.push(format!("{}: {granted} were granted and {noted} noted as taken", row.id));
        }
        // A copy of a phone has the same rights as the phone, a restored server has forgotten what it granted, and a count may
        // take back what its phone has not heard of.
        let place = row.reference("stockroom").zip(row.reference("model"));
        let is_counted = place.is_some_and(|place| counted(case, place).is_some());
        let is_settled = row.text("state") == "active" && !is_counted;
        if case.phones_were_copied || case.server_was_restored || !is_settled {
            continue;
        }
        if claimed > granted {
            broken.push(format!("{}: {granted} were granted and {claimed} taken under it", row.id));
        }
        if claimed != noted {
            broken.push(format!("{}: {claimed} were taken under it and {noted} noted", row.id));
        }
    }
    broken
}
