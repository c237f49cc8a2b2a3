//! `fieldline-bench server`: how many signed edits a second the server admits, verifies and keeps, next to plain SQLite that
//! only keeps them.
//!
//! Phones have real keys, documents and signed batches, made before the clock starts; they talk to the edge's admission, without
//! HTTP. A visit is ten edits, five of them steps, and its work order follows: that costs the server edits of its own, which
//! are not counted. What no phone holds fills the database up to its size. Throughput is measured with requests always
//! waiting, so the time to a receipt is mostly waiting.

mod drive;
mod floor;
mod house;
mod phone;

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use drive::{Run, saturate};
use fieldline_web::{Admission, Entropy};
use house::{House, MORNING};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};

use crate::measure::{Cost, memory_kibibytes, processor_seconds};

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Requests under way at the same time.
const AT_ONCE: usize = 64;
/// Visits of each phone: sent edit by edit, and as one batch each.
const SINGLE_VISITS: usize = 1;
const BATCHED_VISITS: usize = 3;

/// What is asked for.
pub struct Options {
    pub records: usize,
    pub phones: usize,
}

/// Measures, prints, and writes JSON where asked.
pub fn run(options: &Options, json: Option<&Path>) -> Result<()> {
    let beside = std::env::current_exe()?;
    let dir = tempfile::tempdir_in(beside.parent().ok_or("the program lies in a folder")?)?;
    let Options { records, phones } = *options;
    eprintln!("filling a server with {records} records and {phones} phones ...");
    let mut house = House::fill(dir.path(), records, phones, SINGLE_VISITS + BATCHED_VISITS)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let admission = Arc::new(Admission::start(house.server.clone(), Arc::new(|| MORNING), Entropy::open()));
    println!(
        "server with {records} records, {phones} phones, {AT_ONCE} requests at once, on a file with synchronous=FULL"
    );
    let mut lines = Vec::new();
    for (what, in_a_batch, visits) in [("one by one", 1, SINGLE_VISITS), ("ten in a batch", 10, BATCHED_VISITS)] {
        for phone in &mut house.phones {
            (0..visits).try_for_each(|_| phone.work(in_a_batch))?;
        }
        let shared = house.server.metrics.transactions.get();
        let queued = std::mem::take(&mut house.phones);
        let (run, phones) = runtime.block_on(saturate(&house.server, &admission, queued, AT_ONCE))?;
        house.phones = phones;
        let together = run.edits / (house.server.metrics.transactions.get() - shared).max(1) as usize;
        let floor_file = dir.path().join(format!("floor-{in_a_batch}.db"));
        let floor = floor::insert(&floor_file, records, run.edits, together.max(1))?;
        lines.push(line(what, &run, together, &floor));
    }
    let idle = idle_microseconds(&mut house)?;
    let megabytes = memory_kibibytes("VmRSS") as f64 * 1024.0 / 1e6;
    println!("an exchange with nothing new: {idle:.0} µs on the processor");
    println!("resident memory, simulated phones included: {megabytes:.0} MB");
    if let Some(path) = json {
        let all = json!({ "records": records, "phones": phones, "lines": lines,
            "idle_exchange_microseconds": idle, "resident_megabytes": megabytes });
        std::fs::write(path, serde_json::to_vec_pretty(&all)?)?;
    }
    Ok(())
}

/// What an exchange costs on the processor when a phone has everything and sends nothing.
fn idle_microseconds(house: &mut House) -> Result<f64> {
    const ROUNDS: usize = 5;
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut ask_all = |house: &mut House| -> Result<()> {
        for phone in &mut house.phones {
            phone.take(&house.server.sync(&phone.caller, &phone.request(None), MORNING, &mut rng)?)?;
        }
        Ok(())
    };
    ask_all(house)?;
    let before = processor_seconds();
    (0..ROUNDS).try_for_each(|_| ask_all(house))?;
    Ok((processor_seconds() - before) * 1e6 / (ROUNDS * house.phones.len()) as f64)
}

/// Ours next to the floor: the same number of edits, as many in a transaction.
fn line(what: &str, run: &Run, together: usize, floor: &Cost) -> Value {
    let ours = 1e6 / run.edits_per_processor_second();
    let floor = floor.processor.as_secs_f64() * 1e6 / run.edits as f64;
    let [p50, p99] = [50, 99].map(|hundredths| run.receipt_milliseconds(hundredths));
    println!(
        "{what:<15} {:>7} edits, {together} in a transaction: {:.0}/s; {ours:.0} µs on the processor each (floor {floor:.0} \
         µs, {:.1}x); receipts after {p50:.0} ms, 99 % within {p99:.0} ms",
        run.edits,
        run.edits_per_second(),
        ours / floor,
    );
    json!({ "what": what, "edits": run.edits, "requests": run.requests, "edits_in_a_transaction": together,
        "edits_per_second": run.edits_per_second(), "ours_microseconds": ours, "floor_microseconds": floor,
        "receipt_p50_milliseconds": p50, "receipt_p99_milliseconds": p99 })
}
