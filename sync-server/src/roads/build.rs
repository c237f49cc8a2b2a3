//! `roads build`: a bundle of an extract, and what is in it.

use std::path::PathBuf;
use std::time::Instant;

use fieldline_roads::osm::networks;
use fieldline_roads::{Roads, write_bundle};
use serde_json::{Value, json};

use crate::failed::{Failed, io};
use crate::import::Progress;

/// An extract is read for its ways, then for their nodes.
const TIMES_READ: u64 = 2;

/// What `roads build` is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An OpenStreetMap extract in PBF (`.osm.pbf`).
    extract: PathBuf,
    /// The bundle to write; one that exists is replaced once the new one is whole.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Makes the bundle.
#[expect(clippy::disallowed_methods, reason = "the command tells how long it took")]
pub fn run(args: &Args, json: bool) -> Result<(), Failed> {
    let began = Instant::now();
    let length = std::fs::metadata(&args.extract).map_err(io("opening", &args.extract))?.len();
    let mut progress = Progress::of(length * TIMES_READ, "bytes");
    let networks = networks(&args.extract, &mut |more| progress.advance(more))?;
    drop(progress);
    let bytes = write_bundle(&args.out, &networks)?;
    let mut told = Vec::new();
    for (profile, network) in networks {
        let roads = Roads::new(network)?;
        let (nodes, pieces, arcs) = (roads.network().nodes().len(), roads.network().roads().len(), roads.arcs());
        let region = roads.region();
        if !json {
            println!("{profile}: {nodes} nodes, {pieces} pieces of road, {arcs} arcs with shortcuts");
            if let Some(region) = region {
                let (detour, speed) = (region.detour, region.kilometers_per_hour);
                println!("  ways are {detour:.2} times as long as the crow's, at {speed:.0} km/h");
            }
        }
        told.push(json!({ "profile": profile, "nodes": nodes, "roads": pieces, "arcs": arcs, "region": region }));
    }
    let (file, seconds) = (args.out.display().to_string(), began.elapsed().as_secs_f64());
    match json {
        true => {
            println!("{}", json!({ "file": file, "bytes": bytes, "seconds": seconds, "networks": Value::from(told) }))
        }
        false => println!("{file}: {bytes} bytes, made in {seconds:.1} s"),
    }
    Ok(())
}
