//! JSON in which every name stands once: of two readers of a repeated name one might see what the other does not.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// JSON without repeated names, at any depth.
#[derive(Debug, Clone, PartialEq)]
pub struct Strict(pub Value);

impl Strict {
    /// Reads one value; `None` when it is none, or a name is repeated.
    pub fn read(bytes: &[u8]) -> Option<Value> {
        serde_json::from_slice::<Self>(bytes).ok().map(|strict| strict.0)
    }
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Once).map(Self)
    }
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without repeated names")
    }

    fn visit_bool<E: Error>(self, given: bool) -> Result<Value, E> {
        Ok(given.into())
    }

    fn visit_i64<E: Error>(self, given: i64) -> Result<Value, E> {
        Ok(given.into())
    }

    fn visit_u64<E: Error>(self, given: u64) -> Result<Value, E> {
        Ok(given.into())
    }

    fn visit_f64<E: Error>(self, given: f64) -> Result<Value, E> {
        Number::from_f64(given).map(Value::Number).ok_or_else(|| E::custom("a number without end"))
    }

    fn visit_str<E: Error>(self, given: &str) -> Result<Value, E> {
        Ok(given.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is repeated"));
            }
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_name_is_refused_at_any_depth() {
        let plain = br#"{"a":[1,-2,3.5,true,null,{"b":"x"}],"b":{}}"#;
        assert_eq!(Strict::read(plain), serde_json::from_slice(plain).ok());
        for bad in ["", "{", "{\"a\":1,\"a\":1}", "[{\"a\":{\"b\":1,\"b\":2}}]", "{\"a\":1,\"\\u0061\":2}", "1 2"] {
            assert_eq!(Strict::read(bad.as_bytes()), None, "{bad}");
        }
    }
}
