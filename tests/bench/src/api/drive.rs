//! Asks both sides in turns, and says what it took.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Result;
use super::connection::{Connection, Request};
use super::floor;
use super::house::{House, PASSWORD, USER_NAME};
use super::operations::{Operation, Side};
use crate::sync::process::{Watched, wait_for_address};

/// Turns each side has, so that noise hits both.
const TURNS: u32 = 10;
/// Requests nobody counts, before the first turn.
const WARM_UP: usize = 20;
/// Questions whose answers are compared.
const COMPARED: usize = 12;

/// A server under observation and the way to it.
pub struct Server {
    pub watched: Watched,
    address: SocketAddr,
    token: Option<String>,
}

/// Both of them.
pub struct Both<'h> {
    house: &'h House,
    pub ours: Server,
    pub floor: Server,
    /// Questions asked so far, so that none is asked twice.
    asked: usize,
}

/// What a side took for a kind of question.
#[derive(Default)]
pub struct Run {
    pub latencies: Vec<Duration>,
    pub wall: Duration,
    pub processor: Duration,
}

impl Server {
    fn start(command: &mut Command) -> Result<Self> {
        let mut watched = Watched::start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let address = wait_for_address(&mut watched)?;
        Ok(Self { watched, address, token: None })
    }

    /// Ours as it is shipped, and an integration's token.
    fn ours(house: &House) -> Result<Self> {
        let program = format!("sync-server{}", std::env::consts::EXE_SUFFIX);
        let mut command = Command::new(std::env::current_exe()?.with_file_name(program));
        command.args(["serve", "--listen", "127.0.0.1:0", "--requests-per-hour", "0", "--data"]).arg(&house.directory);
        let mut ours = Self::start(&mut command)?;
        ours.sign_in()?;
        Ok(ours)
    }

    fn sign_in(&mut self) -> Result<()> {
        let body = json!({ "user_name": USER_NAME, "password": PASSWORD }).to_string();
        let request = Request { method: "POST", target: "/api/v1/session".into(), body };
        let session: Value = serde_json::from_slice(&self.connect()?.ask(&request)?.body)?;
        self.token = Some(session["token"].as_str().ok_or("the server lets the integration in")?.to_owned());
        Ok(())
    }

    fn connect(&self) -> Result<Connection> {
        Connection::open(self.address, self.token.as_deref())
    }
}

/// Fills the floor with what ours answers, unless it is full.
pub fn fill_floor(house: &House) -> Result<()> {
    if house.floor().exists() {
        return Ok(());
    }
    let ours = Server::ours(house)?;
    let mut connection = ours.connect()?;
    floor::fill(house, |request| Ok(connection.ask(request)?.body))
}

impl<'h> Both<'h> {
    /// Starts both.
    pub fn start(house: &'h House) -> Result<Self> {
        let ours = Server::ours(house)?;
        let floor = Server::start(Command::new(std::env::current_exe()?).arg(floor::COMMAND).arg(house.floor()))?;
        Ok(Self { house, ours, floor, asked: 0 })
    }

    /// Checks that both answer a question with the same words.
    pub fn agree(&mut self, operation: &Operation) -> Result<()> {
        let (mut ours, mut floor) = (self.ours.connect()?, self.floor.connect()?);
        for turn in 0..if operation.writes() { 0 } else { COMPARED } {
            let [one, other] = [Side::Ours, Side::Floor].map(|side| operation.request(side, self.house, turn));
            let answers = (ours.ask(&one)?, floor.ask(&other)?);
            if answers.0.status != 200 || answers.0 != answers.1 {
                let text = |body: &[u8]| String::from_utf8_lossy(body).chars().take(3_000).collect::<String>();
                let (one, other) = (text(&answers.0.body), text(&answers.1.body));
                let problem =
                    format!("{}, turn {turn}: ours answers {} {:?}", operation.name, answers.0.status, answers.0.total);
                return Err(
                    format!("{problem} {one}\nthe floor {} {:?} {other}", answers.1.status, answers.1.total).into()
                );
            }
        }
        Ok(())
    }

    /// What both took, ours first.
    pub fn measure(&mut self, operation: &Operation, at_once: usize, time: Duration) -> Result<[Run; 2]> {
        let mut runs = [Run::default(), Run::default()];
        let mut connections =
            [&self.ours, &self.floor].map(|server| (0..at_once).map(|_| server.connect()).collect::<Result<Vec<_>>>());
        for turn in 0..=TURNS {
            for (at, (side, server)) in [(Side::Ours, &self.ours), (Side::Floor, &self.floor)].into_iter().enumerate() {
                let connections = connections[at].as_mut().map_err(|error| error.to_string())?;
                let before = server.watched.processor();
                let asking = Asking { operation, side, house: self.house, first: self.asked };
                let run = asking.all(connections, if turn == 0 { Duration::ZERO } else { time / TURNS })?;
                self.asked += run.latencies.len();
                if turn > 0 {
                    runs[at].latencies.extend(run.latencies);
                    runs[at].wall += run.wall;
                    runs[at].processor += server.watched.processor() - before;
                }
            }
        }
        runs.iter_mut().for_each(|run| run.latencies.sort_unstable());
        Ok(runs)
    }
}

#[derive(Clone, Copy)]
struct Asking<'a> {
    operation: &'a Operation,
    side: Side,
    house: &'a House,
    first: usize,
}

impl Asking<'_> {
    /// Asks through all connections at once for so long, or a few times when there is no time.
    #[expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark is for")]
    fn all(self, connections: &mut [Connection], time: Duration) -> Result<Run> {
        let (begun, step) = (Instant::now(), connections.len());
        let latencies = std::thread::scope(|scope| {
            let asking: Vec<_> = connections
                .iter_mut()
                .zip(self.first..)
                .map(|(connection, first)| scope.spawn(move || self.one(connection, first, step, begun, time)))
                .collect();
            let joined = asking.into_iter().map(|asking| asking.join().map_err(|_| "asking panicked".to_owned())?);
            joined.collect::<Result<Vec<_>, String>>()
        })?;
        Ok(Run { latencies: latencies.concat(), wall: begun.elapsed(), processor: Duration::ZERO })
    }

    #[expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark is for")]
    fn one(
        self,
        connection: &mut Connection,
        first: usize,
        step: usize,
        begun: Instant,
        time: Duration,
    ) -> Result<Vec<Duration>, String> {
        let mut latencies = Vec::new();
        for turn in (first..).step_by(step) {
            let enough = if time.is_zero() { latencies.len() == WARM_UP } else { begun.elapsed() >= time };
            if enough {
                break;
            }
            let request = self.operation.request(self.side, self.house, turn);
            let asked = Instant::now();
            let answer = connection.ask(&request).map_err(|error| error.to_string())?;
            latencies.push(asked.elapsed());
            if !(200..300).contains(&answer.status) {
                let body = String::from_utf8_lossy(&answer.body);
                return Err(format!("{:?} was answered {} {body}", request, answer.status));
            }
        }
        Ok(latencies)
    }
}

impl Run {
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.wall.as_secs_f64()
    }

    /// Processor time of the server for one request.
    pub fn processor_milliseconds(&self) -> f64 {
        self.processor.as_secs_f64() * 1e3 / self.latencies.len().max(1) as f64
    }

    /// The time that so many hundredths of the requests did not exceed.
    pub fn milliseconds(&self, hundredths: usize) -> f64 {
        let at = (self.latencies.len() * hundredths / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}
