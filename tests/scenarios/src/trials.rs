//! What no story tells: a panic in every function, calls that are cancelled, objects without end, and what a call costs.

use serde_json::{Value as Json, json};

use crate::phone::Language;
use crate::stage::Stage;

/// A trial: what was found, or what went wrong.
type Trial = fn(&Language, u64) -> Result<String, String>;

/// Every trial.
pub const ALL: [(&str, Trial); 4] = [
    ("a panic in any function leaves the store whole and the next call works", panics),
    ("a cancelled sync stops, and the next one finishes it", cancelled),
    ("objects that are made and dropped leave nothing behind", cycles),
    ("a list of two hundred jobs", list_of_200),
];

/// Jobs on the list that is timed.
const JOBS: usize = 200;
/// The fields a list of today shows.
const COLUMNS: [&str; 6] = ["number", "short_description", "priority", "window_start", "window_end", "expected_start"];
/// From long ago until far off: every job is of today.
const EVER: (i64, i64) = (0, 4_000_000_000_000);

/// A phone that is signed in and in step, with one job on it.
fn signed_in<'a>(language: &'a Language, jobs: usize) -> Result<(Stage<'a>, String), String> {
    let mut stage = Stage::new(language);
    let mia = stage.office.hires("mia", &["wm_agent"]).to_string();
    let mut last = String::new();
    for number in 0..jobs {
        let job = json!({ "short_description": format!("job {number}"), "assigned_to": mia, "state": "16" });
        last = stage.office.creates("wm_task", &job).sys_id.to_string();
    }
    for call in ["platform", "open", "sign_in", "sync"] {
        answered(&mut stage, call, &Json::Null)?;
    }
    Ok((stage, last))
}

fn answered(stage: &mut Stage<'_>, call: &str, with: &Json) -> Result<Json, String> {
    stage.asks("mia", call, with)?.map_err(|error| format!("{call}: {error}"))
}

/// Every function once, with arguments it can do something with.
fn every_call(stage: &Stage<'_>, task: &str) -> Vec<(&'static str, Json)> {
    let record = json!({ "table": "wm_task", "sys_id": { "hex": task } });
    let any = json!({ "hex": task });
    let blob = json!({ "hex": "00".repeat(32) });
    let day = json!({ "from": EVER.0, "until": EVER.1, "columns": COLUMNS });
    let here = json!({ "latitude": 43.73, "longitude": 7.42 });
    let note = json!({ "kind": "work_note", "record": record, "text": "seen" });
    vec![
        ("enrolled", json!({})),
        ("salvage", json!({})),
        ("execute", json!({ "command": note })),
        ("today", day.clone()),
        ("by_state", json!({ "table": "wm_task", "state": 16, "columns": [] })),
        ("by_table", json!({ "table": "wm_task", "columns": [] })),
        ("by_site", json!({ "location": any, "columns": [] })),
        ("by_asset", json!({ "asset": any, "columns": [] })),
        ("referring", json!({ "target": any, "table": "wm_task", "columns": [] })),
        ("search", json!({ "text": "job", "columns": [] })),
        ("van_stock", json!({})),
        ("record", json!({ "record": record })),
        ("form", json!({ "record": record })),
        ("checklists", json!({ "record": record })),
        ("signatures", json!({ "record": record })),
        ("safety", json!({})),
        ("sla_clocks", json!({ "record": record })),
        ("needs_attention", json!({})),
        ("what_changed", json!({})),
        ("looked_at", json!({ "through": 0 })),
        ("outbox", json!({})),
        ("sync_status", json!({})),
        ("plan_day", json!({ "from": EVER.0, "until": EVER.1, "here": here })),
        ("shown", json!({})),
        ("take_day", json!({})),
        ("file", json!({ "blob": blob })),
        ("set_budget_bytes", json!({ "bytes": 60_000 })),
        ("network_is_back", json!({})),
        ("stop", json!({})),
        ("tidy", json!({})),
        ("sync", json!({ "most_seconds": 30 })),
        ("sign_in", json!({})),
        ("visit_kiosk", json!({ "address": stage.line.url() })),
        ("fetch", json!({ "record": record, "blob": blob })),
        ("enrol", json!({ "invitation": "none" })),
        ("open", json!({})),
        ("wipe", json!({})),
    ]
}

/// Before its work and after it, in every function; then the same call again, and what is on disk.
fn panics(language: &Language, _: u64) -> Result<String, String> {
    let (mut stage, task) = signed_in(language, 1)?;
    let calls = every_call(&stage, &task);
    let notes = |stage: &mut Stage<'_>| {
        let record = json!({ "record": { "table": "wm_task", "sys_id": { "hex": task } } });
        let seen = answered(stage, "record", &record)?;
        seen["details"]["work_notes"].as_array().map(Vec::len).ok_or(format!("{seen} has no notes"))
    };
    for (call, with) in &calls {
        for after in [false, true] {
            let before = if *call == "wipe" { 0 } else { notes(&mut stage)? };
            answered(&mut stage, "trial_panic", &json!({ "function": call, "after_its_work": after }))?;
            match stage.asks("mia", call, with)? {
                Err(error) if error["kind"] == "unexpected" && error["support_id"].as_str().is_some() => {}
                // Whoever refuses before there is anything to do never comes to the end of its work.
                other => return Err(format!("{call} was to panic and said {other:?}")),
            }
            if *call == "wipe" {
                // A panic before the work costs nothing; one after it, the store was wiped all the same.
                continue;
            }
            let wrote = usize::from(*call == "execute" && after);
            let now = notes(&mut stage)?;
            if now != before + wrote {
                return Err(format!("{call}: {now} notes where {} were", before + wrote));
            }
        }
        if let Err(error) = stage.asks("mia", call, with)?
            && error["kind"] == "unexpected"
        {
            return Err(format!("{call} did not work again: {error}"));
        }
    }
    Ok(format!(": {} functions, twice each", calls.len()))
}

fn cancelled(language: &Language, _: u64) -> Result<String, String> {
    const LONG: u64 = 300;
    let (mut stage, task) = signed_in(language, 1)?;
    let note =
        json!({ "kind": "work_note", "record": { "table": "wm_task", "sys_id": { "hex": task } }, "text": "seen" });
    answered(&mut stage, "execute", &json!({ "command": note }))?;
    stage.line.is_slow(fieldline_stories::Pace::of_2g());
    answered(&mut stage, "cancel_sync", &json!({ "after_milliseconds": LONG }))?;
    let status = answered(&mut stage, "sync_status", &Json::Null)?;
    if status["unsent_edits"] != 1 {
        return Err(format!("the sync was over before it was cancelled: {status}"));
    }
    stage.line.is_freed();
    answered(&mut stage, "sync", &Json::Null)?;
    let status = answered(&mut stage, "sync_status", &Json::Null)?;
    if status["unsent_edits"] != 0 {
        return Err(format!("the next sync did not finish it: {status}"));
    }
    Ok(String::new())
}

fn cycles(language: &Language, count: u64) -> Result<String, String> {
    /// Pages the allocator keeps for later, whatever is done.
    const SLACK_BYTES: u64 = 24 << 20;
    let (mut stage, _) = signed_in(language, 1)?;
    answered(&mut stage, "close", &Json::Null)?;
    let directory = stage.carried("mia", false)?.home.store();
    let sizes = answered(&mut stage, "cycles", &json!({ "directory": directory, "count": count }))?;
    let size = |name: &str| sizes[name].as_u64().ok_or(format!("{sizes} has no {name}"));
    let (before, after) = (size("before_bytes")?, size("after_bytes")?);
    if after > before + SLACK_BYTES {
        return Err(format!("{count} cycles: {before} bytes before, {after} after"));
    }
    Ok(format!(": {count} cycles, {} KiB before, {} KiB after", before >> 10, after >> 10))
}

fn list_of_200(language: &Language, _: u64) -> Result<String, String> {
    let (mut stage, _) = signed_in(language, JOBS)?;
    let mut with = json!({ "from": EVER.0, "until": EVER.1, "columns": COLUMNS });
    let listed = answered(&mut stage, "today", &with)?;
    if listed.as_array().map(Vec::len) != Some(JOBS) {
        return Err(format!("{} jobs are listed", listed.as_array().map_or(0, Vec::len)));
    }
    with["repetitions"] = 200.into();
    let time = answered(&mut stage, "time_today", &with)?;
    let nanoseconds = time["nanoseconds"].as_u64().ok_or(format!("{time} has no nanoseconds"))?;
    Ok(format!(": {} microseconds a call", nanoseconds / 1000))
}
