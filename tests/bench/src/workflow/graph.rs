//! Who feels it when an item fails, in an organisation's graph of relations, and how long its health takes.

use std::path::Path;

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_service::cmdb::health::health;
use fieldline_service::cmdb::impact::impact;
use fieldline_storage::Storage;
use rand_core::Rng;
use serde_json::{Value as Json, json};

use super::{House, MORNING, Result};
use crate::measure::{Cost, cost, processor_microseconds, wall_microseconds};

const SERVICES: usize = 1_000;
const APPLICATIONS: usize = 9_000;
const SERVERS: usize = 30_000;
const QUESTIONS: usize = 1_000;

/// Services need applications, those each other and servers, so many relations in all; asks about servers at random.
pub fn ask(file: &Path, relations: usize) -> Result<Json> {
    let mut house = House::open(file)?;
    let kind = house.create(MORNING, "cmdb_rel_type", &[("name", "Depends on::Used by")])?.sys_id;
    fill(&mut house, kind, relations)?;
    let system = house.system.clone();
    let (first, _) = cost(|| house.server.read(&system, MORNING, &mut house.rng, |call| impact(call, id(2, 0))));
    let (mut costs, mut reached): (Vec<Cost>, usize) = (Vec::new(), 0);
    for _ in 0..QUESTIONS {
        let server = id(2, house.rng.next_u32() as usize % SERVERS);
        let system = house.system.clone();
        let (cost, found) = cost(|| house.server.read(&system, MORNING, &mut house.rng, |call| impact(call, server)));
        reached += found?.above.len();
        costs.push(cost);
    }
    let (median, worst) = (wall_microseconds(&costs, 0.5) / 1e3, wall_microseconds(&costs, 0.99) / 1e3);
    let each = reached / QUESTIONS;
    println!(
        "{relations} relations of {} items, {QUESTIONS} questions about servers, {each} items above each:",
        SERVICES + APPLICATIONS + SERVERS
    );
    let (looked, _) = cost(|| house.server.read(&system, MORNING, &mut house.rng, |call| health(call)));
    let [first, looked] = [first, looked].map(|cost| wall_microseconds(&[cost], 0.5) / 1e3);
    println!(
        "  who feels it: {median:.2} ms, 99 % within {worst:.2} ms; the first question, which reads the graph, {first:.0} ms"
    );
    println!("  the health of all of it: {looked:.0} ms");
    Ok(json!({ "relations": relations, "items_above": each, "p50_milliseconds": median, "p99_milliseconds": worst,
        "first_milliseconds": first, "health_milliseconds": looked,
        "processor_microseconds": processor_microseconds(&costs, 0.5) }))
}

fn id(kind: u8, number: usize) -> SysId {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    SysId(bytes)
}

fn fill(house: &mut House, kind: SysId, relations: usize) -> Result<()> {
    let mut tx = house.storage.begin()?;
    let classes = [("cmdb_ci_service", SERVICES), ("cmdb_ci_appl", APPLICATIONS), ("cmdb_ci_server", SERVERS)];
    for (at, (class, count)) in classes.into_iter().enumerate() {
        for number in 0..count {
            let mut item = Record::new(DocumentId::new(class, id(at as u8, number)));
            item.set("name", Some(Value::text(format!("{class} {number}"))));
            tx.put_record(&item)?;
        }
    }
    for number in 0..relations {
        // A fifth from services to applications, a fifth between these, the rest to servers.
        let (parent, child) = match number % 5 {
            0 => ((0, SERVICES), (1, APPLICATIONS)),
            1 => ((1, APPLICATIONS / 10), (1, APPLICATIONS)),
            _ => ((1, APPLICATIONS), (2, SERVERS)),
        };
        let mut draw = |(kind, count): (u8, usize)| id(kind, house.rng.next_u32() as usize % count);
        let mut relation = Record::new(DocumentId::new("cmdb_rel_ci", id(9, number)));
        relation.set("parent", Some(Value::Reference(draw(parent))));
        relation.set("child", Some(Value::Reference(draw(child))));
        relation.set("type", Some(Value::Reference(kind)));
        tx.put_record(&relation)?;
    }
    tx.commit()?;
    Ok(())
}
