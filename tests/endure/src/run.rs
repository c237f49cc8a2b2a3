//! Runs: so many pieces of work of one kind on every processor, a progress bar, and one closing line.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a run is told.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Which part of the whole is run: 1 is all of it.
    pub share: f64,
    /// Where seeds begin.
    pub seed: u64,
}

impl Size {
    /// The share of a count, and one at least.
    pub fn of(&self, whole: u64) -> u64 {
        ((whole as f64 * self.share).round() as u64).max(1)
    }
}

/// What became of a kind of trial.
#[derive(Debug, Default, Clone)]
pub struct Outcome {
    /// How many trials there were.
    pub trials: u64,
    /// How many of them broke a promise.
    pub trials_broken: u64,
    /// The promises broken, each with the trial that broke it.
    pub broken: Vec<String>,
    /// Anything else that was counted, by name.
    pub counted: std::collections::BTreeMap<&'static str, u64>,
}

impl Outcome {
    /// Adds a trial.
    pub fn trial(&mut self, name: &str, broken: Vec<String>) {
        self.trials += 1;
        self.trials_broken += u64::from(!broken.is_empty());
        self.broken.extend(broken.into_iter().map(|what| format!("{name}: {what}")));
    }

    /// Counts something.
    pub fn count(&mut self, what: &'static str, times: u64) {
        *self.counted.entry(what).or_default() += times;
    }

    /// How often something was counted.
    pub fn counted(&self, what: &str) -> u64 {
        self.counted.get(what).copied().unwrap_or(0)
    }

    /// Adds another outcome.
    pub fn add(&mut self, other: Self) {
        self.trials += other.trials;
        self.trials_broken += other.trials_broken;
        self.broken.extend(other.broken);
        other.counted.into_iter().for_each(|(what, times)| self.count(what, times));
    }
}

/// A kind of trial, done.
pub struct Closed {
    /// Its name, as `--only` takes it.
    pub kind: &'static str,
    /// The closing line.
    pub line: String,
    /// Whether everything held, controls included.
    pub holds: bool,
    /// Its figures.
    pub outcome: Outcome,
}

impl Closed {
    /// The figures as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "kind": self.kind, "line": self.line, "holds": self.holds, "trials": self.outcome.trials,
            "trials_broken": self.outcome.trials_broken, "counted": self.outcome.counted,
            "broken": self.outcome.broken.iter().take(100).collect::<Vec<_>>(),
        })
    }
}

/// Does numbered pieces of work on every processor, each worker with a scratch folder of its own.
pub fn spread(name: &str, pieces: u64, work: impl Fn(u64, &Path) -> Outcome + Sync) -> Outcome {
    let bar = ProgressBar::new(pieces);
    let style = ProgressStyle::with_template("{prefix:24} {pos}/{len} {wide_bar} {elapsed} left {eta}");
    bar.set_style(style.expect("a valid template"));
    bar.set_prefix(name.to_owned());
    let (next, all) = (AtomicU64::new(0), Mutex::new(Outcome::default()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= pieces {
                        return;
                    }
                    let folder = scratch();
                    let done = work(piece, folder.path());
                    all.lock().expect("no worker panics while it holds the lock").add(done);
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    all.into_inner().expect("every worker has ended")
}

/// A folder in memory where there is one: what a disk keeps is worked out here, not waited for.
pub fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("there is room for a folder")
}

/// A number as people read it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
