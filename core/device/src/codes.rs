//! What a scanned code stands for, of what this device carries.

use fieldline_model::code::{MARKS, identity, mark_of};
use fieldline_model::{DocumentId, TableName};

use crate::device::Device;
use crate::error::DeviceError;
use crate::view::Item;

impl Device {
    /// Every asset, part, stockroom and place a code may stand for; none when nothing carried here bears it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn resolve_code(&self, code: &str) -> Result<Vec<Item>, DeviceError> {
        self.store.read(|view| {
            let mut meant = Vec::new();
            for (table, fields) in MARKS {
                if let Some(id) = identity(code) {
                    meant.extend(view.record(&DocumentId::new(table, id))?);
                }
                let rows = view.by_table(&TableName::from(table), u32::MAX)?;
                meant.extend(rows.into_iter().filter(|row| mark_of(&row.record, fields, code).is_some()));
            }
            Ok(meant.into_iter().map(Item::from).collect())
        })
    }
}
