//! A record as screens, queries and integrations see it: a table, an identity and the fields that are not empty.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::id::{DocumentId, FieldName, SysId};
use crate::value::Value;

/// The current state of one record. Empty fields are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub struct Record {
    /// Which record it is.
    #[n(0)]
    pub id: DocumentId,
    /// Its fields by name.
    #[n(1)]
    pub fields: BTreeMap<FieldName, Value>,
}

impl Record {
    /// A record without any field.
    pub fn new(id: DocumentId) -> Self {
        Self { id, fields: BTreeMap::new() }
    }

    /// The value of a field, `None` when empty.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field)
    }

    /// The text of a field, `""` when empty or not text.
    pub fn text(&self, field: &str) -> &str {
        self.get(field).and_then(Value::as_text).unwrap_or_default()
    }

    /// The record a field refers to.
    pub fn reference(&self, field: &str) -> Option<SysId> {
        self.get(field).and_then(Value::as_reference)
    }

    /// Puts a value in a field; `None` empties it.
    pub fn set(&mut self, field: impl Into<FieldName>, value: Option<Value>) {
        let field = field.into();
        match value {
            Some(value) => self.fields.insert(field, value),
            None => self.fields.remove(&field),
        };
    }
}
