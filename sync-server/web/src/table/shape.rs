//! The forms the Table API answers a value in: as stored, as people read it, or both; references with or without a link.
//! Written as JSON at once: a page has thousands of values.

use std::borrow::Cow;
use std::io::Write;

use fieldline_model::{DocumentId, TableName};
use serde::Serialize;
use serde_json::Value;

use super::parameters::{Parameters, Show};
use crate::links::Origin;

/// One value of an answer. Empty values have empty texts and no target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell<'a> {
    /// As stored.
    pub value: Cow<'a, str>,
    /// As people read it; not filled when only values are asked for.
    pub display_value: Cow<'a, str>,
    /// The table of the record a reference leads to; its value is the record's identity.
    pub target: Option<Cow<'a, TableName>>,
}

impl Cell<'_> {
    /// The same, whatever becomes of the record.
    pub fn into_owned(self) -> Cell<'static> {
        let Self { value, display_value, target } = self;
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let target = target.map(|target| Cow::Owned(target.into_owned()));
        Cell { value: owned(value), display_value: owned(display_value), target }
    }
}

/// The value in the form that was asked for.
pub fn shaped(cell: &Cell<'_>, parameters: &Parameters, origin: &Origin) -> Value {
    let mut json = Vec::new();
    write(&mut json, cell, parameters, origin);
    serde_json::from_slice(&json).expect("what was written as JSON is JSON")
}

/// The address of a record.
pub fn link(record: &DocumentId, origin: &Origin) -> String {
    origin.at(&format!("/api/now/table/{record}"))
}

/// Writes the value in the form that was asked for.
pub fn write(json: &mut Vec<u8>, cell: &Cell<'_>, parameters: &Parameters, origin: &Origin) {
    let link = cell.target.as_ref().filter(|_| !parameters.exclude_reference_link);
    let (shows_value, shows_display) = (parameters.show != Show::DisplayValues, parameters.show != Show::Values);
    if link.is_none() && parameters.show != Show::All {
        return string(json, if shows_value { &cell.value } else { &cell.display_value });
    }
    json.push(b'{');
    if shows_display {
        json.extend_from_slice(b"\"display_value\":");
        string(json, &cell.display_value);
        json.push(b',');
    }
    if let Some(table) = link {
        // Neither a host nor a table nor an identity has anything to escape.
        write!(json, "\"link\":\"{}/api/now/table/{table}/{}\",", origin.0, cell.value)
            .expect("memory takes everything");
    }
    if shows_value {
        json.extend_from_slice(b"\"value\":");
        string(json, &cell.value);
    } else {
        json.pop();
    }
    json.push(b'}');
}

/// Writes a name that leads somewhere before its value, after a comma; such a name has nothing to escape.
pub fn write_name(json: &mut Vec<u8>, name: &str) {
    json.extend_from_slice(b",\"");
    json.extend_from_slice(name.as_bytes());
    json.extend_from_slice(b"\":");
}

fn string(json: &mut Vec<u8>, text: &str) {
    if text.is_empty() {
        return json.extend_from_slice(b"\"\"");
    }
    text.serialize(&mut serde_json::Serializer::new(json)).expect("memory takes everything");
}

#[cfg(test)]
mod tests {
    use fieldline_model::SysId;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_has_six_forms_and_an_empty_one_never_a_link() {
        let (users, id) = (TableName::from("sys_user"), SysId([0xab; 16]));
        let (origin, target) = (Origin("http://h".into()), Some(Cow::Borrowed(&users)));
        let abel = Cell { value: id.to_string().into(), display_value: "Abel \"Tuter\"".into(), target };
        let link = format!("http://h/api/now/table/sys_user/{id}");
        for (show, exclude_reference_link, full, empty) in [
            (Show::Values, false, json!({ "link": link, "value": id }), json!("")),
            (Show::Values, true, json!(id), json!("")),
            (Show::DisplayValues, false, json!({ "display_value": "Abel \"Tuter\"", "link": link }), json!("")),
            (Show::DisplayValues, true, json!("Abel \"Tuter\""), json!("")),
            (
                Show::All,
                false,
                json!({ "display_value": "Abel \"Tuter\"", "link": link, "value": id }),
                json!({ "display_value": "", "value": "" }),
            ),
            (
                Show::All,
                true,
                json!({ "display_value": "Abel \"Tuter\"", "value": id }),
                json!({ "display_value": "", "value": "" }),
            ),
        ] {
            let parameters = Parameters { show, exclude_reference_link, ..Parameters::default() };
            assert_eq!(shaped(&abel, &parameters, &origin), full, "{show:?} {exclude_reference_link}");
            assert_eq!(shaped(&Cell::default(), &parameters, &origin), empty, "{show:?} {exclude_reference_link}");
        }
    }
}
