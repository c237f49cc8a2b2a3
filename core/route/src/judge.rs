//! `route check` and `route explain`: what a plan is worth, and why it leaves out whom it leaves out.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Args;
use fieldline_routing::{Board, Obstacle, Offer, Plan, Problem, Reason};
use serde_json::Value;

use crate::source::{Read, Source};

/// A problem and a plan.
#[derive(Args)]
pub struct Judged {
    #[command(flatten)]
    source: Source,
    /// The plan, as `route solve --json` prints it.
    plan: PathBuf,
}

impl Judged {
    /// Reads both.
    pub fn read(&self) -> Result<(Read, Plan), Box<dyn Error>> {
        Ok((self.source.read()?, read_plan(&self.plan)?))
    }
}

/// Reads a plan, alone or as `route solve --json` prints it.
pub fn read_plan(path: &Path) -> Result<Plan, Box<dyn Error>> {
    let file = path.display();
    let text = std::fs::read_to_string(path).map_err(|problem| format!("{file}: {problem}"))?;
    let told: Value = serde_json::from_str(&text).map_err(|problem| format!("{file}: {problem}"))?;
    let plan = told.get("plan").cloned().unwrap_or(told);
    Ok(serde_json::from_value(plan).map_err(|problem| format!("{file} is no plan: {problem}"))?)
}

/// What a plan is worth.
pub fn check(options: &Judged) -> Result<String, Box<dyn Error>> {
    let (Read { problem, units, .. }, plan) = options.read()?;
    let score = fieldline_routing::check(&problem, &plan).map_err(|wrong| wrong.join("\n"))?;
    let unserved: i64 = score.unserved.iter().sum();
    Ok(format!("the plan is right: distance {:.1}, unserved worth {unserved}", score.cost as f64 / units))
}

/// A problem, a plan, and what is asked about it.
#[derive(Args)]
pub struct Asked {
    #[command(flatten)]
    judged: Judged,
    /// Says who else could make this visit, by its place in the problem, instead of why others are not made.
    #[arg(long)]
    visit: Option<usize>,
}

/// Why each visit nobody makes is not made, or who else could make one that is.
pub fn explain(options: &Asked) -> Result<String, Box<dyn Error>> {
    let (Read { problem, .. }, plan) = options.judged.read()?;
    fieldline_routing::check(&problem, &plan).map_err(|wrong| wrong.join("\n"))?;
    if let Some(visit) = options.visit {
        return others(&problem, &plan, visit);
    }
    let about = |visit: usize| {
        let mut lines = vec![format!("visit {}:", problem.visits()[visit].name)];
        let explanation = fieldline_routing::explain(&problem, &plan, visit);
        if !explanation.waits_for.is_empty() {
            lines.push(format!("  waits for {}, which nobody makes", names(&problem, &explanation.waits_for)));
        }
        for (shift, reason) in explanation.shifts.iter().enumerate() {
            lines.push(format!("  shift {}: {}", problem.shifts()[shift].name, in_words(&problem, reason)));
        }
        lines.join("\n")
    };
    let all: Vec<String> = plan.unserved.iter().map(|unserved| about(unserved.visit)).collect();
    Ok(if all.is_empty() { "every visit is made".to_owned() } else { all.join("\n") })
}

fn others(problem: &Problem, plan: &Plan, visit: usize) -> Result<String, Box<dyn Error>> {
    let of = problem.visits().get(visit).ok_or_else(|| format!("there is no visit {visit}"))?;
    let makes = plan.tours.iter().filter(|tour| tour.visits().any(|made| made == visit));
    let makes: Vec<&str> = makes.map(|tour| problem.shifts()[tour.shift].name.as_str()).collect();
    let makes = if makes.is_empty() { "nobody".to_owned() } else { makes.join(" and ") };
    let mut lines = vec![format!("visit {}: made by {makes}", of.name)];
    for offer in Board::new(problem, plan).next_best(visit, problem.shifts().len()) {
        let Offer { begins_seconds, late_seconds, cost, shift, .. } = offer;
        let name = &problem.shifts()[shift].name;
        lines.push(format!("  {name} could begin at {begins_seconds} s, at a cost of {cost}, {late_seconds} s late"));
    }
    if lines.len() == 1 {
        lines.push("  nobody else has time for it as the plan stands".into());
    }
    Ok(lines.join("\n"))
}

fn names(problem: &Problem, visits: &[usize]) -> String {
    visits.iter().map(|visit| problem.visits()[*visit].name.as_str()).collect::<Vec<_>>().join(", ")
}

fn in_words(problem: &Problem, reason: &Reason) -> String {
    match reason {
        Reason::Fits => "fits as the plan stands".into(),
        Reason::Displaces(visits) => format!("fits if {} is taken out", names(problem, visits)),
        Reason::ComesAfter(visits) => format!("has no time for it once {} is over", names(problem, visits)),
        Reason::Obstacle(obstacle) => match obstacle {
            Obstacle::Skill { skill, needs, has } => format!("needs skill {skill} on level {needs}, has {has}"),
            Obstacle::Tool(tool) => format!("lacks tool {tool}"),
            Obstacle::Territory(territory) => format!("does not serve {territory}"),
            Obstacle::OtherTechnician => "the visit is for others".into(),
            Obstacle::Excluded => "the technician is not to be sent there".into(),
            Obstacle::Part { part, needs, has } => format!("needs {needs} of {part}, has {has}"),
            Obstacle::Window => "gets there after the last window even if it does nothing else".into(),
            Obstacle::ShiftEnd => "is over before the technician is back even if it does nothing else".into(),
            Obstacle::Travel => "may not drive so far".into(),
            Obstacle::Pinned(shift) => format!("the visit is pinned to shift {}", problem.shifts()[*shift].name),
            Obstacle::BreaksOrDepot => "has no time for it beside the breaks and the way over the depot".into(),
        },
    }
}
