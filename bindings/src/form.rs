//! A record as a form.

use fieldline_device::form;
use fieldline_model::dictionary;

use crate::record::Origin;
use crate::value::FieldValue;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number with decimals.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A moment.
    Time,
    /// One record.
    Reference,
    /// A set of records.
    References,
}

impl From<dictionary::FieldType> for FieldKind {
    fn from(kind: dictionary::FieldType) -> Self {
        match kind {
            dictionary::FieldType::String => Self::Text,
            dictionary::FieldType::Integer => Self::Integer,
            dictionary::FieldType::Decimal => Self::Decimal,
            dictionary::FieldType::Boolean => Self::Boolean,
            dictionary::FieldType::GlideDateTime => Self::Time,
            dictionary::FieldType::Reference => Self::Reference,
            dictionary::FieldType::GlideList => Self::References,
        }
    }
}

/// A value a choice field may take.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Choice {
    /// The stored value.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct FormField {
    /// Its name, such as `short_description`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// What it holds.
    pub kind: FieldKind,
    /// The table a reference points to.
    pub reference: Option<String>,
    /// What it holds now.
    pub value: Option<FieldValue>,
    /// The same in words people read.
    pub shown: String,
    /// The values allowed; empty when any is.
    pub choices: Vec<Choice>,
    /// The longest text in characters.
    pub max_length: u32,
    /// Whether it may not be emptied.
    pub is_mandatory: bool,
    /// Whether this person may write it now.
    pub may_write: bool,
    /// Who wrote what it holds.
    pub origin: Option<Origin>,
}

impl From<form::FormField> for FormField {
    fn from(field: form::FormField) -> Self {
        let choice = |dictionary::Choice { value, label }| Choice { value, label };
        Self {
            name: field.name.to_string(),
            label: field.label,
            kind: field.field_type.into(),
            reference: field.reference.map(|table| table.to_string()),
            value: field.value.map(FieldValue::from),
            shown: field.shown,
            choices: field.choices.into_iter().map(choice).collect(),
            max_length: u32::try_from(field.max_length).unwrap_or(u32::MAX),
            is_mandatory: field.is_mandatory,
            may_write: field.may_write,
            origin: field.origin.map(Origin::from),
        }
    }
}
