//! What a document says, as the value a JSON body would be parsed into.
//!
//! The root's name says nothing. An element with others in it is an object, elements of one name are a list, and any other is
//! a text, which is read as a number or a truth where that is expected. `<request><entry>…</entry></request>` is the record in
//! the entry (ServiceNow "Table API"); a single element will do where a list is expected.

use std::collections::BTreeMap;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::{de::DeserializeOwned, forward_to_deserialize_any};
use serde_json::Error;

use super::element::{Element, read};
use crate::refusal::Refusal;

/// Reads a document into what a body holds.
///
/// # Errors
/// [`Refusal::Malformed`] says what is no XML, or what is missing or of the wrong type.
pub fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let root = read(bytes)?;
    let wraps = !root.children.is_empty() && root.children.iter().all(|child| child.name == "entry");
    let content = Content(if wraps { root.children.iter().collect() } else { vec![&root] });
    T::deserialize(content).map_err(|problem| Refusal::Malformed(format!("the XML body: {problem}")))
}

/// Elements of one name; there is at least one.
struct Content<'e>(Vec<&'e Element>);

impl<'e> Content<'e> {
    fn text(&self) -> &'e str {
        self.0[0].text.as_str()
    }

    fn members(&self) -> impl Iterator<Item = (&'e str, Content<'e>)> + use<'e> {
        let mut members = BTreeMap::<&str, Vec<&Element>>::new();
        for child in &self.0[0].children {
            members.entry(child.name.as_str()).or_default().push(child);
        }
        members.into_iter().map(|(name, elements)| (name, Content(elements)))
    }
}

impl<'e> IntoDeserializer<'e, Error> for Content<'e> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads the text as what is expected.
macro_rules! plain {
    ($($method:ident $visit:ident),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let text = self.text().trim();
            let unfit = |_| Error::custom(format!("{}: {text:?} is of another type", self.0[0].name));
            visitor.$visit(text.parse().map_err(unfit)?)
        })*
    };
}

impl<'de> Deserializer<'de> for Content<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0[..] {
            [one] if one.children.is_empty() => visitor.visit_str(&one.text),
            [_] => self.deserialize_map(visitor),
            _ => self.deserialize_seq(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter().map(|element| Content(vec![element]))))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(self.members()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self.text().trim().into_deserializer())
    }

    plain! {
        deserialize_bool visit_bool, deserialize_i64 visit_i64, deserialize_u64 visit_u64,
        deserialize_i32 visit_i32, deserialize_u32 visit_u32, deserialize_f64 visit_f64
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    fn value(text: &str) -> Value {
        parsed(text.as_bytes()).expect("a document")
    }

    #[test]
    fn a_record_is_read_with_and_without_an_entry_around_it() {
        let record = json!({ "short_description": "a & b", "state": "2", "comments": "" });
        let fields = "<short_description>a &amp; b</short_description><state>2</state><comments/>";
        assert_eq!(value(&format!("<request><entry>{fields}</entry></request>")), record);
        assert_eq!(value(&format!("<incident>{fields}</incident>")), record);
        let two = format!("<request><entry>{fields}</entry><entry>{fields}</entry></request>");
        assert_eq!(value(&two), json!([record, record]));
    }

    #[test]
    fn what_is_expected_decides_what_a_text_is() {
        #[derive(Deserialize, PartialEq, Debug)]
        struct Relation {
            parent: usize,
            sure: bool,
            kind: Option<String>,
        }
        #[derive(Deserialize)]
        struct Body {
            relations: Vec<Relation>,
            values: Value,
        }
        let text = "<request><relations><parent> 1</parent><sure>true</sure></relations><values><a>1</a><b>x</b><b>y</b></values></request>";
        let body: Body = parsed(text.as_bytes()).expect("a body");
        assert_eq!(body.relations, [Relation { parent: 1, sure: true, kind: None }]);
        assert_eq!(body.values, json!({ "a": "1", "b": ["x", "y"] }));
        let wrong = parsed::<Relation>(b"<r><parent>one</parent></r>").expect_err("no number");
        assert_eq!(wrong.to_string(), "the XML body: parent: \"one\" is of another type");
        assert!(parsed::<Relation>(b"<r/>").expect_err("nothing").to_string().contains("missing field"));
    }
}
