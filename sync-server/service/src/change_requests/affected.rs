//! Which items, services and offerings a change touches.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId};

use super::worker::{self, Messages};
use super::{CHANGES, Wanted, equals, listed};
use crate::call::Call;
use crate::cmdb::impact;
use crate::table::{self, Input, Result};

/// How a change touches something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Association {
    /// An item that is changed.
    Affected,
    /// A service that depends on it.
    Impacted,
    /// An offering of such a service.
    Offering,
}

impl Association {
    /// Reads its word.
    pub fn read(word: &str) -> Option<Self> {
        [Self::Affected, Self::Impacted, Self::Offering].into_iter().find(|one| one.word() == word)
    }

    /// Its word in requests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::Impacted => "impacted",
            Self::Offering => "offering",
        }
    }

    /// The table it is kept in, that table's field, and what the field refers to.
    fn kept(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Affected => ("task_ci", "ci_item", "cmdb_ci"),
            Self::Impacted => ("task_cmdb_ci_service", "cmdb_ci_service", "cmdb_ci_service"),
            Self::Offering => ("task_service_offering", "service_offering", "service_offering"),
        }
    }
}

/// What a change touches in one way, for the caller.
///
/// # Errors
/// When there is no such change for the caller.
pub fn list(call: &mut Call<'_>, change: SysId, how: Association, wanted: &Wanted) -> Result<Vec<Record>> {
    table::get(call, CHANGES, change)?;
    listed(call, how.kept().0, &[equals("task", &change.to_string())], wanted)
}

/// Says that a change touches items.
///
/// # Errors
/// When there is no such change for the caller, or the caller may not.
pub fn add(call: &mut Call<'_>, change: SysId, how: Association, items: &[String]) -> Result<Record> {
    table::get(call, CHANGES, change)?;
    let (_, _, target) = how.kept();
    let mut messages = Messages::default();
    for item in items {
        let sys_id = item.parse::<SysId>().ok();
        let found = sys_id.map(|sys_id| call.tx.find(call.dictionary.family(target), sys_id)).transpose()?.flatten();
        match found {
            None => messages.warnings.push(format!("Invalid CMDB_CI sys_id provided: {item}")),
            Some(found) => {
                if !associate(call, change, how, found.id.sys_id)? {
                    messages.infos.push(format!("CMDB_CI sys_id already associated: {item}"));
                }
            }
        }
    }
    let request = serde_json::json!({
        "cmdb_ci_sys_ids": items, "association_type": how.word(), "task": change.to_string(),
    });
    worker::done(call, Some(change), how.word(), &request, &messages, None)
}

/// Finds the services that depend on a change's items and says that it touches them.
///
/// # Errors
/// When there is no such change for the caller, or the caller may not.
pub fn refresh_services(call: &mut Call<'_>, change: SysId) -> Result<Record> {
    let record = table::get(call, CHANGES, change)?.record;
    let items = items_of(call, &record)?;
    for service in impact::services_above(call, &items)? {
        associate(call, change, Association::Impacted, service)?;
    }
    let request = serde_json::json!({ "task": change.to_string() });
    worker::done(call, Some(change), Association::Impacted.word(), &request, &Messages::default(), None)
}

/// The items a change touches: its own and the affected ones.
pub(super) fn items_of(call: &Call<'_>, change: &Record) -> Result<BTreeSet<SysId>> {
    let affected = call.rows("task_ci", &Filter::equals("task", change.id.sys_id))?;
    let affected = affected.iter().filter_map(|row| row.reference("ci_item"));
    Ok(affected.chain(change.reference("cmdb_ci")).collect())
}

/// Whether that is new.
fn associate(call: &mut Call<'_>, change: SysId, how: Association, item: SysId) -> Result<bool> {
    let (table, field, _) = how.kept();
    let known = Filter::equals("task", change).and(Filter::equals(field, item));
    if !call.some_rows(table, &known, 1)?.is_empty() {
        return Ok(false);
    }
    let (change, item) = (change.to_string(), item.to_string());
    table::create(call, table, &Input::of(&[("task", &change), (field, &item)]))?;
    Ok(true)
}
