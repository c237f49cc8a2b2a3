//! `route solve`: reads a problem, searches, has the plan checked by the independent checker, and says what came of it.

use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fieldline_routing::{Iterations, Plan, Problem, Start, check, geojson, solve_in_threads, svg, timetable};
use serde_json::json;

use crate::bar::Bar;
use crate::judge::read_plan;
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
    /// How many searches go on at once, each in a thread of its own with a seed of its own; the best plan wins.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// A plan to begin with, as this command prints it in JSON.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Prints the plan as JSON, with its timetable.
    #[arg(long)]
    json: bool,
    /// Draws the plan.
    #[arg(long)]
    svg: Option<PathBuf>,
    /// Writes the plan for a map; of problems in JSON with positions.
    #[arg(long)]
    geojson: Option<PathBuf>,
}

/// Searches and says what was found.
pub fn solve(options: &Options) -> Result<String, Box<dyn Error>> {
    let limit = match (options.iterations, options.seconds) {
        (Some(iterations), _) => Limit::Iterations(Iterations(iterations)),
        (None, seconds) => Limit::Seconds(seconds.unwrap_or_default()),
    };
    let read = options.source.read()?;
    let from = options.from.as_deref().map(read_plan).transpose()?;
    let bar = if options.json { None } else { Bar::of(limit, &read.problem, read.units) };
    let mut running = vec![Running::start(limit, options.clock, bar.clone()); options.threads.max(1)];
    let start = from.as_ref().map_or(Start::Afresh, Start::From);
    let plan = solve_in_threads(&read.problem, start, options.seed, &mut running);
    bar.iter().for_each(Bar::clear);
    let score = check(&read.problem, &plan).map_err(|wrong| format!("the plan is wrong: {}", wrong.join("; ")))?;
    draw(options, &read, &plan)?;
    let (distance, running) = (score.cost as f64 / read.units, Running::together(&running));
    Ok(match options.json {
        true => as_json(&read.problem, &plan, distance, &running),
        false => as_text(&read.problem, &plan, distance, &running),
    })
}

fn draw(options: &Options, read: &Read, plan: &Plan) -> Result<(), Box<dyn Error>> {
    let drawings = [&options.svg, &options.geojson];
    if drawings.iter().any(|drawing| drawing.is_some()) && read.positions.is_empty() {
        return Err("the problem holds ways and no positions, so there is nothing to draw".into());
    }
    if let Some(file) = &options.svg {
        std::fs::write(file, svg(&read.problem, plan, &read.positions))?;
    }
    if let Some(file) = &options.geojson {
        std::fs::write(file, serde_json::to_string(&geojson(&read.problem, plan, &read.positions))?)?;
    }
    Ok(())
}

fn as_json(problem: &Problem, plan: &Plan, distance: f64, running: &Running) -> String {
    json!({
        "distance": distance, "vehicles": plan.tours.len(), "unserved": plan.unserved.len(),
        "iterations": running.iterations, "seconds": running.seconds(), "complete_after_seconds": running.complete_after,
        "best_after_seconds": running.best_after, "plan": plan, "timetable": timetable(problem, plan),
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
