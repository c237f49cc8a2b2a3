//! The ledger: signed movements that are only ever added, and the balances that are their sums.
//!
//! A movement is known by its identity: whoever adds the same one again adds nothing. Balances are kept per lot and stockroom so
//! that nobody adds up years of movements; they are written here and nowhere else.

use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::query::number_field;
use crate::stock::Place;

/// The ledger.
pub(crate) const MOVEMENTS: &str = "fl_stock_movement";
/// Its sums.
pub(crate) const BALANCES: &str = "fl_stock_balance";

/// Where units of something lie: a lot or serialised asset in a stockroom, as far as each is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shelf {
    pub stockroom: Option<SysId>,
    pub model: Option<SysId>,
    pub asset: Option<SysId>,
}

impl Shelf {
    /// The part and the stockroom, when both are known.
    pub fn place(&self) -> Option<Place> {
        Some(Place { stockroom: self.stockroom?, model: self.model? })
    }

    fn id(&self) -> DocumentId {
        let name = |id: Option<SysId>| id.map(|id| id.to_string()).unwrap_or_default();
        let named = format!("balance/{}/{}/{}", name(self.stockroom), name(self.model), name(self.asset));
        DocumentId::new(BALANCES, sys_id_of(named))
    }

    fn of(balance: &Record) -> Self {
        let [stockroom, model, asset] = ["stockroom", "model", "asset"].map(|field| balance.reference(field));
        Self { stockroom, model, asset }
    }
}

/// What is added to the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Movement {
    pub shelf: Shelf,
    /// Positive into the stockroom, negative out of it.
    pub quantity: i64,
    pub kind: &'static str,
    /// The record it follows from.
    pub cause: DocumentId,
    pub by: SysId,
    /// When it was done, by the clock of whoever did it.
    pub at: Timestamp,
    pub is_verified: bool,
    pub reason: String,
}

impl Call<'_> {
    /// Whether a movement is in the ledger.
    pub(crate) fn is_moved(&self, id: SysId) -> Result<bool> {
        Ok(self.row(&DocumentId::new(MOVEMENTS, id))?.is_some())
    }

    /// Adds a movement; one that is there already is not added again.
    pub(crate) fn move_stock(&mut self, id: SysId, movement: &Movement) -> Result<()> {
        let id = if plant::is(Plant::StockDoubleApplied) { self.new_sys_id() } else { id };
        if self.is_moved(id)? {
            return Ok(());
        }
        let Movement { shelf, quantity, kind, cause, by, at, is_verified, reason } = movement;
        let reference = |id: Option<SysId>| id.map(Value::Reference);
        let mut row = Record::new(DocumentId::new(MOVEMENTS, id));
        row.set("kind", Some(Value::text(*kind)));
        row.set("model", reference(shelf.model));
        row.set("stockroom", reference(shelf.stockroom));
        row.set("asset", reference(shelf.asset));
        row.set("quantity", Some(Value::Integer(*quantity)));
        row.set("cause_table", Some(Value::text(cause.table.as_str())));
        row.set("cause", Some(Value::text(cause.sys_id.to_string())));
        row.set("moved_by", Some(Value::Reference(*by)));
        row.set("moved_at", Some(Value::Time(*at)));
        row.set("received_at", Some(Value::Time(self.now)));
        row.set("verified", Some(Value::Boolean(*is_verified)));
        row.set("reason", (!reason.is_empty()).then(|| Value::text(reason)));
        self.put_row(row)?;
        self.add_to_balance(shelf, *quantity)
    }

    fn add_to_balance(&mut self, shelf: &Shelf, quantity: i64) -> Result<()> {
        let sum = self.on_shelf(shelf)?.saturating_add(quantity);
        let mut row = Record::new(shelf.id());
        for (field, value) in [("stockroom", shelf.stockroom), ("model", shelf.model), ("asset", shelf.asset)] {
            row.set(field, value.map(Value::Reference));
        }
        row.set("quantity", Some(Value::Integer(sum)));
        self.put_row(row)?;
        shelf.place().map_or(Ok(()), |place| self.look_at_rules(place))
    }

    /// How many lie on a shelf.
    pub(crate) fn on_shelf(&self, shelf: &Shelf) -> Result<i64> {
        Ok(self.row(&shelf.id())?.as_ref().map_or(0, quantity_of))
    }

    /// Where units of a lot or serialised asset lie, or lay once, and how many.
    pub(crate) fn shelves_of(&self, asset: SysId) -> Result<Vec<(Shelf, i64)>> {
        let rows = self.rows_with(BALANCES, &[("asset", &asset.to_string())])?;
        Ok(rows.iter().map(|row| (Shelf::of(row), quantity_of(row))).collect())
    }

    /// How many of a part lie in a stockroom; fewer than none where more was taken than was ever put there.
    pub(crate) fn on_hand(&self, place: Place) -> Result<i64> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        let rows = self.rows_with(BALANCES, &[("stockroom", &stockroom), ("model", &model)])?;
        Ok(rows.iter().map(quantity_of).fold(0, i64::saturating_add))
    }
}

/// The quantity of a row.
pub(crate) fn quantity_of(row: &Record) -> i64 {
    number_field(row, "quantity").unwrap_or(0)
}
