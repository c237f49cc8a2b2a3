//! `fieldline-bench server`: how many signed edits a second the server admits, verifies and keeps, next to plain SQLite that
//! only keeps them.

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
use serde_json::{Value, json};

use crate::measure::memory_kibibytes;

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
    eprintln!("filling a server with {} records and {} phones ...", options.records, options.phones);
    let mut house = House::fill(dir.path(), options.records, options.phones, SINGLE_VISITS + BATCHED_VISITS)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let admission = Arc::new(Admission::start(house.server.clone(), Arc::new(|| MORNING), Entropy::open()));
    let mut lines = Vec::new();
    for (what, in_a_batch, visits) in [("one by one", 1, SINGLE_VISITS), ("ten in a batch", 10, BATCHED_VISITS)] {
        for phone in &mut house.phones {
            (0..visits).try_for_each(|_| phone.work(in_a_batch))?;
        }
        let phones = std::mem::take(&mut house.phones);
        let (run, phones) = runtime.block_on(saturate(&house.server, &admission, phones, AT_ONCE))?;
        house.phones = phones;
        lines.push(line(what, &run));
    }
    let megabytes = memory_kibibytes("VmRSS") as f64 * 1024.0 / 1e6;
    println!("resident memory, phones included: {megabytes:.0} MB");
    println!("database: {:.0} MB", std::fs::metadata(&house.database)?.len() as f64 / 1e6);
    let plain = floor::insert(&dir.path().join("floor.db"), options.records, &vec![vec![7; 300]; 20_000], 100)?;
    println!("floor: {:.1} us cpu an edit", plain.processor.as_secs_f64() * 1e6 / 20_000.0);
    if let Some(path) = json {
        std::fs::write(path, serde_json::to_vec_pretty(&json!({ "records": options.records, "lines": lines }))?)?;
    }
    Ok(())
}

fn line(what: &str, run: &Run) -> Value {
    println!(
        "{what:<16} {:>7} edits {:>9.0}/s {:>9.0}/cpu-s {:>7.0} us cpu an edit, receipts p50 {:.1} ms p99 {:.1} ms",
        run.edits,
        run.edits_per_second(),
        run.edits_per_processor_second(),
        1e6 / run.edits_per_processor_second(),
        run.receipt_milliseconds(50),
        run.receipt_milliseconds(99),
    );
    json!({ "what": what, "edits": run.edits, "requests": run.requests, "edits_per_second": run.edits_per_second() })
}
