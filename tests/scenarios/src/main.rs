//! One set of scenarios for every language the bindings speak.
//!
//! A *phone* is a small program in one language that maps JSON lines to calls of the bindings and nothing more (see
//! [`phone`]). This driver plays each scenario of `tests/scenarios/*.json` with the phones of one language against a real server,
//! kills them, spoils their files and fills their disks, and compares what they say with what the scenario expects, and
//! with what the phones of the first language said in the same place.
//!
//! `trials` beside the scenarios are what no story tells: a panic in every function, calls that are cancelled, a hundred
//! thousand objects, and what a call costs.

mod compare;
mod files;
mod phone;
mod play;
mod scenario;
mod stage;
mod trials;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::Value as Json;

use crate::phone::Language;
use crate::scenario::Scenario;

/// Plays scenarios with phones of several languages.
#[derive(Parser)]
struct Arguments {
    /// A language and the command that starts a phone of it, such as `python=python3 phone.py`.
    #[arg(long = "phone", required = true)]
    phones: Vec<Language>,
    /// Where the scenarios are.
    #[arg(long)]
    scenarios: PathBuf,
    /// Only scenarios whose file name, and trials whose name, contains this.
    #[arg(long)]
    only: Option<String>,
    /// Objects made and dropped in the trial for leaks.
    #[arg(long, default_value_t = 10_000)]
    cycles: u64,
    /// Leaves out the trials.
    #[arg(long)]
    without_trials: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let scenarios = match scenario::all_in(&arguments.scenarios, arguments.only.as_deref()) {
        Ok(scenarios) => scenarios,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let is_wanted = |name: &str| arguments.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
    let mut trials = trials::ALL.to_vec();
    trials.retain(|(name, _)| !arguments.without_trials && is_wanted(name));
    if scenarios.is_empty() && trials.is_empty() {
        eprintln!("there is no such scenario in {}, and no such trial", arguments.scenarios.display());
        return ExitCode::FAILURE;
    }
    let mut said: Vec<Option<Vec<Json>>> = vec![None; scenarios.len()];
    let mut all_good = true;
    for language in &arguments.phones {
        let (mut passed, mut failed) = (0, 0);
        for (scenario, said) in scenarios.iter().zip(&mut said) {
            let done = standing(|| play_one(scenario, language, &arguments.scenarios, said));
            count(done, language, &scenario.name, &mut passed, &mut failed);
        }
        for (name, trial) in &trials {
            let done = standing(|| trial(language, arguments.cycles));
            count(done, language, name, &mut passed, &mut failed);
        }
        println!("{}: {passed} passed, {failed} failed", language.name);
        all_good &= failed == 0;
    }
    if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The office's side says by panicking that something is wrong with it; the next scenario has another office.
fn standing(play: impl FnOnce() -> Result<String, String>) -> Result<String, String> {
    let fallen = |_| Err("the office failed; its own words are above".into());
    catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(fallen)
}

fn count(done: Result<String, String>, language: &Language, name: &str, passed: &mut u32, failed: &mut u32) {
    match done {
        Ok(told) => {
            *passed += 1;
            println!("     {}: {name}{told}", language.name);
        }
        Err(problem) => {
            *failed += 1;
            println!("FAILED {}: {name}: {problem}\n{}", language.name, language.last_words());
        }
    }
}

/// Plays a scenario, and compares what was said with what the first language's phones said.
fn play_one(
    scenario: &Scenario,
    language: &Language,
    folder: &Path,
    before: &mut Option<Vec<Json>>,
) -> Result<String, String> {
    let said = play::play(scenario, language, folder)?;
    match before {
        None => *before = Some(said),
        Some(before) => {
            let mut pairs = before.iter().zip(&said).enumerate();
            pairs.try_for_each(|(at, (theirs, ours))| compare::is_same(theirs, ours, &format!("answer {}", at + 1)))?;
            if before.len() != said.len() {
                return Err(format!("{} answers where the first language got {}", said.len(), before.len()));
            }
        }
    }
    Ok(String::new())
}
