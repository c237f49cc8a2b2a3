//! 6: time entered, and the seconds travelled and worked, are what the list of events says.
//!
//! That is time entries, the derived durations, the moments stamped by steps, and what was promised of visits: the clocks of each
//! are those of a stopwatch pressed deed by deed, whatever came late and in whatever order. Definitions of every kind and other zones
//! have an oracle beside the engine of clocks, `core/model/tests/sla_oracle`.

use std::collections::BTreeMap;

use fieldline_model::{FieldType, Record, SysId, Timestamp, Value};

use super::case::{Case, Seen, on_each};
use crate::staff::PROMISED_MILLISECONDS;
use crate::truth::Stopwatch;

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
    let cycle = case.dictionary.life_cycle_of("wm_task").expect("visits have a life");
    let mut broken = Vec::new();
    for (id, history) in case.histories.iter().filter(|(id, _)| id.table == *"wm_task") {
        let mut watches = Stopwatch::of(history, cycle);
        watches.sort_by_key(|watch| (watch.start, watch.end.is_none(), watch.end));
        let mut clocks = clocks.remove(&id.sys_id).unwrap_or_default();
        clocks.sort_by_key(|row| (row.time("start_time"), row.time("end_time").is_none(), row.time("end_time")));
        if clocks.len() != watches.len() {
            broken.push(format!("{id}: it should have clocks like {watches:?}, and has {clocks:?}"));
        }
        for (clock, watch) in clocks.into_iter().zip(&watches) {
            let differs = differences(clock, watch);
            if !differs.is_empty() {
                broken.push(format!("{id}: of its clock and {watch:?} differ {}", differs.join(", ")));
            }
        }
    }
    broken
}

/// Where a clock differs from a stopwatch.
fn differences(clock: &Record, watch: &Stopwatch) -> Vec<String> {
    let stage = match (watch.end, watch.paused_since) {
        (Some(_), _) => "completed",
        (None, Some(_)) => "paused",
        (None, None) => "in_progress",
    };
    let mut differs = Vec::new();
    if clock.text("stage") != stage {
        differs.push(format!("stage: {} and {stage}", clock.text("stage")));
    }
    let mut wanted =
        vec![("start_time", Some(watch.start)), ("end_time", watch.end), ("pause_time", watch.paused_since)];
    if watch.is_in_order {
        let (paused, open) = watch.paused_milliseconds();
        wanted.extend([("pause_duration", paused), ("business_pause_duration", open)].map(lasting));
        wanted.push(("planned_end_time", Some(watch.reaches(PROMISED_MILLISECONDS))));
    }
    let (ran, open) = watch.ran_milliseconds();
    if watch.is_in_order && watch.end.is_some() {
        wanted.extend([("duration", ran), ("business_duration", open)].map(lasting));
        let is_breached = open >= PROMISED_MILLISECONDS;
        if clock.says("has_breached") != is_breached {
            differs.push(format!("has_breached: it should be {is_breached}"));
        }
    }
    for (field, wanted) in wanted {
        if clock.time(field) != wanted {
            differs.push(format!("{field}: {:?} and {wanted:?}", clock.time(field)));
        }
    }
    differs
}

fn lasting((field, milliseconds): (&'static str, i64)) -> (&'static str, Option<Timestamp>) {
    (field, Some(Timestamp(milliseconds)))
}
