//! `fieldline-bench store`: what the phone's database costs, next to plain SQLite and to bare SQLCipher in the same run.
//!
//! The sides take turns, so that a busy machine is busy for all. What depends on a process having just begun (opening) or on
//! what it holds (memory, system calls) is measured in child processes.

mod child;
mod editing;
mod opening;
mod room;
mod searching;
mod side;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use fieldline_model::Record;
use serde_json::json;

use crate::data;
use crate::measure::{Cost, cost, processor_microseconds, wall_microseconds};
pub use child::{CHILD_COMMAND, live as live_as_child};
use side::{SIDES, Side};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const MEDIAN: f64 = 0.5;
const WORST_OF_A_HUNDRED: f64 = 0.99;

/// One line of the table: a figure per side, as far as it was taken, and what ours is to be.
struct Line {
    what: String,
    unit: &'static str,
    sides: [Option<f64>; 3],
    goal: Option<f64>,
}

/// The same records on all sides.
struct Bench {
    dir: tempfile::TempDir,
    records: Vec<Record>,
}

impl Bench {
    fn fill(records: usize) -> Result<Self> {
        let bench = Self { dir: tempfile::tempdir()?, records: data::records(records).collect() };
        eprintln!("filling three databases with {records} records ...");
        for side in SIDES {
            Side::open(side, &bench.path(side))?.fill(bench.records.iter().cloned())?;
        }
        Ok(bench)
    }

    fn path(&self, side: &str) -> PathBuf {
        self.dir.path().join(side)
    }

    fn tasks(&self) -> Vec<&Record> {
        self.records.iter().filter(|record| record.id.table == "wm_task").collect()
    }
}

/// Measures, prints the table, and writes it as JSON where asked.
pub fn run(records: usize, json: Option<&Path>) -> Result<()> {
    let bench = Bench::fill(records)?;
    let mut lines = room::disk(&bench)?;
    lines.extend(opening::measure(&bench)?);
    lines.extend(editing::measure(&bench)?);
    lines.extend(searching::measure(&bench)?);
    lines.extend(room::memory(&bench)?);
    print(&lines, records);
    if let Some(path) = json {
        fs::write(path, serde_json::to_vec_pretty(&as_json(&lines, records))?)?;
    }
    Ok(())
}

/// Wall and processor time of the same deed on all sides, at a share of all turns.
fn times(what: &str, costs: &[Vec<Cost>; 3], share: f64, processor_goal: Option<f64>) -> [Line; 2] {
    let at = |of: fn(&[Cost], f64) -> f64| costs.each_ref().map(|costs| (!costs.is_empty()).then(|| of(costs, share)));
    let name = if share == MEDIAN { "median" } else { "p99" };
    [
        Line { what: format!("{what}, {name}"), unit: "µs", sides: at(wall_microseconds), goal: None },
        Line {
            what: "  of that on the processor".into(),
            unit: "µs",
            sides: at(processor_microseconds),
            goal: processor_goal,
        },
    ]
}

/// Does something that must find something, and keeps what it cost.
fn keep(costs: &mut Vec<Cost>, deed: impl FnOnce() -> Result<usize>) -> Result<()> {
    let (spent, found) = cost(deed);
    if found? == 0 {
        return Err("a side found nothing, so its time says nothing".into());
    }
    costs.push(spent);
    Ok(())
}

fn print(lines: &[Line], records: usize) {
    println!("store with {records} records, next to plain SQLite and bare SQLCipher (WAL, synchronous=FULL)");
    println!("{:<52}{:>6}{:>10}{:>10}{:>10}{:>8}{:>9}", "", "", "ours", "plain", "keyed", "x plain", "goal");
    for Line { what, unit, sides, goal } in lines {
        let figure = |figure: Option<f64>| match figure {
            Some(figure) if figure < 10.0 => format!("{figure:.2}"),
            Some(figure) => format!("{figure:.0}"),
            None => "-".to_owned(),
        };
        let [ours, plain, keyed] = sides.map(figure);
        let ratio = sides[0].zip(sides[1]).map_or("-".to_owned(), |(ours, plain)| format!("{:.1}", ours / plain));
        println!("{what:<52}{unit:>6}{ours:>10}{plain:>10}{keyed:>10}{ratio:>8}{:>9}", figure(*goal));
    }
}

fn as_json(lines: &[Line], records: usize) -> serde_json::Value {
    let line = |Line { what, unit, sides: [ours, plain, keyed], goal }: &Line| json!({ "what": what.trim(), "unit": unit, "ours": ours, "plain": plain, "keyed": keyed, "goal": goal });
    json!({ "records": records, "lines": lines.iter().map(line).collect::<Vec<_>>() })
}
