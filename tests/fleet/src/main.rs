//! `fieldline-fleet --seeds N [--start S] [--json FILE]`: simulates shifts and says which seeds broke a promise; the first that
//! did is made small and kept. `--replay FILE` runs one plan again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use fieldline_fleet::plan::Plan;
use fieldline_fleet::shift::{Report, run};
use fieldline_fleet::{seeds, shrink};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Broken promises of one shift that are told; the rest is most often the same.
const MOST_SHOWN: usize = 12;

/// Shifts run to make one small: some minutes.
const MOST_SHRINKING_RUNS: u64 = 400;

/// Simulates a fleet of phones and a server under faults, one shift a seed, then every kept shift that once broke a promise.
#[derive(Parser)]
struct Options {
    /// How many shifts.
    #[arg(long, default_value_t = 50)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// Phones per shift.
    #[arg(long, default_value_t = 8)]
    phones: usize,
    /// Hours of storm before the calm.
    #[arg(long, default_value_t = 8)]
    hours: i64,
    /// Where to write the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Runs the plan in this file instead of drawing any.
    #[arg(long, conflicts_with_all = ["seeds", "start", "phones", "hours"])]
    replay: Option<PathBuf>,
    /// Prints every event, for one shift at a time.
    #[arg(long)]
    trace: bool,
    /// Leaves a failing shift as large as it is.
    #[arg(long)]
    no_shrink: bool,
}

/// A plan and how to run it again.
struct Candidate {
    plan: Plan,
    again: String,
}

impl Options {
    /// The plans to run.
    fn candidates(&self) -> Result<Vec<Candidate>, String> {
        let replay = |(file, plan): (PathBuf, Plan)| Candidate { plan, again: format!("--replay {}", file.display()) };
        if let Some(file) = &self.replay {
            return Ok(vec![replay((file.clone(), Plan::read(file)?))]);
        }
        let (phones, hours) = (self.phones, self.hours);
        let drawn = |seed| Candidate {
            plan: Plan::draw(seed, phones, hours),
            again: format!("--start {seed} --seeds 1 --phones {phones} --hours {hours}"),
        };
        let kept = seeds::kept()?.into_iter().map(replay);
        Ok((self.start..self.start + self.seeds).map(drawn).chain(kept).collect())
    }
}

fn main() -> ExitCode {
    match simulate(&Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every plan and tells what came of it; returns how many broke a promise.
fn simulate(options: &Options) -> Result<usize, String> {
    let candidates = options.candidates()?;
    let reports = run_all(&candidates, options.trace);
    let broken: Vec<(&Candidate, &Report)> =
        candidates.iter().zip(&reports).filter(|(_, report)| !report.violations.is_empty()).collect();
    for (candidate, report) in &broken {
        println!("seed {} broke {} promise(s):", report.seed, report.violations.len());
        tell(report);
        println!("  again: cargo xtask fleet {} --trace", candidate.again);
    }
    println!("{}; {} broke a promise", figures(&reports), broken.len());
    if let Some(path) = &options.json {
        let all: Vec<_> = reports.iter().map(Report::to_json).collect();
        let text = json!({ "seeds": reports.len(), "broken": broken.len(), "shifts": all }).to_string();
        std::fs::write(path, text).map_err(|problem| format!("{}: {problem}", path.display()))?;
    }
    if let Some((candidate, report)) = broken.first().filter(|_| !options.no_shrink) {
        make_small(&candidate.plan, report)?;
    }
    Ok(broken.len())
}

fn tell(report: &Report) {
    report.violations.iter().take(MOST_SHOWN).for_each(|violation| println!("  - {violation}"));
}

/// Shrinks a failing shift and keeps it where every test run finds it.
fn make_small(plan: &Plan, report: &Report) -> Result<(), String> {
    let bar = ProgressBar::new(MOST_SHRINKING_RUNS);
    bar.set_style(
        ProgressStyle::with_template("shrinking {wide_bar} {msg} {elapsed} left {eta} at the most")
            .expect("a valid template"),
    );
    let (small, report) = shrink::shrink(plan, report, MOST_SHRINKING_RUNS, &|runs, steps| {
        bar.set_position(runs);
        bar.set_message(format!("{steps} steps"));
    });
    bar.finish_and_clear();
    let file = seeds::keep(&format!("seed-{}", plan.seed), &small)?;
    println!("seed {} in {} steps, kept in {}:", plan.seed, small.steps.len(), file.display());
    tell(&report);
    Ok(())
}

fn figures(reports: &[Report]) -> String {
    let sum = |figure: fn(&Report) -> u64| reports.iter().map(figure).sum::<u64>();
    let mut deeds = BTreeMap::new();
    for (deed, times) in reports.iter().flat_map(|report| &report.deeds).filter(|(deed, _)| **deed != "work") {
        *deeds.entry(*deed).or_insert(0) += times;
    }
    let deeds: Vec<String> = deeds.iter().map(|(deed, times)| format!("{deed} {times}")).collect();
    format!(
        "{} shifts: {} edits, {} exchanges, {} messages lost or damaged, {} merges, {} steps refused, {} held, {} lost with \
         a phone; {}",
        reports.len(),
        sum(|report| report.edits),
        sum(|report| report.exchanges),
        sum(|report| report.messages_spoilt),
        sum(|report| report.merges),
        sum(|report| report.refused_steps),
        sum(|report| report.held),
        sum(|report| report.lost),
        deeds.join(", ")
    )
}

/// Runs every plan, as many at a time as there are processors, and returns the reports in the plans' order.
fn run_all(candidates: &[Candidate], prints: bool) -> Vec<Report> {
    let bar = ProgressBar::new(candidates.len() as u64);
    bar.set_style(
        ProgressStyle::with_template("{pos}/{len} shifts {wide_bar} {elapsed} left {eta}").expect("a valid template"),
    );
    let next = AtomicUsize::new(0);
    let reports = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(candidate) = candidates.get(index)
                {
                    let report = run(&candidate.plan, prints);
                    reports.lock().expect("no worker panics while it holds the lock").push((index, report));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut reports = reports.into_inner().expect("every worker has ended");
    reports.sort_by_key(|(index, _)| *index);
    reports.into_iter().map(|(_, report)| report).collect()
}
