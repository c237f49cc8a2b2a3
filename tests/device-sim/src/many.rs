//! Many phones that follow one script, each a process of its own that can really be killed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use clap::Args;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::Failed;
use crate::words::Word;

/// Many phones that follow a script.
#[derive(Args)]
pub struct Many {
    /// The script: words of `device-sim phone`, one a line.
    script: PathBuf,
    /// The server, such as `http://127.0.0.1:8080`.
    #[arg(long)]
    server: String,
    /// Who carries them; `{}` stands for the number of the phone. Their password is in `FIELDLINE_PASSWORD`.
    #[arg(long)]
    user: String,
    /// How many.
    #[arg(long, default_value_t = 1)]
    phones: usize,
    /// Where their files are, a folder each.
    #[arg(long)]
    dir: PathBuf,
    /// Phones begin at different moments and lose what their radios lose, by these dice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds within which phones begin.
    #[arg(long, default_value_t = 0)]
    spread_seconds: u64,
}

/// How a phone begins.
struct Start {
    user: String,
    pause_seconds: u64,
    dice: ChaCha8Rng,
}

impl Start {
    fn drawn(many: &Many, number: usize, dice: &mut ChaCha8Rng) -> Self {
        let user = many.user.replace("{}", &number.to_string());
        let pause_seconds = dice.next_u64() % (many.spread_seconds + 1);
        Self { user, pause_seconds, dice: ChaCha8Rng::seed_from_u64(dice.next_u64()) }
    }
}

/// How a phone came through.
struct Outcome {
    user: String,
    kills: u32,
    complaints: u32,
    standing: String,
}

/// Runs them all and prints where each of them stands.
///
/// # Errors
/// When a script cannot be read, a phone does not start, or one dies without being killed.
pub fn run(many: &Many) -> Result<(), Failed> {
    let script = fs::read_to_string(&many.script)?;
    let lines: Vec<&str> = script.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        line.parse::<Word>().map_err(|problem| format!("line {}: {problem}", number + 1))?;
    }
    let mut dice = ChaCha8Rng::seed_from_u64(many.seed);
    let starts: Vec<Start> = (1..=many.phones).map(|number| Start::drawn(many, number, &mut dice)).collect();
    let outcomes: Vec<Result<Outcome, String>> = thread::scope(|scope| {
        let lines = &lines;
        let running: Vec<_> = starts.into_iter().map(|start| scope.spawn(move || follow(many, start, lines))).collect();
        running.into_iter().map(|one| one.join().unwrap_or_else(|_| Err("a phone's thread died".into()))).collect()
    });
    let mut died = 0;
    println!("{:<16} {:>6} {:>10}  where it stands", "phone", "killed", "complaints");
    for outcome in outcomes {
        match outcome {
            Ok(Outcome { user, kills, complaints, standing }) => {
                println!("{user:<16} {kills:>6} {complaints:>10}  {standing}")
            }
            Err(problem) => {
                died += 1;
                println!("{problem}");
            }
        }
    }
    if died == 0 { Ok(()) } else { Err(format!("{died} of {} phones died", many.phones).into()) }
}

/// A phone's process.
struct Driven {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Driven {
    fn starts(many: &Many, user: &str, home: &Path, dice: &mut ChaCha8Rng) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|problem| problem.to_string())?;
        let mut command = Command::new(program);
        command.args(["phone", "--driven", "--server", &many.server, "--user", user, "--dir"]).arg(home);
        command.arg("--seed").arg(dice.next_u64().to_string());
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|problem| problem.to_string())?;
        let input = process.stdin.take().ok_or("its input was piped")?;
        let output = BufReader::new(process.stdout.take().ok_or("its output was piped")?);
        Ok(Self { process, input, output })
    }

    /// What is on the screen after a line, `None` when the phone is dead.
    fn takes(&mut self, line: &str) -> Option<String> {
        writeln!(self.input, "{line}").and_then(|()| self.input.flush()).ok()?;
        let mut screen = String::new();
        loop {
            let mut line = String::new();
            match self.output.read_line(&mut line) {
                Ok(read) if read > 0 && line == ".\n" => return Some(screen),
                Ok(read) if read > 0 => screen.push_str(&line),
                _ => return None,
            }
        }
    }
}

/// One phone through the script. A phone that dies where the script kills it is switched on again.
fn follow(many: &Many, start: Start, lines: &[&str]) -> Result<Outcome, String> {
    let Start { user, pause_seconds, mut dice } = start;
    let home = many.dir.join(&user);
    fs::create_dir_all(&home).map_err(|problem| format!("{user}: {problem}"))?;
    let mut log = fs::File::create(home.join("screens.log")).map_err(|problem| format!("{user}: {problem}"))?;
    let mut phone = Driven::starts(many, &user, &home, &mut dice)?;
    let (mut kills, mut complaints) = (0, 0);
    phone.takes(&format!("wait {pause_seconds}")).ok_or_else(|| format!("{user}: the phone does not start"))?;
    for line in lines {
        let screen = phone.takes(line);
        let is_kill = line.parse::<Word>() == Ok(Word::Kill);
        match screen {
            Some(screen) => {
                complaints += u32::from(screen.starts_with('!'));
                writeln!(log, "> {line}\n{screen}").map_err(|problem| format!("{user}: {problem}"))?;
            }
            None if is_kill => {
                kills += 1;
                drop(phone.process.wait());
                phone = Driven::starts(many, &user, &home, &mut dice)?;
            }
            None => return Err(format!("{user}: the phone died over \"{line}\"")),
        }
    }
    let screen = phone.takes("status").ok_or_else(|| format!("{user}: the phone died at the end"))?;
    let standing = screen.lines().nth(1).unwrap_or_default().trim_start_matches("│ ").to_owned();
    drop(phone.input);
    drop(phone.process.wait());
    Ok(Outcome { user, kills, complaints, standing })
}
