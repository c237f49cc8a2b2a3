//! Which steps of its life cycle a record followed, from the rules people are told:
//!
//! * a step counts after every step its author had seen;
//! * of steps that had not seen each other the one that leads furthest counts first, then the earlier one;
//! * a step that the record's stage does not allow is not followed;
//! * who had not seen the work that was done does not undo it;
//! * who takes a record where it already was brought, without having seen that, is told so; the same person only did it twice.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use fieldline_documents::Act;
use fieldline_model::life_cycle::{LifeCycle, StepRule};
use fieldline_model::{FieldName, FieldType, Table, Timestamp, Value};

use super::history::{Deed, History};

/// What became of a record's steps.
#[derive(Default)]
pub struct Life {
    /// Where it stands.
    pub stage: String,
    /// The steps followed, in the order they count.
    pub followed: Vec<Deed>,
    /// The steps not followed, and why, in a word.
    pub refused: Vec<(Deed, &'static str)>,
}

impl Life {
    /// Lives a record's life.
    pub fn of(history: &History, cycle: &LifeCycle) -> Self {
        Self::of_the_first(history.made.len(), history, cycle)
    }

    /// Lives it as far as the first edits of the log tell it.
    pub fn of_the_first(edits: usize, history: &History, cycle: &LifeCycle) -> Self {
        let mut life = Self { stage: cycle.initial.clone(), ..Self::default() };
        let is_step = |act: &Act| matches!(act, Act::Transition { .. });
        let steps = history.deeds().filter(|(deed, act)| deed.edit < edits && is_step(act));
        let mut left: Vec<Deed> = steps.map(|(deed, _)| deed).collect();
        while !left.is_empty() {
            let waits = |step: &Deed| left.iter().any(|other| other != step && history.knew(*step, *other));
            let ready = left.iter().filter(|step| !waits(step));
            let first = ready
                .min_by_key(|step| (Reverse(leads_to(history, cycle, **step)), history.at(**step), history.id(**step)));
            let first = *first.expect("nobody can have seen a step that was taken later");
            left.retain(|step| *step != first);
            life.count(history, cycle, first);
        }
        life
    }

    fn count(&mut self, history: &History, cycle: &LifeCycle, step: Deed) {
        let Some(rule) = rule_of(history, cycle, step) else { return self.refused.push((step, "unknown")) };
        let unseen = |other: &Deed| !history.knew(step, *other);
        let is_work = |stage: &str| cycle.stage(stage).is_some_and(|stage| stage.work);
        let is_allowed = rule.from.contains(&self.stage);

        let brought_there = self.followed.iter().rev().find(|other| led_to(history, cycle, **other) == rule.to);
        let is_there_or_further = rank(cycle, &self.stage) >= rank(cycle, &rule.to);
        if let Some(other) = brought_there.filter(|other| !is_allowed && is_there_or_further && unseen(other)) {
            if history.by(*other) != history.by(step) {
                self.refused.push((step, "already there"));
            }
            return;
        }

        let work_began = self.began_work(history, cycle);
        let missed_work = work_began.is_some_and(|began| unseen(&began));
        let missed_the_last = !is_allowed && self.followed.last().is_some_and(unseen);
        if is_work(&self.stage) && !is_work(&rule.to) && (missed_work || missed_the_last) {
            return self.refused.push((step, "work was done"));
        }

        if !is_allowed {
            return self.refused.push((step, "not from here"));
        }
        self.followed.push(step);
        self.stage = rule.to.clone();
    }

    /// The newest step that took the record from before the work into it.
    fn began_work(&self, history: &History, cycle: &LifeCycle) -> Option<Deed> {
        let is_work = |stage: &str| cycle.stage(stage).is_some_and(|stage| stage.work);
        let mut stage = cycle.initial.clone();
        let mut began = None;
        for step in &self.followed {
            let next = led_to(history, cycle, *step);
            if !is_work(&stage) && is_work(&next) {
                began = Some(*step);
            }
            stage = next;
        }
        began
    }

    /// The fields that follow from the steps followed.
    pub fn fields(&self, history: &History, cycle: &LifeCycle, table: &Table) -> BTreeMap<FieldName, Value> {
        let mut fields = BTreeMap::new();
        for (number, step) in self.followed.iter().enumerate() {
            let Some(rule) = rule_of(history, cycle, *step) else { continue };
            for name in &rule.clears {
                fields.remove(name);
            }
            for name in &rule.stamps {
                stamp(&mut fields, table, name, history, *step);
            }
            if number + 1 == self.followed.len() {
                fields.extend(reason(history, table, rule, *step));
            }
        }
        for (stage, seconds) in self.seconds(history, cycle) {
            let field = cycle.stage(&stage).and_then(|stage| stage.seconds_in.clone());
            fields.extend(field.map(|field| (field, Value::Integer(seconds))));
        }
        if let Some(stage) = cycle.stage(&self.stage) {
            fields.insert("state".into(), Value::Integer(stage.state));
            fields.insert("active".into(), Value::Boolean(stage.active));
            fields.extend(stage.sub_state.clone().map(|name| ("sub_state".into(), Value::Text(name))));
        }
        fields
    }

    /// Seconds between a step and the next, by the stage it led to. A clock that ran backwards counts as no time.
    fn seconds(&self, history: &History, cycle: &LifeCycle) -> BTreeMap<String, i64> {
        let mut seconds: BTreeMap<String, i64> = BTreeMap::new();
        for pair in self.followed.windows(2) {
            let (Timestamp(from), Timestamp(until)) = (history.at(pair[0]), history.at(pair[1]));
            *seconds.entry(led_to(history, cycle, pair[0])).or_default() += (until - from).max(0) / 1000;
        }
        seconds
    }
}

/// The first time and person stay; a count goes up.
fn stamp(fields: &mut BTreeMap<FieldName, Value>, table: &Table, name: &FieldName, history: &History, step: Deed) {
    let Some(field) = table.field(name.as_str()) else { return };
    let before = fields.get(name).cloned();
    let value = match (field.field_type, before) {
        (FieldType::Integer, Some(Value::Integer(count))) => Value::Integer(count + 1),
        (FieldType::Integer, _) => Value::Integer(1),
        (_, Some(before)) => before,
        (FieldType::GlideDateTime, None) => Value::Time(history.at(step)),
        (FieldType::Reference, None) => Value::Reference(history.by(step)),
        _ => return,
    };
    fields.insert(name.clone(), value);
}

fn reason(history: &History, table: &Table, rule: &StepRule, step: Deed) -> Option<(FieldName, Value)> {
    let Act::Transition { reason: Some(reason), .. } = history.act(step) else { return None };
    let name = rule.reason_field.clone()?;
    let value = table.field(name.as_str())?.reason_value(reason)?;
    Some((name, value))
}

fn rule_of<'a>(history: &History, cycle: &'a LifeCycle, step: Deed) -> Option<&'a StepRule> {
    let Act::Transition { step: name, .. } = history.act(step) else { return None };
    cycle.steps.iter().find(|rule| rule.name == *name)
}

fn led_to(history: &History, cycle: &LifeCycle, step: Deed) -> String {
    rule_of(history, cycle, step).map(|rule| rule.to.clone()).unwrap_or_default()
}

fn leads_to(history: &History, cycle: &LifeCycle, step: Deed) -> i64 {
    rule_of(history, cycle, step).map_or(i64::MIN, |rule| rule.rank.unwrap_or_else(|| rank(cycle, &rule.to)))
}

fn rank(cycle: &LifeCycle, stage: &str) -> i64 {
    cycle.stage(stage).map_or(i64::MIN, |stage| stage.rank)
}
