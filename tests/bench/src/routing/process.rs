//! A program with a clock that counts its processor time, so that what else runs on the machine takes nothing from it, and
//! the most memory it had. Both come from a small library that is built here and preloaded.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

type Failed = Box<dyn std::error::Error>;

/// A folder with the library in it, and room for what programs need.
pub struct Bench {
    folder: TempDir,
}

/// What a program said and held.
pub struct Told {
    pub answer: Value,
    pub memory_mebibytes: f64,
}

impl Bench {
    /// Builds the library.
    pub fn new() -> Result<Self, Failed> {
        let bench = Self { folder: tempfile::tempdir()? };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/routing/processor_clock.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-O2", "-shared", "-fPIC", "-o"]).arg(bench.library()).arg(source);
        let status =
            compiler.status().map_err(|problem| format!("a C compiler is needed, by the name cc: {problem}"))?;
        if status.success() {
            Ok(bench)
        } else {
            Err("the processor clock cannot be built; cc's words are above".into())
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn library(&self) -> PathBuf {
        self.folder().join("processor_clock.so")
    }

    /// Runs a program that says something in JSON; its last words if it fails.
    pub fn run(&self, command: &mut Command) -> Result<Told, String> {
        let memory = tempfile::NamedTempFile::new_in(self.folder()).map_err(|problem| problem.to_string())?;
        command.env("LD_PRELOAD", self.library()).env("PEAK_MEMORY_FILE", memory.path());
        let output = command.output().map_err(|problem| problem.to_string())?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(words.lines().last().unwrap_or("it failed without a word").to_owned());
        }
        let answer = serde_json::from_slice(&output.stdout).map_err(|problem| format!("no JSON: {problem}"))?;
        let memory = std::fs::read_to_string(memory.path()).map_err(|problem| problem.to_string())?;
        let kibibytes: f64 = memory.trim().trim_end_matches("kB").trim().parse().unwrap_or(f64::NAN);
        Ok(Told { answer, memory_mebibytes: kibibytes / 1_024.0 })
    }
}
