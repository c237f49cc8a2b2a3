//! Rows that say again what a task's history says: time cards, and readings of the asset's meters, each once for what was done.
//!
//! A card of two steps is named by the first of them, so a pause that arrives late shortens it and adds another. Pauses are no
//! time. Readings are never taken back.

use std::collections::BTreeMap;

use fieldline_documents::Projection;
use fieldline_model::condition::Filter;
use fieldline_model::life_cycle::{LifeCycle, Step};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use super::JOBS;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::react::id_of_what_follows;

pub(super) const CARDS: &str = "time_card";
const READINGS: &str = "fl_meter_reading";
/// Durations that follow from steps.
const FROM_STEPS: [&str; 2] = ["actual_work_duration", "actual_travel_duration"];

/// Time somebody spent.
struct Card {
    id: SysId,
    user: SysId,
    category: &'static str,
    from: Timestamp,
    until: Timestamp,
    source: &'static str,
}

impl Call<'_> {
    /// Lets the time cards of a task say what its history says.
    pub(super) fn keep_time_cards(&mut self, changed: &Changed) -> Result<()> {
        let projection = &changed.projection;
        let may_differ = changed.stands_elsewhere() || changed.turned(&FROM_STEPS);
        if !may_differ && projection.time_entries.is_empty() {
            return Ok(());
        }
        let task = &projection.record;
        let Some(life_cycle) = self.dictionary.life_cycle_of(JOBS) else { return Ok(()) };
        let cards = cards(life_cycle, projection);
        let held = self.rows(CARDS, &Filter::equals("task", task.id.sys_id))?;
        let mut held: BTreeMap<SysId, Record> = held.into_iter().map(|row| (row.id.sys_id, row)).collect();
        for card in cards {
            let row = card.row(task);
            let is_new = |held: Record| row.fields.iter().any(|(field, value)| held.get(field.as_str()) != Some(value));
            if held.remove(&card.id).is_none_or(is_new) {
                self.put_row(row)?;
            }
        }
        held.values().try_for_each(|gone| self.discard_row(gone))
    }

    /// Keeps what meters of a task's asset showed.
    pub(super) fn keep_readings(&mut self, changed: &Changed) -> Result<()> {
        let task = &changed.projection.record;
        let Some(asset) = task.reference("asset") else { return Ok(()) };
        for entry in &changed.projection.readings {
            let id = DocumentId::new(READINGS, id_of_what_follows("reading", &task.id, entry.id()));
            if self.row(&id)?.is_some() {
                continue;
            }
            let mut row = Record::new(id);
            row.set("asset", Some(Value::Reference(asset)));
            row.set("meter", Some(Value::text(entry.what.meter.as_str())));
            row.set("value", Some(Value::Decimal(entry.what.value)));
            row.set("unit", Some(Value::text(entry.what.unit.as_str())));
            row.set("read_at", Some(Value::Time(entry.at)));
            row.set("read_by", Some(Value::Reference(entry.by)));
            row.set("task", Some(Value::Reference(task.id.sys_id)));
            self.put_row(row)?;
        }
        Ok(())
    }
}

fn cards(life_cycle: &LifeCycle, projection: &Projection) -> Vec<Card> {
    let task = &projection.record.id;
    let between = |steps: &[Step]| {
        let [from, until] = steps else { return None };
        let category = match life_cycle.step(&from.name)?.to.as_str() {
            "en_route" => "task_travel",
            "work_in_progress" => "task_work",
            _ => return None,
        };
        let id = id_of_what_follows(CARDS, task, from.id);
        Some(Card { id, user: from.by, category, from: from.at, until: until.at, source: "step" })
    };
    let entered = projection.time_entries.iter().map(|entry| Card {
        id: id_of_what_follows(CARDS, task, entry.id()),
        user: entry.by,
        category: match entry.what.kind.as_str() {
            "travel" => "task_travel",
            "work" => "task_work",
            "break" => "break",
            "admin" => "admin",
            _ => "other",
        },
        from: entry.what.started_at,
        until: entry.what.ended_at,
        source: "entry",
    });
    projection.accepted.windows(2).filter_map(between).chain(entered).collect()
}

impl Card {
    fn row(&self, task: &Record) -> Record {
        let seconds = self.until.milliseconds_since(self.from).max(0) / 1_000;
        let mut row = Record::new(DocumentId::new(CARDS, self.id));
        row.set("task", Some(Value::Reference(task.id.sys_id)));
        row.set("user", Some(Value::Reference(self.user)));
        row.set("category", Some(Value::text(self.category)));
        row.set("started_at", Some(Value::Time(self.from)));
        row.set("ended_at", Some(Value::Time(self.until)));
        row.set("total_seconds", Some(Value::Integer(seconds)));
        row.set("source", Some(Value::text(self.source)));
        row
    }
}
