//! `route repair`: a day that goes otherwise than planned.

use std::error::Error;
use std::path::PathBuf;

use clap::Args;
use fieldline_routing::{Assignment, Change, Event, Iterations, Problem, Repair, check, repair as repaired, timetable};
use serde_json::json;

use crate::judge::Judged;

/// What happened, and when.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    judged: Judged,
    /// What happened, in JSON: a list of events, see `route schema events`.
    events: PathBuf,
    /// The moment, in the problem's seconds: what was begun by then stays.
    #[arg(long)]
    now_seconds: i32,
    /// How many iterations to search.
    #[arg(long, default_value_t = 2_000)]
    iterations: u64,
    /// The seed of the dice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Prints changes and plan as JSON.
    #[arg(long)]
    json: bool,
}

/// Plans the rest of the day again, and says what changes.
pub fn repair(options: &Options) -> Result<String, Box<dyn Error>> {
    let (read, plan) = options.judged.read()?;
    let file = options.events.display();
    let text = std::fs::read_to_string(&options.events).map_err(|problem| format!("{file}: {problem}"))?;
    let events: Vec<Event> = serde_json::from_str(&text).map_err(|problem| format!("{file}: {problem}"))?;
    let mut budget = Iterations(options.iterations);
    let repair = repaired(&read.problem, &plan, options.now_seconds, &events, options.seed, &mut budget)?;
    check(&repair.problem, &repair.plan).map_err(|wrong| format!("the plan is wrong: {}", wrong.join("; ")))?;
    Ok(if options.json { as_json(&repair) } else { as_text(&repair) })
}

fn as_json(repair: &Repair) -> String {
    let Repair { problem, plan, changes } = repair;
    json!({ "changes": changes, "plan": plan, "timetable": timetable(problem, plan) }).to_string()
}

fn as_text(repair: &Repair) -> String {
    let mut lines: Vec<String> = repair.changes.iter().map(|change| in_words(&repair.problem, change)).collect();
    let left = repair.plan.unserved.iter().map(|unserved| &repair.problem.visits()[unserved.visit].name);
    lines.extend(left.map(|name| format!("{name} is made by nobody")));
    lines.push(format!("{} changes; late {} s", repair.changes.len(), repair.plan.score.late_seconds));
    lines.join("\n")
}

fn in_words(problem: &Problem, change: &Change) -> String {
    let who = |assignments: &[Assignment]| {
        let one = |one: &Assignment| format!("{} at {} s", problem.shifts()[one.shift].name, one.begins_seconds);
        let all: Vec<String> = assignments.iter().map(one).collect();
        if all.is_empty() { "nobody".to_owned() } else { all.join(" and ") }
    };
    format!("{}: {}, before {}", problem.visits()[change.visit].name, who(&change.after), who(&change.before))
}
