//! All that customers see. They read no table: each answer is made here of the fields named here, so that nothing of the house can
//! slip in with a field that somebody adds later.
//!
//! * [`cases`] lists and tells cases, and is where customers open, answer, accept, reject, close and rate them.
//! * [`visits`] tells when somebody comes, [`things`] what a customer has and is entitled to.
//!
//! Of the people of the house a customer learns the first name.

pub mod cases;
pub mod things;
pub mod visits;

use fieldline_model::condition::{Filter, Path, Sort};
use fieldline_model::{Record, SysId};
use fieldline_storage::{EVERYTHING, Selection};
use serde::Serialize;

use super::customers::Customer;
use crate::call::Call;
use crate::table::Result;

/// Records in one answer when nobody says how many, and the most.
pub const USUAL_LIMIT: u32 = 50;
/// The most records in one answer.
pub const MOST: u32 = 200;

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// How many.
    pub limit: u32,
    /// How many before them.
    pub offset: u32,
}

/// A value people read beside what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// As stored.
    pub value: String,
    /// As people read it.
    pub label: String,
}

/// Part of the records of a table that a filter holds for, the newest first.
fn newest(call: &Call<'_>, table: &str, filter: &Filter, by: &str, part: Part) -> Result<Vec<Record>> {
    let order = [by, "sys_id"].map(|field| Sort { path: Path::of(field), descending: true });
    let tables = call.dictionary.family(table);
    let selection = Selection { tables, filter, order: &order, sight: &EVERYTHING };
    Ok(call.tx.select(&selection, part.limit.min(MOST), part.offset)?)
}

/// A choice field.
fn choice(call: &Call<'_>, record: &Record, field: &str) -> Shown {
    let value = record.get(field);
    let declared = call.dictionary.table(record.id.table.as_str()).and_then(|table| table.field(field));
    let label = declared.zip(value).map(|(field, value)| field.display(value)).unwrap_or_default();
    Shown { value: value.map(ToString::to_string).unwrap_or_default(), label }
}

/// What people call the record that a field names.
fn called(call: &Call<'_>, record: &Record, field: &str) -> Result<Option<String>> {
    let declared = call.dictionary.table(record.id.table.as_str()).and_then(|table| table.field(field));
    let Some((target, id)) = declared.and_then(|field| field.reference.clone()).zip(record.reference(field)) else {
        return Ok(None);
    };
    let found = call.tx.find(call.dictionary.family(target.as_str()), id)?;
    let name = |found: &Record| {
        let display = call.dictionary.table(found.id.table.as_str()).map(|table| table.display.clone());
        display.map(|display| found.text(display.as_str()).to_owned())
    };
    Ok(found.as_ref().and_then(name).filter(|name| !name.is_empty()))
}

/// How a customer reads who somebody is: customers by name, people of the house by first name, and what does itself as nobody.
fn person(call: &Call<'_>, user: SysId) -> Result<Option<String>> {
    if user == call.server.identity().system_user {
        return Ok(None);
    }
    let Some(row) = call.tx.find(call.dictionary.family("sys_user"), user)? else { return Ok(None) };
    let name = if call.is_customer(user)? { row.text("name") } else { first_name(&row) };
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}

fn first_name(user: &Record) -> &str {
    match user.text("first_name") {
        "" => user.text("name").split_whitespace().next().unwrap_or_default(),
        first => first,
    }
}

/// The caller as a customer.
fn customer(call: &Call<'_>) -> Result<Customer> {
    Customer::calling(call)
}
