//! Writes what a source may say about one item: a new record, or the fields of a known one, and its class.
//!
//! Where `cmdb_reconciliation_definition` rows name sources for a class and field, only these write it once it is filled, and
//! none over one that is believed before it. Rows of a nearer class go before those of one above, rows that name fields before
//! those for all.

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, Record, SysId, Value};

use super::payload::{Info, Item, Operation};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Input, Result};

/// What was written.
pub(super) struct Written {
    pub operation: Operation,
    pub sys_id: SysId,
    pub info: Vec<Info>,
}

/// Creates the item or changes what is known of it.
///
/// # Errors
/// When the caller may not, or a value does not fit.
pub(super) fn write(call: &mut Call<'_>, item: &Item, source: &str, known: Option<Record>) -> Result<Written> {
    let now = Value::Time(call.now).to_string();
    let seen = item.sys_object_source_info.as_ref().and_then(|info| info.source_recency_timestamp.clone());
    let seen = seen.unwrap_or_else(|| now.clone());
    let Some(mut known) = known else {
        let mut fields = fields(call, item, &item.class_name);
        fields.insert("discovery_source".into(), source.into());
        fields.entry("first_discovered".into()).or_insert(now);
        fields.insert("last_discovered".into(), seen);
        let made = table::create(call, &item.class_name, &Input { fields, as_displayed: false })?;
        return Ok(Written { operation: Operation::Insert, sys_id: made.record.id.sys_id, info: Vec::new() });
    };
    let (changed_class, info) = reclassify(call, item, &mut known)?;
    let class = known.id.table.to_string();
    let mut fields = fields(call, item, &class);
    let definitions = definitions(call)?;
    fields.retain(|field, _| may_say(call, &definitions, source, &known, field));
    table::update(call, &class, known.id.sys_id, &Input { fields, as_displayed: false })?;
    let differs = call.row(&known.id)?.as_ref() != Some(&known);
    stamp(call, &known, &definitions, source, &seen)?;
    let operation = changed_class.unwrap_or(if differs { Operation::Update } else { Operation::NoChange });
    Ok(Written { operation, sys_id: known.id.sys_id, info })
}

/// The fields sent that the class has.
fn fields(call: &Call<'_>, item: &Item, class: &str) -> BTreeMap<String, String> {
    let table = call.dictionary.table(class);
    let is_known = |name: &str| table.is_some_and(|table| table.field(name).is_some()) && !name.starts_with("sys_");
    let sent = item.values.iter().filter(|(name, _)| is_known(name));
    sent.map(|(name, text)| (name.clone(), text.clone())).collect()
}

/// Says who saw the item last; the source that is believed first keeps its name on it.
fn stamp(call: &mut Call<'_>, known: &Record, definitions: &[Definition], source: &str, seen: &str) -> Result<()> {
    let mut fields = vec![("last_discovered", seen)];
    if may_say(call, definitions, source, known, "discovery_source") {
        fields.push(("discovery_source", source));
    }
    table::update(call, known.id.table.as_str(), known.id.sys_id, &Input::of(&fields)).map(drop)
}

/// Brings a record to the class the source says it is of, unless that is not wanted.
fn reclassify(call: &mut Call<'_>, item: &Item, known: &mut Record) -> Result<(Option<Operation>, Vec<Info>)> {
    let (from, to) = (known.id.table.to_string(), item.class_name.as_str());
    if from == to {
        return Ok((None, Vec::new()));
    }
    let settings = item.settings;
    let (operation, unwanted, code) = if call.dictionary.is_a(to, &from) {
        (Operation::UpdateWithUpgrade, settings.update_without_upgrade, "SKIPPED_CLASS_UPGRADE")
    } else if call.dictionary.is_a(&from, to) {
        (Operation::UpdateWithDowngrade, settings.update_without_downgrade, "SKIPPED_CLASS_DOWNGRADE")
    } else {
        (Operation::UpdateWithSwitch, settings.update_without_switch, "SKIPPED_CLASS_SWITCH")
    };
    if unwanted {
        let message = format!("it stays a {from}: the settings of the item do not want it to become a {to}");
        return Ok((None, vec![Info { code, message }]));
    }
    let declared = table::declared(call, to)?;
    let mut moved = Record::new(DocumentId::new(declared.name.clone(), known.id.sys_id));
    for (field, value) in known.fields.iter().filter(|(field, _)| declared.field(field.as_str()).is_some()) {
        moved.set(field.clone(), Some(value.clone()));
    }
    // The right to write the class is the right to move a record into it.
    table::update(call, &from, known.id.sys_id, &Input::default())?;
    call.remove_row(known)?;
    call.put_row(moved)?;
    *known = call.row(&DocumentId::new(declared.name.clone(), known.id.sys_id))?.unwrap_or_else(|| known.clone());
    Ok((Some(operation), Vec::new()))
}

/// Which source is believed about what.
struct Definition {
    class: String,
    attributes: Vec<String>,
    source: String,
    priority: i64,
}

fn definitions(call: &Call<'_>) -> Result<Vec<Definition>> {
    let rows = call.rows_of_query("cmdb_reconciliation_definition", "active=true")?;
    let names = |row: &Record| {
        let names = row.text("attributes").split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    };
    let read = |row: &Record| Definition {
        class: row.text("applies_to").to_owned(),
        attributes: names(row),
        source: row.text("discovery_source").to_owned(),
        priority: number_field(row, "priority").unwrap_or(100),
    };
    Ok(rows.iter().map(read).collect())
}

/// Whether a source may write a field of a known record.
fn may_say(call: &Call<'_>, definitions: &[Definition], source: &str, known: &Record, field: &str) -> bool {
    let Some(rank) = ranks(call, definitions, known.id.table.as_str(), field) else { return true };
    let rank_of = |source: &str| rank.iter().filter(|one| one.source == source).map(|one| one.priority).min();
    match rank_of(source) {
        _ if known.get(field).is_none() => true,
        None => false,
        Some(own) => rank_of(known.text("discovery_source")).is_none_or(|other| own <= other),
    }
}

/// The definitions that hold for a field of a class, `None` when there are none.
fn ranks<'d>(call: &Call<'_>, definitions: &'d [Definition], class: &str, field: &str) -> Option<Vec<&'d Definition>> {
    let of_class: Vec<&Definition> = definitions.iter().filter(|one| one.class == class).collect();
    let named = of_class.iter().filter(|one| one.attributes.iter().any(|name| name == field));
    let for_all = of_class.iter().filter(|one| one.attributes.is_empty());
    let own = [named.copied().collect::<Vec<_>>(), for_all.copied().collect()];
    let nearest = own.into_iter().find(|found| !found.is_empty());
    nearest.or_else(|| ranks(call, definitions, call.dictionary.table(class)?.extends.as_ref()?.as_str(), field))
}
