//! Where problems come from: files in several formats.

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fieldline_routing::formats::trsp::Reading;
use fieldline_routing::formats::{Rounding, solomon, trsp};
use fieldline_routing::{Problem, ProblemFile};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A VRPTW instance of Solomon's, or of Gehring and Homberger's.
    Solomon,
    /// A technician routing instance of Pillac, Guéret and Medaglia's, without spare parts and depot; short ways.
    Trsp,
    /// The same, whole; little working time.
    TrspFull,
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

/// A problem in a file.
#[derive(Args)]
pub struct Source {
    /// The problem.
    file: PathBuf,
    /// What the file holds.
    #[arg(long, value_enum)]
    format: Format,
    /// What is to be little; a problem in JSON says so itself.
    #[arg(long, value_enum, default_value = "distance")]
    objective: Aim,
}

/// A problem, and how many units a distance of 1 has in it.
pub struct Read {
    pub problem: Problem,
    pub units: f64,
}

impl Source {
    /// Reads it.
    pub fn read(&self) -> Result<Read, Box<dyn Error>> {
        let file = self.file.display();
        let text = std::fs::read_to_string(&self.file).map_err(|problem| format!("{file}: {problem}"))?;
        self.parse(&text).map_err(|problem| format!("{file}: {problem}").into())
    }

    fn parse(&self, text: &str) -> Result<Read, Box<dyn Error>> {
        let (dimacs, exact) = (Rounding::Dimacs, Rounding::Exact);
        let (problem, units) = match (self.format, self.objective) {
            (Format::Solomon, Aim::Distance) => (solomon::read(text, dimacs, false)?, dimacs.units()),
            (Format::Solomon, Aim::Vehicles) => (solomon::read(text, exact, true)?, exact.units()),
            (Format::Trsp, _) => (trsp::read(text, Reading::Part)?, exact.units()),
            (Format::TrspFull, _) => (trsp::read(text, Reading::Whole)?, exact.units()),
            (Format::Json, _) => (Problem::try_from(serde_json::from_str::<ProblemFile>(text)?)?, 1.0),
        };
        Ok(Read { problem, units })
    }
}
