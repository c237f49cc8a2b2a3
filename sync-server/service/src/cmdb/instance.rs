//! Single configuration items: read with their relations, written through identification, related.

use std::collections::BTreeMap;

use fieldline_model::condition::Query;
use fieldline_model::{Record, SysId};
use serde::Deserialize;

use super::engine::Engine;
use super::payload::{Item, Payload};
use super::precedence::Precedence;
use super::rules::rule_for;
use super::{ROOT, check_may, is_class, is_source, relations};
use crate::call::Call;
use crate::question::Question;
use crate::table::{self, Detail, Result, TableError};

/// An item with its relations.
pub struct Instance {
    /// The item.
    pub detail: Detail,
    /// `cmdb_rel_ci` records whose child it is.
    pub inbound: Vec<Record>,
    /// `cmdb_rel_ci` records whose parent it is.
    pub outbound: Vec<Record>,
}

/// A relation to an item on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct End {
    /// Its `cmdb_rel_type`.
    #[serde(rename = "type")]
    pub kind: SysId,
    /// The other item.
    pub target: SysId,
}

/// What is written about an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Its fields.
    pub attributes: BTreeMap<String, String>,
    /// Relations whose child it is.
    pub inbound: Vec<End>,
    /// Relations whose parent it is.
    pub outbound: Vec<End>,
    /// Who says so, a choice of `cmdb_ci.discovery_source`.
    pub source: String,
}

/// An item of a class, with its relations.
///
/// # Errors
/// When there is no such item of this class for the caller.
pub fn read(call: &mut Call<'_>, class: &str, sys_id: SysId) -> Result<Instance> {
    let detail = table::get(call, class, sys_id)?;
    let related = |call: &Call<'_>, field: &str| {
        let query = Query::parse(&format!("{field}={sys_id}^ORDERBYsys_created_on")).query;
        Question::new(call, "cmdb_rel_ci", &query)?.records(call, u32::MAX, 0)
    };
    Ok(Instance { detail, inbound: related(call, "child")?, outbound: related(call, "parent")? })
}

/// Creates an item, unless it is recognised: then it is changed. Answers its identity.
///
/// # Errors
/// When the caller may not, the source is unknown, the item cannot be recognised, or a relation leads nowhere.
pub fn create(call: &mut Call<'_>, class: &str, told: &Told) -> Result<SysId> {
    check_may(call)?;
    check_source(call, class, &told.source)?;
    let named = told.attributes.get("sys_class_name").filter(|named| call.dictionary.is_a(named, class));
    let class = named.cloned().unwrap_or_else(|| class.to_owned());
    let item = Item { class_name: class.clone(), values: told.attributes.clone(), ..Item::default() };
    let payload = Payload { items: vec![item], ..Payload::default() };
    let hosts = rule_for(&call.dictionary, &class).map(|rule| rule.hosts.as_slice()).unwrap_or_default();
    let mut host = None;
    for name in hosts {
        let kind = relations::type_named(call, name)?;
        host = host.or_else(|| told.outbound.iter().find(|end| Some(end.kind) == kind).map(|end| end.target));
    }
    let mut engine = Engine::new(call, &told.source, &payload)?;
    engine.hosts.extend(host.map(|host| (0, host)));
    let outcome = engine.run()?;
    let item = outcome.items.first();
    let made = item.and_then(|item| item.sys_id.parse().ok());
    let problem = || item.and_then(|item| item.errors.first()).map_or_else(String::new, |error| error.message.clone());
    let sys_id = made.ok_or_else(|| TableError::invalid(&class, None, problem()))?;
    relate(call, sys_id, told)?;
    Ok(sys_id)
}

/// Changes an item's fields.
///
/// # Errors
/// When there is no such item, the source is unknown, or a field does not fit.
pub fn update(call: &mut Call<'_>, class: &str, sys_id: SysId, told: &Told) -> Result<()> {
    check_source(call, class, &told.source)?;
    let known = table::get(call, class, sys_id)?.record;
    let item = Item { class_name: known.id.table.to_string(), values: told.attributes.clone(), ..Item::default() };
    let rules = Precedence::read(call)?;
    super::reconcile::write(call, &rules, &item, &told.source, Some(known)).map(drop)
}

/// Relates an item to others.
///
/// # Errors
/// When there is no such item, or a relation leads nowhere.
pub fn add_relations(call: &mut Call<'_>, class: &str, sys_id: SysId, told: &Told) -> Result<()> {
    check_source(call, class, &told.source)?;
    table::get(call, class, sys_id)?;
    relate(call, sys_id, told)
}

/// Ends a relation of an item.
///
/// # Errors
/// When the item has no such relation.
pub fn remove_relation(call: &mut Call<'_>, class: &str, sys_id: SysId, relation: SysId) -> Result<()> {
    table::get(call, class, sys_id)?;
    relations::unrelate(call, sys_id, relation)
}

fn relate(call: &mut Call<'_>, sys_id: SysId, told: &Told) -> Result<()> {
    for end in told.inbound.iter().chain(&told.outbound) {
        table::get(call, ROOT, end.target)?;
        table::get(call, "cmdb_rel_type", end.kind)?;
    }
    for end in &told.inbound {
        relations::relate(call, end.target, sys_id, end.kind)?;
    }
    for end in &told.outbound {
        relations::relate(call, sys_id, end.target, end.kind)?;
    }
    Ok(())
}

fn check_source(call: &Call<'_>, class: &str, source: &str) -> Result<()> {
    if !is_class(call, class) {
        return Err(TableError::NotFound(format!("class {class}")));
    }
    if is_source(call, source) {
        return Ok(());
    }
    let problem = "source must be a choice of the field discovery_source of cmdb_ci, such as ServiceNow";
    Err(TableError::invalid(class, None, problem))
}

/// Every record of a class that a query matches, for the caller.
///
/// # Errors
/// When there is no such class.
pub fn list(call: &Call<'_>, class: &str, query: &str, (limit, offset): (u32, u32)) -> Result<Vec<Record>> {
    if !is_class(call, class) {
        return Err(TableError::NotFound(format!("class {class}")));
    }
    Question::new(call, class, &Query::parse(query).query)?.records(call, limit, offset)
}
