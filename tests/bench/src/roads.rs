//! Ways on a network of roads: how long a bundle takes to make and to open, and a matrix to work out, next to plain Dijkstra from
//! each place on the same network.
//!
//! The extract is named on the command line; times are processor time of one thread, medians of several turns.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use fieldline_model::Place;
use fieldline_roads::osm::networks;
use fieldline_roads::{Network, Profile, Roads, Traffic, write_bundle};
use fieldline_routing::{Region, great_circle};
use serde_json::{Value, json};

use crate::measure::{Cost, cost, processor_microseconds};

/// What the command line asks for.
pub struct Options {
    /// An OpenStreetMap extract in PBF.
    pub extract: PathBuf,
    /// Where to write the figures.
    pub json: Option<PathBuf>,
}

/// Places of a small and of a large day.
const PLACES: [usize; 2] = [200, 1_000];
const TURNS: usize = 15;

type Failed = Box<dyn std::error::Error>;

/// Measures and prints.
pub fn run(options: &Options) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("bundle");
    let (made, bytes) =
        cost(|| -> Result<u64, Failed> { Ok(write_bundle(&path, &networks(&options.extract, &mut |_| {})?)?) });
    let bytes = bytes?;
    println!("bundle: {bytes} bytes, made in {:.0} ms", milliseconds(&[made]));
    let of = |profile| measure(&path, profile);
    let told = Profile::ALL.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = &options.json {
        let figures = json!({ "bytes": bytes, "made_milliseconds": milliseconds(&[made]), "profiles": told });
        std::fs::write(file, figures.to_string())?;
    }
    Ok(())
}

fn measure(path: &Path, profile: Profile) -> Result<Value, Failed> {
    let roads = Roads::open(path, profile)?;
    let opened = median(|| Roads::open(path, profile).map(drop))?;
    let rush_hour = Traffic { fast: 1.5, main: 2.0, side: 1.2 };
    let customised = median(|| roads.in_traffic(rush_hour).map(drop))?;
    let nodes = roads.network().nodes();
    println!(
        "{profile}: {} nodes, {} arcs; opened in {opened:.1} ms, another traffic in {customised:.1} ms",
        nodes.len(),
        roads.arcs()
    );
    let mut matrices = Vec::new();
    for count in PLACES {
        let places: Vec<Place> = nodes.iter().step_by((nodes.len() / count).max(1)).take(count).copied().collect();
        let ours = median(|| roads.travel(&places).map(drop))?;
        let neighbours = neighbours(roads.network());
        let (dijkstra, _) = cost(|| (0..places.len()).map(|at| all(&neighbours, at as u32)).max());
        let dijkstra = milliseconds(&[dijkstra]);
        let count = places.len();
        println!("  {count} x {count}: {ours:.1} ms; Dijkstra {dijkstra:.0} ms ({:.0} x)", dijkstra / ours);
        matrices.push(json!({ "places": count, "milliseconds": ours, "dijkstra_milliseconds": dijkstra }));
    }
    let (median_off, tenth_off) = crow(&roads).unwrap_or_default();
    println!("  great circle: off by {median_off:.0} % in the median, by over {tenth_off:.0} % for one way in ten");
    Ok(json!({
        "profile": profile,
        "nodes": nodes.len(),
        "arcs": roads.arcs(),
        "opened_milliseconds": opened,
        "customised_milliseconds": customised,
        "matrices": matrices,
        "great_circle_off_percent": [median_off, tenth_off],
    }))
}

/// How many per cent the time by great circle is off, with the factors of these very roads: in the median and for the worst tenth.
fn crow(roads: &Roads) -> Option<(f64, f64)> {
    let nodes = roads.network().nodes();
    let places: Vec<Place> = nodes.iter().step_by((nodes.len() / PLACES[0]).max(1)).copied().collect();
    let travel = roads.travel(&places).ok()?;
    let crow = great_circle(&places, Region::fitted(&places, &travel)?).ok()?;
    let pairs = (0..places.len()).flat_map(|from| (0..places.len()).map(move |to| (from, to)));
    let seconds = pairs.map(|(from, to)| (f64::from(travel.seconds(from, to)), f64::from(crow.seconds(from, to))));
    let mut off: Vec<f64> =
        seconds.filter(|(real, _)| *real > 0.0).map(|(real, crow)| (crow / real - 1.0).abs() * 100.0).collect();
    off.sort_by(f64::total_cmp);
    Some((*off.get(off.len() / 2)?, *off.get(off.len() * 9 / 10)?))
}

/// The median of several turns, in milliseconds.
fn median<E>(mut deed: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let turn = |_| {
        let (spent, done) = cost(&mut deed);
        done.map(|()| spent)
    };
    Ok(milliseconds(&(0..TURNS).map(turn).collect::<Result<Vec<_>, E>>()?))
}

fn milliseconds(costs: &[Cost]) -> f64 {
    processor_microseconds(costs, 0.5) / 1e3
}

/// The nodes next to each node, and how many hundredths of seconds away.
type Neighbours = Vec<Vec<(u32, u32)>>;

fn neighbours(network: &Network) -> Neighbours {
    let mut neighbours = vec![Vec::new(); network.nodes().len()];
    for road in network.roads() {
        let ways =
            [(road.low, road.high, road.up_kilometers_per_hour), (road.high, road.low, road.down_kilometers_per_hour)];
        for (from, to, speed) in ways.into_iter().filter(|(.., speed)| *speed > 0) {
            neighbours[from as usize].push((to, road.decimeters * 36 / u32::from(speed)));
        }
    }
    neighbours
}

/// How far the farthest node is, when the way to every node is worked out.
fn all(neighbours: &Neighbours, start: u32) -> u32 {
    let mut reached = vec![u32::MAX; neighbours.len()];
    let mut open = BinaryHeap::from([Reverse((0, start))]);
    reached[start as usize] = 0;
    let mut farthest = 0;
    while let Some(Reverse((here, node))) = open.pop() {
        if here > reached[node as usize] {
            continue;
        }
        farthest = here;
        for (to, more) in &neighbours[node as usize] {
            let there = &mut reached[*to as usize];
            if here + more < *there {
                *there = here + more;
                open.push(Reverse((*there, *to)));
            }
        }
    }
    farthest
}
