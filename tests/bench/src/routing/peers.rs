//! Who plans: ours and the peers, what each has to have installed, and the command that runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};

use super::Failed;
use super::instances::Instance;

/// Who plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Side {
    #[value(skip)]
    Ours,
    Pyvrp,
    Vroom,
    Ortools,
    VrpCli,
}

/// Where the peers are.
#[derive(Args)]
pub struct Tools {
    /// A Python that has pyvrp, pyvroom and ortools.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// The program of vrp-cli.
    #[arg(long, default_value = "vrp-cli")]
    vrp_cli: PathBuf,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Pyvrp => "PyVRP",
            Self::Vroom => "VROOM",
            Self::Ortools => "OR-tools",
            Self::VrpCli => "vrp-cli",
        }
    }

    /// Whether searching again may find something else.
    pub fn has_dice(self) -> bool {
        matches!(self, Self::Ours | Self::Pyvrp | Self::VrpCli)
    }

    fn script(self) -> PathBuf {
        let name = match self {
            Self::Pyvrp => "pyvrp_solve.py",
            Self::Vroom => "vroom_solve.py",
            Self::Ortools => "ortools_solve.py",
            Self::VrpCli | Self::Ours => "vrp_cli_solve.py",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/routing").join(name)
    }
}

impl Tools {
    /// Says how to get what is missing.
    pub fn check(&self, peers: &[Side]) -> Result<(), Failed> {
        let missing: Vec<String> = peers.iter().filter_map(|peer| self.missing(*peer)).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(format!("{}\nor leave them out with --peers or --alone", missing.join("\n")).into()),
        }
    }

    fn missing(&self, peer: Side) -> Option<String> {
        let (module, package) = match peer {
            Side::Ours => return None,
            Side::Pyvrp => ("pyvrp", "pyvrp"),
            Side::Vroom => ("vroom", "pyvroom"),
            Side::Ortools => ("ortools.constraint_solver", "ortools"),
            Side::VrpCli => {
                let is_there = starts(Command::new(&self.vrp_cli).arg("--version"));
                let how = "cargo install vrp-cli --locked --root peers, then --vrp-cli peers/bin/vrp-cli";
                return (!is_there).then(|| format!("vrp-cli is not installed: {how}"));
            }
        };
        let is_there = starts(Command::new(&self.python).args(["-c", &format!("import {module}")]));
        let how = format!("python3 -m venv peers && peers/bin/pip install {package}, then --python peers/bin/python");
        (!is_there).then(|| format!("{} is not installed: {how}", peer.name()))
    }

    /// The command that searches; a peer is handed a task.
    pub fn command(&self, side: Side, instance: &Instance, task: &Path, seconds: f64, seed: u64) -> Command {
        if side == Side::Ours {
            let mut command = route();
            command.arg("solve").args(instance.set.format()).args(["--clock", "cpu", "--json", "--seconds"]);
            command.arg(seconds.to_string()).arg("--seed").arg(seed.to_string()).arg(&instance.file);
            return command;
        }
        let mut command = Command::new(&self.python);
        command.arg(side.script()).arg(task).arg(seconds.to_string()).arg(seed.to_string());
        command.env("VRP_CLI", &self.vrp_cli);
        command
    }
}

/// The program `route`, as it is shipped.
pub fn route() -> Command {
    let own = std::env::current_exe().unwrap_or_default();
    Command::new(own.with_file_name(format!("route{}", std::env::consts::EXE_SUFFIX)))
}

fn starts(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
