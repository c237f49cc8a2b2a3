//! The optimiser next to a peer, on instances whose best known plans are known: mean gaps in per cent, after so many seconds of
//! processor time of one process each.
//!
//! The instances are not ours to carry along: a folder is named that holds `best_known.csv` and the instances in folders of
//! their own, one a set. Ours is the program `route` as it is shipped; the peer is PyVRP, if a Python that has it is named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

/// What the command line asks for.
pub struct Options {
    /// Where the instances are.
    pub instances: PathBuf,
    /// The limits to try.
    pub seconds: Vec<f64>,
    /// How many seeds each is tried with; their median counts.
    pub seeds: u64,
    /// A Python that has PyVRP.
    pub python: Option<PathBuf>,
    /// Where to write the figures.
    pub json: Option<PathBuf>,
}

type Failed = Box<dyn std::error::Error>;

/// An instance, its set and its best known distance.
struct Instance {
    file: PathBuf,
    set: String,
    best_known: f64,
}

/// Who solves it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Ours,
    PyVrp,
}

/// One search to be made.
struct Run<'a> {
    instance: &'a Instance,
    side: Side,
    seconds: f64,
    seed: u64,
}

/// Measures and prints.
pub fn run(options: &Options) -> Result<(), Failed> {
    let instances = instances(&options.instances)?;
    let sides = if options.python.is_some() { vec![Side::Ours, Side::PyVrp] } else { vec![Side::Ours] };
    let mut runs = Vec::new();
    for seconds in &options.seconds {
        for instance in &instances {
            for side in &sides {
                let run = |seed| Run { instance, side: *side, seconds: *seconds, seed };
                runs.extend((1..=options.seeds).map(run));
            }
        }
    }
    eprintln!("{} searches", runs.len());
    let gaps = solve_all(&runs, options);
    let rows = rows(&runs, &gaps);
    print(&rows);
    if let Some(path) = &options.json {
        std::fs::write(path, Value::from(rows.iter().map(Row::to_json).collect::<Vec<_>>()).to_string())?;
    }
    Ok(())
}

fn instances(folder: &Path) -> Result<Vec<Instance>, Failed> {
    let table = std::fs::read_to_string(folder.join("best_known.csv"))?;
    let mut found = Vec::new();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let &[name, set, dimacs, _, pyvrp, ..] = &fields[..] else { continue };
        let best_known = [dimacs, pyvrp].iter().filter_map(|text| text.parse().ok()).fold(f64::MAX, f64::min);
        let sets = ["solomon", "homberger"].iter().map(|set| folder.join(set).join(format!("{name}.txt")));
        let file = sets.into_iter().find(|file| file.exists());
        found.extend(file.map(|file| Instance { file, set: set.to_owned(), best_known }));
    }
    if found.is_empty() { Err(format!("{} has no instances", folder.display()).into()) } else { Ok(found) }
}

/// The gap of each run in per cent, `None` where nothing complete was found; as many at once as there are processors.
fn solve_all(runs: &[Run<'_>], options: &Options) -> Vec<Option<f64>> {
    let (next, gaps) = (AtomicUsize::new(0), Mutex::new(vec![None; runs.len()]));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = runs.get(index) else { return };
                    let gap = run.solve(options).map(|distance| (distance / run.instance.best_known - 1.0) * 100.0);
                    gaps.lock().expect("no worker panics while it holds the lock")[index] = gap;
                    if index.is_multiple_of(50) {
                        eprintln!("{index} of {} searches", runs.len());
                    }
                }
            });
        }
    });
    gaps.into_inner().expect("every worker has ended")
}

impl Run<'_> {
    /// The distance of a complete plan.
    fn solve(&self, options: &Options) -> Option<f64> {
        let mut command = match self.side {
            Side::Ours => {
                let mut command = Command::new(std::env::current_exe().ok()?.with_file_name("route"));
                command.args(["solve", "--format", "solomon", "--clock", "cpu", "--json", "--seconds"]);
                command.arg(self.seconds.to_string()).arg("--seed").arg(self.seed.to_string()).arg(&self.instance.file);
                command
            }
            Side::PyVrp => {
                let mut command = Command::new(options.python.as_ref()?);
                command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/pyvrp_solve.py"));
                command.arg(&self.instance.file).arg(self.seconds.to_string()).arg(self.seed.to_string());
                command
            }
        };
        let told: Value = serde_json::from_slice(&command.output().ok()?.stdout).ok()?;
        told["distance"].as_f64().filter(|_| told["unserved"].as_u64().unwrap_or(0) == 0)
    }
}

/// How one side did on one set.
struct Row {
    set: String,
    seconds: f64,
    side: Side,
    /// The median gap of each instance.
    gaps: Vec<Option<f64>>,
}

impl Row {
    fn mean(&self) -> Option<f64> {
        let solved: Vec<f64> = self.gaps.iter().copied().collect::<Option<_>>()?;
        Some(solved.iter().sum::<f64>() / solved.len() as f64)
    }

    fn best_known(&self) -> usize {
        self.gaps.iter().flatten().filter(|gap| **gap < 0.005).count()
    }

    fn side(&self) -> &'static str {
        if self.side == Side::Ours { "ours" } else { "PyVRP" }
    }

    fn to_json(&self) -> Value {
        json!({ "set": self.set, "seconds": self.seconds, "side": self.side(), "mean_gap_percent": self.mean(), "gaps": self.gaps })
    }
}

/// What is shown in one row: the set, the limit, the side.
type Key = (String, u64, bool);
/// The gaps of every seed of an instance.
type Gaps<'a> = BTreeMap<&'a Path, Vec<Option<f64>>>;

fn rows(runs: &[Run<'_>], gaps: &[Option<f64>]) -> Vec<Row> {
    let mut grouped: BTreeMap<Key, Gaps<'_>> = BTreeMap::new();
    for (run, gap) in runs.iter().zip(gaps) {
        let key = (run.instance.set.clone(), run.seconds.to_bits(), run.side == Side::PyVrp);
        grouped.entry(key).or_default().entry(&run.instance.file).or_default().push(*gap);
    }
    let row = |((set, seconds, is_peer), instances): (Key, Gaps<'_>)| Row {
        set,
        seconds: f64::from_bits(seconds),
        side: if is_peer { Side::PyVrp } else { Side::Ours },
        gaps: instances.into_values().map(median).collect(),
    };
    grouped.into_iter().map(row).collect()
}

/// The middle one; a search that found nothing is worse than any other.
fn median(mut gaps: Vec<Option<f64>>) -> Option<f64> {
    gaps.sort_by(|a, b| a.unwrap_or(f64::MAX).total_cmp(&b.unwrap_or(f64::MAX)));
    gaps[gaps.len() / 2]
}

fn print(rows: &[Row]) {
    println!("{:<16} {:>8} {:>7} {:>12} {:>12} {:>8}", "set", "seconds", "side", "mean gap", "best known", "ratio");
    for row in rows {
        let peer =
            rows.iter().find(|peer| (&peer.set, peer.seconds) == (&row.set, row.seconds) && peer.side == Side::PyVrp);
        let mean = row.mean().map_or("incomplete".to_owned(), |mean| format!("{mean:.3} %"));
        let ratio = peer.and_then(|peer| Some(row.mean()? / peer.mean()?)).filter(|_| row.side == Side::Ours);
        let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let known = format!("{} of {}", row.best_known(), row.gaps.len());
        println!("{:<16} {:>8} {:>7} {mean:>12} {known:>12} {ratio:>8}", row.set, row.seconds, row.side());
    }
}
