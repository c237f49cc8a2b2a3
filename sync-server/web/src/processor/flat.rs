//! Records as the interfaces before REST give them: one text a field, and never a link.

use fieldline_documents::Projection;
use fieldline_model::dictionary::Field;
use fieldline_model::{FieldType, Record, Table};
use fieldline_service::TableError;

use crate::table::{Cell, Reader, Show};

/// What comes before the name of a field where both are given: the value, and what people read for it.
pub const DISPLAY: &str = "dv_";

/// The fields of a record that a reader of everything answers: as stored, as people read it where the value stands for
/// something else, or both (ServiceNow "Return the display value for reference variables").
///
/// # Errors
/// When the database fails.
pub fn flat(
    reader: &mut Reader<'_, '_, '_>,
    table: &Table,
    (record, journals): (&Record, Option<&Projection>),
    show: Show,
) -> Result<Vec<(String, String)>, TableError> {
    let mut fields = Vec::new();
    for (name, Cell { value, display_value, .. }) in reader.row(record, journals)? {
        let stands = table.field(&name).is_some_and(stands_for_something);
        let display = (stands && show == Show::All).then(|| (format!("{DISPLAY}{name}"), display_value.to_string()));
        let value = if stands && show == Show::DisplayValues { display_value } else { value };
        fields.push((name, value.into_owned()));
        fields.extend(display);
    }
    Ok(fields)
}

/// Whether people read something else than what is stored. Moments are the same for every reader.
pub fn stands_for_something(field: &Field) -> bool {
    matches!(field.field_type, FieldType::Reference | FieldType::GlideList) || !field.choices.is_empty()
}
