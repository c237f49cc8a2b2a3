//! `fieldline-bench routing-day`: what a phone and a dispatcher's desk ask of the optimiser while somebody waits, in this process,
//! each figure with its goal. Times are those of the processor.
//!
//! ```text
//! region     days that are made up
//! tour       one technician's day, its order proven
//! team       six technicians, and an emergency
//! desk       300 technicians and two weeks: slots to offer, and an emergency
//! unserved   whether anybody is left out who fits
//! ```

mod desk;
mod region;
mod team;
mod tour;
mod unserved;

use std::path::PathBuf;

use clap::Parser;
use serde_json::{Value, json};

use crate::measure::{Cost, processor_microseconds};
use crate::routing::memory_at_1000_visits;

type Failed = Box<dyn std::error::Error>;

/// What the command line asks for.
#[derive(Parser)]
#[command(name = "fieldline-bench routing-day", no_binary_name = true)]
pub struct Options {
    /// A folder with `vrptw` in it, for the memory a process takes on a published instance.
    folder: Option<PathBuf>,
    /// How many days each of a technician's and a team's figures are taken from.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// How many days with too much work are looked through for somebody left out who fits.
    #[arg(long, default_value_t = 10_000)]
    oversubscribed: u32,
    /// Where to write the figures.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// A figure, and what it is to be.
pub struct Figure {
    what: String,
    is: String,
    goal: &'static str,
}

impl Figure {
    pub fn new(what: impl Into<String>, is: impl Into<String>, goal: &'static str) -> Self {
        let figure = Self { what: what.into(), is: is.into(), goal };
        println!("{:<64} {:>34}   {}", figure.what, figure.is, figure.goal);
        figure
    }

    /// The middle and the worst but one in a hundred.
    pub fn of_times(what: impl Into<String>, costs: &[Cost], goal: &'static str) -> Self {
        let [middle, most] = [0.5, 0.99].map(|share| processor_microseconds(costs, share) / 1e3);
        Self::new(what, format!("{middle:.3} ms, p99 {most:.3} ms"), goal)
    }

    fn to_json(&self) -> Value {
        json!({ "what": self.what, "is": self.is, "goal": self.goal })
    }
}

/// Measures and prints.
pub fn run(options: &Options) -> Result<(), Failed> {
    println!("{:<64} {:>34}   goal", "what", "median");
    let mut figures = tour::measure(options.days);
    figures.extend(team::measure(options.days));
    figures.extend(desk::measure());
    figures.extend(unserved::measure(options.oversubscribed));
    let memory = match &options.folder {
        Some(folder) => format!("{:.1} MiB", memory_at_1000_visits(folder)?),
        None => "needs the folder of instances".to_owned(),
    };
    figures.push(Figure::new("memory of the process with 1,000 visits", memory, "12 MiB"));
    if let Some(path) = &options.json {
        std::fs::write(path, Value::from(figures.iter().map(Figure::to_json).collect::<Vec<_>>()).to_string())?;
    }
    Ok(())
}
