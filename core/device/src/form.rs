//! A record as a form: its fields in the dictionary's order, in the words people read, and what this person may do to each.

use fieldline_documents::project::Origin;
use fieldline_model::dictionary::{Choice, FieldType, Merge, may};
use fieldline_model::{DocumentId, Field, FieldName, SysId, TableName, Value};
use fieldline_store::View;
use serde::Serialize;

use crate::device::{Device, kept_document, roles_of};
use crate::error::DeviceError;

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormField {
    /// The field.
    pub name: FieldName,
    /// What people call it.
    pub label: String,
    /// What it holds.
    #[serde(skip)]
    pub field_type: FieldType,
    /// The table a reference or list points to.
    pub reference: Option<TableName>,
    /// What it holds now.
    pub value: Option<Value>,
    /// The same in words people read: the label of a choice, the name of a record that is here.
    pub shown: String,
    /// The values allowed; empty when any value of the type is.
    #[serde(skip)]
    pub choices: Vec<Choice>,
    /// The longest text in characters.
    pub max_length: usize,
    /// Whether it may not be emptied.
    pub is_mandatory: bool,
    /// Whether this person may write it now.
    pub may_write: bool,
    /// Who wrote what it holds; `None` for what follows from other facts, and while only the row is here.
    pub origin: Option<Origin>,
}

impl Device {
    /// The form of a record, `None` when it is not here.
    ///
    /// # Errors
    /// When the device is not enrolled or the database fails.
    pub fn form(&self, id: &DocumentId) -> Result<Option<Vec<FormField>>, DeviceError> {
        let user = self.who()?.user;
        self.store.read(|view| {
            let Some(listed) = view.record(id)? else { return Ok(None) };
            let table = self.rules.dictionary.table(id.table.as_str());
            let table = table.ok_or_else(|| DeviceError::Table(id.table.clone()))?;
            let details = kept_document(view, id)?.map(|kept| self.rules.project(&kept.document));
            let roles = roles_of(view, user)?;
            let record = details.as_ref().map_or(&listed.record, |details| &details.record);
            let field = |field: &Field| {
                let value = record.get(field.name.as_str()).cloned();
                let is_open = details.is_some() && !matches!(field.merge, Merge::Fixed | Merge::Derived);
                Ok(FormField {
                    name: field.name.clone(),
                    label: field.label.clone(),
                    field_type: field.field_type,
                    reference: field.reference.clone(),
                    shown: value.as_ref().map_or(Ok(String::new()), |value| shown(view, field, value))?,
                    value,
                    choices: field.choices.clone(),
                    max_length: field.max_length,
                    is_mandatory: field.mandatory,
                    may_write: is_open && may(roles.iter().map(String::as_str), &field.write),
                    origin: details.as_ref().and_then(|details| details.provenance.get(&field.name).cloned()),
                })
            };
            table.fields.iter().map(field).collect::<Result<_, DeviceError>>().map(Some)
        })
    }
}

/// What people read: a record that is not here is shown by its `sys_id`.
pub(crate) fn shown(view: View<'_>, field: &Field, value: &Value) -> Result<String, DeviceError> {
    let table = field.reference.as_ref().map_or("task", |table| table.as_str());
    let name = |id: &SysId| name_of(view, table, *id);
    match value {
        Value::Reference(id) => name(id),
        Value::List(ids) => Ok(ids.iter().map(name).collect::<Result<Vec<_>, _>>()?.join(", ")),
        value => Ok(field.display(value)),
    }
}

/// What people recognise a record by; one that is not here is named by its `sys_id`.
pub(crate) fn name_of(view: View<'_>, table: &str, id: SysId) -> Result<String, DeviceError> {
    let here = view.record(&DocumentId::new(table, id))?.map(|listed| listed.display);
    Ok(here.filter(|display| !display.is_empty()).unwrap_or_else(|| id.to_string()))
}
