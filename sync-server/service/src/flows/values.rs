//! What a run knows: records, lists of records and texts by name, and where its loops and waits stand.

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, Record, SysId, Timestamp};
use serde::{Deserialize, Serialize};

use super::definition::Fields;
use crate::call::Call;
use crate::table::{Result, TableError};
use crate::template;

/// The record that a run is about.
pub(super) const TRIGGER: &str = "trigger";

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Named {
    pub table: String,
    pub sys_id: SysId,
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

    fn named(&self, call: &Call<'_>, name: &str) -> Result<String> {
        match (name.split_once('.'), self.known.get(name)) {
            (Some((record, path)), _) => {
                let record = self.record(call, record)?;
                call.value_at(&record, path)
            }
            (None, Some(Known::Text(text))) => Ok(text.clone()),
            (None, Some(Known::Record(named))) => Ok(named.sys_id.to_string()),
            (None, Some(Known::Records(all))) => Ok(all.len().to_string()),
            (None, None) => {
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
