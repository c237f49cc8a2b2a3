//! `route`: plans from the command line.
//!
//! ```text
//! route solve --format solomon FILE --seconds 10
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

mod limit;
mod solve;

/// Plans tours of technicians.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    word: Word,
}

#[derive(Subcommand)]
enum Word {
    /// Searches for a good plan, checks it and prints it.
    Solve(Solve),
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A VRPTW instance of Solomon's, or of Gehring and Homberger's.
    Solomon,
    /// A technician routing instance of Pillac, Guéret and Medaglia's.
    Trsp,
    /// A problem of ours, in JSON.
    Json,
}

/// What is to be little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Aim {
    /// The distance, in the DIMACS convention.
    Distance,
    /// The vehicles, then the distance.
    Vehicles,
}

/// Which seconds are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Clock {
    /// Those on the wall.
    Wall,
    /// Those this process used a processor: fair on a machine that is shared.
    Cpu,
}

/// How to search.
#[derive(clap::Args)]
struct Solve {
    /// The problem.
    file: PathBuf,
    /// What the file holds.
    #[arg(long, value_enum)]
    format: Format,
    /// How many seconds to search.
    #[arg(long, conflicts_with = "iterations", required_unless_present = "iterations")]
    seconds: Option<f64>,
    /// How many iterations to search: the same plan on every machine.
    #[arg(long)]
    iterations: Option<u64>,
    /// Which seconds are counted.
    #[arg(long, value_enum, default_value = "wall")]
    clock: Clock,
    /// The seed of the dice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What is to be little.
    #[arg(long, value_enum, default_value = "distance")]
    objective: Aim,
    /// Prints the plan as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let Options { word: Word::Solve(options) } = Options::parse();
    match solve::solve(&options) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
