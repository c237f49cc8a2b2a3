//! Where problems come from: files in several formats.

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fieldline_roads::{Profile, Roads};
use fieldline_routing::formats::trsp::Reading;
use fieldline_routing::formats::{Instance, Rounding, solomon, trsp};
use fieldline_routing::{At, Problem, ProblemFile, ToldTravel};

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
    /// A network of roads, made by `sync-server roads build`, for the positions of a problem in JSON.
    #[arg(long)]
    roads: Option<PathBuf>,
}

/// A problem, where its places are, and how many units a distance of 1 has in it.
pub struct Read {
    pub problem: Problem,
    pub positions: Vec<At>,
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
        let (Instance { problem, positions }, units) = match (self.format, self.objective) {
            (Format::Solomon, Aim::Distance) => (solomon::read(text, dimacs, false)?, dimacs.units()),
            (Format::Solomon, Aim::Vehicles) => (solomon::read(text, exact, true)?, exact.units()),
            (Format::Trsp, _) => (trsp::read(text, Reading::Part)?, exact.units()),
            (Format::TrspFull, _) => (trsp::read(text, Reading::Whole)?, exact.units()),
            (Format::Json, _) => (self.day(serde_json::from_str(text)?)?, 1.0),
        };
        Ok(Read { problem, positions, units })
    }

    fn day(&self, file: ProblemFile) -> Result<Instance, Box<dyn Error>> {
        let positions = file.positions.iter().map(|at| (at.longitude, at.latitude)).collect();
        let problem = match &self.roads {
            Some(bundle) if file.ways.is_none() => {
                let roads = Roads::open(bundle, Profile::Car)?;
                let told = ToldTravel::ask(&[&roads, &file.roads], &file.places()?)?;
                for (source, ways) in told.ways_by_source() {
                    eprintln!("{ways} ways told by {source:?}");
                }
                file.with_travel(told.travel)?
            }
            _ => Problem::try_from(file)?,
        };
        Ok(Instance { problem, positions })
    }
}
