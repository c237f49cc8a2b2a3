//! What each side spent on each job, as a table with ratios and as JSON.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::sync::Result;
use crate::sync::process::Watched;
use crate::sync::proxy::{Proxy, Traffic};

/// The jobs, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Until lists and search have every record.
    Usable,
    /// Until every record has its history.
    History,
    /// Reconnecting when nothing changed.
    Idle,
    /// Reconnecting when nothing changed, with ten times the records.
    IdleLarge,
    /// Ten records changed elsewhere.
    Pull,
    /// Ten records changed here.
    Push,
}

impl Job {
    pub fn name(self) -> &'static str {
        match self {
            Self::Usable => "initial sync, usable",
            Self::History => "initial sync, full history",
            Self::Idle => "reconnect, nothing new",
            Self::IdleLarge => "reconnect, nothing new, 10 x records",
            Self::Pull => "pull 10 changed",
            Self::Push => "push 10 edits",
        }
    }
}

/// What one job cost one side.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    pub traffic: Traffic,
    pub client: Duration,
    pub server: Duration,
    /// The same bytes without the transport's own around them, up and down; where it can be told.
    pub payload: Option<(u64, u64)>,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub struct Line {
    pub side: &'static str,
    pub records: usize,
    pub job: Job,
    pub spent: Spent,
}

/// One figure beside the table.
#[derive(Debug, Clone)]
pub struct Figure {
    pub side: &'static str,
    pub what: String,
    pub value: f64,
    pub unit: &'static str,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Table {
    pub lines: Vec<Line>,
    pub figures: Vec<Figure>,
}

/// Looks at both processes and the line before and after a job.
pub struct Meter<'a> {
    proxy: &'a Proxy,
    traffic: Traffic,
    client: Duration,
    server: Duration,
}

impl<'a> Meter<'a> {
    pub fn start(proxy: &'a Proxy, client: &Watched, server: &Watched) -> Self {
        proxy.rests();
        Self { proxy, traffic: proxy.traffic(), client: client.processor(), server: server.processor() }
    }

    /// What was spent since the start.
    pub fn read(&self, client: &Watched, server: &Watched) -> Spent {
        Spent {
            traffic: self.proxy.traffic().since(self.traffic),
            client: client.processor().saturating_sub(self.client),
            server: server.processor().saturating_sub(self.server),
            payload: None,
        }
    }
}

impl Spent {
    /// An equal share of what many repetitions spent.
    pub fn share(self, repetitions: u32) -> Self {
        let part = |bytes: u64| bytes / u64::from(repetitions);
        let Traffic { up_bytes, down_bytes, turns, connections } = self.traffic;
        let traffic = Traffic {
            up_bytes: part(up_bytes),
            down_bytes: part(down_bytes),
            turns: part(turns),
            connections: part(connections),
        };
        let payload = self.payload.map(|(up, down)| (part(up), part(down)));
        Self { traffic, client: self.client / repetitions, server: self.server / repetitions, payload }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        let traffic = Traffic {
            up_bytes: self.traffic.up_bytes + other.traffic.up_bytes,
            down_bytes: self.traffic.down_bytes + other.traffic.down_bytes,
            turns: self.traffic.turns + other.traffic.turns,
            connections: self.traffic.connections + other.traffic.connections,
        };
        let payload = self.payload.zip(other.payload).map(|(one, two)| (one.0 + two.0, one.1 + two.1));
        Self { traffic, client: self.client + other.client, server: self.server + other.server, payload }
    }

    fn bytes(&self) -> u64 {
        self.traffic.up_bytes + self.traffic.down_bytes
    }

    fn processor(&self) -> Duration {
        self.client + self.server
    }
}

impl Table {
    pub fn add(&mut self, side: &'static str, records: usize, job: Job, spent: Spent) {
        let line = Line { side, records, job, spent };
        eprintln!("{}", line.text(None));
        self.lines.push(line);
    }

    pub fn figure(&mut self, side: &'static str, what: impl Into<String>, value: f64, unit: &'static str) {
        let figure = Figure { side, what: what.into(), value, unit };
        eprintln!("{} {}: {:.2} {}", figure.side, figure.what, figure.value, figure.unit);
        self.figures.push(figure);
    }

    /// Our line for the same job, to which a peer's is set in proportion.
    fn ours(&self, job: Job) -> Option<&Line> {
        self.lines.iter().find(|line| line.side == super::ours::SIDE && line.job == job)
    }

    pub fn print(&self) {
        println!(
            "{:<38} {:<20} {:>8} {:>11} {:>11} {:>6} {:>5} {:>9} {:>9} {:>9} {:>9}",
            "", "side", "records", "up B", "down B", "turns", "conn", "client s", "server s", "x bytes", "x CPU"
        );
        for line in &self.lines {
            println!("{}", line.text(self.ours(line.job)));
            if let Some((up, down)) = line.spent.payload {
                println!("{:<38} {:<20} {:>8} {:>11} {:>11}", "", "  without HTTP", "", up, down);
            }
        }
        for figure in &self.figures {
            println!("{:<59} {:>12.2} {}", format!("{}: {}", figure.side, figure.what), figure.value, figure.unit);
        }
        println!("x bytes, x CPU: a peer's, a record, as a multiple of ours. CPU in seconds of both processes.");
    }

    pub fn write(&self, path: &Path, records: usize) -> Result<()> {
        let lines: Vec<Json> = self.lines.iter().map(Line::json).collect();
        let figures = self.figures.iter().map(
            |figure| json!({ "side": figure.side, "what": figure.what, "value": figure.value, "unit": figure.unit }),
        );
        let all = json!({ "records": records, "lines": lines, "figures": figures.collect::<Vec<_>>() });
        Ok(std::fs::write(path, serde_json::to_vec_pretty(&all)?)?)
    }
}

impl Line {
    fn text(&self, ours: Option<&Self>) -> String {
        let Spent { traffic, client, server, .. } = self.spent;
        let mut text = format!(
            "{:<38} {:<20} {:>8} {:>11} {:>11} {:>6} {:>5} {:>9.4} {:>9.4}",
            self.job.name(),
            self.side,
            self.records,
            traffic.up_bytes,
            traffic.down_bytes,
            traffic.turns,
            traffic.connections,
            client.as_secs_f64(),
            server.as_secs_f64()
        );
        if let Some(ours) = ours {
            // Jobs that grow with the records are compared a record.
            let scale = match self.job {
                Job::Usable | Job::History => ours.records as f64 / self.records as f64,
                _ => 1.0,
            };
            let ratio = |theirs: f64, ours: f64| theirs * scale / ours.max(f64::MIN_POSITIVE);
            let bytes = ratio(self.spent.bytes() as f64, ours.spent.bytes() as f64);
            let processor = ratio(self.spent.processor().as_secs_f64(), ours.spent.processor().as_secs_f64());
            text += &format!(" {bytes:>8.1}x {processor:>8.1}x");
        }
        text
    }

    fn json(&self) -> Json {
        let Spent { traffic, client, server, payload } = self.spent;
        json!({
            "job": self.job.name(),
            "side": self.side,
            "records": self.records,
            "up_bytes": traffic.up_bytes,
            "down_bytes": traffic.down_bytes,
            "payload_up_bytes": payload.map(|(up, _)| up),
            "payload_down_bytes": payload.map(|(_, down)| down),
            "turns": traffic.turns,
            "connections": traffic.connections,
            "client_processor_seconds": client.as_secs_f64(),
            "server_processor_seconds": server.as_secs_f64(),
        })
    }
}
