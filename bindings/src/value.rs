//! What fields hold, and moments and places, as each language writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fieldline_model as model;
use fieldline_model::Timestamp;
use fieldline_model::check_in::Fix;

use crate::error::FieldlineError;
use crate::ids::SysId;

/// A moment, to the millisecond; as each language writes moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub SystemTime);

uniffi::custom_newtype!(Moment, SystemTime);

impl serde::Serialize for Moment {
    /// Milliseconds since 1970.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(moment_in(*self).0)
    }
}

impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(|milliseconds| moment_out(Timestamp(milliseconds)))
    }
}

/// The content of one field. An empty field has none.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, uniffi::Enum)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldValue {
    /// Text, and the value of a choice whose choices are words.
    Text {
        /// The text.
        text: String,
    },
    /// A whole number, and the value of a choice whose choices are numbers.
    Integer {
        /// The number.
        number: i64,
    },
    /// A number with at most six decimals.
    Decimal {
        /// The number in digits, such as `-12.5`.
        digits: String,
    },
    /// Yes or no.
    Boolean {
        /// Which.
        yes: bool,
    },
    /// A moment.
    Time {
        /// Which.
        at: Moment,
    },
    /// Another record, in the table the dictionary names for the field.
    Reference {
        /// Which.
        sys_id: SysId,
    },
    /// A set of records.
    References {
        /// Which.
        sys_ids: Vec<SysId>,
    },
}

impl From<model::Value> for FieldValue {
    fn from(value: model::Value) -> Self {
        match value {
            model::Value::Text(text) => Self::Text { text },
            model::Value::Integer(number) => Self::Integer { number },
            model::Value::Decimal(number) => Self::Decimal { digits: number.to_string() },
            model::Value::Boolean(yes) => Self::Boolean { yes },
            model::Value::Time(moment) => Self::Time { at: moment_out(moment) },
            model::Value::Reference(id) => Self::Reference { sys_id: id.into() },
            model::Value::List(ids) => Self::References { sys_ids: ids.into_iter().map(SysId::from).collect() },
        }
    }
}

impl TryFrom<FieldValue> for model::Value {
    type Error = FieldlineError;

    fn try_from(value: FieldValue) -> Result<Self, FieldlineError> {
        Ok(match value {
            FieldValue::Text { text } => Self::Text(text),
            FieldValue::Integer { number } => Self::Integer(number),
            FieldValue::Decimal { digits } => Self::Decimal(decimal(&digits)?),
            FieldValue::Boolean { yes } => Self::Boolean(yes),
            FieldValue::Time { at } => Self::Time(moment_in(at)),
            FieldValue::Reference { sys_id } => Self::Reference(sys_id.try_into()?),
            FieldValue::References { sys_ids } => {
                Self::List(sys_ids.into_iter().map(model::SysId::try_from).collect::<Result<_, _>>()?)
            }
        })
    }
}

/// A number with decimals from its digits.
pub(crate) fn decimal(digits: &str) -> Result<model::Decimal, FieldlineError> {
    let problem = || FieldlineError::invalid(&format!("\"{digits}\" is not a number with at most six decimals"));
    digits.parse().map_err(|()| problem())
}

/// A moment as the platform writes it.
pub(crate) fn moment_out(moment: Timestamp) -> Moment {
    let distance = Duration::from_millis(moment.0.unsigned_abs());
    Moment(if moment.0 < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance })
}

/// A moment of the platform, to the nearest millisecond: some keep moments as floating-point seconds.
pub(crate) fn moment_in(moment: Moment) -> Timestamp {
    let half = Duration::from_micros(500);
    let milliseconds = |distance: Duration| i64::try_from((distance + half).as_millis()).unwrap_or(i64::MAX);
    match moment.0.duration_since(UNIX_EPOCH) {
        Ok(after) => Timestamp(milliseconds(after)),
        Err(before) => Timestamp(-milliseconds(before.duration())),
    }
}

/// A point on the earth, in WGS 84 degrees.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize, serde::Serialize, uniffi::Record)]
pub struct Place {
    /// North positive.
    pub latitude: f64,
    /// East positive.
    pub longitude: f64,
    /// How far off it may be, where the phone knows; nothing of places that were kept.
    #[uniffi(default = None)]
    #[serde(default)]
    pub accuracy_metres: Option<f64>,
}

/// How far off a place may be that does not say it: what a phone in a street makes of its satellites.
const USUAL_ACCURACY_METRES: f64 = 50.0;

impl TryFrom<Place> for Fix {
    type Error = FieldlineError;

    fn try_from(place: Place) -> Result<Self, FieldlineError> {
        let accuracy_metres = place.accuracy_metres.filter(|metres| *metres >= 0.0).unwrap_or(USUAL_ACCURACY_METRES);
        Ok(Self { place: place.try_into()?, accuracy_metres })
    }
}

impl From<model::Place> for Place {
    fn from(place: model::Place) -> Self {
        let degrees = |micro: i32| f64::from(micro) / 1e6;
        Self {
            latitude: degrees(place.latitude_micro),
            longitude: degrees(place.longitude_micro),
            accuracy_metres: None,
        }
    }
}

impl TryFrom<Place> for model::Place {
    type Error = FieldlineError;

    fn try_from(place: Place) -> Result<Self, FieldlineError> {
        let problem = || FieldlineError::invalid(&"latitude and longitude are degrees within ±90 and ±180");
        Self::from_degrees(place.latitude, place.longitude).ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_went_through_floating_point_seconds_is_the_same_moment() {
        for milliseconds in [0, 1, -1, 1_780_000_000_123, 1_780_000_000_999, -62_135_596_800_001] {
            let exact = moment_out(Timestamp(milliseconds));
            let seconds = match exact.0.duration_since(UNIX_EPOCH) {
                Ok(after) => after.as_secs_f64(),
                Err(before) => -before.duration().as_secs_f64(),
            };
            let distance = Duration::from_secs_f64(seconds.abs());
            let blurred = Moment(if seconds < 0.0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance });
            assert_eq!(moment_in(exact), Timestamp(milliseconds));
            assert_eq!(moment_in(blurred), Timestamp(milliseconds));
        }
    }
}
