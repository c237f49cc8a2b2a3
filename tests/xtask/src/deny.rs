//! Licences, bans and sources of everything we build on, judged by cargo-deny from `deny.toml`.
//!
//! cargo-deny comes as source like every other dependency; when the machine has none, one is built once into
//! `target/tools`, unoptimised, because compiling it costs more than it ever runs. Advisories are left out: their database
//! changes by the hour, and a test must give the same answer tomorrow.

use std::process::{Command, Stdio};

use crate::commands::{Failed, cargo, root, run, target};

/// The newest release when `deny.toml` was written.
const VERSION: &str = "0.20.2";

/// Checks the dependencies.
pub fn check() -> Result<(), Failed> {
    let tool = find_or_build()?;
    run(Command::new(tool).current_dir(root()).args(["--workspace", "check", "bans", "licenses", "sources"]))?;
    eprintln!("     advisories are not part of the test; look them up with `cargo deny check advisories`");
    Ok(())
}

fn find_or_build() -> Result<std::ffi::OsString, Failed> {
    let own = target().join("tools/bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    for candidate in [own.clone().into_os_string(), "cargo-deny".into()] {
        let asked = Command::new(&candidate).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if asked.is_ok_and(|status| status.success()) {
            return Ok(candidate);
        }
    }
    eprintln!("     cargo-deny is not installed: building {VERSION} into {} (once)", own.display());
    let tools = target().join("tools");
    run(cargo(&["install", "--locked", "--quiet", "--debug", "--version", VERSION, "cargo-deny", "--root"])
        .arg(&tools)
        .env("CARGO_TARGET_DIR", tools.join("build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    // The intermediate files are of no use again, and there are a gigabyte of them.
    std::fs::remove_dir_all(tools.join("build"))
        .map_err(|problem| Failed(format!("{} cannot be removed: {problem}", tools.join("build").display())))?;
    Ok(own.into_os_string())
}
