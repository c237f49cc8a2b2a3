//! What sources said of an item: who wrote an attribute last, and what each of them reports.
//!
//! Kept only for attributes that rules say something of, in rows that have the `sys_id` of their item.

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, Record, SysId, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::{Result, ServiceError};

const HISTORY: &str = "cmdb_datasource_last_update";
const REPORTED: &str = "cmdb_multisource_data";

/// Who wrote an attribute last, and when that was said last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Last {
    pub source: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// What a source reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    pub value: String,
    /// When it first reported this value, in milliseconds since 1970.
    pub first: i64,
    /// When it last did.
    pub last: i64,
}

/// What sources said of one item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// By attribute.
    pub last: BTreeMap<String, Last>,
    /// By attribute and source.
    pub reported: BTreeMap<String, BTreeMap<String, Report>>,
}

impl Sources {
    /// Reads what is kept of an item.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(call: &Call<'_>, item: SysId) -> Result<Self> {
        Ok(Self { last: kept(call, HISTORY, item)?, reported: kept(call, REPORTED, item)? })
    }

    /// Keeps what differs from what was kept.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep(&self, call: &mut Call<'_>, item: SysId, before: &Self) -> Result<()> {
        if self.last != before.last {
            keep(call, HISTORY, item, &self.last)?;
        }
        if self.reported != before.reported {
            keep(call, REPORTED, item, &self.reported)?;
        }
        Ok(())
    }

    /// Notes that a source wrote an attribute, or said again what it wrote.
    pub fn wrote(&mut self, attribute: &str, source: &str, now: i64) {
        self.last.insert(attribute.to_owned(), Last { source: source.to_owned(), at: now });
    }

    /// Notes what a source reports of an attribute; all that is reported of it.
    pub fn report(&mut self, attribute: &str, source: &str, value: &str, now: i64) -> &BTreeMap<String, Report> {
        let reported = self.reported.entry(attribute.to_owned()).or_default();
        let first = reported.get(source).filter(|report| report.value == value).map_or(now, |report| report.first);
        reported.insert(source.to_owned(), Report { value: value.to_owned(), first, last: now });
        reported
    }
}

impl Call<'_> {
    /// Forgets what sources said of an item that is gone.
    pub(crate) fn forget_sources(&mut self, item: SysId) -> Result<()> {
        for table in [HISTORY, REPORTED] {
            if let Some(row) = self.row(&DocumentId::new(table, item))? {
                self.remove_row(&row)?;
            }
        }
        Ok(())
    }
}

fn kept<T: DeserializeOwned + Default>(call: &Call<'_>, table: &str, item: SysId) -> Result<T> {
    let Some(row) = call.row(&DocumentId::new(table, item))? else { return Ok(T::default()) };
    serde_json::from_str(row.text("attributes")).map_err(|problem| ServiceError::damaged(&row.id, problem))
}

fn keep(call: &mut Call<'_>, table: &str, item: SysId, what: &impl Serialize) -> Result<()> {
    let mut row = Record::new(DocumentId::new(table, item));
    let text = serde_json::to_string(what).expect("texts and numbers can be written as JSON");
    row.set("cmdb_ci", Some(Value::Reference(item)));
    row.set("attributes", Some(Value::text(text)));
    call.put_row(row)
}
