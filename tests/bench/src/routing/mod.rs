//! `fieldline-bench routing`: the optimiser next to its peers on published instances, each a process of one thread with so many
//! seconds of processor time.
//!
//! The instances are not ours to carry along: a folder is named that holds them. Ours is the program `route` as it is shipped. A
//! plan counts for what the checker says of it, whoever made it.
//!
//! ```text
//! instances    what there is to plan, and how well it has been planned
//! task         a problem as it is handed to a peer
//! peers        who plans, and what has to be installed for it
//! process      a program with a fair clock, and its memory
//! judge        what a plan is worth
//! searches     who plans what and for how long, and what came of it
//! table        gaps to best known plans
//! technicians  who serves more, and who drives less
//! ```

mod instances;
mod judge;
mod peers;
mod process;
mod searches;
mod table;
mod task;
mod technicians;

use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;

use instances::Set;
use peers::{Side, Tools};
use process::Bench;
use searches::{Row, searches};

pub use judge::tour;

type Failed = Box<dyn std::error::Error>;

/// What the command line asks for.
#[derive(Parser)]
#[command(name = "fieldline-bench routing", no_binary_name = true)]
pub struct Options {
    /// A folder with `vrptw` and `trsp` in it: instances, `best_known.csv`, `reported_2013.csv`.
    folder: PathBuf,
    /// Only these sets.
    #[arg(long, value_delimiter = ',', value_name = "SETS")]
    only: Vec<Set>,
    /// So many instances of each set, evenly spread.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    sample: Option<u32>,
    /// Who else plans.
    #[arg(long, value_delimiter = ',', value_name = "LIST", default_value = "pyvrp,vroom,ortools,vrp-cli")]
    peers: Vec<Side>,
    /// Nobody else plans.
    #[arg(long, conflicts_with = "peers")]
    alone: bool,
    /// The limits to try where best known plans are the measure.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    seconds: Vec<f64>,
    /// How many seeds everybody who has dice is tried with; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// How many search at once; as many as there are processors unless told otherwise.
    #[arg(long)]
    at_once: Option<usize>,
    #[command(flatten)]
    tools: Tools,
    /// Where to write the figures.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Measures and prints.
pub fn run(options: &Options) -> Result<(), Failed> {
    let peers = if options.alone { &[][..] } else { &options.peers };
    options.tools.check(peers)?;
    let mut instances = Vec::new();
    for set in options.sets() {
        instances.extend(set.instances(&options.folder, options.sample)?);
    }
    let asked = searches(&instances, peers, &options.seconds, options.seeds);
    let found = searches::make(&asked, &options.tools, options.at_once)?;
    let rows = searches::rows(&asked, &found);
    table::print(&rows);
    technicians::print(&rows);
    if let Some(path) = &options.json {
        std::fs::write(path, Value::from(rows.iter().map(Row::to_json).collect::<Vec<_>>()).to_string())?;
    }
    Ok(())
}

impl Options {
    fn sets(&self) -> Vec<Set> {
        if self.only.is_empty() { Set::ALL.to_vec() } else { self.only.clone() }
    }
}

/// What `route` holds in memory at most while it searches the first instance with 1,000 visits.
pub fn memory_at_1000_visits(folder: &Path) -> Result<f64, Failed> {
    let first = Set::Homberger1000.instances(folder, Some(1))?;
    let mut command = peers::route();
    command.arg("solve").args(Set::Homberger1000.format()).args(["--clock", "cpu", "--json", "--seconds", "1"]);
    Ok(Bench::new()?.run(command.arg(&first[0].file))?.memory_mebibytes)
}
