//! Moments in answers of native paths: RFC 3339.

use fieldline_model::{Record, Timestamp};
use serde::{Serialize, Serializer};

/// A moment that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Timestamp);

impl Moment {
    /// The moment in a field.
    pub(crate) fn of(record: &Record, field: &str) -> Option<Self> {
        record.time(field).map(Self)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339())
    }
}
