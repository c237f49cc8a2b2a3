//! A phone's process, asked one JSON line at a time.
//!
//! `{"call": NAME, "with": {…}}` is answered by `{"ok": VALUE}` or `{"error": {"kind": …}}`. Every function of the bindings is a call under
//! its own name, with its own arguments. Records are objects, variants are told by `kind` or are plain words, moments are
//! milliseconds since 1970, bytes are hexadecimal digits, nothing is null. Beside them there are:
//!
//! | call | what it does |
//! | --- | --- |
//! | `platform` | sets key store file, clock, place, and whose HTTP the next `open` gets; clock and place count at once |
//! | `close` | drops the store |
//! | `events` | what the listener heard since it was last asked |
//! | `in_step` | keeps in step for a while, then stops |
//! | `trial_panic` | makes the phone's observer throw in the next call of a function: in the core that is a panic |
//! | `cancel_sync` | begins a sync and cancels it in the language's own way |
//! | `cycles` | opens, asks and drops many times; how large the process was before and after |
//! | `time_today` | how long one list of today takes |

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::NamedTempFile;

/// A language and how a phone of it is started.
#[derive(Debug, Clone)]
pub struct Language {
    /// Its name.
    pub name: String,
    command: Vec<String>,
    /// What its phones say beside their answers.
    log: Arc<NamedTempFile>,
}

impl Language {
    /// The last lines its phones wrote.
    pub fn last_words(&self) -> String {
        const LINES: usize = 12;
        let log = std::fs::read(self.log.path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or("write NAME=COMMAND")?;
        let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if command.is_empty() {
            return Err(format!("{name}: no command starts a phone"));
        }
        let log = NamedTempFile::new().map_err(|problem| problem.to_string())?;
        Ok(Self { name: name.into(), command, log: Arc::new(log) })
    }
}

/// A phone that is switched on.
pub struct Phone {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Phone {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Phone {
    /// Starts a phone.
    ///
    /// # Errors
    /// When its program cannot be started.
    pub fn starts(language: &Language) -> Result<Self, String> {
        let mut command = Command::new(&language.command[0]);
        let log = OpenOptions::new().append(true).open(language.log.path()).map_err(|problem| problem.to_string())?;
        command.args(&language.command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().map_err(|problem| format!("{command:?} does not start: {problem}"))?;
        let input = process.stdin.take().ok_or("its input was piped")?;
        let output = BufReader::new(process.stdout.take().ok_or("its output was piped")?);
        Ok(Self { process, input, output })
    }

    /// Asks; the outer error is the phone's end, the inner one the core's answer.
    ///
    /// # Errors
    /// When the phone dies or says something else.
    pub fn asks(&mut self, call: &str, with: &Json) -> Result<Result<Json, Json>, String> {
        let line = json!({ "call": call, "with": with }).to_string();
        let sent = writeln!(self.input, "{line}").and_then(|()| self.input.flush());
        sent.map_err(|problem| format!("the phone does not listen to {call}: {problem}"))?;
        let mut answer = String::new();
        let read = self.output.read_line(&mut answer).map_err(|problem| format!("{call}: {problem}"))?;
        if read == 0 {
            return Err(format!("the phone died over {call}"));
        }
        let answer: Json =
            serde_json::from_str(&answer).map_err(|problem| format!("{call} is answered by {answer:?}: {problem}"))?;
        match answer.get("error") {
            Some(error) => Ok(Err(error.clone())),
            None => answer.get("ok").cloned().map(Ok).ok_or(format!("{call} is answered by {answer}")),
        }
    }
}
