//! What was used on records becomes movements, each entry once.
//!
//! An entry is known by who made it and where it stands in their work, so it is booked once whatever comes again and in
//! whatever order. One that names a lease is covered by what that lease still grants; one that names none by what is free. What
//! is put back needs no cover.

use std::collections::BTreeMap;

use fieldline_documents::journal::{Entry, PartUse};
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Record, SysId};

use crate::call::{Call, Changed};
use crate::error::Result;
use crate::react::id_of_what_follows;
use crate::stock::ledger::{MOVEMENTS, Movement, Shelf, quantity_of};
use crate::stock::lots::{Stated, is_serialised};
use crate::stock::{ASSETS, Place};

impl Call<'_> {
    /// Books what was used on records that changed, in the order in which each device did it: what one put back, it may take.
    pub(crate) fn book_uses(&mut self, changed: &BTreeMap<DocumentId, Changed>) -> Result<()> {
        let mut entries = Vec::new();
        for (record, changed) in changed.iter().filter(|(record, _)| !self.pending.imported.contains(*record)) {
            entries.extend(changed.projection.parts.iter().map(|entry| (entry.id(), record, entry)));
        }
        entries.sort_by_key(|(act, _, _)| *act);
        for (act, record, entry) in entries {
            let id = id_of_what_follows("part used", record, act);
            if !self.is_moved(id)? || plant::is(Plant::StockDoubleApplied) {
                self.book_use(id, record, entry)?;
            }
        }
        Ok(())
    }

    fn book_use(&mut self, id: SysId, record: &DocumentId, entry: &Entry<PartUse>) -> Result<()> {
        let PartUse { model, quantity, asset, stockroom, .. } = entry.what;
        let named = self.referred(ASSETS, asset)?;
        if let Some(asset) = named.as_ref().filter(|asset| is_serialised(asset)) {
            return self.book_serialised(id, record, entry, asset);
        }
        let place = stockroom.map(|stockroom| Place { stockroom, model });
        let lot = place.map(|place| self.lot_at(place, named.as_ref())).transpose()?.flatten();
        if let Some(lot) = &lot {
            self.state_asset(lot, Stated { by: entry.by, at: entry.at })?;
        }
        let is_verified = self.is_covered(record, entry, place)?;
        let shelf = Shelf { stockroom, model: Some(model), asset: lot.as_ref().map(|lot| lot.id.sys_id) };
        self.move_stock(id, &used(shelf, quantity.saturating_neg(), record, entry, is_verified))?;
        self.counted_already(shelf, quantity, id, entry.at)?;
        if let Some(lot) = &lot {
            self.show_on_lot(&lot.id)?;
        }
        match place {
            Some(place) if !is_verified => self.ask_to_reconcile(place, record, entry),
            Some(place) => self.lease_the_rest(place),
            None => Ok(()),
        }
    }

    /// A serialised asset is used once. A second use of it is a double claim: both stay, and somebody finds out.
    fn book_serialised(
        &mut self,
        id: SysId,
        record: &DocumentId,
        entry: &Entry<PartUse>,
        asset: &Record,
    ) -> Result<()> {
        self.state_asset(asset, Stated { by: entry.by, at: entry.at })?;
        let quantity = entry.what.quantity.signum();
        let is_claimed = quantity > 0 && self.times_used(asset.id.sys_id)? > 0;
        let stockroom = asset.reference("stockroom").or(entry.what.stockroom);
        let shelf = Shelf { stockroom, model: asset.reference("model"), asset: Some(asset.id.sys_id) };
        self.move_stock(id, &used(shelf, -quantity, record, entry, !is_claimed))?;
        if is_claimed {
            self.double_claim(asset, record, entry)?;
        } else {
            self.asset_used(asset, record, quantity > 0, entry)?;
        }
        let now = self.row(&asset.id)?.unwrap_or_else(|| asset.clone());
        self.state_asset(&now, Stated { by: entry.by, at: entry.at }).map(drop)
    }

    /// How often a serialised asset was used and not put back.
    fn times_used(&self, asset: SysId) -> Result<i64> {
        let rows = self.rows_with(MOVEMENTS, &[("asset", &asset.to_string()), ("kind", "use")])?;
        Ok(rows.iter().map(quantity_of).fold(0, |sum: i64, quantity| sum.saturating_sub(quantity)))
    }
}

fn used(shelf: Shelf, quantity: i64, record: &DocumentId, entry: &Entry<PartUse>, is_verified: bool) -> Movement {
    let quantity = if plant::is(Plant::StockBooksOnlyUse) { -quantity.abs() } else { quantity };
    let (cause, by, at) = (record.clone(), entry.by, entry.at);
    Movement { shelf, quantity, kind: "use", cause, by, at, is_verified, reason: String::new() }
}
