//! The same life of many incidents with more and more attached to it.

use std::path::Path;

use serde_json::{Value, json};

use super::{House, MORNING, Result};
use crate::measure::{Cost, cost, processor_microseconds, wall_microseconds};

/// Rules, of which two hold for an incident of the kind that is written.
const RULES: usize = 20;
const HOUR: i64 = 3_600_000;

/// What is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attached {
    Nothing,
    Rules,
    Levels,
    Flows,
    All,
}

impl Attached {
    const SIDES: [(Self, &'static str); 5] = [
        (Self::Nothing, "nothing attached"),
        (Self::Rules, "20 rules, 2 of which act"),
        (Self::Levels, "3 service levels"),
        (Self::Flows, "2 flows of 2 steps"),
        (Self::All, "all of these"),
    ];

    fn has(self, what: Self) -> bool {
        self == what || self == Self::All
    }
}

/// Runs every side, alternating in rounds, so that a noisy machine is noisy for all.
pub fn compare(dir: &Path, incidents: usize) -> Result<Vec<Value>> {
    let mut sides = Vec::new();
    for (attached, name) in Attached::SIDES {
        let mut house = House::open(&dir.join(format!("{attached:?}.db")))?;
        attach(&mut house, attached)?;
        sides.push((name, house, Vec::new()));
    }
    for number in 0..incidents {
        for (_, house, costs) in &mut sides {
            live(house, number, costs)?;
        }
    }
    println!("{incidents} incidents created, changed and resolved on each side, every write durable by itself");
    println!("{:<28} {:>8} {:>10} {:>12} {:>8}", "", "writes/s", "µs (p50)", "µs cpu (p50)", "times");
    let bare = processor_microseconds(&sides[0].2, 0.5);
    let mut lines = Vec::new();
    for (name, mut house, costs) in sides {
        let (wall, processor) = (wall_microseconds(&costs, 0.5), processor_microseconds(&costs, 0.5));
        let (rate, times) = (1e6 / wall, processor / bare);
        println!("{name:<28} {rate:>8.0} {wall:>10.0} {processor:>12.0} {times:>8.2}");
        let jobs = drain(&mut house)?;
        lines.push(json!({ "attached": name, "writes_per_second": rate, "wall_microseconds": wall,
            "processor_microseconds": processor, "times_bare": times, "jobs": jobs }));
    }
    Ok(lines)
}

/// Does what was left to do; what that cost.
fn drain(house: &mut House) -> Result<Value> {
    let (cost, done) = cost(|| -> Result<u32> {
        let mut all = 0;
        loop {
            let done = house.server.do_due(1_000, MORNING.plus_milliseconds(2 * HOUR), &mut house.rng)?;
            all += done;
            if done == 0 {
                return Ok(all);
            }
        }
    });
    let done = done?;
    let rate = f64::from(done) / cost.wall.as_secs_f64();
    if done > 0 {
        println!("{:<28} {rate:>8.0} of {done} jobs a second", "  and what followed");
    }
    Ok(json!({ "done": done, "per_second": rate }))
}

fn attach(house: &mut House, attached: Attached) -> Result<()> {
    let group = house.create(MORNING, "sys_user_group", &[("name", "Network")])?.sys_id.to_string();
    for number in 0..if attached.has(Attached::Rules) { RULES } else { 0 } {
        let condition = if number == RULES - 1 { "category=network".into() } else { format!("category=other{number}") };
        let fields = [("name", "By category"), ("table", "incident"), ("condition", &*condition), ("group", &*group)];
        house.create(MORNING, "sysrule_assignment", &fields)?;
    }
    if attached.has(Attached::Rules) {
        let fields = [
            ("name", "Urgent at once"),
            ("collection", "incident"),
            ("action_update", "true"),
            ("filter_condition", "urgencyCHANGESTO1"),
            ("template", "description=It is urgent"),
        ];
        house.create(MORNING, "sys_script", &fields)?;
    }
    if attached.has(Attached::Levels) {
        levels(house)?;
    }
    for number in 0..if attached.has(Attached::Flows) { 2 } else { 0 } {
        let steps =
            r#"[{"do":"wait","seconds":3600},{"do":"update","record":"trigger","fields":{"work_notes":"Still here"}}]"#;
        let name = format!("Remind {number}");
        let fields =
            [("name", &*name), ("trigger_type", "record_create"), ("table", "incident"), ("definition", steps)];
        house.create(MORNING, "sys_hub_flow", &fields)?;
    }
    Ok(())
}

/// Three promises in the hours of a working week.
pub fn levels(house: &mut House) -> Result<()> {
    let schedule =
        house.create(MORNING, "cmn_schedule", &[("name", "Office hours"), ("time_zone", "Europe/Monaco")])?;
    let schedule = schedule.sys_id.to_string();
    let week = [
        ("schedule", schedule.as_str()),
        ("start_date_time", "2026-01-05 08:00:00"),
        ("end_date_time", "2026-01-05 17:00:00"),
        ("repeat_type", "weekly"),
        ("days_of_week", "12345"),
    ];
    house.create(MORNING, "cmn_schedule_span", &week)?;
    for (name, duration) in [("Response", "04:00:00"), ("Resolution", "08:00:00"), ("Long stop", "20:00:00")] {
        let duration = format!("1970-01-01 {duration}");
        let fields = [
            ("name", name),
            ("collection", "incident"),
            ("duration", &*duration),
            ("schedule", &*schedule),
            ("start_condition", "active=true"),
            ("pause_condition", "state=3"),
            ("stop_condition", "stateIN6,7"),
        ];
        house.create(MORNING, "contract_sla", &fields)?;
    }
    Ok(())
}

/// An incident is created, put on hold, taken off it, raised and resolved.
fn live(house: &mut House, number: usize, costs: &mut Vec<Cost>) -> Result<()> {
    let now = MORNING.plus_milliseconds(number as i64);
    let title = format!("Link {number} is down");
    let born = [("short_description", title.as_str()), ("category", "network")];
    let (first, incident) = cost(|| house.create(now, "incident", &born));
    costs.push(first);
    let id = incident?.sys_id;
    let later: [&[(&str, &str)]; 4] = [
        &[("state", "3"), ("hold_reason", "4")],
        &[("state", "2")],
        &[("urgency", "1")],
        &[("state", "6"), ("close_code", "Solved"), ("close_notes", "Plugged in")],
    ];
    for fields in later {
        let (change, done) = cost(|| house.update(now, "incident", id, fields));
        costs.push(change);
        done?;
    }
    Ok(())
}
