//! Actors as processes of their own: started, heard, killed.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::actor::{Part, Role};
use crate::office::{Told, told};
use crate::phone::Promises;

/// What was heard of an actor until its end.
#[derive(Debug, Default)]
pub struct Heard {
    /// Every whole line.
    pub lines: Vec<String>,
    /// Whether it ended by itself, its work done.
    pub finished: bool,
}

impl Heard {
    /// Adds what a phone said to its promises.
    pub fn promised(&self, promises: &mut Promises) {
        self.lines.iter().for_each(|line| promises.hear(line));
    }

    /// The last number an actor said under a name.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.lines.iter().rev().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }
}

fn start(part: &Part) -> Told<Child> {
    let mut command = Command::new(std::env::current_exe().map_err(told)?);
    command.arg("actor").arg("--site").arg(&part.site).arg("--life").arg(part.life.to_string());
    command.arg("--deeds").arg(part.deeds.to_string()).arg("--role").arg(match part.role {
        Role::Phone => "phone",
        Role::Server => "server",
        Role::Backup => "backup",
        Role::Restore => "restore",
    });
    if let Some(call) = part.dies_at {
        command.arg("--dies-at").arg(call.to_string());
    }
    if part.early {
        command.arg("--early");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(told)
}

/// Runs an actor to its end, however it ends.
pub fn run(part: &Part) -> Told<Heard> {
    heard(start(part)?)
}

/// Runs an actor and kills it after a while from its first word on.
#[expect(clippy::disallowed_methods, reason = "the parent waits on a real process")]
pub fn run_and_kill(part: &Part, life: Duration) -> Told<Heard> {
    let mut child = start(part)?;
    let output = child.stdout.as_mut().expect("it was piped");
    let mut first = [0; 1];
    output.read_exact(&mut first).map_err(told)?;
    std::thread::sleep(life);
    // One that is done already cannot be killed any more; that is no failure.
    child.kill().ok();
    heard(child)
}

fn heard(child: Child) -> Told<Heard> {
    let output = child.wait_with_output().map_err(told)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let killed = std::os::unix::process::ExitStatusExt::signal(&output.status) == Some(libc::SIGKILL);
    if !output.status.success() && !killed {
        return Err(format!("the actor failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(Heard { lines: whole.lines().map(str::to_owned).collect(), finished: output.status.success() })
}
