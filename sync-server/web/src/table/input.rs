//! What a client writes: a JSON object of fields. Every value becomes its text, unknown fields are left out, and a value
//! that has no text is refused with its field's name.

use std::collections::BTreeMap;

use fieldline_model::dictionary::Kind;
use fieldline_service::Server;
use fieldline_service::table::Input;
use serde_json::{Map, Value};

use super::reader::JOURNALS;
use crate::refusal::Refusal;

/// The texts by field of a body; of a body with many records only the first counts.
///
/// # Errors
/// [`Refusal::Malformed`] when the body is no object or a field's value is none that has a text.
pub fn texts(body: Value) -> Result<BTreeMap<String, String>, Refusal> {
    let fields = match body {
        Value::Array(mut records) if !records.is_empty() => records.swap_remove(0),
        other => other,
    };
    let Value::Object(fields) = fields else {
        return Err(Refusal::Malformed("the JSON body must be an object of fields, such as {\"state\": \"2\"}".into()));
    };
    fields.into_iter().map(|(name, value)| text(&name, value).map(|text| (name, text))).collect()
}

fn text(name: &str, value: Value) -> Result<String, Refusal> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Bool(yes) => Ok(yes.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) => Ok(text),
        Value::Object(mut shown) => match take(&mut shown) {
            Some(text) => Ok(text),
            None => Err(no_text(name)),
        },
        Value::Array(_) => Err(no_text(name)),
    }
}

/// The value inside a field as answers show it, so that an answer may be sent back.
fn take(shown: &mut Map<String, Value>) -> Option<String> {
    let inside = shown.remove("value").or_else(|| shown.remove("display_value"))?;
    inside.as_str().map(str::to_owned)
}

fn no_text(name: &str) -> Refusal {
    Refusal::Malformed(format!("{name}: send text, a number, true, false or null; lists as sys_ids with commas"))
}

/// The table a new record goes to: a table that extends the one in the path may be named in the body.
pub fn class(server: &Server, table: &str, texts: &BTreeMap<String, String>) -> String {
    let named = texts.get("sys_class_name").map(String::as_str).unwrap_or_default();
    let is_child = server.dictionary().family(table).iter().any(|child| *child == *named);
    if is_child { named.to_owned() } else { table.to_owned() }
}

/// What the service is given: the fields that the table, or one that extends it, has.
pub fn input(server: &Server, table: &str, texts: BTreeMap<String, String>, as_displayed: bool) -> Input {
    let dictionary = server.dictionary();
    let family: Vec<_> = dictionary.family(table).iter().filter_map(|name| dictionary.table(name.as_str())).collect();
    let has_journals = family.iter().any(|table| table.kind == Kind::Document);
    let is_known = |name: &str| {
        (has_journals && JOURNALS.iter().any(|(journal, _)| *journal == name))
            || family.iter().any(|table| table.field(name).is_some())
    };
    Input { fields: texts.into_iter().filter(|(name, _)| is_known(name)).collect(), as_displayed }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_plain_value_has_a_text_and_an_answer_may_be_sent_back() {
        let body = json!({
            "a": null, "b": true, "c": 2, "d": "x", "e": { "link": "http://h", "value": "id" },
            "f": { "display_value": "Mia", "link": "http://h" },
        });
        let texts = texts(body).expect("plain values");
        assert_eq!(texts.values().map(String::as_str).collect::<Vec<_>>(), ["", "true", "2", "x", "id", "Mia"]);
    }

    #[test]
    fn what_has_no_text_is_refused_by_name() {
        for body in [json!({ "watch_list": ["a"] }), json!({ "watch_list": { "a": 1 } })] {
            assert!(texts(body).expect_err("no text").to_string().starts_with("watch_list: "));
        }
        for body in [json!([]), json!(1), json!("x"), json!([1])] {
            assert!(texts(body).expect_err("no object").to_string().contains("must be an object"));
        }
    }
}
