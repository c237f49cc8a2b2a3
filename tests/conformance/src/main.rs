//! Strangers' clients against the real server.
//!
//! The server's binary is started on an organisation of `demo-data`, with HTTPS, and each suite of `suites/` talks to it: the
//! libraries PySNC, pysnow and aiosnow as they are published, and the requests that ServiceNow's PowerShell module and n8n's
//! node make, made again. Nothing is expected to fail.

mod office;
mod python;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::office::Office;

/// Lets strangers' clients work with the real server.
#[derive(Parser)]
struct Arguments {
    /// Only suites whose name contains this, such as `pysnc`.
    #[arg(long)]
    only: Option<String>,
    /// Arguments of pytest, such as `-x` or `-k query`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pytest: Vec<String>,
}

/// What went wrong, in words that say what to do.
#[derive(Debug)]
struct Failed(String);

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(failed) if failed.is_empty() => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!("conformance: {} failed; each says above what it missed", failed.join(", "));
            ExitCode::FAILURE
        }
        Err(Failed(problem)) => {
            eprintln!("conformance: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the suites; the names of those that failed.
fn run(arguments: &Arguments) -> Result<Vec<String>, Failed> {
    let suites = suites(arguments.only.as_deref())?;
    let (scratch, server) = places()?;
    let python = python::prepared(&scratch)?;
    let mut failed = Vec::new();
    for suite in suites {
        let name = suite.file_stem().unwrap_or_default().to_string_lossy().replace("test_", "");
        // Each suite has an office of its own, so none stumbles over what another one left.
        let office = Office::opened(&server, &scratch.join(&name))?;
        println!("\n{name} at {}", office.url);
        if !python::run(&python, &suite, &office, &arguments.pytest)? {
            failed.push(name);
        }
    }
    Ok(failed)
}

fn suites(only: Option<&str>) -> Result<Vec<PathBuf>, Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
    let unreadable = |problem| Failed(format!("{} cannot be read: {problem}", folder.display()));
    let entries = std::fs::read_dir(&folder).map_err(unreadable)?;
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("test_"));
    let wanted = |path: &PathBuf| only.is_none_or(|only| path.to_string_lossy().contains(only));
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(named).filter(wanted).collect();
    found.sort();
    if found.is_empty() { Err(Failed("no suite is called like that; look into suites/".into())) } else { Ok(found) }
}

/// Where data and libraries are kept between runs, and the server's binary, which is built beside this one.
fn places() -> Result<(PathBuf, PathBuf), Failed> {
    let own = std::env::current_exe().map_err(|problem| Failed(format!("this program has no path: {problem}")))?;
    let server = own.with_file_name(format!("sync-server{}", std::env::consts::EXE_SUFFIX));
    if !server.exists() {
        return Err(Failed(format!("{} is not built; use `cargo xtask conformance`", server.display())));
    }
    let target = own.ancestors().nth(2).ok_or_else(|| Failed("this program lies outside of a target folder".into()))?;
    Ok((target.join("conformance"), server))
}
