//! Recognises an item: the entries of its class's rule, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::{Alone, Filter, Query};
use fieldline_model::{Record, SysId};

use super::payload::{Attempt, AttemptResult, Companion, Item};
use super::rules::{Entry, Rule, rule_for};
use crate::call::Call;
use crate::error::Result;

/// What trying a rule's entries came to.
pub(super) struct Identified {
    pub attempts: Vec<Attempt>,
    pub entry: Option<SysId>,
    pub found: Found,
}

/// Which record an item is.
pub(super) enum Found {
    One(Record),
    Several {
        records: Vec<Record>,
        fields: String,
        table: String,
    },
    None,
    /// Nothing was sent that it could be recognised by.
    Untried,
}

/// Tries the entries in their order until one finds something.
pub(super) fn identify(call: &Call<'_>, rule: &Rule, item: &Item, host: Option<SysId>) -> Result<Identified> {
    let mut identified = Identified { attempts: Vec::new(), entry: None, found: Found::Untried };
    let hosted = host.map(|host| hosted_by(call, rule, host)).transpose()?;
    for entry in &rule.entries {
        let records = match &entry.table {
            Some(table) => by_companions(call, item, entry, table)?,
            None => by_own_values(call, rule, item, entry, hosted.as_ref())?,
        };
        let counts = |record: &Record| {
            record.reference("duplicate_of").is_none()
                && call.dictionary.is_a(record.id.table.as_str(), &rule.applies_to)
                && hosted.as_ref().is_none_or(|hosted| hosted.contains(&record.id.sys_id))
        };
        let records = records.map(|records| records.into_iter().filter(counts).collect::<Vec<_>>());
        let table = entry.table.as_deref().unwrap_or(&rule.applies_to).to_owned();
        let result = match records.as_deref() {
            None => AttemptResult::Skipped,
            Some([]) => AttemptResult::NoMatch,
            Some([_]) => AttemptResult::Matched,
            Some(_) => AttemptResult::MultiMatch,
        };
        identified.attempts.push(Attempt {
            identifier_name: rule.name.clone(),
            attempt_result: result,
            attributes: entry.attributes.clone(),
            search_on_table: table.clone(),
            hybrid_entry_ci_attributes: [],
        });
        let Some(mut records) = records else { continue };
        identified.entry = Some(rule.identity(entry));
        identified.found = match records.len() {
            0 => Found::None,
            1 => Found::One(records.swap_remove(0)),
            _ => Found::Several { records, fields: entry.attributes.join(", "), table },
        };
        if !matches!(identified.found, Found::None) {
            break;
        }
    }
    Ok(identified)
}

/// The values of an entry's attributes, `None` when one was not sent.
pub(super) fn values<'v>(
    attributes: &'v [String],
    sent: &'v BTreeMap<String, String>,
) -> Option<Vec<(&'v str, &'v str)>> {
    let own = attributes.iter().filter(|name| *name != CLASS);
    own.map(|name| Some((name.as_str(), sent.get(name).filter(|text| !text.is_empty())?.as_str()))).collect()
}

const CLASS: &str = "sys_class_name";

/// The items with the values sent; of a class that does not stand alone only those of its host, which are few.
fn by_own_values(
    call: &Call<'_>,
    rule: &Rule,
    item: &Item,
    entry: &Entry,
    hosted: Option<&BTreeSet<SysId>>,
) -> Result<Option<Vec<Record>>> {
    let Some(values) = values(&entry.attributes, &item.values) else { return Ok(None) };
    let mut records = match hosted {
        None => call.rows_with(&rule.applies_to, &values)?,
        Some(hosted) => {
            let filter = call.filter_of(&rule.applies_to, &values);
            let family = call.dictionary.family(&rule.applies_to);
            let found = hosted.iter().map(|id| Ok(call.tx.find(family, *id)?)).collect::<Result<Vec<_>>>()?;
            let fits = |record: &Record| filter.as_ref().is_some_and(|filter| filter.matches(record, &Alone));
            found.into_iter().flatten().filter(fits).collect()
        }
    };
    if entry.attributes.iter().any(|name| name == CLASS) {
        records.retain(|record| record.id.table == *item.class_name);
    }
    Ok(Some(records))
}

/// The items that records like the ones sent refer to.
fn by_companions(call: &Call<'_>, item: &Item, entry: &Entry, table: &str) -> Result<Option<Vec<Record>>> {
    let Some(reference) = &entry.reference else { return Ok(None) };
    let sent = item.lookup.iter().filter(|lookup| lookup.class_name == table);
    let sent: Vec<_> = sent.filter_map(|lookup: &Companion| values(&entry.attributes, &lookup.values)).collect();
    if sent.is_empty() {
        return Ok(None);
    }
    let counts = Query::parse(entry.condition.as_deref().unwrap_or_default()).query;
    let counts = counts.resolve(table, &call.anybody()).filter;
    let mut candidates: Option<BTreeSet<SysId>> = None;
    for values in &sent {
        let rows = call.rows_with(table, values)?;
        let rows = rows.iter().filter(|row| counts.matches(row, &Alone));
        let items: BTreeSet<SysId> = rows.filter_map(|row| row.reference(reference)).collect();
        candidates = Some(candidates.map_or(items.clone(), |known| known.intersection(&items).copied().collect()));
    }
    let mut records = Vec::new();
    for candidate in candidates.unwrap_or_default() {
        let has = call.rows(table, &Filter::equals(reference, candidate))?;
        let has = has.iter().filter(|row| counts.matches(row, &Alone)).count();
        if !entry.exact_count || has == sent.len() {
            records.extend(call.tx.find(call.dictionary.family(super::ROOT), candidate)?);
        }
    }
    Ok(Some(records))
}

/// The items with a relation to a host that the rule goes by.
fn hosted_by(call: &Call<'_>, rule: &Rule, host: SysId) -> Result<BTreeSet<SysId>> {
    let mut types = BTreeSet::new();
    for name in &rule.hosts {
        types.extend(
            call.rows("cmdb_rel_type", &Filter::equals("name", name.as_str()))?.iter().map(|row| row.id.sys_id),
        );
    }
    let relations = call.rows("cmdb_rel_ci", &Filter::equals("child", host))?;
    let relations = relations.iter().filter(|row| row.reference("type").is_some_and(|kind| types.contains(&kind)));
    Ok(relations.filter_map(|row| row.reference("parent")).collect())
}

/// A class, and the fields by which an item of it is recognised with their values.
pub(super) type Key = (String, Vec<(String, String)>);

/// By what an item would be recognised first; a dependent one also goes by its host, so that alone it has no key.
pub(super) fn key(call: &Call<'_>, item: &Item) -> Option<Key> {
    let rule = rule_for(&call.dictionary, &item.class_name).filter(|rule| rule.hosts.is_empty())?;
    let mut entries = rule.entries.iter().filter(|entry| entry.table.is_none());
    let values = entries.find_map(|entry| values(&entry.attributes, &item.values))?;
    let values = values.into_iter().map(|(name, text)| (name.to_owned(), text.to_lowercase()));
    Some((item.class_name.clone(), values.collect()))
}

/// A rule, the order of one of its entries, and what an item has for it.
pub(super) type OwnKey = (String, u32, Vec<String>);

/// By what an item on record would be recognised first among those that its own values tell apart, and the fields that do.
pub(super) fn own_key(rule: &Rule, item: &Record) -> Option<(OwnKey, String)> {
    let entries = rule.entries.iter().filter(|entry| entry.table.is_none());
    entries.into_iter().find_map(|entry| {
        let values = entry.attributes.iter().map(|name| Some(item.get(name)?.to_string().to_lowercase()));
        let values = values.collect::<Option<Vec<_>>>()?;
        Some(((rule.name.clone(), entry.order, values), entry.attributes.join(",")))
    })
}
