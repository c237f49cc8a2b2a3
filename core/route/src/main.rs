//! `route`: plans from the command line.
//!
//! ```text
//! route solve --format solomon FILE --seconds 10 --json > PLAN
//! route check --format solomon FILE PLAN
//! route explain --format solomon FILE PLAN
//! route repair --format json FILE PLAN EVENTS --now-seconds 30000
//! route schema problem
//! ```

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bar;
mod judge;
mod limit;
mod repair;
mod schema;
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
    Check(judge::Judged),
    /// Says of every visit nobody makes what is between it and each shift, or of one visit who else could make it.
    Explain(judge::Asked),
    /// Plans the rest of a day again after something happened, moving as little as possible.
    Repair(repair::Options),
    /// Prints a format as JSON Schema.
    Schema(schema::Options),
}

impl Word {
    fn speak(&self) -> Result<String, Box<dyn Error>> {
        match self {
            Self::Solve(options) => solve::solve(options),
            Self::Check(options) => judge::check(options),
            Self::Explain(options) => judge::explain(options),
            Self::Repair(options) => repair::repair(options),
            Self::Schema(options) => schema::schema(options),
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
