//! `route`: plans from the command line.
//!
//! ```text
//! route solve --format solomon FILE --seconds 10 --json > PLAN
//! route check --format solomon FILE PLAN
//! route explain --format solomon FILE PLAN
//! ```

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod judge;
mod limit;
mod solve;
mod source;

/// Plans tours of technicians.
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    word: Word,
}

#[derive(Subcommand)]
enum Word {
    /// Searches for a good plan, checks it and prints it.
    Solve(solve::Options),
    /// Judges a plan by the problem alone.
    Check(judge::Options),
    /// Says of every visit nobody makes what is between it and each shift.
    Explain(judge::Options),
}

impl Word {
    fn speak(&self) -> Result<String, Box<dyn Error>> {
        match self {
            Self::Solve(options) => solve::solve(options),
            Self::Check(options) => judge::check(options),
            Self::Explain(options) => judge::explain(options),
        }
    }
}

fn main() -> ExitCode {
    match Options::parse().word.speak() {
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
