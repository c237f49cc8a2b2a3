//! Processes as they are measured: from outside, by what Linux says of them, the same way for every side.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::sync::Result;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Linux counts processor time for `/proc` in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A process under observation. It ends with this value.
pub struct Watched {
    child: Child,
    peak_heap_bytes: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Watched {
    #[expect(clippy::disallowed_methods, reason = "memory is looked at every so often while the process works")]
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.spawn().map_err(|problem| format!("{command:?} could not be started: {problem}"))?;
        let watched = Self { child, peak_heap_bytes: Arc::default(), over: Arc::default() };
        let (process, peak, over) = (watched.child.id(), watched.peak_heap_bytes.clone(), watched.over.clone());
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                peak.fetch_max(status_bytes(process, "RssAnon:"), Ordering::Relaxed);
                std::thread::sleep(LOOK);
            }
        });
        Ok(watched)
    }

    /// Processor time of all its threads, living and dead, exact to a hundredth of a second.
    pub fn processor(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The name, in brackets, may hold anything; user and system time are the 12th and 13th word after it.
        let after = text.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: u32 = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<u32>().ok()).sum();
        TICK * ticks
    }

    /// Memory that is its own: heap and stacks, neither program text nor mapped files.
    pub fn heap_bytes(&self) -> u64 {
        status_bytes(self.child.id(), "RssAnon:")
    }

    /// The most of that there was at any look.
    pub fn peak_heap_bytes(&self) -> u64 {
        self.peak_heap_bytes.load(Ordering::Relaxed).max(self.heap_bytes())
    }

    /// Everything resident, at its most.
    pub fn peak_resident_bytes(&self) -> u64 {
        status_bytes(self.child.id(), "VmHWM:")
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

fn status_bytes(process: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}

/// A process that does what it is told, one line of JSON at a time.
pub struct Told {
    pub watched: Watched,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Told {
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut watched = Watched::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
        let (input, output) = (watched.child.stdin.take(), watched.child.stdout.take());
        let (input, output) = input.zip(output).ok_or("a process without input and output")?;
        Ok(Self { watched, input, output: BufReader::new(output) })
    }

    /// Tells it something and waits until it is done.
    pub fn tell(&mut self, words: &Json) -> Result<Json> {
        writeln!(self.input, "{words}")?;
        self.input.flush()?;
        self.answer()
    }

    /// Tells it one word.
    pub fn word(&mut self, word: &str) -> Result<Json> {
        self.tell(&json!([word]))
    }

    fn answer(&mut self) -> Result<Json> {
        let mut line = String::new();
        while self.output.read_line(&mut line)? > 0 {
            // Peers' libraries print what they like; an answer is a line that is JSON.
            match serde_json::from_str::<Json>(&line) {
                Ok(answer) if answer["error"].is_null() => return Ok(answer),
                Ok(answer) => return Err(answer["error"].as_str().unwrap_or_default().into()),
                Err(_) => line.clear(),
            }
        }
        Err("it ended before it answered; its own words are above".into())
    }
}

/// A server that prints where it listens.
pub fn wait_for_address(watched: &mut Watched) -> Result<std::net::SocketAddr> {
    let mut output = BufReader::new(watched.child.stdout.take().ok_or("a server without output")?);
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        if let Some(address) = line.trim().strip_prefix("listening on http://") {
            let address = address.parse()?;
            // It may go on printing.
            std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
            return Ok(address);
        }
        line.clear();
    }
    Err("the server ended before it listened".into())
}
