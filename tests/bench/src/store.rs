//! `fieldline-bench store`: what the phone's database costs, next to plain SQLite in the same run.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use fieldline_model::Record;
use serde_json::json;

use crate::data::record;
use crate::measure::{Cost, cost, mean_processor_microseconds, median_wall_microseconds, peak_memory_bytes};
use crate::{floor, ours};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Runs one side alone and prints its peak memory; started by the measurement itself.
pub const MEMORY_COMMAND: &str = "store-memory";
const OPENINGS: usize = 25;
const EDITS: usize = 200;
const READINGS: usize = 400;

/// One line of the table.
struct Line {
    what: &'static str,
    unit: &'static str,
    ours: f64,
    floor: f64,
}

/// Measures, prints the table, and writes it as JSON where asked.
pub fn run(records: usize, json: Option<&Path>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let (ours_dir, floor_path) = (dir.path().join("ours"), dir.path().join("floor.db"));
    let all: Vec<Record> = (0..records).map(record).collect();
    eprintln!("filling two databases with {records} records ...");
    ours::fill(&ours::open(&ours_dir)?, &all)?;
    floor::fill(&mut floor::open(&floor_path)?, &all)?;
    let bytes = |bytes: u64| bytes as f64 / records as f64;
    let size = Line {
        what: "on disk, per record",
        unit: "bytes",
        ours: bytes(fs::metadata(ours_dir.join("fieldline.db"))?.len()),
        floor: bytes(fs::metadata(&floor_path)?.len()),
    };
    let mut lines = opening(&ours_dir, &floor_path)?;
    lines.extend(editing_and_reading(&ours_dir, &floor_path, &all)?);
    lines.push(size);
    lines.push(memory(&ours_dir, &floor_path)?);
    print(&lines, records);
    if let Some(path) = json {
        fs::write(path, serde_json::to_vec_pretty(&as_json(&lines, records))?)?;
    }
    Ok(())
}

/// Runs both sides in turns and keeps what each cost; both must find something.
fn in_turns(
    times: usize,
    mut ours: impl FnMut(usize) -> Result<usize>,
    mut floor: impl FnMut(usize) -> Result<usize>,
) -> Result<[Vec<Cost>; 2]> {
    let mut costs = [Vec::new(), Vec::new()];
    for turn in 0..times {
        for (side, costs) in costs.iter_mut().enumerate() {
            let (spent, found) = cost(|| if side == 0 { ours(turn) } else { floor(turn) });
            if found? == 0 {
                return Err("a side found nothing, so its time says nothing".into());
            }
            costs.push(spent);
        }
    }
    Ok(costs)
}

fn lines(wall: &'static str, costs: &[Vec<Cost>; 2]) -> [Line; 2] {
    let [ours, floor] = costs;
    let both = |what, of: fn(&[Cost]) -> f64| Line { what, unit: "µs", ours: of(ours), floor: of(floor) };
    [both(wall, median_wall_microseconds), both("  of that on the processor, mean", mean_processor_microseconds)]
}

fn opening(ours_dir: &Path, floor_path: &Path) -> Result<Vec<Line>> {
    let costs =
        in_turns(OPENINGS, |_| Ok(ours::today(&ours::open(ours_dir)?)?), |_| floor::today(&floor::open(floor_path)?))?;
    Ok(lines("cold open after an orderly close, first list", &costs).into())
}

fn editing_and_reading(ours_dir: &Path, floor_path: &Path, all: &[Record]) -> Result<Vec<Line>> {
    let (store, plain) = (ours::open(ours_dir)?, floor::open(floor_path)?);
    let task = |turn: usize| &all[turn * 5 % all.len()];
    let note = |turn: usize| format!("Visit {turn}: pressure checked, valve replaced, customer informed");
    let edits = in_turns(
        EDITS,
        |turn| ours::edit(&store, &task(turn).id, &note(turn)).map(|()| 1),
        |turn| floor::put(&plain, task(turn)).map(|()| 1),
    )?;
    let today = in_turns(READINGS, |_| Ok(ours::today(&store)?), |_| floor::today(&plain))?;
    let search = in_turns(READINGS, |_| Ok(ours::search(&store)?), |_| floor::search(&plain))?;
    let mut all = Vec::from(lines("one edit to durable commit (floor: one row)", &edits));
    all.extend(lines("today's list, 50 rows", &today));
    all.extend(lines("full-text search, 50 hits", &search));
    Ok(all)
}

/// Peak memory of each side in a process that opens, lists, searches and writes once.
fn memory(ours_dir: &Path, floor_path: &Path) -> Result<Line> {
    let measure = |side: &str, path: &Path| -> Result<f64> {
        let output = Command::new(std::env::current_exe()?).args([MEMORY_COMMAND, side]).arg(path).output()?;
        let text = String::from_utf8(output.stdout)?;
        let bytes = text.trim().parse::<f64>();
        Ok(bytes.map_err(|_| format!("the {side} side failed: {}", String::from_utf8_lossy(&output.stderr)))? / 1024.0)
    };
    Ok(Line {
        what: "peak memory of the process",
        unit: "KiB",
        ours: measure("ours", ours_dir)?,
        floor: measure("floor", floor_path)?,
    })
}

/// The child of [`memory`].
pub fn peak_memory_of_this_process(mut words: impl Iterator<Item = String>) -> Result<()> {
    let (side, path) = words.next().zip(words.next()).ok_or("the side and its path are missing")?;
    let (path, task) = (Path::new(&path), record(0));
    if side == "ours" {
        let store = ours::open(path)?;
        ours::today(&store)?;
        ours::search(&store)?;
        ours::edit(&store, &task.id, "memory")?;
    } else {
        let plain = floor::open(path)?;
        floor::today(&plain)?;
        floor::search(&plain)?;
        floor::put(&plain, &task)?;
    }
    println!("{}", peak_memory_bytes());
    Ok(())
}

fn print(lines: &[Line], records: usize) {
    println!("store with {records} records: medians, ours next to plain SQLite without a key (WAL, synchronous=FULL)");
    println!("{:<50} {:>6} {:>12} {:>12} {:>7}", "", "", "ours", "floor", "ratio");
    for line in lines {
        let ratio = line.ours / line.floor;
        println!("{:<50} {:>6} {:>12.0} {:>12.0} {:>6.1}x", line.what, line.unit, line.ours, line.floor, ratio);
    }
}

fn as_json(lines: &[Line], records: usize) -> serde_json::Value {
    let line = |line: &Line| json!({ "what": line.what.trim(), "unit": line.unit, "ours": line.ours, "floor": line.floor, "ratio": line.ours / line.floor });
    json!({ "records": records, "lines": lines.iter().map(line).collect::<Vec<_>>() })
}
