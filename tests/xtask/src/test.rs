//! `cargo xtask test`: everything that must hold, in the order in which a mistake is cheapest to find.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::commands::{Failed, built, cargo, run, target};
use crate::{bindings, deny, languages, mail, packages, report};

/// Simulated shifts in every test run; many more belong to a night.
const SEEDS: &str = "20";
/// The part of all trials of endurance in every test run.
const SHARE: &str = "0.01";
/// Hostile inputs in every test run; a million are fed by hand.
const CASES: &str = "30000";

/// Planted bugs of every layer that the simulator must catch in every test run; all of them are tried by hand.
const PLANTED: [&str; 14] = [
    "FoldByArrival",
    "ReasonOutlivesItsStep",
    "OnlyFirstActWritten",
    "StockDoubleApplied",
    "ClocksRunByArrival",
    "NotesToldToCustomers",
    "NumbersUsedTwice",
    "OutboxKeepsOneOfARecord",
    "SentCountsAsSaved",
    "DraftOutlivesReceipt",
    "PurgeForgotten",
    "ReceiptBeforeCommit",
    "SearchNotUpdated",
    "StepsForgetWhatTheyKnew",
];

/// A step; the languages of phones that are left out are no business of most.
type Step = (&'static str, fn(&[String]) -> Result<(), Failed>);

const STEPS: [Step; 14] = [
    ("format", format),
    ("lints", lints),
    ("licences, bans and sources of dependencies", dependencies),
    ("tests", tests),
    ("strangers' clients", |_| conformance(&[])),
    ("a conversation by mail", |_| mail::converse()),
    ("generated bindings", generated_bindings),
    ("phones in every language", languages),
    ("the apps' own logic", apps),
    ("simulated shifts", fleet),
    ("planted bugs are caught", planted_bugs),
    ("power cuts, kills and broken disks", endure),
    ("hostile input", hostile_input),
    ("the demo without a screen", demo),
];

/// Runs every step; the first that fails ends it.
pub fn everything(without: &[String]) -> Result<(), Failed> {
    languages::known(without)?;
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for (number, (name, step)) in STEPS.iter().enumerate() {
        eprintln!("\n[{}/{}] {name}", number + 1, STEPS.len());
        let begun = Instant::now();
        step(without)
            .map_err(|Failed(what)| Failed(format!("step {} of {}, {name}: {what}", number + 1, STEPS.len())))?;
        let took = begun.elapsed();
        eprintln!("     done in {:.1} s", took.as_secs_f64());
        times.push((name, took));
    }
    eprintln!("\nEverything holds.");
    for (name, took) in times {
        eprintln!("{:>8.1} s  {name}", took.as_secs_f64());
    }
    Ok(())
}

fn format(_: &[String]) -> Result<(), Failed> {
    run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lints(_: &[String]) -> Result<(), Failed> {
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))
}

fn dependencies(_: &[String]) -> Result<(), Failed> {
    deny::check()
}

fn generated_bindings(_: &[String]) -> Result<(), Failed> {
    bindings::write(true)
}

fn languages(without: &[String]) -> Result<(), Failed> {
    languages::play(without, false, &[])
}

fn apps(without: &[String]) -> Result<(), Failed> {
    languages::try_apps(without)
}

fn tests(_: &[String]) -> Result<(), Failed> {
    // What strangers read a service report with.
    packages::have(&[("pdftoppm", "poppler-utils"), ("pdftotext", "poppler-utils")], &[])?;
    // Many stories wait for a clock on the wall and not for a processor.
    let threads = std::thread::available_parallelism().map_or(1, usize::from) * 2;
    run(cargo(&["test", "--workspace", "--locked"]).env("RUST_TEST_THREADS", threads.to_string()))
}

/// Lets strangers' clients work with the server's binary.
pub fn conformance(arguments: &[String]) -> Result<(), Failed> {
    built("sync-server")?;
    run(built("fieldline-conformance")?.args(arguments))
}

fn planted_bugs(_: &[String]) -> Result<(), Failed> {
    let plants = PLANTED.iter().flat_map(|plant| ["--plant", plant]);
    run(built("fieldline-planted")?.args(["--runs", "1", "--seeds", "20"]).args(plants))
}

fn fleet(_: &[String]) -> Result<(), Failed> {
    run(built("fieldline-fleet")?.args(["--seeds", SEEDS]))
}

fn endure(_: &[String]) -> Result<(), Failed> {
    if cfg!(not(target_os = "linux")) {
        eprintln!("     left out: the calls that reach the disk are known by their Linux names only");
        return Ok(());
    }
    run(built("fieldline-endure")?.args(["--share", SHARE]))
}

fn hostile_input(_: &[String]) -> Result<(), Failed> {
    run(built("fieldline-fuzz")?.args(["--cases", CASES]))
}

fn demo(_: &[String]) -> Result<(), Failed> {
    let json = result_file("demo.json")?;
    run(built("sync-server")?.args(["demo", "--headless", "--json"]).arg(&json))?;
    report::check_demo(&json)
}

/// A file for a step's result, without the result of an earlier run.
fn result_file(name: &str) -> Result<PathBuf, Failed> {
    let folder = target().join("xtask");
    let file = folder.join(name);
    let problem = |problem| Failed(format!("{} cannot be prepared: {problem}", file.display()));
    std::fs::create_dir_all(&folder).map_err(problem)?;
    match std::fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(problem(error)),
        _ => Ok(file.clone()),
    }
}
