//! Texts as clients send them, turned into what changes: field values, journal entries, a step of the life cycle.
//!
//! Clients often send a whole record back with one field changed. So what already is as sent is no change, and a computed
//! field may be sent as it stands.

use std::collections::BTreeMap;

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::dictionary::{Field, FieldType, Merge};
use fieldline_model::life_cycle::{LifeCycle, Stage, StepRule};
use fieldline_model::{FieldName, Record, SysId, Table, Value};

use crate::call::Call;
use crate::react::stage_of;
use crate::table::{Input, Result, TableError};

const COMMENTS: &str = "comments";
const WORK_NOTES: &str = "work_notes";
const STATE: &str = "state";
const SUB_STATE: &str = "sub_state";

/// What a record's input changes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// New values with the old ones.
    values: BTreeMap<FieldName, (Option<Value>, Option<Value>)>,
    comment: Option<String>,
    work_note: Option<String>,
    step: Option<(String, Option<String>)>,
    /// The stage that step leads to.
    stage: Option<Stage>,
}

impl Changes {
    /// Reads what changes from what was sent.
    ///
    /// # Errors
    /// Names the record, the field, and what would be right.
    pub fn read(call: &Call<'_>, table: &Table, record: &Record, input: &Input, creating: bool) -> Result<Self> {
        let is_document = table.kind == fieldline_model::dictionary::Kind::Document;
        let mut changes = Self::default();
        for (name, text) in &input.fields {
            match name.as_str() {
                COMMENTS if is_document => changes.comment = journal(text),
                WORK_NOTES if is_document => changes.work_note = journal(text),
                STATE | SUB_STATE if table.life_cycle.is_some() => {}
                name if is_stamp(table, name) => {}
                name => {
                    let field = table.field(name).ok_or_else(|| unknown(table, record, name))?;
                    changes.value(call, record, field, input, text, creating)?;
                }
            }
        }
        let life_cycle = call.dictionary.life_cycle_of(table.name.as_str());
        if let Some(life_cycle) = life_cycle {
            changes.step = Step { call, table, record, input, life_cycle }.find(&changes)?;
            let rule = changes.step.as_ref().and_then(|(step, _)| life_cycle.step(step));
            changes.stage = rule.and_then(|rule| life_cycle.stage(&rule.to)).cloned();
        }
        changes.check_computed(table, record, input, life_cycle)?;
        Ok(changes)
    }

    fn value(
        &mut self,
        call: &Call<'_>,
        record: &Record,
        field: &Field,
        input: &Input,
        text: &str,
        creating: bool,
    ) -> Result<()> {
        if field.merge == Merge::Derived {
            return Ok(());
        }
        let old = record.get(field.name.as_str()).cloned();
        let new = parse(call, record, field, text, input.as_displayed)?;
        if old == new {
            return Ok(());
        }
        if field.merge == Merge::Fixed && !creating {
            let problem = "is written when the record is created and never again; leave it out";
            return Err(TableError::invalid(&record.id, Some(&field.name), problem));
        }
        self.values.insert(field.name.clone(), (old, new));
        Ok(())
    }

    /// A computed field may be sent as it stands, or as the reason of the step that was taken.
    fn check_computed(
        &self,
        table: &Table,
        record: &Record,
        input: &Input,
        life_cycle: Option<&LifeCycle>,
    ) -> Result<()> {
        let rule = self.step.as_ref().and_then(|(step, _)| life_cycle?.step(step));
        let is_its_state = |name: &str| matches!(name, STATE | SUB_STATE) && table.life_cycle.is_some();
        for (name, text) in input.fields.iter().filter(|(name, _)| !is_stamp(table, name) && !is_its_state(name)) {
            let Some(field) = table.field(name).filter(|field| field.merge == Merge::Derived) else { continue };
            let as_it_stands = record.get(name).map_or_else(String::new, |value| field.display(value));
            let as_stored = record.get(name).map_or_else(String::new, ToString::to_string);
            let is_it = field.reason_value(text).as_ref() == record.get(name);
            let is_reason = rule.is_some_and(|rule| rule.reason_field.as_ref() == Some(&field.name));
            if !text.is_empty() && !is_reason && !is_it && *text != as_it_stands && *text != as_stored {
                let problem = "is computed from other facts; change those, or leave it out";
                return Err(TableError::invalid(&record.id, Some(&field.name), problem));
            }
        }
        Ok(())
    }

    /// The fields that change.
    pub fn written(&self) -> impl Iterator<Item = &FieldName> {
        self.values.keys()
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.comment.is_none() && self.work_note.is_none() && self.step.is_none()
    }

    /// The new value of a field that changes.
    pub fn value_of(&self, field: &str) -> Option<&Value> {
        self.values.get(field)?.1.as_ref()
    }

    /// What was done, as acts: fields first, then words, then the step.
    pub fn acts(&self) -> Vec<Act> {
        let mut acts = Vec::new();
        for (field, (old, new)) in &self.values {
            match (old, new) {
                (Some(Value::List(_)), _) | (_, Some(Value::List(_))) => {
                    acts.extend(set_changes(field, old.as_ref(), new.as_ref()));
                }
                _ => acts.push(Act::Set { field: field.clone(), value: new.clone() }),
            }
        }
        acts.extend(self.comment.clone().map(|text| Act::Comment { text }));
        acts.extend(self.work_note.clone().map(|text| Act::WorkNote { text }));
        acts.extend(self.step.clone().map(|(step, reason)| Act::Transition { step, reason }));
        acts
    }

    /// A record with the new values, at the stage it goes to.
    pub fn applied(&self, mut record: Record) -> Record {
        for (field, (_, new)) in &self.values {
            record.set(field.clone(), new.clone());
        }
        if let Some(stage) = &self.stage {
            record.set(STATE, Some(Value::Integer(stage.state)));
            record.set(SUB_STATE, stage.sub_state.clone().map(Value::Text));
            record.set("active", Some(Value::Boolean(stage.active)));
        }
        record
    }
}

/// Whether the server alone writes a field of this name; who makes a record is asked for what it cannot be without.
fn is_stamp(table: &Table, name: &str) -> bool {
    name.starts_with("sys_") && !table.field(name).is_some_and(|field| field.mandatory)
}

fn journal(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

fn unknown(table: &Table, record: &Record, name: &str) -> TableError {
    let problem = format!("the table {} has no such field; check the name or leave it out", table.name);
    TableError::invalid(&record.id, Some(&name.chars().take(80).collect::<String>().as_str().into()), problem)
}

fn set_changes(field: &FieldName, old: Option<&Value>, new: Option<&Value>) -> Vec<Act> {
    let ids = |value: Option<&Value>| match value {
        Some(Value::List(ids)) => ids.clone(),
        _ => Vec::new(),
    };
    let (old, new) = (ids(old), ids(new));
    let come = new.iter().filter(|id| !old.contains(id)).map(|id| Act::Include { field: field.clone(), item: *id });
    let gone = old.iter().filter(|id| !new.contains(id)).map(|id| Act::Exclude { field: field.clone(), item: *id });
    come.chain(gone).collect()
}

/// A value from its text: as stored, or as people read it where that is asked for or nothing else fits.
fn parse(call: &Call<'_>, record: &Record, field: &Field, text: &str, as_displayed: bool) -> Result<Option<Value>> {
    let by_label = || field.choices.iter().find(|choice| choice.label.eq_ignore_ascii_case(text));
    let label = if as_displayed { by_label() } else { None };
    match field.parse(label.map_or(text, |choice| &choice.value)) {
        Ok(value) => Ok(value),
        Err(error) => match (field.field_type, by_label()) {
            (FieldType::Reference, _) => by_display(call, record, field, text).map(Some),
            (_, Some(choice)) => field.parse(&choice.value).map_err(|error| TableError::field(&record.id, &error)),
            _ => Err(TableError::field(&record.id, &error)),
        },
    }
}

/// The one record of the referenced table that people read as this text; a person also goes by the sign-in name.
fn by_display(call: &Call<'_>, record: &Record, field: &Field, text: &str) -> Result<Value> {
    let invalid = |problem: String| TableError::invalid(&record.id, Some(&field.name), problem);
    let table = field.reference.as_ref().and_then(|table| call.dictionary.table(table.as_str()));
    let table = table.ok_or_else(|| invalid("refers to no table".into()))?;
    let shown: String = text.chars().take(80).collect();
    let known_by = [table.display.as_str(), "user_name"].into_iter().filter(|name| table.field(name).is_some());
    let mut found: Vec<SysId> = Vec::new();
    for name in known_by {
        if found.is_empty() {
            let rows = call.some_rows(table.name.as_str(), &Filter::equals(name, text), 2)?;
            found.extend(rows.into_iter().map(|record| record.id.sys_id));
        }
    }
    match found[..] {
        [one] => Ok(Value::Reference(one)),
        [] => Err(invalid(format!("no {} is called \"{shown}\"; send its sys_id", table.label))),
        _ => Err(invalid(format!("several records of {} are called \"{shown}\"; send a sys_id", table.label))),
    }
}

/// Finds the step that leads to the state somebody wrote.
struct Step<'c, 'a> {
    call: &'c Call<'a>,
    table: &'c Table,
    record: &'c Record,
    input: &'c Input,
    life_cycle: &'c LifeCycle,
}

impl Step<'_, '_> {
    fn find(&self, changes: &Changes) -> Result<Option<(String, Option<String>)>> {
        let here = stage_of(self.life_cycle, self.record).or_else(|| self.life_cycle.stage(&self.life_cycle.initial));
        let here = here.ok_or_else(|| self.invalid("the life cycle has no first stage".into()))?;
        let is_asked = self.input.fields.get(STATE).is_some_and(|text| !text.is_empty());
        let wanted: Vec<&Stage> = self.life_cycle.stages.iter().filter(|stage| self.is_wanted(stage)).collect();
        if !is_asked || wanted.iter().any(|stage| stage.name == here.name) {
            return Ok(self.again(here));
        }
        let mut rules = self.life_cycle.steps_from(&here.name).filter(|rule| self.call.caller.may(&rule.roles));
        let Some(rule) = rules.find(|rule| wanted.iter().any(|stage| stage.name == rule.to)) else {
            return Err(self.invalid(self.reachable(here)));
        };
        self.check_required(rule, changes)?;
        Ok(Some((rule.name.clone(), self.reason(rule))))
    }

    /// The step that leads from a stage back to it, when it is for another reason.
    fn again(&self, here: &Stage) -> Option<(String, Option<String>)> {
        let rules = self.life_cycle.steps_from(&here.name).filter(|rule| self.call.caller.may(&rule.roles));
        let mut rules = rules.filter(|rule| rule.to == here.name && rule.requires.is_empty());
        rules.find_map(|rule| {
            let (reason, field) = (self.reason(rule)?, rule.reason_field.as_ref()?);
            let value = self.table.field(field.as_str())?.reason_value(&reason)?;
            (self.record.get(field.as_str()) != Some(&value)).then(|| (rule.name.clone(), Some(reason)))
        })
    }

    fn is_wanted(&self, stage: &Stage) -> bool {
        let text = self.input.fields.get(STATE).map(|text| text.trim()).unwrap_or_default();
        let is_state = stage.state.to_string() == text
            || stage.label.eq_ignore_ascii_case(text)
            || stage.name.eq_ignore_ascii_case(text);
        let sub_state = self.input.fields.get(SUB_STATE).filter(|sub_state| !sub_state.is_empty());
        is_state && sub_state.is_none_or(|sub_state| stage.sub_state.as_ref() == Some(sub_state))
    }

    fn reachable(&self, here: &Stage) -> String {
        let rules = self.life_cycle.steps_from(&here.name).filter(|rule| self.call.caller.may(&rule.roles));
        let stages = rules.filter_map(|rule| self.life_cycle.stage(&rule.to));
        let mut offered: Vec<String> = stages.map(|stage| format!("{} ({})", stage.state, stage.label)).collect();
        offered.sort_unstable();
        offered.dedup();
        let given: String =
            self.input.fields.get(STATE).map(|text| text.chars().take(40).collect()).unwrap_or_default();
        let from = &here.label;
        match offered.is_empty() {
            true => format!("\"{given}\" cannot be reached from {from}, and with your roles nothing else can"),
            false => format!("\"{given}\" cannot be reached from {from}; use one of {}", offered.join(", ")),
        }
    }

    fn check_required(&self, rule: &StepRule, changes: &Changes) -> Result<()> {
        let is_empty = |name: &&FieldName| match changes.values.get(*name) {
            Some((_, new)) => new.is_none(),
            None => self.record.get(name.as_str()).is_none(),
        };
        match rule.requires.iter().find(is_empty) {
            Some(missing) => {
                let problem = format!("must not be empty for the step \"{}\"; send it along", rule.label);
                Err(TableError::invalid(&self.record.id, Some(missing), problem))
            }
            None => Ok(()),
        }
    }

    /// The reason sent in the field that shows it, in the rule's words.
    fn reason(&self, rule: &StepRule) -> Option<String> {
        let field = rule.reason_field.as_ref().and_then(|name| self.table.field(name.as_str()))?;
        let text = self.input.fields.get(field.name.as_str()).filter(|text| !text.is_empty())?;
        let means = |reason: &&String| {
            let value = field.reason_value(reason);
            value.is_some_and(|value| value.to_string() == *text || field.display(&value).eq_ignore_ascii_case(text))
        };
        Some(rule.reasons.iter().find(means).unwrap_or(text).clone())
    }

    fn invalid(&self, problem: String) -> TableError {
        TableError::invalid(&self.record.id, Some(&STATE.into()), problem)
    }
}
