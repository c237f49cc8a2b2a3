//! Records as newer APIs answer them: every field with its value and what people read for it.

use fieldline_documents::Projection;
use fieldline_model::Record;
use fieldline_model::dictionary::FieldType;
use fieldline_service::table::Detail;
use fieldline_service::{Call, TableError};
use serde_json::{Map, Value, json};

use crate::table::{Reader, Show, field_names};

/// A record; a moment is shown once more under the name clients know.
///
/// # Errors
/// When the database fails.
pub fn both(
    call: &mut Call<'_>,
    record: &Record,
    journals: Option<&Projection>,
) -> Result<Map<String, Value>, TableError> {
    let Some(class) = call.dictionary.shared(record.id.table.as_str()) else { return Ok(Map::new()) };
    let dictionary = call.dictionary.clone();
    let row = Reader::new(call, &dictionary, field_names(&class), Show::All).row(record, journals)?;
    let is_moment = |name: &str| class.field(name).is_some_and(|field| field.field_type == FieldType::GlideDateTime);
    let shown = row.into_iter().map(|(name, cell)| {
        let mut both = json!({ "display_value": cell.display_value, "value": cell.value });
        if is_moment(&name) {
            both["display_value_internal"] = cell.display_value.into();
        }
        (name, both)
    });
    Ok(shown.collect())
}

/// A record with its journals.
///
/// # Errors
/// When the database fails.
pub fn both_of(call: &mut Call<'_>, detail: &Detail) -> Result<Map<String, Value>, TableError> {
    both(call, &detail.record, detail.projection_of_document.as_ref())
}

/// Records without their journals.
///
/// # Errors
/// When the database fails.
pub fn both_of_all(call: &mut Call<'_>, records: &[Record]) -> Result<Value, TableError> {
    let shown = records.iter().map(|record| both(call, record, None).map(Value::from));
    Ok(shown.collect::<Result<Vec<_>, _>>()?.into())
}
