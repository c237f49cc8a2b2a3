//! `read-pdf`: what a PDF says, read in a process of its own.
//!
//! A PDF comes from anybody and the server reads it for its search. Whatever one of them does to this process (time, memory, the
//! stack) ends with it: the kernel lets it have so much and no more, and the server takes it that the file says nothing.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use fieldline_service::reading::{FILE_BYTES, pdf};

use crate::failed::Failed;

/// What the command is called.
const NAME: &str = "read-pdf";
/// The processor time a PDF may take.
#[cfg(unix)]
const SECONDS: u64 = 10;
/// The memory it may take: what unpacks is bounded, what is made of it is a multiple.
#[cfg(unix)]
const MEMORY_BYTES: u64 = 1 << 30;

/// Reads a PDF from standard input and writes what it says to standard output.
pub fn run() -> Result<(), Failed> {
    limit_itself()?;
    let failed = |doing: &str| {
        let doing = doing.to_owned();
        move |source| Failed::Io { doing, source }
    };
    let mut bytes = Vec::new();
    let most = FILE_BYTES as u64 + 1;
    std::io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(failed("reading the PDF"))?;
    let text = pdf::text_of(&bytes);
    std::io::stdout().write_all(text.as_bytes()).map_err(failed("writing what it says"))
}

#[cfg(unix)]
fn limit_itself() -> Result<(), Failed> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    for (resource, most) in [(Resource::Cpu, SECONDS), (Resource::As, MEMORY_BYTES), (Resource::Core, 0)] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        let failed = |source: rustix::io::Errno| Failed::Io { doing: "limiting itself".into(), source: source.into() };
        setrlimit(resource, limit).map_err(failed)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn limit_itself() -> Result<(), Failed> {
    Ok(())
}

/// What a PDF says, read by another process of this program; nothing when that fails, for whatever reason.
pub fn elsewhere(bytes: &[u8]) -> String {
    asked(bytes).unwrap_or_else(|problem| {
        tracing::warn!(%problem, "a PDF could not be read");
        String::new()
    })
}

fn asked(bytes: &[u8]) -> std::io::Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(NAME).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    if let Some(mut to) = child.stdin.take() {
        // Who ends before it has read everything is told by how it ended.
        let _ = to.write_all(bytes);
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(std::io::Error::other(format!("its reader ended with {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
