//! Counts: what somebody found in a stockroom is what there is, from the moment they counted.
//!
//! A count is compared with the ledger as it was at that moment, by the clock of whoever counted, and the difference is booked
//! with the count as its cause. What was used before that moment and comes later had been missing when they counted: it is booked,
//! and so is that the count had it already. So the stock is the newest count and what moved since, in whatever order all of it
//! arrives. A count older than the newest one changes nothing.
//!
//! Whoever keeps the stockroom counts it; what anybody else found there is put before the keeper.

use fieldline_model::stock::{LEASES, Lease};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::named::sys_id_of;
use crate::query::number_field;
use crate::stock::ledger::{MOVEMENTS, Movement, Shelf, quantity_of};
use crate::stock::lots::Stated;
use crate::stock::{KEEPERS, Place, STOCKROOMS};

/// The table of counts.
pub(crate) const COUNTS: &str = "fl_stock_count";

impl Call<'_> {
    /// Books a new count.
    pub(crate) fn react_to_count(&mut self, changed: &Changed) -> Result<()> {
        let count = &changed.projection.record;
        let place = count.reference("stockroom").zip(count.reference("model"));
        let Some((stockroom, model)) = place.filter(|_| count.text("state") == "counted") else { return Ok(()) };
        let place = Place { stockroom, model };
        let (Some(at), Some(by)) = (count.time("sys_created_on"), count.reference("sys_created_by")) else {
            return Ok(());
        };
        if self.count_after(place, at)?.is_some() {
            return self.settle_count(&count.id, "superseded", None);
        }
        if !self.may_count(place, by)? {
            self.settle_count(&count.id, "to_decide", None)?;
            return self.ask_about_count(place, count, by);
        }
        self.book_count(place, count, Stated { by, at })
    }

    fn may_count(&self, place: Place, by: SysId) -> Result<bool> {
        let room = self.row(&DocumentId::new(STOCKROOMS, place.stockroom))?;
        let is_own = room.is_some_and(|room| room.reference("manager") == Some(by));
        Ok(is_own || self.caller.may(&KEEPERS.map(str::to_owned)))
    }

    fn book_count(&mut self, place: Place, count: &Record, stated: Stated) -> Result<()> {
        let lot = self.lot_at(place, None)?;
        if let Some(lot) = &lot {
            self.state_asset(lot, stated)?;
        }
        let on_ledger = self.on_hand(place)?.saturating_sub(self.moved_after(place, stated.at)?);
        let difference = quantity_of(count).saturating_sub(on_ledger);
        let asset = lot.as_ref().map(|lot| lot.id.sys_id);
        let shelf = Shelf { stockroom: Some(place.stockroom), model: Some(place.model), asset };
        let id = sys_id_of(format!("count/{}", count.id));
        let reason = count.text("reason").to_owned();
        self.move_stock(id, &counted(shelf, difference, &count.id, stated, reason))?;
        if let Some(lot) = &lot {
            self.show_on_lot(&lot.id)?;
        }
        self.settle_count(&count.id, "booked", Some((on_ledger, difference)))?;
        self.reconciled(place)?;
        self.shrink_leases(place)?;
        self.lease_the_rest(place)
    }

    /// Books that a use which was known late had been missing already when somebody counted after it.
    pub(crate) fn counted_already(&mut self, shelf: Shelf, quantity: i64, id: SysId, at: Timestamp) -> Result<()> {
        let Some(place) = shelf.place() else { return Ok(()) };
        let Some(count) = self.count_after(place, at)? else { return Ok(()) };
        let (by, at) = (count.reference("sys_created_by"), count.time("sys_created_on"));
        let stated = Stated { by: by.unwrap_or(self.caller.user), at: at.unwrap_or(self.now) };
        let id = sys_id_of(format!("count/{}/{id}", count.id));
        self.move_stock(id, &counted(shelf, quantity, &count.id, stated, "the count had it already".into()))
    }

    /// The newest booked count of a part that was not made before a moment.
    fn count_after(&self, place: Place, at: Timestamp) -> Result<Option<Record>> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        let rows = self.rows_with(COUNTS, &[("stockroom", &stockroom), ("model", &model), ("state", "booked")])?;
        let later = rows.into_iter().filter(|row| row.time("sys_created_on").is_some_and(|counted| counted >= at));
        Ok(later.max_by_key(|row| (row.time("sys_created_on"), row.id.sys_id)))
    }

    /// What moved after a moment, by the clocks of those who moved it.
    fn moved_after(&self, place: Place, at: Timestamp) -> Result<i64> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        let rows = self.rows_with(MOVEMENTS, &[("stockroom", &stockroom), ("model", &model)])?;
        let later = rows.iter().filter(|row| row.time("moved_at").is_some_and(|moved| moved > at));
        Ok(later.map(quantity_of).fold(0, i64::saturating_add))
    }

    fn settle_count(&mut self, count: &DocumentId, state: &str, found: Option<(i64, i64)>) -> Result<()> {
        let mut acts = vec![set("state", Value::text(state))];
        if let Some((on_ledger, difference)) = found {
            acts.push(set("on_ledger", Value::Integer(on_ledger)));
            acts.push(set("difference", Value::Integer(difference)));
        }
        self.author_as_system(count.clone(), acts)
    }

    /// Takes from leases what is not there to be taken; those for nothing in particular first.
    pub(crate) fn shrink_leases(&mut self, place: Place) -> Result<()> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        let mut rows = self.rows_with(LEASES, &[("stockroom", &stockroom), ("model", &model), ("state", "active")])?;
        rows.sort_by_key(|row| (row.reference("task").is_some(), row.id.sys_id));
        let there = self.on_hand(place)?.saturating_sub(self.set_aside(place)?);
        let mut over = self.leased(place)?.saturating_sub(there.max(0));
        for mut row in rows {
            let left = Lease::read(&row).map_or(0, |lease| lease.left(lease.used).max(0));
            let cut = over.clamp(0, left);
            if cut > 0 {
                let granted = number_field(&row, "granted").unwrap_or(0);
                row.set("granted", Some(Value::Integer(granted.saturating_sub(cut))));
                self.put_row(row)?;
                over -= cut;
            }
        }
        Ok(())
    }
}

fn counted(shelf: Shelf, quantity: i64, count: &DocumentId, stated: Stated, reason: String) -> Movement {
    let Stated { by, at } = stated;
    Movement { shelf, quantity, kind: "counted", cause: count.clone(), by, at, is_verified: true, reason }
}
