//! How far a long job has come: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Lines written where there is no terminal.
const LINES: u64 = 5;

/// How far a job has come.
pub struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    done: u64,
    total: u64,
}

impl Progress {
    /// A job of `total` things called `what`.
    pub fn of(total: u64, what: &'static str) -> Self {
        let template = "{bar:40} {pos}/{len} {msg} ({eta} left)";
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        let bar = std::io::stderr().is_terminal().then(|| ProgressBar::new(total).with_style(style).with_message(what));
        Self { bar, what, done: 0, total }
    }

    /// That many more are done.
    pub fn advance(&mut self, more: u64) {
        let before = self.done;
        self.done += more;
        match &self.bar {
            Some(bar) => bar.inc(more),
            None if self.lines_at(self.done) > self.lines_at(before) => {
                eprintln!("{} of {} {}", self.done, self.total, self.what);
            }
            None => {}
        }
    }

    fn lines_at(&self, done: u64) -> u64 {
        done * LINES / self.total.max(1)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
