//! `route solve`: reads a problem, searches, has the plan checked by the independent checker, and says what came of it.

use std::error::Error;
use std::fmt::Write;

use clap::{Args, ValueEnum};
use fieldline_routing::{Iterations, Plan, Problem, Start, check, solve as search};
use serde_json::json;

use crate::limit::{Limit, Running};
use crate::source::{Read, Source};

/// Which seconds are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Clock {
    /// Those on the wall.
    Wall,
    /// Those this process used a processor: fair on a machine that is shared.
    Cpu,
}

/// How to search.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    source: Source,
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
    /// Prints the plan as JSON.
    #[arg(long)]
    json: bool,
}

/// Searches and says what was found.
pub fn solve(options: &Options) -> Result<String, Box<dyn Error>> {
    let limit = match (options.iterations, options.seconds) {
        (Some(iterations), _) => Limit::Iterations(Iterations(iterations)),
        (None, seconds) => Limit::Seconds(seconds.unwrap_or_default()),
    };
    let mut running = Running::start(limit, options.clock);
    let Read { problem, units } = options.source.read()?;
    let plan = search(&problem, Start::Afresh, options.seed, &mut running);
    let score = check(&problem, &plan).map_err(|wrong| format!("the plan is wrong: {}", wrong.join("; ")))?;
    let distance = score.cost as f64 / units;
    Ok(if options.json { as_json(&plan, distance, &running) } else { as_text(&problem, &plan, distance, &running) })
}

fn as_json(plan: &Plan, distance: f64, running: &Running) -> String {
    json!({
        "distance": distance, "vehicles": plan.tours.len(), "unserved": plan.unserved.len(),
        "iterations": running.iterations, "seconds": running.seconds(), "complete_after_seconds": running.complete_after,
        "best_after_seconds": running.best_after, "plan": plan,
    })
    .to_string()
}

fn as_text(problem: &Problem, plan: &Plan, distance: f64, running: &Running) -> String {
    let mut text = String::new();
    for tour in &plan.tours {
        let names: Vec<&str> = tour.visits().map(|visit| problem.visits()[visit].name.as_str()).collect();
        let shift = &problem.shifts()[tour.shift].name;
        writeln!(text, "{shift}: {}", names.join(" ")).expect("a string takes everything");
    }
    let served = problem.visits().len() - plan.unserved.len();
    let complete = running.complete_after.map_or("never".to_owned(), |seconds| format!("after {seconds:.3} s"));
    write!(
        text,
        "distance {distance:.1}, {} vehicles, {served} served, {} unserved; complete {complete}, best after {:.3} s, {} \
         iterations in {:.3} s",
        plan.tours.len(),
        plan.unserved.len(),
        running.best_after,
        running.iterations,
        running.seconds()
    )
    .expect("a string takes everything");
    text
}
