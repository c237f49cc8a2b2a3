//! What the followed steps make of a record's fields: its state, when things happened, who did them, how long they took.
//!
//! These fields are derived: nobody writes them, so no two replicas can disagree about them. Times are the authors' action
//! times; a clock that ran backwards between two steps counts as no time at all.

use std::collections::BTreeMap;

use super::{Folded, LifeCycle, Step, StepRule};
use crate::dictionary::{FieldType, Table};
use crate::id::FieldName;
use crate::plant::{self, Plant};
use crate::value::Value;

type Fields = BTreeMap<FieldName, Value>;

impl LifeCycle {
    /// The derived fields of a record of `table`: `state`, `sub_state`, `active`, stamps, reasons and seconds. A field that
    /// is not in the answer is empty.
    pub fn facts(&self, table: &Table, folded: &Folded) -> Fields {
        let mut fields = Fields::new();
        let mut before: Option<(&Step, &StepRule)> = None;
        for step in &folded.accepted {
            let Some(rule) = self.step(&step.name) else { continue };
            self.add_seconds(before, step, &mut fields);
            let clears = if plant::is(Plant::ClearsForgotten) { &[][..] } else { &rule.clears };
            clears.iter().for_each(|field| drop(fields.remove(field)));
            if plant::is(Plant::ReasonOutlivesItsStep) {
                put_reason(table, rule, step, &mut fields);
            }
            stamp(table, rule, step, &mut fields);
            before = Some((step, rule));
        }
        if let Some((step, rule)) = before {
            put_reason(table, rule, step, &mut fields);
        }
        if let Some(stage) = self.stage(&folded.stage) {
            fields.insert("state".into(), Value::Integer(stage.state));
            fields.insert("active".into(), Value::Boolean(stage.active));
            let sub_state = stage.sub_state.as_ref().map(|name| ("sub_state".into(), Value::text(name.as_str())));
            fields.extend(sub_state);
        }
        fields
    }

    /// Adds the time since the step before to the field of the stage that it led to.
    fn add_seconds(&self, before: Option<(&Step, &StepRule)>, step: &Step, fields: &mut Fields) {
        let Some((entered, rule)) = before else { return };
        let counts_as = match rule.to.as_str() {
            "paused" if plant::is(Plant::PauseCountsAsWork) => "work_in_progress",
            stage => stage,
        };
        let Some(field) = self.stage(counts_as).and_then(|stage| stage.seconds_in.clone()) else { return };
        let seconds = step.at.milliseconds_since(entered.at).max(0) / 1000;
        let sum = fields.get(&field).and_then(Value::as_integer).unwrap_or(0).saturating_add(seconds);
        fields.insert(field, Value::Integer(sum));
    }
}

fn stamp(table: &Table, rule: &StepRule, step: &Step, fields: &mut Fields) {
    for name in &rule.stamps {
        let held = fields.get(name).filter(|_| !plant::is(Plant::StampsOverwritten)).cloned();
        let value = match table.field(name.as_str()).map(|field| field.field_type) {
            Some(FieldType::GlideDateTime) => held.unwrap_or(Value::Time(step.at)),
            Some(FieldType::Reference) => held.unwrap_or(Value::Reference(step.by)),
            Some(FieldType::Integer) => Value::Integer(held.and_then(|count| count.as_integer()).unwrap_or(0) + 1),
            _ => continue,
        };
        fields.insert(name.clone(), value);
    }
}

fn put_reason(table: &Table, rule: &StepRule, step: &Step, fields: &mut Fields) {
    let field = rule.reason_field.as_ref().and_then(|name| table.field(name.as_str()));
    let value = field.zip(step.reason.as_ref()).and_then(|(field, reason)| field.reason_value(reason));
    if let Some((name, value)) = rule.reason_field.clone().zip(value) {
        fields.insert(name, value);
    }
}
