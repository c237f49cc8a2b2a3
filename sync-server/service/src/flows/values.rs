//! What a run knows: records, lists of records and texts by name, and where its loops and waits stand.

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, Record, SysId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::definition::Fields;
use crate::call::Call;
use crate::table::{Result, TableError};
use crate::template;

/// Pieces of a list from outside that a loop takes at the most.
const MOST_ITEMS: usize = 1_000;
/// The record that a run is about.
pub(super) const TRIGGER: &str = "trigger";

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named {
    pub table: String,
    pub sys_id: SysId,
}

impl Named {
    /// Its full name.
    pub fn document(&self) -> DocumentId {
        DocumentId::new(self.table.as_str(), self.sys_id)
    }
}

impl From<&DocumentId> for Named {
    fn from(id: &DocumentId) -> Self {
        Self { table: id.table.to_string(), sys_id: id.sys_id }
    }
}

/// Something a run knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Known {
    Record(Named),
    Records(Vec<Named>),
    Text(String),
    /// What came from outside.
    Data {
        data: Json,
    },
}

/// Everything a run knows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Values {
    /// By name.
    pub known: BTreeMap<String, Known>,
    /// How many of a list a loop has taken, by step.
    pub taken: BTreeMap<String, usize>,
    /// When a wait ends, by step.
    pub until: BTreeMap<String, Timestamp>,
    /// What a step waits for: approvals, or runs.
    pub awaited: BTreeMap<String, Vec<Named>>,
    /// How many flows have begun this one, one after the other.
    pub depth: u32,
}

impl Values {
    /// What a run knows that begins with a record.
    pub fn about(record: &DocumentId, depth: u32) -> Self {
        let known = BTreeMap::from([(TRIGGER.to_owned(), Known::Record(record.into()))]);
        Self { known, depth, ..Self::default() }
    }

    /// A record by the name it has here.
    ///
    /// # Errors
    /// When there is none of that name, or it was deleted.
    pub fn record(&self, call: &Call<'_>, name: &str) -> Result<Record> {
        let Some(Known::Record(named)) = self.known.get(name) else {
            let problem = format!("the run knows no record \"{name}\"; look one up or create one first");
            return Err(TableError::invalid("the flow", None, problem));
        };
        let family = call.dictionary.family(&named.table);
        let gone = || TableError::NotFound(format!("{}/{}", named.table, named.sys_id));
        call.tx.find(family, named.sys_id)?.ok_or_else(gone)
    }

    /// Texts in which every name stands for what it names.
    pub fn filled(&self, call: &Call<'_>, fields: &Fields) -> Result<Fields> {
        fields.iter().map(|(field, text)| Ok((field.clone(), self.text(call, text)?))).collect()
    }

    /// A text in which every name stands for what it names.
    ///
    /// # Errors
    /// When it names something the run does not know.
    pub fn text(&self, call: &Call<'_>, template: &str) -> Result<String> {
        template::fill(template, |name| self.named(call, name))
    }

    /// The same, with everything that is filled in made safe by `clean`.
    ///
    /// # Errors
    /// When it names something the run does not know, or what `clean` returns.
    pub fn text_with(
        &self,
        call: &Call<'_>,
        template: &str,
        clean: impl Fn(String) -> Result<String>,
    ) -> Result<String> {
        template::fill(template, |name| self.named(call, name).and_then(&clean))
    }

    /// A text, or what came from outside, by its name; `None` where the name stands for records or nothing.
    pub fn plain(&self, name: &str) -> Option<String> {
        let (first, path) = name.split_once('.').map_or((name, None), |(first, path)| (first, Some(path)));
        match (self.known.get(first)?, path) {
            (Known::Text(text), None) => Some(text.clone()),
            (Known::Records(all), None) => Some(all.len().to_string()),
            (Known::Data { data }, path) => Some(path.map_or_else(|| data.to_string(), |path| text_at(data, path))),
            _ => None,
        }
    }

    /// The records, or the pieces of what came from outside, that a name stands for; none where the way ends before.
    pub fn list(&self, name: &str) -> Option<Vec<Known>> {
        let (first, path) = name.split_once('.').map_or((name, None), |(first, path)| (first, Some(path)));
        match (self.known.get(first)?, path) {
            (Known::Records(all), None) => Some(all.iter().cloned().map(Known::Record).collect()),
            (Known::Data { data }, path) => {
                let found = path.map_or(Some(data), |path| at(data, path));
                let Some(found) = found.filter(|found| !found.is_null()) else { return Some(Vec::new()) };
                let items = found.as_array()?;
                Some(items.iter().take(MOST_ITEMS).map(|data| Known::Data { data: data.clone() }).collect())
            }
            _ => None,
        }
    }

    fn named(&self, call: &Call<'_>, name: &str) -> Result<String> {
        if let Some(text) = self.plain(name) {
            return Ok(text);
        }
        match (name.split_once('.'), self.known.get(name)) {
            (Some((record, path)), _) => {
                let record = self.record(call, record)?;
                call.value_at(&record, path)
            }
            (None, Some(Known::Record(named))) => Ok(named.sys_id.to_string()),
            (None, _) => {
                let problem = format!("the run knows nothing of the name \"{name}\"");
                Err(TableError::invalid("the flow", None, problem))
            }
        }
    }
}

impl Call<'_> {
    /// The text of a field at the end of a way through references; empty where the way ends before.
    fn value_at(&self, record: &Record, path: &str) -> Result<String> {
        let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        if step == "sys_id" {
            return Ok(record.id.sys_id.to_string());
        }
        let table = self.dictionary.table(record.id.table.as_str());
        let Some(field) = table.and_then(|table| table.field(step)) else {
            let problem = format!("has no field \"{step}\" to read");
            return Err(TableError::invalid(&record.id, Some(&step.into()), problem));
        };
        let Some(rest) = rest else { return Ok(record.get(step).map(ToString::to_string).unwrap_or_default()) };
        let target = field.reference.as_ref().zip(record.reference(step));
        let found = target.map(|(table, id)| self.tx.find(self.dictionary.family(table.as_str()), id)).transpose()?;
        found.flatten().map_or(Ok(String::new()), |found| self.value_at(&found, rest))
    }
}

/// What lies at the end of a way through JSON: names of fields, and numbers in lists.
fn at<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    path.split('.').try_fold(json, |json, step| match json {
        Json::Array(items) => items.get(step.parse::<usize>().ok()?),
        json => json.get(step),
    })
}

/// The same as a text; empty where the way ends before, as outside systems leave out what they do not know.
fn text_at(json: &Json, path: &str) -> String {
    match at(json, path) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_from_outside_is_read_by_its_way_and_comes_back_from_the_row_as_it_was() {
        let data = json!({ "id": 7, "tags": ["a", { "b": null }], "name": "Ann" });
        let values =
            Values { known: BTreeMap::from([("answer".to_owned(), Known::Data { data })]), ..Values::default() };
        for (name, text) in [
            ("answer.id", "7"),
            ("answer.tags.0", "a"),
            ("answer.tags.1.b", ""),
            ("answer.tags.9", ""),
            ("answer.name", "Ann"),
            ("answer.tags.1", r#"{"b":null}"#),
        ] {
            assert_eq!(values.plain(name).as_deref(), Some(text), "{name}");
        }
        assert_eq!(values.plain("other"), None);
        let lengths =
            ["answer.tags", "answer.none", "answer.id", "other"].map(|name| values.list(name).map(|all| all.len()));
        assert_eq!(lengths, [Some(2), Some(0), None, None]);
        let kept = serde_json::to_string(&values).expect("plain data");
        assert_eq!(serde_json::from_str::<Values>(&kept).expect("its own words"), values);
    }
}
