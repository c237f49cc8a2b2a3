//! `route schema`: the formats, told by the types that read them (JSON Schema, draft 2020-12).

use std::error::Error;

use clap::{Args, ValueEnum};
use fieldline_routing::{Event, Plan, ProblemFile};
use schemars::schema_for;

/// A format of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// What `--format json` reads.
    Problem,
    /// What `solve --json` prints under `plan`, and `check`, `explain` and `repair` read.
    Plan,
    /// What `repair` reads.
    Events,
}

/// Which format.
#[derive(Args)]
pub struct Options {
    #[arg(value_enum)]
    of: Of,
}

/// The schema of a format.
pub fn schema(options: &Options) -> Result<String, Box<dyn Error>> {
    let schema = match options.of {
        Of::Problem => schema_for!(ProblemFile),
        Of::Plan => schema_for!(Plan),
        Of::Events => schema_for!(Vec<Event>),
    };
    Ok(serde_json::to_string_pretty(&schema)?)
}
