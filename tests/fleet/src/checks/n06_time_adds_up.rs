//! 6: time entered, and the seconds travelled and worked, are what the list of events says.
//!
//! That is time entries, the derived durations, the moments stamped by steps, and what was promised of visits: one clock runs for
//! each that is open and none for one that is over, whatever came late and in whatever order, and each adds up. What clocks make of
//! pauses, schedules and zones has an oracle of its own beside their engine, `core/model/tests/sla_oracle`.

use std::collections::BTreeMap;

use fieldline_model::{FieldType, Record, SysId, Value};

use super::case::{Case, Seen, on_each};
use crate::staff::PROMISED_MILLISECONDS;
use crate::truth::History;

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let mut broken = promises(case);
    for (id, row) in &case.rows {
        let (Some(meaning), Some(table)) = (case.meanings.get(id), case.dictionary.table(id.table.as_str())) else {
            continue;
        };
        let is_clock = |name: &str, kind: FieldType| name.ends_with("_duration") || kind == FieldType::GlideDateTime;
        for field in table.fields.iter().filter(|field| is_clock(field.name.as_str(), field.field_type)) {
            let (wanted, shown) = (meaning.fields.get(&field.name), row.get(field.name.as_str()));
            if wanted != shown && !meaning.undecided.contains(&field.name) {
                let text = |value: Option<&Value>| value.map_or("empty".into(), Value::to_string);
                broken.push(format!(
                    "{id}: {} is {} by its events and {} on the server",
                    field.name,
                    text(wanted),
                    text(shown)
                ));
            }
        }
    }
    broken.extend(on_each(seen, |phone| {
        let mut broken = Vec::new();
        for (id, view) in &phone.records {
            let (Some(meaning), Some(details)) = (case.meanings.get(id), &view.details) else { continue };
            let shown: i64 = details.time_entries.iter().map(|entry| entry.what.seconds()).sum();
            let entered: i64 = meaning.seconds.values().sum();
            if shown != entered {
                broken.push(format!("{id}: {entered} seconds entered and {shown} shown"));
            }
        }
        broken
    }));
    broken
}

/// What is wrong with the clocks of visits.
fn promises(case: &Case<'_>) -> Vec<String> {
    let mut clocks: BTreeMap<SysId, Vec<&Record>> = BTreeMap::new();
    for row in case.rows.values().filter(|row| row.id.table == *"task_sla") {
        clocks.entry(row.reference("task").expect("a clock is about a task")).or_default().push(row);
    }
    let mut broken = Vec::new();
    for (id, meaning) in case.meanings.iter().filter(|(id, _)| id.table == *"wm_task") {
        let is_open = meaning.fields.get("active") == Some(&Value::Boolean(true));
        let of_it = clocks.remove(&id.sys_id).unwrap_or_default();
        let running = of_it.iter().filter(|row| row.text("stage") == "in_progress").count();
        if running != usize::from(is_open) {
            let stages: Vec<&str> = of_it.iter().map(|row| row.text("stage")).collect();
            broken
                .push(format!("{id}: it is {}, and its clocks are {stages:?}", if is_open { "open" } else { "over" }));
        }
        for clock in of_it {
            if !ends_with_a_deed(clock, &case.histories[id]) {
                broken.push(format!("{id}: its clock ended when nobody did anything: {clock:?}"));
            }
            if !adds_up(clock) {
                broken.push(format!("{id}: its clock does not add up: {clock:?}"));
            }
        }
    }
    broken
}

/// Whether a clock ended with a deed: when it was done, though neither before the clock began nor after the server had it. Of deeds
/// that come together the latest counts.
fn ends_with_a_deed(clock: &Record, history: &History) -> bool {
    let (Some(start), Some(end)) = (clock.time("start_time"), clock.time("end_time")) else { return true };
    history.made.iter().any(|made| end == made.edit.at.min(made.received_at).max(start))
}

/// Whether a clock without pauses says when it is due, how long it ran, and whether that was too long.
fn adds_up(clock: &Record) -> bool {
    let (Some(start), Some(due)) = (clock.time("start_time"), clock.time("planned_end_time")) else { return false };
    let is_due = due.milliseconds_since(start) == PROMISED_MILLISECONDS;
    let Some(end) = clock.time("end_time") else { return is_due && clock.text("stage") == "in_progress" };
    let ran = clock.time("duration").map(|duration| duration.0);
    is_due && start <= end && ran == Some(end.milliseconds_since(start)) && clock.says("has_breached") == (end >= due)
}
