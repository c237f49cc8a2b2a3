//! Side by side with what the same machine does at best: prints medians and ratios.
//!
//! `fieldline-bench store [--records N] [--json FILE]`.
//!
//! `fieldline-bench sync [--records N] [--json FILE] [--without pouchdb,automerge-repo]`. Every side is a client's and a
//! server's process, one side after the other.
//!
//! `fieldline-bench samples DIR` writes what the shared dictionary is trained on.
//!
//! `fieldline-bench routing DIR [--seconds 1,10] [--seeds N] [--python PATH] [--json FILE]`: the optimiser on the instances in a
//! folder, next to PyVRP if a Python that has it is named.
//!
//! `fieldline-bench roads EXTRACT [--json FILE]`: ways on the roads of an OpenStreetMap extract, next to Dijkstra.
//!
//! `fieldline-bench server [--records N] [--phones N] [--json FILE]`. How many signed edits a second the server keeps.

mod data;
mod floor;
mod measure;
mod ours;
mod roads;
mod routing;
mod samples;
mod server;
mod store;
mod sync;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: fieldline-bench store [--records N] [--json FILE]
       fieldline-bench sync [--records N] [--json FILE] [--without pouchdb,automerge-repo]
       fieldline-bench routing DIR [--seconds 1,10] [--seeds N] [--python PATH] [--json FILE]
       fieldline-bench roads EXTRACT [--json FILE]
       fieldline-bench server [--records N] [--phones N] [--json FILE]
       fieldline-bench samples DIR";

/// What the command line asks for.
struct Options {
    records: usize,
    phones: usize,
    json: Option<PathBuf>,
    without: Vec<String>,
    seconds: Vec<f64>,
    seeds: u64,
    python: Option<PathBuf>,
}

fn options(mut words: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options {
        records: 10_000,
        phones: 1_000,
        json: None,
        without: Vec::new(),
        seconds: vec![1.0],
        seeds: 3,
        python: None,
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--records" => options.records = words.next()?.parse().ok().filter(|records| *records >= 100)?,
            "--phones" => options.phones = words.next()?.parse().ok().filter(|phones| *phones >= 1)?,
            "--json" => options.json = Some(words.next()?.into()),
            "--without" => options.without = words.next()?.split(',').map(str::to_owned).collect(),
            "--seconds" => {
                options.seconds = words.next()?.split(',').map(|text| text.parse().ok()).collect::<Option<_>>()?
            }
            "--seeds" => options.seeds = words.next()?.parse().ok().filter(|seeds| *seeds >= 1)?,
            "--python" => options.python = Some(words.next()?.into()),
            _ => return None,
        }
    }
    Some(options)
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let done = match words.next().as_deref() {
        Some("store") => options(words).map(|options| store::run(options.records, options.json.as_deref())),
        Some("sync") => options(words)
            .map(|Options { records, json, without, .. }| sync::run(&sync::Options { records, json, without })),
        Some("server") => options(words).map(|options| {
            let asked = server::Options { records: options.records, phones: options.phones };
            server::run(&asked, options.json.as_deref()).map_err(|error| -> Box<dyn std::error::Error> { error })
        }),
        Some("routing") => words.next().and_then(|folder| {
            let Options { seconds, seeds, python, json, .. } = options(words)?;
            Some(routing::run(&routing::Options { instances: folder.into(), seconds, seeds, python, json }))
        }),
        Some("roads") => words.next().and_then(|extract| {
            let Options { json, .. } = options(words)?;
            Some(roads::run(&roads::Options { extract: extract.into(), json }))
        }),
        Some("samples") => words.next().map(|directory| samples::write(Path::new(&directory))),
        Some(sync::phone::COMMAND) => Some(sync::phone::run(words)),
        Some(store::CHILD_COMMAND) => Some(store::live_as_child(words)),
        _ => None,
    };
    match done {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("the measurement failed: {error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}
