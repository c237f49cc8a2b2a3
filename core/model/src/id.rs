//! Typed identifiers: nothing that names a record, a device or a file is a bare string.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hex;

/// An identifier that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is not {wanted}")]
pub struct InvalidId {
    given: String,
    wanted: &'static str,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] #[cbor(with = "minicbor::bytes")] pub [u8; $bytes]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex::write(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex::write(&self.0, f)
            }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = || InvalidId { given: text.chars().take(80).collect(), wanted: $wanted };
                hex::decode(text).map(Self).ok_or_else(invalid)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(
    /// A record's identity, final at birth: 128 random bits, 32 hex digits in text (the Table API's `sys_id`).
    SysId, 16, "a sys_id (32 hexadecimal digits)"
);
hex_id!(
    /// One installation of the app on one phone, bound to one signing key.
    DeviceId, 16, "a device id (32 hexadecimal digits)"
);
hex_id!(
    /// A captured file's identity: the SHA-256 of its plain content.
    BlobHash, 32, "a SHA-256 hash (64 hexadecimal digits)"
);

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as the Table API writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                encoder: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                encoder.str(&self.0)?.ok()
            }
        }
        impl<'b, C> Decode<'b, C> for $name {
            fn decode(decoder: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                Ok(Self(decoder.str()?.into()))
            }
        }
    };
}

name_id!(
    /// A table's name, such as `wm_task`.
    TableName
);
name_id!(
    /// A field's name, such as `short_description`.
    FieldName
);

/// The full name of a record: its table and `sys_id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
pub struct DocumentId {
    /// The most derived table (`sys_class_name`).
    #[n(0)]
    pub table: TableName,
    /// The record's identity.
    #[n(1)]
    pub sys_id: SysId,
}

impl DocumentId {
    /// Names a record.
    pub fn new(table: impl Into<TableName>, sys_id: SysId) -> Self {
        Self { table: table.into(), sys_id }
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.table, self.sys_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sys_id_survives_text_and_refuses_anything_else() {
        let id: SysId = "6816f79cc0a8016401c5a33be04be441".parse().expect("32 hex digits");
        assert_eq!(id.to_string(), "6816f79cc0a8016401c5a33be04be441");
        for bad in ["", "6816", "zz16f79cc0a8016401c5a33be04be441", "+816f79cc0a8016401c5a33be04be44é"] {
            assert!(bad.parse::<SysId>().is_err(), "{bad}");
        }
    }
}
