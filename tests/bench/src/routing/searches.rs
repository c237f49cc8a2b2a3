//! Who plans what and for how long; all of it done, as many at once as there are processors; and the middle of what came of it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fieldline_routing::{Plan, Problem};
use serde_json::{Value, json};

use super::Failed;
use super::instances::{Instance, Set};
use super::judge::{Worth, judge, timed};
use super::peers::{Side, Tools};
use super::process::{Bench, Told};
use super::task;

/// Seconds for technicians: ours has a twenty-fifth of what the peers have.
const OURS_SECONDS: f64 = 0.2;
const PEERS_SECONDS: f64 = 5.0;
/// Seconds for technicians with everything the authors asked for.
const FULL_SECONDS: f64 = 10.0;

/// One search to be made.
pub struct Search<'a> {
    instance: &'a Instance,
    side: Side,
    seconds: f64,
    seed: u64,
}

/// What came of a search.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// Nothing where there is no plan, or a wrong one.
    pub worth: Option<Worth>,
    pub complete_after_seconds: Option<f64>,
    pub memory_mebibytes: f64,
}

/// An instance that was read, and the task it makes for peers.
type Ready = (PathBuf, Problem);

/// All searches.
pub fn searches<'a>(instances: &'a [Instance], peers: &[Side], seconds: &[f64], seeds: u64) -> Vec<Search<'a>> {
    let mut all = Vec::new();
    for instance in instances {
        let asked: Vec<(Side, f64)> = match instance.set {
            Set::TechniciansFull => vec![(Side::Ours, FULL_SECONDS)],
            Set::Technicians => {
                let peers = peers.iter().map(|peer| (*peer, PEERS_SECONDS));
                peers.chain([(Side::Ours, OURS_SECONDS)]).collect()
            }
            _ => {
                let sides = || peers.iter().chain([&Side::Ours]);
                seconds.iter().flat_map(|seconds| sides().map(|side| (*side, *seconds))).collect()
            }
        };
        for (side, seconds) in asked {
            let seeds = if side.has_dice() { seeds } else { 1 };
            all.extend((1..=seeds).map(|seed| Search { instance, side, seconds, seed }));
        }
    }
    all
}

/// Makes them; what each found.
pub fn make(searches: &[Search<'_>], tools: &Tools, at_once: Option<usize>) -> Result<Vec<Found>, Failed> {
    let bench = Bench::new()?;
    let ready = read(searches, &bench)?;
    eprintln!("{} searches, {:.0} s of processor", searches.len(), searches.iter().map(|one| one.seconds).sum::<f64>());
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![None; searches.len()]));
    let workers = at_once.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((index, search)) = take(&next, searches) {
                    let one = search.make(tools, &bench, &ready[&search.instance.key()]);
                    found.lock().expect("no worker panics while it holds the lock")[index] = Some(one);
                }
            });
        }
    });
    Ok(found.into_inner().expect("every worker has ended").into_iter().flatten().collect())
}

/// Reads every instance once, and writes its task.
fn read<'a>(searches: &[Search<'a>], bench: &Bench) -> Result<BTreeMap<(Set, &'a str), Ready>, Failed> {
    let mut all = BTreeMap::new();
    for Search { instance, .. } in searches {
        if let Entry::Vacant(place) = all.entry(instance.key()) {
            let problem = instance.problem()?;
            place.insert((task::write(&problem, instance, bench.folder())?, problem));
        }
    }
    Ok(all)
}

fn take<'s, 'a>(next: &AtomicUsize, searches: &'s [Search<'a>]) -> Option<(usize, &'s Search<'a>)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    if index.is_multiple_of(50) && index > 0 {
        eprintln!("{index} of {} searches", searches.len());
    }
    Some((index, searches.get(index)?))
}

impl Search<'_> {
    /// Searches; a failure is told and counts as no plan.
    fn make(&self, tools: &Tools, bench: &Bench, ready: &Ready) -> Found {
        let mut command = tools.command(self.side, self.instance, &ready.0, self.seconds, self.seed);
        let told = bench.run(&mut command).and_then(|told| Ok((self.worth(&told, &ready.1)?, told)));
        match told {
            Ok((worth, Told { answer, memory_mebibytes })) => {
                Found { worth, complete_after_seconds: answer["complete_after_seconds"].as_f64(), memory_mebibytes }
            }
            Err(problem) => {
                eprintln!("{} on {}: {problem}", self.side.name(), self.instance.name);
                Found { worth: None, complete_after_seconds: None, memory_mebibytes: f64::NAN }
            }
        }
    }

    fn worth(&self, told: &Told, problem: &Problem) -> Result<Option<Worth>, String> {
        let answer = &told.answer;
        let plan: Option<Plan> = match self.side {
            Side::Ours => serde_json::from_value(answer["plan"].clone()).map_err(|problem| problem.to_string())?,
            _ => {
                let tours: Option<_> =
                    serde_json::from_value(answer["tours"].clone()).map_err(|problem| problem.to_string())?;
                tours.map(|tours| timed(problem, &tours)).transpose()?
            }
        };
        plan.map(|plan| judge(problem, &plan, self.instance.set.units())).transpose()
    }
}

/// How one side did on one set within one limit.
pub struct Row<'a> {
    pub set: Set,
    pub seconds: f64,
    pub side: Side,
    /// The middle one of what was found for each instance.
    pub found: Vec<(&'a Instance, Found)>,
}

/// What a row is about, and what all seeds found for each of its instances.
type Groups<'a> = BTreeMap<(Set, u64, Side), BTreeMap<&'a str, (&'a Instance, Vec<Found>)>>;

/// Everything by set, limit and side.
pub fn rows<'a>(searches: &[Search<'a>], found: &[Found]) -> Vec<Row<'a>> {
    let mut groups: Groups<'a> = BTreeMap::new();
    for (search, found) in searches.iter().zip(found) {
        let row = groups.entry((search.instance.set, search.seconds.to_bits(), search.side)).or_default();
        let of = row.entry(&search.instance.name).or_insert_with(|| (search.instance, Vec::new()));
        of.1.push(*found);
    }
    let row = |((set, seconds, side), instances): (_, BTreeMap<_, (&'a Instance, Vec<Found>)>)| Row {
        set,
        seconds: f64::from_bits(seconds),
        side,
        found: instances.into_values().map(|(instance, found)| (instance, middle(found))).collect(),
    };
    groups.into_iter().map(row).collect()
}

/// The middle one by worth; a search that found nothing is worse than any other.
fn middle(mut found: Vec<Found>) -> Found {
    found.sort_by(|a, b| match (&a.worth, &b.worth) {
        (Some(one), Some(other)) => one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal),
        (one, other) => other.is_some().cmp(&one.is_some()),
    });
    found[found.len() / 2]
}

impl Row<'_> {
    pub fn to_json(&self) -> Value {
        let instance = |(instance, found): &(&Instance, Found)| {
            let worth = found.worth;
            json!({
                "instance": instance.name, "best_distance": instance.best_distance, "best_vehicles": instance.best_vehicles,
                "distance": worth.map(|worth| worth.distance), "vehicles": worth.map(|worth| worth.vehicles),
                "unserved": worth.map(|worth| worth.unserved), "memory_mebibytes": found.memory_mebibytes,
                "complete_after_seconds": found.complete_after_seconds,
            })
        };
        let all: Vec<Value> = self.found.iter().map(instance).collect();
        json!({ "set": self.set.name(), "seconds": self.seconds, "side": self.side.name(), "instances": all })
    }
}
