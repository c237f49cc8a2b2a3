//! Asset records and the ledger say the same.
//!
//! An asset that is in stock in a stockroom stands for as many units there: a serialised one for one, a lot for its `quantity`.
//! What people write on the record is *stated* in the ledger as the difference; what the ledger books of a lot is written on
//! the record. Both look only at how things stand, so doing it again does nothing.
//!
//! A part that is used out of a stockroom that has no lot of it gets one, so that its deficit can be seen and counted.

use fieldline_model::asset::{IN_STOCK, IN_TRANSIT};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::named::sys_id_of;
use crate::query::number_field;
use crate::stock::ledger::{Movement, Shelf};
use crate::stock::{MODELS, Place, STOCKROOMS};

/// The table of things with a place and a state.
pub(crate) const ASSETS: &str = "alm_asset";

/// Who stated something and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stated {
    pub by: SysId,
    pub at: Timestamp,
}

/// Whether an asset is one thing with a name of its own.
pub(crate) fn is_serialised(asset: &Record) -> bool {
    !asset.text("serial_number").is_empty()
}

/// What an asset record says lies where; `None` when it is not in a stockroom.
fn stated(asset: &Record) -> Option<(Shelf, i64)> {
    let is_kept = number_field(asset, "install_status").is_some_and(|state| [IN_STOCK, IN_TRANSIT].contains(&state));
    let stockroom = asset.reference("stockroom").filter(|_| is_kept)?;
    let shelf = Shelf { stockroom: Some(stockroom), model: asset.reference("model"), asset: Some(asset.id.sys_id) };
    let quantity = if is_serialised(asset) { 1 } else { number_field(asset, "quantity").unwrap_or(1) };
    Some((shelf, quantity))
}

impl Call<'_> {
    /// Lets the ledger follow an asset that somebody changed: as it is now, with the uses that came along with the change.
    pub(crate) fn react_to_asset(&mut self, changed: &Changed) -> Result<()> {
        let Some(asset) = &self.row(&changed.projection.record.id)? else { return Ok(()) };
        let by = asset.reference("sys_updated_by").unwrap_or(self.caller.user);
        for place in self.state_asset(asset, Stated { by, at: changed.done_at })? {
            self.lease_the_rest(place)?;
        }
        self.follow_asset(asset)
    }

    /// Books what an asset record states beyond what the ledger has; returns where that changed anything.
    pub(crate) fn state_asset(&mut self, asset: &Record, stated_by: Stated) -> Result<Vec<Place>> {
        let stated = stated(asset);
        let mut shelves = self.shelves_of(asset.id.sys_id)?;
        if let Some((shelf, _)) = stated.filter(|(shelf, _)| shelves.iter().all(|(known, _)| known != shelf)) {
            shelves.push((shelf, 0));
        }
        let mut places = Vec::new();
        for (shelf, booked) in shelves {
            let wanted = stated.filter(|(stated, _)| *stated == shelf).map_or(0, |(_, quantity)| quantity);
            if wanted == booked {
                continue;
            }
            let id = self.new_sys_id();
            self.move_stock(
                id,
                &Movement {
                    shelf,
                    quantity: wanted.saturating_sub(booked),
                    kind: "stated",
                    cause: asset.id.clone(),
                    by: stated_by.by,
                    at: stated_by.at,
                    is_verified: true,
                    reason: String::new(),
                },
            )?;
            places.extend(shelf.place());
        }
        Ok(places)
    }

    /// Writes on a lot how many the ledger has of it where it lies.
    pub(crate) fn show_on_lot(&mut self, lot: &DocumentId) -> Result<()> {
        let Some(asset) = self.row(lot)?.filter(|asset| !is_serialised(asset)) else { return Ok(()) };
        let Some((shelf, shown)) = stated(&asset) else { return Ok(()) };
        let booked = self.on_shelf(&shelf)?;
        if booked == shown {
            return Ok(());
        }
        self.author_as_system(lot.clone(), vec![set("quantity", Value::Integer(booked))])
    }

    /// The lot a part is taken from: the one that is named if it lies there, else the first; a new one where there is none.
    /// `None` when the stockroom or the part is not known.
    pub(crate) fn lot_at(&mut self, place: Place, named: Option<&Record>) -> Result<Option<Record>> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        if let Some(lot) = named.filter(|lot| stated(lot).and_then(|(shelf, _)| shelf.place()) == Some(place)) {
            return Ok(Some(lot.clone()));
        }
        let status = IN_STOCK.to_string();
        let wanted =
            [("stockroom", &*stockroom), ("model", &*model), ("install_status", &*status), ("serial_number", "")];
        match self.rows_with(ASSETS, &wanted)?.into_iter().next() {
            Some(lot) => Ok(Some(lot)),
            None => self.new_lot(place),
        }
    }

    fn new_lot(&mut self, place: Place) -> Result<Option<Record>> {
        let stockroom = self.row(&DocumentId::new(STOCKROOMS, place.stockroom))?;
        let model = self.row(&DocumentId::new(MODELS, place.model))?;
        let Some((stockroom, model)) = stockroom.zip(model) else { return Ok(None) };
        let lot = DocumentId::new(ASSETS, sys_id_of(format!("lot/{}/{}", place.stockroom, place.model)));
        let name: String = model.text("display_name").chars().take(160).collect();
        let mut acts = vec![
            set("display_name", Value::text(name)),
            set("model", Value::Reference(place.model)),
            set("stockroom", Value::Reference(place.stockroom)),
            set("install_status", Value::Integer(IN_STOCK)),
            set("quantity", Value::Integer(0)),
        ];
        acts.extend(van_owner(&stockroom).map(|owner| set("assigned_to", Value::Reference(owner))));
        self.author_as_system(lot.clone(), acts)?;
        self.row(&lot)
    }

    /// Takes out of the ledger what an asset record stood for that is removed.
    pub(crate) fn asset_removed(&mut self, asset: &Record) -> Result<()> {
        for (shelf, booked) in self.shelves_of(asset.id.sys_id)?.into_iter().filter(|(_, booked)| *booked != 0) {
            let (id, by, at) = (self.new_sys_id(), self.caller.user, self.now);
            let (cause, reason) = (asset.id.clone(), format!("{} was removed", asset.text("display_name")));
            let quantity = booked.saturating_neg();
            self.move_stock(
                id,
                &Movement { shelf, quantity, kind: "removed", cause, by, at, is_verified: true, reason },
            )?;
        }
        Ok(())
    }
}

/// Whose van a stockroom is, if it is one.
pub(crate) fn van_owner(stockroom: &Record) -> Option<SysId> {
    stockroom.reference("manager").filter(|_| stockroom.text("type") == "field_agent")
}
