//! `fieldline-bench api`: how fast the record API answers over a hundred thousand incidents, next to a bare axum over a plain
//! SQLite table with real columns, an index for every question and the same durability, that gives the same answers to the letter.
//!
//! Both servers are processes of their own, asked in turns over loopback through connections that stay open, so noise hits
//! both; ours is the program as it is shipped, asked by an integration with its token. The floor asks nobody who they are, keeps
//! no history and knows one table. That both say the same is checked before anything is measured.
//!
//! ```text
//! house        the incidents, made as a life cycle makes them
//! floor        the other server
//! operations   what is asked of both
//! connection   a connection that stays open
//! drive        asks in turns, and what it took
//! report       the table
//! ```

mod connection;
mod drive;
mod floor;
mod house;
mod operations;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use drive::Both;
use house::House;
use operations::operations;

pub use floor::{COMMAND as FLOOR_COMMAND, serve as serve_floor};

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// What the command line asks for.
#[derive(Parser)]
#[command(name = "fieldline-bench api", no_binary_name = true)]
pub struct Options {
    /// How many incidents there are.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    records: u64,
    /// How long each side is asked each question, for each number of connections.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Only questions with this in their name.
    #[arg(long, default_value = "")]
    only: String,
    /// Keeps the filled databases in this folder, and uses a copy of them when they are there.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Where to write the figures.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Connections that ask at the same time.
const AT_ONCE: [usize; 2] = [1, 8];

/// Measures, prints, and writes JSON where asked.
pub fn run(options: &Options) -> Result<()> {
    let beside = std::env::current_exe()?;
    let passing = tempfile::tempdir_in(beside.parent().ok_or("the program lies in a folder")?)?;
    let kept = House::at(options.keep.as_deref().unwrap_or(&passing.path().join("kept")), options.records as usize)?;
    kept.fill()?;
    drive::fill_floor(&kept)?;
    let house = kept.copied(&passing.path().join("measured"))?;
    let mut both = Both::start(&house)?;
    let asked: Vec<_> = operations().into_iter().filter(|asked| asked.name.contains(&options.only)).collect();
    asked.iter().try_for_each(|operation| both.agree(operation))?;
    println!(
        "{} incidents, answers over loopback, both sides alternating, on files with synchronous=FULL",
        house.records
    );
    report::print_head();
    let mut lines = Vec::new();
    for operation in &asked {
        for at_once in AT_ONCE {
            let measured = both.measure(operation, at_once, Duration::from_secs_f64(options.seconds))?;
            lines.push(report::line(operation, at_once, &measured));
        }
    }
    let memory = report::memory(&both);
    if let Some(path) = &options.json {
        let all = serde_json::json!({ "records": house.records, "lines": lines, "memory": memory });
        std::fs::write(path, serde_json::to_vec_pretty(&all)?)?;
    }
    Ok(())
}
