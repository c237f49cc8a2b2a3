//! `fieldline-fleet --seeds N [--start S] [--json FILE]`: simulates shifts and says which seeds broke a promise.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;
use fieldline_fleet::shift::{Report, Shift};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

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
    /// Prints every event, for one seed at a time.
    #[arg(long)]
    trace: bool,
}

impl Options {
    fn shift(&self, seed: u64) -> Shift {
        Shift { seed, phones: self.phones, hours: self.hours, trace: self.trace, server_forgets: false }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let reports = run(&options);
    let broken: Vec<&Report> = reports.iter().filter(|report| !report.violations.is_empty()).collect();
    for report in &broken {
        println!("seed {} broke {} promise(s):", report.seed, report.violations.len());
        report.violations.iter().for_each(|violation| println!("  - {violation}"));
        println!(
            "  replay: cargo xtask fleet --start {} --seeds 1 --phones {} --hours {} --trace",
            report.seed, options.phones, options.hours
        );
    }
    let sum = |figure: fn(&Report) -> u64| reports.iter().map(figure).sum::<u64>();
    println!(
        "{} shifts of {} phones: {} edits, {} exchanges, {} messages lost or damaged, {} merges, {} steps refused, \
         {} held, {} crashes; {} shifts broke a promise",
        reports.len(),
        options.phones,
        sum(|report| report.edits),
        sum(|report| report.exchanges),
        sum(|report| report.messages_spoilt),
        sum(|report| report.merges),
        sum(|report| report.refused_steps),
        sum(|report| report.held),
        sum(|report| report.crashes),
        broken.len()
    );
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

/// Runs every seed, as many at a time as there are processors, and returns the reports in seed order.
fn run(options: &Options) -> Vec<Report> {
    let bar = ProgressBar::new(options.seeds);
    bar.set_style(
        ProgressStyle::with_template("{pos}/{len} shifts {wide_bar} {elapsed} left {eta}").expect("a valid template"),
    );
    let next = AtomicU64::new(0);
    let reports = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= options.seeds {
                        return;
                    }
                    let report = options.shift(options.start + index).run();
                    reports.lock().expect("no worker panics while it holds the lock").push(report);
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut reports = reports.into_inner().expect("every worker has ended");
    reports.sort_by_key(|report| report.seed);
    reports
}
