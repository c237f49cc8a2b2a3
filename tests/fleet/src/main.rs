//! `fieldline-fleet --seeds N [--start S] [--json FILE]`: simulates shifts and says which seeds broke a promise;
//! `--replay FILE` runs one plan again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use fieldline_fleet::plan::Plan;
use fieldline_fleet::shift::{Report, run};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Broken promises of one shift that are told; the rest is most often the same.
const MOST_SHOWN: usize = 12;

/// Simulates a fleet of phones and a server under faults, one shift a seed.
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
}

impl Options {
    /// The plans to run.
    fn plans(&self) -> Result<Vec<Plan>, String> {
        let seeds = self.start..self.start + self.seeds;
        match &self.replay {
            Some(file) => Ok(vec![Plan::read(file)?]),
            None => Ok(seeds.map(|seed| Plan::draw(seed, self.phones, self.hours)).collect()),
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let plans = match options.plans() {
        Ok(plans) => plans,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let reports = run_all(&plans, options.trace);
    let broken: Vec<&Report> = reports.iter().filter(|report| !report.violations.is_empty()).collect();
    for report in &broken {
        println!("seed {} broke {} promise(s):", report.seed, report.violations.len());
        report.violations.iter().take(MOST_SHOWN).for_each(|violation| println!("  - {violation}"));
        if options.replay.is_none() {
            let (seed, phones, hours) = (report.seed, options.phones, options.hours);
            println!("  again: cargo xtask fleet --start {seed} --seeds 1 --phones {phones} --hours {hours} --trace");
        }
    }
    println!("{}; {} broke a promise", figures(&reports), broken.len());
    if let Some(path) = &options.json {
        let all: Vec<_> = reports.iter().map(Report::to_json).collect();
        let text = json!({ "seeds": reports.len(), "broken": broken.len(), "shifts": all }).to_string();
        if let Err(error) = std::fs::write(path, text) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn figures(reports: &[Report]) -> String {
    let sum = |figure: fn(&Report) -> u64| reports.iter().map(figure).sum::<u64>();
    format!(
        "{} shifts: {} edits, {} exchanges, {} messages lost or damaged, {} merges, {} steps refused, {} held, {} crashes, \
         {} clocks set",
        reports.len(),
        sum(|report| report.edits),
        sum(|report| report.exchanges),
        sum(|report| report.messages_spoilt),
        sum(|report| report.merges),
        sum(|report| report.refused_steps),
        sum(|report| report.held),
        sum(|report| report.crashes),
        sum(|report| report.clock_changes),
    )
}

/// Runs every plan, as many at a time as there are processors, and returns the reports in the plans' order.
fn run_all(plans: &[Plan], prints: bool) -> Vec<Report> {
    let bar = ProgressBar::new(plans.len() as u64);
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
                    && let Some(plan) = plans.get(index)
                {
                    let report = run(plan, prints);
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
