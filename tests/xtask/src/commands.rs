//! Commands that are shown before they run and whose output goes straight to the person.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What went wrong, in words that say what to do.
#[derive(Debug)]
pub struct Failed(pub String);

/// The top of the workspace.
pub fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).expect("tests/xtask lies two folders below the top")
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |path| root().join(path))
}

/// A cargo command at the top of the workspace.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = cleaned(Command::new("cargo"));
    command.args(arguments);
    command
}

/// A command at the top of the workspace that knows nothing of the cargo that started this process.
pub fn cleaned(mut command: Command) -> Command {
    command.current_dir(root());
    // What `cargo run` tells this process about itself would make build scripts believe that their input had changed.
    for (name, _) in std::env::vars_os() {
        let of_this_process = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_PACKAGE"];
        if name.to_str().is_some_and(|name| of_this_process.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(&name);
        }
    }
    command
}

/// One of our programs, built as part of the whole workspace: building a package alone asks its dependencies for other
/// features, and would compile them, OpenSSL and all, once more.
pub fn built(program: &str) -> Result<Command, Failed> {
    run(&mut cargo(&["build", "--workspace", "--locked", "--bin", program]))?;
    Ok(program_in("debug", program))
}

/// The measuring program and the programs it measures, as they are shipped; built as a whole for the same reason.
pub fn released(program: &str) -> Result<Command, Failed> {
    let others = ["--bin", "sync-server", "--bin", "route"];
    run(cargo(&["build", "--release", "--workspace", "--locked", "--bin", program]).args(others))?;
    Ok(program_in("release", program))
}

/// One of our programs and every library, optimised as they are shipped.
pub fn shipped(program: &str) -> Result<Command, Failed> {
    run(&mut cargo(&["build", "--release", "--workspace", "--locked", "--lib", "--bin", program]))?;
    Ok(program_in("release", program))
}

fn program_in(profile: &str, program: &str) -> Command {
    let path = target().join(profile).join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(path);
    command.current_dir(root());
    command
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Shows and runs a command.
pub fn run(command: &mut Command) -> Result<(), Failed> {
    let text = shown(command);
    eprintln!("     $ {text}");
    let status = command.status().map_err(|problem| Failed(format!("`{text}` could not be started: {problem}")))?;
    if status.success() { Ok(()) } else { Err(Failed(format!("`{text}` failed ({status}); its own words are above"))) }
}
