//! Names of things, each with a type of its own in every language.

use std::fmt::Display;
use std::str::FromStr;

use fieldline_model as model;

use crate::error::FieldlineError;

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, uniffi::Record)]
        pub struct $name {
            /// Hexadecimal digits.
            pub hex: String,
        }

        impl From<model::$name> for $name {
            fn from(id: model::$name) -> Self {
                Self { hex: id.to_string() }
            }
        }

        impl TryFrom<$name> for model::$name {
            type Error = FieldlineError;

            fn try_from(id: $name) -> Result<Self, FieldlineError> {
                read(&id.hex)
            }
        }
    };
}

hex_id!(
    /// A record's identity: 32 hexadecimal digits, the Table API's `sys_id`.
    SysId
);
hex_id!(
    /// One installation of the app on one phone.
    DeviceId
);
hex_id!(
    /// A captured file: the SHA-256 of its content.
    BlobHash
);

/// The full name of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, uniffi::Record)]
pub struct RecordId {
    /// Its table, such as `wm_task`.
    pub table: String,
    /// Its identity.
    pub sys_id: SysId,
}

impl From<model::DocumentId> for RecordId {
    fn from(id: model::DocumentId) -> Self {
        Self { table: id.table.to_string(), sys_id: id.sys_id.into() }
    }
}

impl TryFrom<RecordId> for model::DocumentId {
    type Error = FieldlineError;

    fn try_from(id: RecordId) -> Result<Self, FieldlineError> {
        Ok(Self::new(id.table.as_str(), id.sys_id.try_into()?))
    }
}

/// Reads what an app wrote.
pub(crate) fn read<T: FromStr<Err: Display>>(text: &str) -> Result<T, FieldlineError> {
    text.parse().map_err(|problem| FieldlineError::invalid(&problem))
}

/// An optional id, the other way round.
pub(crate) fn maybe<T, U: TryFrom<T, Error = FieldlineError>>(id: Option<T>) -> Result<Option<U>, FieldlineError> {
    id.map(U::try_from).transpose()
}
