//! What becomes of assets by work done on them, and of their configuration items.
//!
//! A serialised part that is used on a task is in use where the task is, and back in stock when it is put back. An asset and its
//! configuration item show the same: whichever is written is followed by the other, by the map of [`fieldline_model::asset`].

use fieldline_documents::Act;
use fieldline_documents::journal::{Entry, PartUse};
use fieldline_model::asset::{self, IN_STOCK, IN_USE};
use fieldline_model::{DocumentId, FieldName, Record, SysId, Value};

use crate::author::set;
use crate::call::Call;
use crate::cmdb;
use crate::error::Result;
use crate::query::number_field;
use crate::stock::ASSETS;
use crate::table::TableError;

/// Refuses an asset whose substate does not belong to its state.
///
/// # Errors
/// Says which substates would.
pub(crate) fn check(asset: &Record) -> Result<(), TableError> {
    if asset.id.table != *ASSETS {
        return Ok(());
    }
    let pair = asset::check_pair(state_of(asset), asset.text("substatus"));
    pair.map_err(|problem| TableError::invalid(&asset.id, Some(&FieldName::from("substatus")), problem))
}

fn state_of(asset: &Record) -> i64 {
    number_field(asset, "install_status").unwrap_or(IN_STOCK)
}

impl Call<'_> {
    /// Says on a serialised asset that it went into a record, or came back from one.
    pub(crate) fn asset_used(
        &mut self,
        asset: &Record,
        record: &DocumentId,
        is_in: bool,
        entry: &Entry<PartUse>,
    ) -> Result<()> {
        let wanted = if is_in { self.installed_on(record)? } else { put_back(asset, entry.what.stockroom) };
        let differs = |(field, value): &(&str, Option<Value>)| asset.get(field) != value.as_ref();
        let acts: Vec<Act> = wanted.into_iter().filter(differs).map(|(field, value)| set(field, value)).collect();
        if acts.is_empty() { Ok(()) } else { self.author_as_system(asset.id.clone(), acts) }
    }

    fn installed_on(&self, record: &DocumentId) -> Result<Vec<(&'static str, Option<Value>)>> {
        let task = self.row(record)?;
        let of_task = |field: &str| task.as_ref().and_then(|task| task.get(field).cloned());
        let mut fields = vec![
            ("install_status", Some(Value::Integer(IN_USE))),
            ("substatus", None),
            ("stockroom", None),
            ("assigned_to", None),
            ("install_date", Some(Value::Time(self.now))),
        ];
        let places = [("location", of_task("location")), ("account", of_task("account")), ("parent", of_task("asset"))];
        fields.extend(places.into_iter().filter(|(_, value)| value.is_some()));
        Ok(fields)
    }

    /// Lets an asset's configuration item show what the asset is, and takes away a substate that a merge left with the wrong state.
    pub(crate) fn follow_asset(&mut self, asset: &Record) -> Result<()> {
        if asset::check_pair(state_of(asset), asset.text("substatus")).is_err() {
            return self.author_as_system(asset.id.clone(), vec![set("substatus", None)]);
        }
        let item = asset.reference("ci").map(|ci| self.tx.find(self.dictionary.family(cmdb::ROOT), ci)).transpose()?;
        let status = asset::status_of_item(state_of(asset), asset.text("substatus"));
        match (item.flatten(), status) {
            (Some(mut item), Some(status)) if number_field(&item, "install_status") != Some(status) => {
                item.set("install_status", Some(Value::Integer(status)));
                self.put_row(item)
            }
            _ => Ok(()),
        }
    }

    /// Lets the asset of a configuration item follow the item's new install status.
    pub(crate) fn item_written(&mut self, before: Option<&Record>, item: &Record) -> Result<()> {
        let status = number_field(item, "install_status");
        if before.is_none_or(|before| number_field(before, "install_status") == status) {
            return Ok(());
        }
        let named: Option<SysId> = item.reference("asset");
        let asset = self.referred(ASSETS, named)?;
        let wanted = status.and_then(asset::state_of_asset);
        let (Some(asset), Some((state, substate))) = (asset, wanted) else { return Ok(()) };
        if asset::status_of_item(state_of(&asset), asset.text("substatus")) == status {
            return Ok(());
        }
        let acts = vec![set("install_status", Value::Integer(state)), set("substatus", substate.map(Value::text))];
        self.author_as_system(asset.id, acts)
    }
}

fn put_back(asset: &Record, stockroom: Option<SysId>) -> Vec<(&'static str, Option<Value>)> {
    let stockroom = stockroom.or(asset.reference("stockroom"));
    vec![
        ("install_status", Some(Value::Integer(IN_STOCK))),
        ("substatus", Some(Value::text("available"))),
        ("stockroom", stockroom.map(Value::Reference)),
        ("location", None),
        ("account", None),
        ("parent", None),
    ]
}
