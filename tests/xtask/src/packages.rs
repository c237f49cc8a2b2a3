//! Programs that come as packages of the system: there, or installed where this process may, or asked for.

use std::path::Path;
use std::process::Command;

use crate::commands::{Failed, run};

/// Sees to it that programs and files are there; each is named with the Debian package that has it.
pub fn have(programs: &[(&'static str, &'static str)], files: &[(&'static str, &'static str)]) -> Result<(), Failed> {
    has_all(|| {
        let programs = programs.iter().filter(|(program, _)| !on_path(program));
        let files = files.iter().filter(|(file, _)| !Path::new(file).exists());
        programs.chain(files).map(|(_, package)| *package).collect()
    })
}

/// Sees to it that no package is missing.
pub fn has_all(missing: impl Fn() -> Vec<&'static str>) -> Result<(), Failed> {
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    let wanted = packages.join(" ");
    let told =
        format!("the Debian packages {wanted} are missing; run `apt-get install {wanted}` as root, then this again");
    if !is_root() {
        return Err(Failed(told));
    }
    let apt =
        |arguments: &[&str]| run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "-qq"])?;
    // Nothing may be taken away: another Rust than ours could be the one this program was built with.
    let install = ["install", "-y", "-qq", "--no-remove", "--no-install-recommends"];
    apt(&[&install[..], &packages[..]].concat()).map_err(|Failed(what)| Failed(format!("{told} ({what})")))?;
    if missing().is_empty() { Ok(()) } else { Err(Failed(told)) }
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()))
}

/// Whether this process may install and mount.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
