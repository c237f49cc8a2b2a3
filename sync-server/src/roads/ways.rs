//! `roads ways`: all ways between the places of a list, in a file with three bytes a way.

use std::path::{Path, PathBuf};

use fieldline_model::Place;
use fieldline_roads::{Profile, Roads, write_known_ways};
use fieldline_routing::KnownWays;
use serde_json::json;

use crate::failed::Failed;

/// What `roads ways` is told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A bundle `roads build` made.
    bundle: PathBuf,
    /// A CSV file with the columns latitude and longitude, in degrees; others are ignored.
    places: PathBuf,
    /// Who travels: car or foot.
    #[arg(long, default_value_t = Profile::Car, value_parser = profile)]
    profile: Profile,
    /// The file to write; one that exists is replaced once the new one is whole.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Works the ways out.
pub fn run(args: &Args, json: bool) -> Result<(), Failed> {
    let places = places(&args.places)?;
    let travel = Roads::open(&args.bundle, args.profile)?.travel(&places)?;
    let count = places.len();
    let bytes =
        write_known_ways(&args.out, &KnownWays::new(places, travel).expect("ways were asked for these places"))?;
    let file = args.out.display().to_string();
    match json {
        true => println!("{}", json!({ "file": file, "bytes": bytes, "places": count })),
        false => println!("{file}: ways between {count} places, {bytes} bytes"),
    }
    Ok(())
}

fn profile(word: &str) -> Result<Profile, String> {
    let named = Profile::ALL.into_iter().find(|profile| profile.to_string() == word);
    named.ok_or_else(|| format!("{word} is neither car nor foot"))
}

/// The places of a list.
fn places(path: &Path) -> Result<Vec<Place>, Failed> {
    let wrong = |problem: String| Failed::Usage(format!("{}: {problem}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(|error| wrong(error.to_string()))?;
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| {
        let at = header.iter().position(|column| column == name);
        at.ok_or_else(|| wrong(format!("it has no column {name}; add one with degrees")))
    };
    let (latitude, longitude) = (column("latitude")?, column("longitude")?);
    let mut places = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let degrees = |at: usize| row.get(at).and_then(|text| text.trim().parse().ok()).unwrap_or(f64::NAN);
        let place = Place::from_degrees(degrees(latitude), degrees(longitude));
        let line = row.position().map_or(0, csv::Position::line);
        places.push(place.ok_or_else(|| wrong(format!("line {line} is not on earth; give degrees")))?);
    }
    Ok(places)
}
