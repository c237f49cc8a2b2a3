//! Writes what a source may say about one item: a new record, or the fields of a known one, and its class.
//!
//! `precedence.rs` says which source may write an attribute, `sources.rs` keeps what each of them said. Of an attribute that
//! ranked sources write, one accepts updates of whoever wrote it last or is believed as much, until whoever wrote it has been
//! silent for long enough; an empty value overwrites nothing unless a rule says so. Who comes first writes all.

use std::collections::BTreeMap;

use fieldline_model::{DocumentId, Record, SysId, Value};

use super::payload::{Info, Item, Operation};
use super::precedence::{Precedence, Ranked, Ruled};
use super::sources::Sources;
use crate::call::Call;
use crate::change_requests::unauthorized;
use crate::changes::Changes;
use crate::table::{self, Input, Result};

/// Says which source an item was seen by; a source that may not write it leaves it.
const SEEN_BY: &str = "discovery_source";

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
pub(super) fn write(
    call: &mut Call<'_>,
    rules: &Precedence,
    item: &Item,
    source: &str,
    known: Option<Record>,
) -> Result<Written> {
    let seen = item.sys_object_source_info.as_ref().and_then(|info| info.source_recency_timestamp.clone());
    let seen = seen.unwrap_or_else(|| Value::Time(call.now).to_string());
    match known {
        Some(known) => update(call, rules, item, source, known, &seen),
        None => insert(call, rules, item, source, seen),
    }
}

fn insert(call: &mut Call<'_>, rules: &Precedence, item: &Item, source: &str, seen: String) -> Result<Written> {
    let mut fields = fields(call, item, &item.class_name);
    fields.insert(SEEN_BY.into(), source.into());
    fields.entry("first_discovered".into()).or_insert_with(|| Value::Time(call.now).to_string());
    fields.insert("last_discovered".into(), seen);
    let mut sources = Sources::default();
    for (field, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
        match rules.of(&call.dictionary, &item.class_name, field) {
            Ruled::Free => {}
            Ruled::Ranked(_) => sources.wrote(field, source, call.now.0),
            Ruled::Chosen(_) => drop(sources.report(field, source, text, call.now.0)),
        }
    }
    let made = table::create(call, &item.class_name, &Input { fields, as_displayed: false })?;
    let sys_id = made.record.id.sys_id;
    sources.keep(call, sys_id, &Sources::default())?;
    Ok(Written { operation: Operation::Insert, sys_id, info: Vec::new() })
}

fn update(
    call: &mut Call<'_>,
    rules: &Precedence,
    item: &Item,
    source: &str,
    mut known: Record,
    seen: &str,
) -> Result<Written> {
    let sys_id = known.id.sys_id;
    // An item is refused for any value that does not fit, before anything of it is written.
    let input = Input { fields: fields(call, item, &item.class_name), as_displayed: false };
    Changes::read(call, &*table::declared(call, &item.class_name)?, &known, &input, false)?;
    let before = Sources::read(call, sys_id)?;
    let (changed_class, info) = reclassify(call, item, &mut known)?;
    let mut said = Said { call, rules, source, known: &known, sources: before.clone() };
    let fields = said.accepted(fields(said.call, item, known.id.table.as_str()));
    let stamp = said.accepted(BTreeMap::from([(SEEN_BY.to_owned(), source.to_owned())]));
    let after = said.sources;
    let class = known.id.table.as_str();
    table::update(call, class, sys_id, &Input { fields, as_displayed: false })?;
    let found = call.row(&known.id)?;
    let differs = found.as_ref() != Some(&known);
    if let Some(found) = found.filter(|_| differs) {
        unauthorized::drifted(call, &known, &found, source)?;
    }
    let stamp = stamp.into_iter().chain([("last_discovered".to_owned(), seen.to_owned())]).collect();
    table::update(call, class, sys_id, &Input { fields: stamp, as_displayed: false })?;
    // A change of class takes along what is kept of an item that goes.
    let kept = if changed_class.is_some() { Sources::default() } else { before };
    after.keep(call, sys_id, &kept)?;
    let operation = changed_class.unwrap_or(if differs { Operation::Update } else { Operation::NoChange });
    Ok(Written { operation, sys_id, info })
}

/// What a source says of an item on record, next to what was said before.
struct Said<'s, 'c> {
    call: &'s Call<'c>,
    rules: &'s Precedence,
    source: &'s str,
    known: &'s Record,
    sources: Sources,
}

impl Said<'_, '_> {
    /// What is to be written of what was sent.
    fn accepted(&mut self, sent: BTreeMap<String, String>) -> BTreeMap<String, String> {
        sent.into_iter().filter_map(|(field, text)| Some((field.clone(), self.accept(&field, text)?))).collect()
    }

    fn accept(&mut self, field: &str, text: String) -> Option<String> {
        let rules = self.rules;
        match rules.of(&self.call.dictionary, self.known.id.table.as_str(), field) {
            Ruled::Free => Some(text),
            Ruled::Chosen(_) if text.is_empty() => None,
            Ruled::Chosen(pick) => {
                let reported = self.sources.report(field, self.source, &text, self.call.now.0);
                pick.among(reported).map(str::to_owned)
            }
            Ruled::Ranked(ranked) => {
                let is_accepted = self.may_write(&ranked, field, &text);
                if is_accepted {
                    self.sources.wrote(field, self.source, self.call.now.0);
                }
                is_accepted.then_some(text)
            }
        }
    }

    fn may_write(&self, ranked: &Ranked<'_>, field: &str, text: &str) -> bool {
        if self.known.get(field).is_none() {
            return !text.is_empty();
        }
        let Some(own) = ranked.of(self.source) else { return false };
        if text.is_empty() && !ranked.may_empty(self.source, field) {
            return false;
        }
        let Some(last) = self.sources.last.get(field) else { return true };
        let class = self.known.id.table.as_str();
        ranked.of(&last.source).is_none_or(|other| own <= other)
            || self.rules.has_lapsed(&self.call.dictionary, class, last, self.call.now)
    }
}

/// The fields sent that the class has.
fn fields(call: &Call<'_>, item: &Item, class: &str) -> BTreeMap<String, String> {
    let table = call.dictionary.table(class);
    let is_known = |name: &str| table.is_some_and(|table| table.field(name).is_some()) && !name.starts_with("sys_");
    let sent = item.values.iter().filter(|(name, _)| is_known(name));
    sent.map(|(name, text)| (name.clone(), text.clone())).collect()
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
