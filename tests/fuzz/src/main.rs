//! `fieldline-fuzz [--cases N] [--border NAME] [--json FILE]`: feeds every border a share of N mutated inputs and counts what
//! broke: panics, aborts, promises; and what the dearest admitted kilobyte cost in processor time and memory.
//!
//! Cases run in child processes on a thread with the stack of a phone's (512 KiB), so that an abort ends a child, is told
//! from a panic, and is traced to its case. A case is (border, number): the same one is the same bytes everywhere.

mod cases;
mod crew;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fieldline_fuzz::borders;
use serde_json::json;

use crate::cases::{Tally, run};
use crate::crew::Crew;

/// Feeds the house's borders what nobody honest sends.
#[derive(Parser)]
struct Options {
    /// How many inputs in all.
    #[arg(long, default_value_t = 1_000_000)]
    cases: u64,
    /// Only this border, with all the cases.
    #[arg(long)]
    border: Option<String>,
    /// Where to write the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Keeps the honest beginnings of `--border` in its corpus, for libFuzzer to start from.
    #[arg(long, requires = "border")]
    keep_beginnings: bool,
    /// Keeps the input of this case of `--border` in its corpus, to be fed first from then on.
    #[arg(long, requires = "border")]
    keep_case: Option<u64>,
    /// Runs these cases in this process: first and how many.
    #[arg(long, hide = true, num_args = 2, requires = "border")]
    child: Option<Vec<u64>>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let (Some(range), Some(name)) = (&options.child, &options.border) {
        let Some(border) = fieldline_fuzz::border(name) else { return ExitCode::from(2) };
        println!("{}", run(border, range[0], range[1]).to_json());
        return ExitCode::SUCCESS;
    }
    if options.keep_beginnings || options.keep_case.is_some() {
        return keep(&options);
    }
    judge(&options)
}

fn keep(options: &Options) -> ExitCode {
    let Some(border) = options.border.as_deref().and_then(fieldline_fuzz::border) else { return ExitCode::from(2) };
    let mut inputs = Vec::new();
    if options.keep_beginnings {
        let honest = (border.open)().honest();
        inputs.extend((0..).zip(honest).map(|(number, input): (u64, _)| (format!("honest-{number}"), input)));
    }
    inputs.extend(options.keep_case.map(|case| (format!("case-{case}"), cases::input(border, case))));
    for (name, input) in inputs {
        let file = fieldline_fuzz::corpus_folder(border.name).join(name);
        let kept = std::fs::create_dir_all(fieldline_fuzz::corpus_folder(border.name))
            .and_then(|()| std::fs::write(&file, input));
        if let Err(problem) = kept {
            eprintln!("{}: {problem}", file.display());
            return ExitCode::FAILURE;
        }
        println!("kept {}", file.display());
    }
    ExitCode::SUCCESS
}

fn judge(options: &Options) -> ExitCode {
    let only = options.border.as_deref();
    if only.is_some_and(|name| fieldline_fuzz::border(name).is_none()) {
        let names: Vec<&str> = borders::ALL.iter().map(|border| border.name).collect();
        eprintln!("there is no such border; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    let (mut rows, mut holds) = (Vec::new(), true);
    for border in borders::ALL.iter().filter(|border| only.is_none_or(|name| name == border.name)) {
        let cases = if only.is_some() { options.cases } else { options.cases * border.share / 1_000 };
        let tally = Crew::new(border.name).work(cases);
        holds &= tally.broken.is_empty();
        print(border.name, &tally);
        rows.push(json!({ "border": border.name, "about": border.about, "figures": tally.to_json() }));
    }
    let control = Crew::new(borders::CONTROL.name).work((options.cases / 50).clamp(2_000, 20_000));
    println!(
        "control, Automerge without the guard: {} of {} cases broke it (must be some)",
        control.breaks, control.cases
    );
    holds &= control.breaks > 0;
    if let Some(path) = &options.json {
        let text = json!({ "borders": rows, "control": control.to_json() }).to_string();
        if let Err(problem) = std::fs::write(path, text) {
            eprintln!("{}: {problem}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(name: &str, tally: &Tally) {
    println!(
        "{name:<10} {:>8} cases, {:>7} let in, {} broke a promise; dearest admitted kilobyte {:.2} ms of processor, most memory for a case {:.1} MiB",
        tally.cases,
        tally.let_in,
        tally.breaks,
        tally.dearest_microseconds as f64 / 1e3,
        tally.most_bytes as f64 / f64::from(1 << 20),
    );
    tally.broken.iter().for_each(|broken| println!("  - {broken}"));
}
