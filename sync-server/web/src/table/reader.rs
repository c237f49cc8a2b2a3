//! Reads fields of records for an answer: dot-walks through references, and what people read in place of values.
//!
//! A reference is shown by its target's display field, as on every screen. Walking on beyond it is reading the target, so
//! that asks whether the caller may. Each target is looked up once per request.

use std::collections::BTreeMap;

use fieldline_documents::Projection;
use fieldline_documents::journal::{Entry, Note};
use fieldline_model::dictionary::{Field, Kind};
use fieldline_model::{DocumentId, Record, SysId, Table, TableName, Timestamp, Value};
use fieldline_service::table::{self, PASSWORD, Result};
use fieldline_service::zone::UserZone;
use fieldline_service::{Call, TableError};

use super::shape::Cell;

/// The journals, which every document has beside its fields.
pub const JOURNALS: [(&str, &str); 2] = [("comments", "Additional comments"), ("work_notes", "Work notes")];

/// Reads cells within one call.
pub struct Reader<'c, 's> {
    call: &'c mut Call<'s>,
    targets: BTreeMap<(TableName, SysId), Option<Record>>,
    zone: Option<UserZone>,
}

impl<'c, 's> Reader<'c, 's> {
    /// Begins with nothing looked up.
    pub fn new(call: &'c mut Call<'s>) -> Self {
        Self { call, targets: BTreeMap::new(), zone: None }
    }

    /// The cells of a record under the names asked for, in their order; names that lead nowhere are left out. Without
    /// names, every field of the table.
    ///
    /// # Errors
    /// When the database fails.
    pub fn cells(
        &mut self,
        table: &Table,
        names: Option<&[String]>,
        record: &Record,
        journals: Option<&Projection>,
    ) -> Result<Vec<(String, Cell)>> {
        let all = || field_names(table);
        let names = names.map_or_else(all, <[String]>::to_vec);
        let mut cells = Vec::with_capacity(names.len());
        for name in names {
            if let Some(cell) = self.cell(record, &name, journals)? {
                cells.push((name, cell));
            }
        }
        Ok(cells)
    }

    /// The cells of a record under some names, empty where a name leads nowhere for the caller.
    ///
    /// # Errors
    /// When the database fails.
    pub fn named(&mut self, record: &Record, names: &[&str]) -> Result<Vec<Cell>> {
        names.iter().map(|name| Ok(self.cell(record, name, None)?.unwrap_or_default())).collect()
    }

    fn cell(&mut self, record: &Record, name: &str, journals: Option<&Projection>) -> Result<Option<Cell>> {
        let dictionary = self.call.dictionary.clone();
        let Some(class) = dictionary.table(record.id.table.as_str()) else { return Ok(None) };
        if class.kind == Kind::Document && JOURNALS.iter().any(|(journal, _)| *journal == name) {
            return self.journal(name, journals).map(Some);
        }
        let path: Vec<&str> = name.split('.').collect();
        let Some(fields) = dictionary.walk(class.name.as_str(), &path) else { return Ok(None) };
        if !fields.iter().all(|field| self.call.caller.may(&field.read)) {
            return Ok(None);
        }
        let mut at = record.clone();
        for field in &fields[..fields.len() - 1] {
            let target = at.reference(field.name.as_str());
            match self.walked(field, target)? {
                Some(next) => at = next,
                None => return Ok(Some(Cell::default())),
            }
        }
        self.shown(&at, fields[fields.len() - 1]).map(Some)
    }

    /// The record a dot-walk goes on in, `None` when there is none for this caller.
    fn walked(&mut self, field: &Field, target: Option<SysId>) -> Result<Option<Record>> {
        let (Some(table), Some(target)) = (&field.reference, target) else { return Ok(None) };
        let Some(record) = self.target(table, target)? else { return Ok(None) };
        let class = self.call.dictionary.table(record.id.table.as_str());
        if class.is_some_and(|class| self.call.caller.reads_all(class)) {
            return Ok(Some(record));
        }
        match table::get(self.call, table.as_str(), target) {
            Ok(detail) => Ok(Some(detail.record)),
            Err(TableError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn shown(&mut self, record: &Record, field: &Field) -> Result<Cell> {
        if let Some(identity) = self.identity(record, field) {
            return Ok(identity);
        }
        if field.name == *PASSWORD {
            return Ok(Cell { display_value: "********".into(), ..Cell::default() });
        }
        let Some(value) = record.get(field.name.as_str()) else { return Ok(Cell::default()) };
        let (display_value, target) = match (value, &field.reference) {
            (Value::Reference(id), Some(people)) if field.is_user_name() => {
                let name = self.target(people, *id)?.map_or_else(String::new, |user| user.text("user_name").to_owned());
                return Ok(Cell { value: name.clone(), display_value: name, target: None });
            }
            (Value::Time(moment), _) => (self.shown_time(*moment), None),
            (Value::Reference(id), Some(table)) => {
                (self.display(table, *id)?, Some(DocumentId { table: table.clone(), sys_id: *id }))
            }
            (Value::List(ids), Some(table)) => {
                let names = ids.iter().map(|id| self.display(table, *id)).collect::<Result<Vec<_>>>()?;
                (names.join(", "), None)
            }
            _ => (field.display(value), None),
        };
        Ok(Cell { value: value.to_string(), display_value, target })
    }

    /// A moment as the caller's clocks show it.
    fn shown_time(&mut self, moment: Timestamp) -> String {
        let call = &*self.call;
        self.zone.get_or_insert_with(|| call.callers_zone()).shown(moment)
    }

    /// The two fields that are the record's identity and are not stored.
    fn identity(&self, record: &Record, field: &Field) -> Option<Cell> {
        let plain = |value: String, display_value| Some(Cell { value, display_value, target: None });
        match field.name.as_str() {
            "sys_id" => plain(record.id.sys_id.to_string(), record.id.sys_id.to_string()),
            "sys_class_name" => {
                let class = self.call.dictionary.table(record.id.table.as_str());
                plain(record.id.table.to_string(), class.map_or_else(String::new, |class| class.label.clone()))
            }
            _ => None,
        }
    }

    /// What people read for a record, `""` when it is gone.
    fn display(&mut self, table: &TableName, id: SysId) -> Result<String> {
        let Some(record) = self.target(table, id)? else { return Ok(String::new()) };
        let class = self.call.dictionary.table(record.id.table.as_str());
        let Some(field) = class.and_then(|class| class.field(class.display.as_str())) else { return Ok(String::new()) };
        Ok(record.get(field.name.as_str()).map_or_else(String::new, |value| field.display(value)))
    }

    fn target(&mut self, table: &TableName, id: SysId) -> Result<Option<Record>> {
        let key = (table.clone(), id);
        if let Some(known) = self.targets.get(&key) {
            return Ok(known.clone());
        }
        let found = self.call.tx.find(self.call.dictionary.family(table.as_str()), id)?;
        self.targets.insert(key, found.clone());
        Ok(found)
    }

    /// A journal has no value of its own; people read its entries, newest first.
    fn journal(&mut self, name: &str, projection: Option<&Projection>) -> Result<Cell> {
        let Some(projection) = projection else { return Ok(Cell::default()) };
        let (entries, label) = match name {
            "comments" => (&projection.comments, JOURNALS[0].1),
            _ => (&projection.work_notes, JOURNALS[1].1),
        };
        let people = TableName::from("sys_user");
        let mut text = String::new();
        for Entry { by, at, what: Note { text: note }, .. } in entries.iter().rev() {
            let author = self.display(&people, *by)?;
            let at = self.shown_time(*at);
            text += &format!("{at} - {author} ({label})\n{note}\n\n");
        }
        Ok(Cell { display_value: text, ..Cell::default() })
    }
}

/// Every column of a table: its fields, and the journals of a document.
pub fn field_names(table: &Table) -> Vec<String> {
    let journals = JOURNALS.iter().filter(|_| table.kind == Kind::Document).map(|(name, _)| (*name).to_owned());
    table.fields.iter().map(|field| field.name.to_string()).chain(journals).collect()
}
