//! Side by side with what the same machine does at best: prints medians and ratios.
//!
//! `fieldline-bench store [--records N] [--json FILE]`.
//!
//! `fieldline-bench sync [--records N] [--json FILE] [--without pouchdb,automerge-repo]`. Every side is a client's and a
//! server's process, one side after the other.
//!
//! `fieldline-bench samples DIR` writes what the shared dictionary is trained on.
//!
//! `fieldline-bench routing DIR [--only SETS] [--sample N] [--peers LIST | --alone] [--seconds 1,10] [--seeds N] [--python PATH]
//! [--vrp-cli PATH] [--json FILE]`: the optimiser next to its peers on the instances in a folder; `--help` says more.
//!
//! `fieldline-bench routing-day [DIR] [--days N] [--oversubscribed N] [--json FILE]`: what a phone and a dispatcher's desk wait for.
//!
//! `fieldline-bench roads EXTRACT [--json FILE]`: ways on the roads of an OpenStreetMap extract, next to Dijkstra.
//!
//! `fieldline-bench server [--records N] [--phones N] [--json FILE]`. How many signed edits a second the server keeps.
//!
//! `fieldline-bench api [--records N] [--seconds S] [--only WORDS] [--keep DIR] [--json FILE]`. The record API next to a bare
//! axum over plain SQLite; every side is a process.
//!
//! `fieldline-bench workflow [--incidents N] [--clocks N] [--json FILE]`: what rules, service levels and flows cost a write.

mod api;
mod data;
mod floor;
mod measure;
mod ours;
mod roads;
mod routing;
mod routing_day;
mod samples;
mod server;
mod store;
mod sync;
mod words;
mod workflow;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

const USAGE: &str = "usage: fieldline-bench store [--records N] [--json FILE]
       fieldline-bench sync [--records N] [--json FILE] [--without pouchdb,automerge-repo]
       fieldline-bench routing DIR [--only SETS] [--sample N] [--peers LIST | --alone] [--seconds 1,10] [--seeds N] ...
       fieldline-bench routing-day [DIR] [--days N] [--oversubscribed N] [--json FILE]
       fieldline-bench roads EXTRACT [--json FILE]
       fieldline-bench server [--records N] [--phones N] [--json FILE]
       fieldline-bench api [--records N] [--seconds S] [--only WORDS] [--keep DIR] [--json FILE]
       fieldline-bench workflow [--incidents N] [--clocks N] [--json FILE]
       fieldline-bench samples DIR";

/// What the command line asks for.
struct Options {
    records: usize,
    phones: usize,
    json: Option<PathBuf>,
    without: Vec<String>,
}

fn options(mut words: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options { records: 10_000, phones: 1_000, json: None, without: Vec::new() };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--records" => options.records = words.next()?.parse().ok().filter(|records| *records >= 100)?,
            "--phones" => options.phones = words.next()?.parse().ok().filter(|phones| *phones >= 1)?,
            "--json" => options.json = Some(words.next()?.into()),
            "--without" => options.without = words.next()?.split(',').map(str::to_owned).collect(),
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
        Some("api") => Some(api::run(&api::Options::parse_from(words))),
        Some(api::FLOOR_COMMAND) => words.next().map(|file| api::serve_floor(Path::new(&file))),
        Some("workflow") => Some(
            workflow::run(&workflow::Options::parse_from(words))
                .map_err(|error| -> Box<dyn std::error::Error> { error }),
        ),
        Some("routing") => Some(routing::run(&routing::Options::parse_from(words))),
        Some("routing-day") => Some(routing_day::run(&routing_day::Options::parse_from(words))),
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
