//! What a field may hold. A field that is empty has no value at all, so "empty" has one spelling.

use std::fmt;
use std::str::FromStr;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::id::SysId;
use crate::time::Timestamp;

/// A number with six decimals, exact: degrees, quantities, meter readings, prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Decimal {
    /// The number times one million.
    #[n(0)]
    pub millionths: i64,
}

impl Decimal {
    /// A whole number; saturates beyond nine trillion.
    pub fn whole(number: i64) -> Self {
        Self { millionths: number.saturating_mul(1_000_000) }
    }
}

impl FromStr for Decimal {
    type Err = ();

    /// Reads `-12.5`; more than six decimals or other characters are refused rather than rounded.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 6 || !plain(whole) || !plain(fraction) {
            return Err(());
        }
        let padded: i64 = format!("{fraction:0<6}").parse().map_err(drop)?;
        let whole: i64 = whole.parse().map_err(drop)?;
        let size = whole.checked_mul(1_000_000).and_then(|scaled| scaled.checked_add(padded)).ok_or(())?;
        Ok(Self { millionths: if negative { -size } else { size } })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.millionths < 0 { "-" } else { "" };
        let size = self.millionths.unsigned_abs();
        let text = format!("{sign}{}.{:06}", size / 1_000_000, size % 1_000_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// The content of one field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
pub enum Value {
    /// Text, and the value of a choice whose choices are words.
    #[n(0)]
    Text(#[n(0)] String),
    /// A whole number, and the value of a choice whose choices are numbers.
    #[n(1)]
    Integer(#[n(0)] i64),
    /// A number with decimals.
    #[n(2)]
    Decimal(#[n(0)] Decimal),
    /// Yes or no.
    #[n(3)]
    Boolean(#[n(0)] bool),
    /// A moment.
    #[n(4)]
    Time(#[n(0)] Timestamp),
    /// Another record, in the table the dictionary names for the field.
    #[n(5)]
    Reference(#[n(0)] SysId),
    /// A set of records (`glide_list`), sorted and without repetition.
    #[n(6)]
    List(#[n(0)] Vec<SysId>),
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The text inside, when it is text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The number inside, when it is whole.
    pub fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The record referred to, when it is a reference.
    pub fn as_reference(&self) -> Option<SysId> {
        if let Self::Reference(id) = self { Some(*id) } else { None }
    }

    /// The moment inside, when it is one.
    pub fn as_time(&self) -> Option<Timestamp> {
        if let Self::Time(moment) = self { Some(*moment) } else { None }
    }
}

/// The Table API's text of a value: numbers and booleans as words, moments in UTC, lists comma separated.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => number.fmt(f),
            Self::Decimal(number) => number.fmt(f),
            Self::Boolean(yes) => yes.fmt(f),
            Self::Time(moment) => moment.fmt(f),
            Self::Reference(id) => fmt::Display::fmt(id, f),
            Self::List(ids) => f.write_str(&ids.iter().map(SysId::to_string).collect::<Vec<_>>().join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_survives_text_exactly() {
        for text in ["0", "-0.5", "43.7384", "-179.999999", "9223372036854.775807"] {
            assert_eq!(text.parse::<Decimal>().map(|number| number.to_string()), Ok(text.to_owned()));
        }
        for bad in ["", "-", ".5", "1e3", "0.1234567", "9223372036855", "1.2.3", "١"] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad}");
        }
    }
}
