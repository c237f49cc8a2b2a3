//! Child processes that share the cases of a border; one that dies is asked again case by case.

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cases::Tally;

/// Cases of one child.
const CASES_A_CHILD: u64 = 5_000;

/// Children for one border.
pub struct Crew {
    border: &'static str,
}

impl Crew {
    /// A crew for a border.
    pub fn new(border: &'static str) -> Self {
        Self { border }
    }

    /// Feeds so many cases, as many children at a time as there are processors.
    pub fn work(&self, cases: u64) -> Tally {
        let bar = ProgressBar::new(cases);
        let style = format!("{:<10} {{pos}}/{{len}} cases {{wide_bar}} {{elapsed}} left {{eta}}", self.border);
        bar.set_style(ProgressStyle::with_template(&style).expect("a valid template"));
        let (next, sum) = (AtomicU64::new(0), Mutex::new(Tally::default()));
        let crew = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..crew {
                scope.spawn(|| {
                    loop {
                        let first = next.fetch_add(CASES_A_CHILD, Ordering::Relaxed);
                        if first >= cases {
                            return;
                        }
                        let tally = self.range(first, CASES_A_CHILD.min(cases - first));
                        bar.inc(tally.cases);
                        sum.lock().expect("no worker panics while it holds the lock").add(tally);
                    }
                });
            }
        });
        bar.finish_and_clear();
        sum.into_inner().expect("every worker has ended")
    }

    /// A range of cases in a child. One that died is halved until the case that killed it stands alone.
    fn range(&self, first: u64, count: u64) -> Tally {
        if let Some(tally) = self.child(first, count) {
            return tally;
        }
        if count == 1 {
            let broken = vec![format!("case {first}: the process was aborted")];
            return Tally { cases: 1, breaks: 1, broken, ..Tally::default() };
        }
        let half = count / 2;
        let mut tally = self.range(first, half);
        tally.add(self.range(first + half, count - half));
        tally
    }

    fn child(&self, first: u64, count: u64) -> Option<Tally> {
        let program = std::env::current_exe().expect("a running program has a file");
        let numbers = [first, count].map(|number| number.to_string());
        let child = Command::new(program)
            .args(["--border", self.border, "--child"])
            .args(numbers)
            .stderr(Stdio::null())
            .output();
        let output = child.expect("a child process can be started");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
            .and_then(|text| Tally::of_json(&text))
    }
}
