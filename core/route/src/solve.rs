//! `route solve`: reads a problem, searches, has the plan checked by the independent checker, and says what came of it.

use std::fmt::Write;

use fieldline_routing::formats::{Rounding, solomon, trsp};
use fieldline_routing::{Iterations, Plan, Problem, ProblemFile, Score, check, solve as search};
use serde_json::json;

use crate::limit::{Limit, Running};
use crate::{Aim, Format, Solve};

/// Searches and says what was found.
pub fn solve(options: &Solve) -> Result<String, String> {
    let file = options.file.display();
    let text = std::fs::read_to_string(&options.file).map_err(|problem| format!("{file}: {problem}"))?;
    let limit = match (options.iterations, options.seconds) {
        (Some(iterations), _) => Limit::Iterations(Iterations(iterations)),
        (None, seconds) => Limit::Seconds(seconds.unwrap_or_default()),
    };
    let mut running = Running::start(limit, options.clock);
    let (problem, units) = read(options, &text).map_err(|problem| format!("{file}: {problem}"))?;
    let plan = search(&problem, options.seed, &mut running);
    let score = check(&problem, &plan).map_err(|wrong| format!("the plan is wrong: {}", wrong.join("; ")))?;
    let distance = score.cost as f64 / units;
    Ok(if options.json {
        as_json(&plan, &score, distance, &running)
    } else {
        as_text(&problem, &plan, distance, &running)
    })
}

/// The problem, and how many units a distance of 1 has in it.
fn read(options: &Solve, text: &str) -> Result<(Problem, f64), Box<dyn std::error::Error>> {
    let (dimacs, exact) = (Rounding::Dimacs, Rounding::Exact);
    Ok(match (options.format, options.objective) {
        (Format::Solomon, Aim::Distance) => (solomon::read(text, dimacs, false)?, dimacs.units()),
        (Format::Solomon, Aim::Vehicles) => (solomon::read(text, exact, true)?, exact.units()),
        (Format::Trsp, _) => (trsp::read(text)?, exact.units()),
        (Format::Json, _) => (Problem::try_from(serde_json::from_str::<ProblemFile>(text)?)?, 1.0),
    })
}

fn as_json(plan: &Plan, score: &Score, distance: f64, running: &Running) -> String {
    json!({
        "distance": distance, "vehicles": plan.tours.len(), "unserved": plan.unserved.len(), "score": score,
        "iterations": running.iterations, "seconds": running.seconds(), "complete_after_seconds": running.complete_after,
        "best_after_seconds": running.best_after, "tours": plan.tours,
    })
    .to_string()
}

fn as_text(problem: &Problem, plan: &Plan, distance: f64, running: &Running) -> String {
    let mut text = String::new();
    for tour in &plan.tours {
        let names: Vec<&str> = tour.visits.iter().map(|visit| problem.visits()[*visit].name.as_str()).collect();
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
