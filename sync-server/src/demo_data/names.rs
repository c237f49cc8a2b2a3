//! What rows call each other by, and the identities behind it.
//!
//! A row's `sys_id` follows from its table and key, so loading twice makes nothing twice. A row that is there already under
//! another identity, such as the administrator of the first start, keeps that one and is what the others refer to.

use std::collections::BTreeMap;

use fieldline_model::condition::Query;
use fieldline_model::dictionary::{Field, FieldType};
use fieldline_model::{Dictionary, SysId, TableName, Timestamp};
use fieldline_service::named::sys_id_of;
use fieldline_service::{Call, question};

use super::files::{Row, Sheet};
use super::moment;
use crate::failed::Failed;

/// The identities of all rows.
pub struct Names {
    ids: BTreeMap<(TableName, String), SysId>,
    now: Timestamp,
}

impl Names {
    /// Learns who is who, before anything is loaded: rows refer to later ones, too.
    ///
    /// # Errors
    /// When the database fails or a `sys_id` of a file is none.
    pub fn learn(call: &Call<'_>, dictionary: &Dictionary, sheets: &[Sheet]) -> Result<Self, Failed> {
        let mut names = Self { ids: BTreeMap::new(), now: call.now };
        for sheet in sheets {
            for row in &sheet.rows {
                let id = identity(call, sheet, row)?;
                let display = dictionary.table(sheet.table.as_str()).map(|table| table.display.as_str());
                let called = display.into_iter().chain(["user_name"]).filter_map(|field| row.get(field));
                let called: Vec<String> = called.map(str::to_lowercase).chain([row.key().to_lowercase()]).collect();
                for table in lineage(dictionary, &sheet.table) {
                    names.ids.extend(called.iter().map(|text| ((table.clone(), text.clone()), id)));
                }
            }
        }
        Ok(names)
    }

    /// The identity of a row.
    pub fn of(&self, table: &TableName, row: &Row) -> Option<SysId> {
        self.find(table, &row.key())
    }

    fn find(&self, table: &TableName, text: &str) -> Option<SysId> {
        self.ids.get(&(table.clone(), text.to_lowercase())).copied()
    }

    /// A cell as the record API takes it: references by identity, moments absolute.
    ///
    /// # Errors
    /// When it names nobody.
    pub fn resolved(&self, field: &Field, text: &str) -> Result<String, Failed> {
        let of = |name: &str| {
            let table = field.reference.as_ref().expect("the dictionary's references name a table");
            let missing = || Failed::Usage(format!("the demo data: no {table} is called \"{name}\" ({})", field.name));
            self.find(table, name).map(|id| id.to_string()).ok_or_else(missing)
        };
        match field.field_type {
            FieldType::Reference => of(text),
            FieldType::GlideList => Ok(text.split(';').map(of).collect::<Result<Vec<_>, _>>()?.join(",")),
            FieldType::GlideDateTime => Ok(moment::read(text, self.now).map_or(text.to_owned(), |at| at.to_string())),
            _ => Ok(text.to_owned()),
        }
    }
}

fn identity(call: &Call<'_>, sheet: &Sheet, row: &Row) -> Result<SysId, Failed> {
    let known: Vec<String> = row.marked().map(|(field, text)| format!("{field}={text}")).collect();
    if !known.is_empty() {
        let query = Query::parse(&known.join("^")).query;
        if let Some(found) = question::query(call, sheet.table.as_str(), &query, 1, 0)?.records.pop() {
            return Ok(found.id.sys_id);
        }
    }
    match row.get("sys_id") {
        Some(text) => text.parse().map_err(|problem| Failed::Usage(format!("the demo data: {problem}"))),
        None => Ok(derived(&sheet.table, &row.key())),
    }
}

fn derived(table: &TableName, key: &str) -> SysId {
    sys_id_of(format!("demo-data/{table}/{key}"))
}

/// A table and those it extends.
fn lineage(dictionary: &Dictionary, table: &TableName) -> Vec<TableName> {
    let parent = |name: &TableName| dictionary.table(name.as_str()).and_then(|table| table.extends.clone());
    std::iter::successors(Some(table.clone()), parent).collect()
}
