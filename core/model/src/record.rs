//! A record as screens, queries and integrations see it: a table, an identity and the fields that are not empty.

use std::collections::BTreeMap;

use minicbor::{Decode, Decoder, Encode};
use serde::{Deserialize, Serialize};

use crate::id::{DocumentId, FieldName, SysId};
use crate::place::Place;
use crate::time::Timestamp;
use crate::value::Value;

/// The current state of one record. Empty fields are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub struct Record {
    /// Which record it is.
    #[n(0)]
    pub id: DocumentId,
    /// Its fields by name.
    #[n(1)]
    #[cbor(decode_with = "all_fields")]
    pub fields: BTreeMap<FieldName, Value>,
}

/// Reads the fields first and orders them then, which is soon done: they were written in order.
fn all_fields<'b, C>(
    decoder: &mut Decoder<'b>,
    context: &mut C,
) -> Result<BTreeMap<FieldName, Value>, minicbor::decode::Error> {
    let fields: Vec<(FieldName, Value)> = decoder.map_iter_with(context)?.collect::<Result<_, _>>()?;
    Ok(fields.into_iter().collect())
}

/// The names of fields read so far, in order; records name their fields in order, too.
#[derive(Debug, Default)]
pub struct Names {
    known: Vec<FieldName>,
    /// Where the next name of the record is looked for.
    next: usize,
}

impl Names {
    fn of(&mut self, name: &str) -> FieldName {
        let ahead = self.known.get(self.next..).unwrap_or_default();
        let skipped = ahead.iter().take_while(|known| known.as_str() < name).count();
        let at = self.next + skipped;
        if self.known.get(at).is_none_or(|known| *known != *name) {
            self.known.insert(at, name.into());
        }
        self.next = at + 1;
        self.known[at].clone()
    }
}

impl Record {
    /// A record without any field.
    pub fn new(id: DocumentId) -> Self {
        Self { id, fields: BTreeMap::new() }
    }

    /// Reads one of many records; names that others of them have are shared.
    ///
    /// # Errors
    /// When the bytes are no record.
    pub fn decode_among(bytes: &[u8], names: &mut Names) -> Result<Self, minicbor::decode::Error> {
        let mut decoder = Decoder::new(bytes);
        decoder.array()?;
        let id = decoder.decode()?;
        names.next = 0;
        let mut fields = Vec::new();
        for _ in 0..decoder.map()?.unwrap_or(0) {
            fields.push((names.of(decoder.str()?), decoder.decode()?));
        }
        Ok(Self { id, fields: fields.into_iter().collect() })
    }

    /// Reads what this build knows of a record that a newer one wrote: values of other kinds are left out.
    ///
    /// # Errors
    /// When the bytes are no record.
    pub fn decode_known(bytes: &[u8]) -> Result<Self, minicbor::decode::Error> {
        let mut decoder = Decoder::new(bytes);
        decoder.array()?;
        let mut record = Self::new(decoder.decode()?);
        for _ in 0..decoder.map()?.unwrap_or(0) {
            let field: FieldName = decoder.decode()?;
            let mut value = decoder.probe();
            record.set(field, value.decode().ok());
            decoder.skip()?;
        }
        Ok(record)
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

    /// The moment in a field.
    pub fn time(&self, field: &str) -> Option<Timestamp> {
        self.get(field).and_then(Value::as_time)
    }

    /// Whether a field says yes; one that is empty does not.
    pub fn says(&self, field: &str) -> bool {
        self.get(field) == Some(&Value::Boolean(true))
    }

    /// The records a field refers to, one or a list of them.
    pub fn references(&self, field: &str) -> Vec<SysId> {
        match self.get(field) {
            Some(Value::Reference(id)) => vec![*id],
            Some(Value::List(ids)) => ids.clone(),
            _ => Vec::new(),
        }
    }

    /// Where a location is: its `latitude` and `longitude` in degrees, `None` when one is empty or not on earth.
    pub fn place(&self) -> Option<Place> {
        let degrees = |field: &str| match self.get(field)? {
            Value::Decimal(degrees) => Some(degrees.millionths as f64 / 1e6),
            _ => None,
        };
        Place::from_degrees(degrees("latitude")?, degrees("longitude")?)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SysId;

    #[test]
    fn a_location_is_where_its_degrees_say_and_nowhere_without_both() {
        let mut location = Record::new(DocumentId::new("cmn_location", SysId([1; 16])));
        let degrees = |text: &str| text.parse().ok().map(Value::Decimal);
        location.set("latitude", degrees("43.7384"));
        assert_eq!(location.place(), None);
        location.set("longitude", degrees("7.4246"));
        assert_eq!(location.place(), Place::from_degrees(43.7384, 7.4246));
        location.set("latitude", degrees("91"));
        assert_eq!(location.place(), None);
    }

    #[test]
    fn records_read_one_after_the_other_are_what_they_were_whatever_names_they_have() {
        let mut names = Names::default();
        for fields in [&["number", "state"][..], &["active", "state", "zone"], &[], &["number"], &["a", "b", "state"]] {
            let mut record = Record::new(DocumentId::new("wm_task", SysId([7; 16])));
            fields.iter().for_each(|name| record.set(*name, Some(Value::text(*name))));
            let bytes = minicbor::to_vec(&record).expect("in memory");
            assert_eq!(Record::decode_among(&bytes, &mut names).expect("a record"), record);
        }
        assert_eq!(names.known, ["a", "active", "b", "number", "state", "zone"].map(FieldName::from));
    }

    #[test]
    fn of_a_newer_builds_record_the_known_fields_are_read() {
        let mut record = Record::new(DocumentId::new("wm_task", SysId([7; 16])));
        record.set("number", Some(Value::text("WOT0000001")));
        record.set("state", Some(Value::Integer(16)));
        let mut bytes = minicbor::to_vec(&record).expect("in memory");
        assert_eq!(Record::decode_known(&bytes).ok(), Some(record.clone()));
        // The last value, [1, [16]], becomes one of a kind nobody knows yet.
        let kind = bytes.len() - 3;
        assert_eq!(bytes[kind..], [1, 0x81, 16]);
        bytes[kind] = 23;
        assert!(minicbor::decode::<Record>(&bytes).is_err());
        record.set("state", None);
        assert_eq!(Record::decode_known(&bytes).ok(), Some(record));
    }
}
