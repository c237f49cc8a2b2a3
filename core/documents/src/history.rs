//! The audit trail: one line for each change, read back from the changes themselves.
//!
//! It costs a walk over the whole history, so it is made when somebody opens it and not kept in projections.

use std::collections::BTreeMap;

use automerge::legacy::{Key, ObjectId, Op, OpType};
use automerge::{ObjId, ScalarValue};
use fieldline_model::{Dictionary, SysId, Table, Timestamp};
use serde::{Deserialize, Serialize};

use crate::document::Document;
use crate::edit::{ChangeHash, EditId};
use crate::layout;
use crate::project;

/// What one edit did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryLine {
    /// Which edit.
    pub id: EditId,
    /// Who.
    pub by: SysId,
    /// When, by the author's device.
    pub at: Timestamp,
    /// What, in the order it was done.
    pub deeds: Vec<Deed>,
}

/// One thing an edit did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The field, or the journal added to (`comments`, `work_notes`, `transitions` …).
    pub subject: String,
    /// The new value as people read it, `+` or `-` and a record for sets, or the text of the entry.
    pub detail: String,
}

impl Document {
    /// Every edit of this record, oldest first by action time.
    pub fn history(&self, dictionary: &Dictionary) -> Vec<HistoryLine> {
        let table = dictionary.table(self.id().table.as_str());
        let names = self.containers.iter().map(|(name, id)| (object(id), name)).collect();
        let line = |change: automerge::Change| {
            let made = self.ledger.get(ChangeHash(change.hash().0)).filter(|made| made.id.counter > 0)?;
            let deeds = deeds(&change.decode().operations, &names, table);
            Some(HistoryLine { id: made.id, by: made.by, at: made.at, deeds })
        };
        let mut lines: Vec<HistoryLine> = self.doc.get_changes(&[]).into_iter().filter_map(line).collect();
        lines.sort_by_key(|line| (line.at, line.id));
        lines
    }
}

fn object(id: &ObjId) -> Option<(u64, Vec<u8>)> {
    if let ObjId::Id(counter, actor, _) = id { Some((*counter, actor.to_bytes().to_vec())) } else { None }
}

/// An operation that the next one on the same key undoes or repeats (see `encode`) is not a deed of its own.
fn deeds(
    operations: &[Op],
    names: &BTreeMap<Option<(u64, Vec<u8>)>, &'static str>,
    table: Option<&Table>,
) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let ObjectId::Id(container) = &operation.obj else { continue };
        let Some(name) = names.get(&Some((container.0, container.1.to_bytes().to_vec()))) else { continue };
        let repeats = |next: &Op| next.obj == operation.obj && next.key == operation.key && !operation.insert;
        if !operations.get(index + 1).is_some_and(repeats) {
            deeds.extend(deed(name, operation, table));
        }
    }
    deeds
}

fn deed(container: &str, operation: &Op, table: Option<&Table>) -> Option<Deed> {
    match (container, &operation.key, &operation.action) {
        (layout::FIELDS, Key::Map(field), OpType::Put(scalar)) => {
            let field = table?.field(field)?;
            let value = project::value(field, scalar)?;
            let detail = value.map(|value| field.display(&value)).unwrap_or_default();
            Some(Deed { subject: field.name.to_string(), detail })
        }
        (layout::SETS, Key::Map(key), action) => {
            let (field, item) = key.split_once('/')?;
            let sign = if *action == OpType::Delete { '-' } else { '+' };
            Some(Deed { subject: field.into(), detail: format!("{sign}{item}") })
        }
        (list, _, OpType::Put(ScalarValue::Str(entry))) => {
            Some(Deed { subject: list.into(), detail: summary(&serde_json::from_str(entry).ok()?) })
        }
        _ => None,
    }
}

/// What people recognise an entry by: its own fields without those every entry has, and without names of other entries.
fn summary(entry: &serde_json::Map<String, serde_json::Value>) -> String {
    const COMMON: [&str; 4] = ["act", "place", "after", "file"];
    let own = entry.iter().filter(|(name, value)| !COMMON.contains(&name.as_str()) && !value.is_null());
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    own.map(|(_, value)| text(value)).collect::<Vec<_>>().join(", ")
}
