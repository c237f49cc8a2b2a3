//! Where more was taken than anybody had promised, somebody counts: one open task a stockroom and part.
//!
//! The task goes to the stockroom's manager and says what can be done: count, find, order. It is opened once however many uses
//! come, and closed by a count. A serialised asset that two people say they used is flagged in the same way; both histories stay.

use fieldline_documents::journal::{Entry, PartUse};
use fieldline_model::{DocumentId, Record, SysId, Value};

use crate::author::set;
use crate::call::Call;
use crate::error::Result;
use crate::stock::ledger::quantity_of;
use crate::stock::{MODELS, Place, STOCKROOMS};

/// How a reconciliation task is found again.
fn correlation(place: Place) -> String {
    format!("stock/{}/{}", place.stockroom, place.model)
}

impl Call<'_> {
    /// Opens the reconciliation task of a stockroom and part, unless one is open.
    pub(crate) fn ask_to_reconcile(&mut self, place: Place, record: &DocumentId, entry: &Entry<PartUse>) -> Result<()> {
        let on_hand = self.on_hand(place)?;
        let part = self.name_at(MODELS, place.model, "display_name")?;
        let room = self.name_at(STOCKROOMS, place.stockroom, "name")?;
        let (who, what) = (self.name_at("sys_user", entry.by, "name")?, self.number_at(record)?);
        let quantity = entry.what.quantity;
        let title = format!("Count {part} in {room}");
        let text = format!(
            "{who} took {quantity} of {part} out of {room} for {what} at {} UTC, and nothing promised that they would be there. \
             The ledger now says {on_hand}. Count what lies there and enter the count; if something is missing, find out \
             where it went; order what is needed.",
            entry.at
        );
        self.open_reconciliation(&correlation(place), place.stockroom, (title, text))
    }

    /// Puts a count before the keeper that somebody else made.
    pub(crate) fn ask_about_count(&mut self, place: Place, count: &Record, by: SysId) -> Result<()> {
        let part = self.name_at(MODELS, place.model, "display_name")?;
        let room = self.name_at(STOCKROOMS, place.stockroom, "name")?;
        let (who, on_hand) = (self.name_at("sys_user", by, "name")?, self.on_hand(place)?);
        let found = quantity_of(count);
        let text = format!(
            "{who}, who does not keep {room}, counted {found} of {part} there. The ledger says {on_hand}. Count yourself and \
             enter the count, or close this task if the ledger is right."
        );
        self.open_reconciliation(&correlation(place), place.stockroom, (format!("Count {part} in {room}"), text))
    }

    /// Flags a serialised asset that was used already.
    pub(crate) fn double_claim(&mut self, asset: &Record, record: &DocumentId, entry: &Entry<PartUse>) -> Result<()> {
        let (who, what) = (self.name_at("sys_user", entry.by, "name")?, self.number_at(record)?);
        let (name, serial) = (asset.text("display_name"), asset.text("serial_number"));
        let title = format!("{name} {serial} was used twice");
        let text = format!(
            "{who} says that {name}, serial number {serial}, went into {what} at {} UTC, but it had been used before. Both \
             entries stay. Look at both places, take back the wrong entry by putting the part back there, then close this task.",
            entry.at
        );
        let room = asset.reference("stockroom").or(entry.what.stockroom).unwrap_or(asset.id.sys_id);
        self.open_reconciliation(&format!("stock/asset/{}", asset.id.sys_id), room, (title, text))
    }

    /// Closes what asked for a count, because it was made.
    pub(crate) fn reconciled(&mut self, place: Place) -> Result<()> {
        for task in self.open_reconciliations(&correlation(place))? {
            self.step_towards(&task, "closed_complete")?;
        }
        Ok(())
    }

    fn open_reconciliations(&self, correlation: &str) -> Result<Vec<Record>> {
        self.rows_with("task", &[("correlation_id", correlation), ("active", "true")])
    }

    fn open_reconciliation(&mut self, correlation: &str, room: SysId, (title, text): (String, String)) -> Result<()> {
        if !self.open_reconciliations(correlation)?.is_empty() {
            return Ok(());
        }
        let manager = self.row(&DocumentId::new(STOCKROOMS, room))?.and_then(|room| room.reference("manager"));
        let task = DocumentId::new("task", self.new_sys_id());
        let system = self.server.identity().system_user;
        let mut acts = vec![
            set("short_description", Value::text(title.chars().take(160).collect::<String>())),
            set("description", Value::text(text)),
            set("correlation_id", Value::text(correlation)),
            set("opened_at", Value::Time(self.now)),
            set("opened_by", Value::Reference(system)),
        ];
        acts.extend(manager.map(|manager| set("assigned_to", Value::Reference(manager))));
        acts.extend(self.next_number("task")?.map(|number| set("number", Value::text(number))));
        self.author_as_system(task, acts)
    }

    /// What people call a record; its identity when it is not known.
    pub(crate) fn name_at(&self, table: &str, id: SysId, field: &str) -> Result<String> {
        let name = self.row(&DocumentId::new(table, id))?.map(|row| row.text(field).to_owned());
        Ok(name.filter(|name| !name.is_empty()).unwrap_or_else(|| format!("{table}/{id}")))
    }

    fn number_at(&self, record: &DocumentId) -> Result<String> {
        self.name_at(record.table.as_str(), record.sys_id, "number")
    }
}
