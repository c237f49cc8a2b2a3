//! How soon each planted bug is caught: the proof that the simulator bites.
//!
//! Every plant gets several runs of shifts over seeds that no other run has; a run ends at the first shift that breaks a
//! promise. What is reported is the median number of shifts a run took, and the promise that was broken first.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use fieldline_model::plant::{self, Plant};
use serde_json::{Value, json};

use crate::plan::Plan;
use crate::shift::run;

/// Seeds of one run begin this far from those of the next.
const RUN_STRIDE: u64 = 1_000_000;

/// How the plants are looked for.
pub struct Search {
    /// Runs over different seeds, for a median that one lucky seed does not make.
    pub runs: u64,
    /// The most shifts in one run.
    pub seeds: u64,
    /// The first seed.
    pub start: u64,
    /// Technicians in a shift: few, because one mistake is looked for at a time.
    pub phones: usize,
    /// Hours of storm.
    pub hours: i64,
}

/// What became of one plant.
pub struct Found {
    /// Its name.
    pub name: &'static str,
    /// What is broken.
    pub what: &'static str,
    /// Shifts until it was caught, one figure a run; `None` for a run in which it was not.
    pub seeds: Vec<Option<u64>>,
    /// The first promise that was broken in the first run that broke one.
    pub caught_by: String,
}

impl Found {
    /// The median over the runs; `None` when most of them did not catch it.
    pub fn median(&self) -> Option<u64> {
        let mut sorted = self.seeds.clone();
        sorted.sort_by_key(|seeds| seeds.unwrap_or(u64::MAX));
        sorted[sorted.len() / 2]
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "plant": self.name, "what": self.what, "seeds": self.seeds, "median": self.median(),
            "caught_by": self.caught_by,
        })
    }
}

/// Looks for every one of these plants on all processors; `done` is told of each as it is finished.
pub fn search(
    plants: &[(Plant, &'static str, &'static str)],
    search: &Search,
    done: impl Fn(&Found) + Sync,
) -> Vec<Found> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(plant) = plants.get(index) else { return };
                    let one = look_for(*plant, search);
                    done(&one);
                    found.lock().expect("no worker panics while it holds the lock").push((index, one));
                }
            });
        }
    });
    let mut found = found.into_inner().expect("every worker has ended");
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, one)| one).collect()
}

fn look_for((plant, name, what): (Plant, &'static str, &'static str), search: &Search) -> Found {
    plant::sow(Some(plant));
    let mut found = Found { name, what, seeds: Vec::new(), caught_by: String::new() };
    for number in 0..search.runs {
        let first = search.start + number * RUN_STRIDE;
        let broken = (first..first + search.seeds).find_map(|seed| {
            let plan = Plan::draw(seed, search.phones, search.hours);
            let violation = run(&plan, false).violations.into_iter().next()?;
            is_sound_without(plant, &plan).then_some((seed - first + 1, violation))
        });
        found.seeds.push(broken.as_ref().map(|(seeds, _)| *seeds));
        if let Some((_, violation)) = broken.filter(|_| found.caught_by.is_empty()) {
            found.caught_by = violation;
        }
        // When most runs agree that it is not caught, the rest would only cost time.
        if found.seeds.iter().filter(|seeds| seeds.is_none()).count() > search.runs as usize / 2 {
            break;
        }
    }
    plant::sow(None);
    found
}

/// Whether the shift breaks nothing when the mistake is not there, so that it was the mistake that was caught.
fn is_sound_without(plant: Plant, plan: &Plan) -> bool {
    plant::sow(None);
    let is_sound = run(plan, false).violations.is_empty();
    plant::sow(Some(plant));
    is_sound
}
