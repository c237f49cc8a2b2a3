//! `fieldline-planted [--plant NAME ...]`: simulates with planted bugs and prints how soon each is caught.
//!
//! Only a development build has the mistakes in it; see [`fieldline_model::plant`].

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fieldline_fleet::planted::{Found, Search, search};
use fieldline_model::plant::{ALL, Plant};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Simulates with planted bugs and prints how soon each is caught.
#[derive(Parser)]
struct Options {
    /// Looks for these only; all of them when none is named.
    #[arg(long = "plant")]
    plants: Vec<String>,
    /// Runs over different seeds, whose median counts.
    #[arg(long, default_value_t = 3)]
    runs: u64,
    /// The most shifts until a plant counts as not caught.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// Phones per shift.
    #[arg(long, default_value_t = 3)]
    phones: usize,
    /// Hours of storm before the calm.
    #[arg(long, default_value_t = 2)]
    hours: i64,
    /// How many plants may escape.
    #[arg(long, default_value_t = 0)]
    escapes: usize,
    /// Where to write the figures as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let chosen = match chosen(&options.plants) {
        Ok(chosen) => chosen,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    // A planted mistake may well end in a panic somewhere; the shift reports it like any other broken promise.
    std::panic::set_hook(Box::new(|_| {}));
    let how = Search {
        runs: options.runs,
        seeds: options.seeds,
        start: options.start,
        phones: options.phones,
        hours: options.hours,
    };
    let bar = ProgressBar::new(chosen.len() as u64);
    let style = ProgressStyle::with_template("{pos}/{len} planted bugs {wide_bar} {elapsed} left {eta}");
    bar.set_style(style.expect("a valid template"));
    let found = search(&chosen, &how, |one| {
        bar.suspend(|| print(one));
        bar.inc(1);
    });
    bar.finish_and_clear();
    let escaped: Vec<&str> = found.iter().filter(|one| one.median().is_none()).map(|one| one.name).collect();
    let caught = found.len() - escaped.len();
    println!("{caught} of {} planted bugs caught within {} shifts (medians)", found.len(), options.seeds);
    if !escaped.is_empty() {
        println!("not caught: {}", escaped.join(", "));
    }
    if let Some(path) = &options.json {
        let all: Vec<_> = found.iter().map(Found::to_json).collect();
        let text = json!({ "planted": found.len(), "caught": caught, "plants": all }).to_string();
        if let Err(error) = std::fs::write(path, text) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if escaped.len() <= options.escapes { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Planted = (Plant, &'static str, &'static str);

fn chosen(names: &[String]) -> Result<Vec<Planted>, String> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    let known = |name: &String| ALL.iter().find(|(_, known, _)| known == name).copied();
    names.iter().map(|name| known(name).ok_or_else(|| format!("there is no planted bug {name}"))).collect()
}

fn print(found: &Found) {
    let median = found.median().map_or_else(|| "-".to_owned(), |seeds| seeds.to_string());
    let by: String = found.caught_by.chars().take(140).collect();
    println!("{median:>4}  {:<28} {}\n      {by}", found.name, found.what);
}
