//! A million clocks that wait: what the server holds for them, what a write costs beside them, how fast they ring.

use std::path::Path;

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::{Job, Storage};
use serde_json::{Value as Json, json};

use super::{House, MORNING, Result, attached};
use crate::measure::{Cost, cost, memory_kibibytes, processor_microseconds, processor_seconds, wall_microseconds};

/// Clocks in one transaction while filling.
const FILLED_AT_ONCE: usize = 10_000;
/// Writes measured before and after.
const WRITES: usize = 200;
/// Clocks that ring while they are measured.
const RINGING: usize = 5_000;
const HOUR: i64 = 3_600_000;

/// Fills a server with clocks and looks at what they cost.
pub fn wait(file: &Path, clocks: usize) -> Result<Json> {
    let mut house = House::open(file)?;
    attached::levels(&mut house)?;
    let level = house.create(
        MORNING,
        "contract_sla",
        &[("name", "A month"), ("collection", "problem"), ("duration", "1970-01-31 00:00:00")],
    )?;
    let before = writes(&mut house)?;
    let memory_before = memory_kibibytes("RssAnon");
    fill(&house, level.sys_id, clocks)?;
    let memory_after = memory_kibibytes("RssAnon");
    let after = writes(&mut house)?;
    let processor = processor_seconds();
    let looks: Vec<Cost> = (0..1_000).map(|_| cost(|| house.server.next_due()).0).collect();
    let idle = house.server.do_due(1_000, MORNING, &mut house.rng)?;
    let looked = processor_seconds() - processor;
    let (rang, done) = cost(|| ring(&mut house));
    let (done, median) = (done?, |costs: &[Cost]| processor_microseconds(costs, 0.5));
    let per_second = done as f64 / rang.wall.as_secs_f64();
    println!("{clocks} open clocks, {idle} due:");
    println!(
        "  a look for what is due next: {:.1} µs; nothing else happens until then",
        wall_microseconds(&looks, 0.5)
    );
    println!(
        "  a write with three clocks of its own: {:.0} µs cpu beside them, {:.0} without",
        median(&after),
        median(&before)
    );
    println!("  memory of its own: {} MB more than without", memory_after.saturating_sub(memory_before) / 1_024);
    println!("  {done} rang, {per_second:.0} a second");
    Ok(
        json!({ "clocks": clocks, "look_microseconds": wall_microseconds(&looks, 0.5), "looks_processor_seconds": looked,
        "write_before_microseconds": median(&before), "write_after_microseconds": median(&after),
        "memory_kibibytes_more": memory_after.saturating_sub(memory_before), "rings_per_second": per_second }),
    )
}

fn writes(house: &mut House) -> Result<Vec<Cost>> {
    let mut costs = Vec::new();
    for _ in 0..WRITES {
        let (cost, made) = cost(|| house.create(MORNING, "incident", &[("short_description", "Link is down")]));
        made?;
        costs.push(cost);
    }
    Ok(costs)
}

/// Clocks of problems, the first of which ring soon.
fn fill(house: &House, level: SysId, clocks: usize) -> Result<()> {
    let numbers: Vec<usize> = (0..clocks).collect();
    for (page, chunk) in numbers.chunks(FILLED_AT_ONCE).enumerate() {
        eprint!("\rfilling: {} of {clocks} clocks ", page * FILLED_AT_ONCE);
        let mut tx = house.storage.begin()?;
        for number in chunk {
            let (row, due_at) = clock(*number, level);
            tx.put_job(&Job::new(format!("sla/{}", row.id.sys_id), "sla", due_at))?;
            tx.put_record(&row)?;
        }
        tx.commit()?;
    }
    eprintln!();
    Ok(())
}

fn clock(number: usize, level: SysId) -> (Record, fieldline_model::Timestamp) {
    let id = |kind: u8| {
        let mut bytes = [kind; 16];
        bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
        SysId(bytes)
    };
    let due_at = MORNING.plus_milliseconds(48 * HOUR + number as i64 * 100);
    let mut row = Record::new(DocumentId::new("task_sla", id(1)));
    row.set("task", Some(Value::Reference(id(2))));
    row.set("sla", Some(Value::Reference(level)));
    row.set("stage", Some(Value::text("in_progress")));
    row.set("active", Some(Value::Boolean(true)));
    row.set("start_time", Some(Value::Time(MORNING)));
    row.set("planned_end_time", Some(Value::Time(due_at)));
    row.set("original_breach_time", Some(Value::Time(due_at)));
    row.set("promised_duration", Some(Value::Time(fieldline_model::Timestamp(due_at.milliseconds_since(MORNING)))));
    (row, due_at)
}

/// Lets the first of them ring at their moments.
fn ring(house: &mut House) -> Result<usize> {
    let (mut done, mut now) = (0, MORNING.plus_milliseconds(48 * HOUR));
    while done < RINGING {
        now = now.plus_milliseconds(10_000);
        let rang = house.server.do_due(1_000, now, &mut house.rng)? as usize;
        if rang == 0 && house.server.next_due()?.is_none() {
            break;
        }
        done += rang;
    }
    Ok(done)
}
