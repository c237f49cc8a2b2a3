//! Swift without a Mac: a small Debian with the compiler, in which everything in `ios/` that needs no screen is built and tried.
//!
//! Xcode builds the same sources; this is for machines without it, such as CI. SwiftUI is Apple's alone, so of the app around the
//! screens only form and syntax are looked at here.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::commands::{Failed, root, run, shown, target};
use crate::packages::{have, is_root};

/// What is written by hand.
const SOURCES: [&str; 6] =
    ["Package.swift", "Sources/FieldlineCore", "Sources/FieldlinePhone", "Tests", "App", "AppUITests"];

/// The Debian with Swift in it.
pub struct Toolchain {
    chroot: PathBuf,
}

/// Makes it, unless it is there.
pub fn install() -> Result<Toolchain, Failed> {
    let chroot = target().join("toolchains/swift");
    if !chroot.join(".complete-1").exists() {
        has_mmdebstrap()?;
        eprintln!("     Swift is not here yet: about 1.4 GB into {} (once)", chroot.display());
    }
    run(Command::new(script("make-chroot.sh")).arg(&chroot))?;
    Ok(Toolchain { chroot })
}

/// The phone of the scenarios as a command; `library` is the folder with the built library.
pub fn phone(toolchain: &Toolchain, library: &Path) -> Result<Command, Failed> {
    let mut build = toolchain.swift("build", library, library);
    run(build.args(["--configuration", "release", "--product", "FieldlinePhone"]))?;
    let starts = built().join("phone.sh");
    let phone = toolchain.inside([library, library], &built().join("release/FieldlinePhone").to_string_lossy());
    let words = std::iter::once(phone.get_program()).chain(phone.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))).collect();
    let text = format!("#!/bin/sh\nexec {}\n", words.join(" "));
    let written =
        fs::write(&starts, text).and_then(|()| fs::set_permissions(&starts, fs::Permissions::from_mode(0o755)));
    written.map_err(|problem| Failed(format!("{} cannot be written: {problem}", starts.display())))?;
    Ok(Command::new(starts))
}

/// Tries the logic of every screen on the real core and a real server.
pub fn test(toolchain: &Toolchain, library: &Path, sync_server: &Path) -> Result<(), Failed> {
    let server_folder = sync_server.parent().unwrap_or(sync_server);
    let mut swift = toolchain.swift("test", library, server_folder);
    // All tests are XCTest's; the other runner would end with a line that says that it ran none.
    swift.arg("--disable-swift-testing").env("FIELDLINE_SYNC_SERVER_BIN", sync_server);
    let told = summed(&mut swift)?;
    let (tests, failures) = told.ok_or_else(|| Failed("no Swift test ran; see above".into()))?;
    println!("{} passed, {failures} failed", tests - failures.min(tests));
    if failures == 0 && tests > 0 { Ok(()) } else { Err(Failed(format!("{failures} Swift tests failed; see above"))) }
}

/// Form of everything written by hand, and syntax of what only Apple's compiler can understand.
pub fn lint(toolchain: &Toolchain) -> Result<(), Failed> {
    run(toolchain.inside([root(), root()], "swift").args(["format", "lint", "--strict", "--recursive"]).args(SOURCES))?;
    let mut sources = Vec::new();
    ["ios/App", "ios/AppUITests"].iter().for_each(|folder| swift_files(&root().join(folder), &mut sources));
    run(toolchain.inside([root(), root()], "swiftc").args(["-frontend", "-parse"]).args(sources))
}

impl Toolchain {
    /// A program of the toolchain, started in `ios/`. It sees this repository, what is built from it, temporary files, and the folders
    /// of the library and of something else.
    fn inside(&self, [library, other]: [&Path; 2], program: &str) -> Command {
        let mut command = Command::new(script("inside.sh"));
        command.arg(&self.chroot).args([root(), &target(), &std::env::temp_dir(), library, other]);
        command.arg("--").args(["env", "--chdir"]).arg(root().join("ios"));
        command.arg(format!("LD_LIBRARY_PATH={}", library.display())).arg(program);
        command
    }

    fn swift(&self, word: &str, library: &Path, other: &Path) -> Command {
        let mut swift = self.inside([library, other], "swift");
        swift.args([word, "--disable-sandbox", "--scratch-path"]).arg(built());
        swift.arg("-Xlinker").arg(format!("-L{}", library.display()));
        swift
    }
}

/// Outside the repository's own folders, where the compiler would leave it.
fn built() -> PathBuf {
    target().join("toolchains/swift-built")
}

fn script(name: &str) -> PathBuf {
    root().join("tests/xtask/swift").join(name)
}

fn has_mmdebstrap() -> Result<(), Failed> {
    if !is_root() {
        let told = "Swift lives in a small Debian of its own, which only root can make and enter; run this as root";
        return Err(Failed(told.into()));
    }
    have(&[("mmdebstrap", "mmdebstrap")], &[])
}

/// Runs the tests, lets their words through and reads the last summary, which is of all of them: how many, and how many failed.
fn summed(swift: &mut Command) -> Result<Option<(u64, u64)>, Failed> {
    let text = shown(swift);
    eprintln!("     $ {text}");
    let problem = |problem| Failed(format!("`{text}` could not be run: {problem}"));
    let mut child = swift.stdout(Stdio::piped()).spawn().map_err(problem)?;
    let mut summed = None;
    for line in BufReader::new(child.stdout.take().expect("it was piped")).lines() {
        let line = line.map_err(problem)?;
        summed = summary(&line).or(summed);
        println!("{line}");
    }
    let status = child.wait().map_err(problem)?;
    // A test that brings the process down is in no summary.
    match summed {
        Some((tests, 0)) if !status.success() => Ok(Some((tests, 1))),
        summed => Ok(summed),
    }
}

/// A line such as `Executed 30 tests, with 1 failure (0 unexpected) in 9.8 (9.8) seconds`.
fn summary(line: &str) -> Option<(u64, u64)> {
    let mut words = line.trim().strip_prefix("Executed ")?.split(' ');
    let tests = words.next()?.parse().ok()?;
    let failures = words.nth(2)?.parse().ok()?;
    Some((tests, failures))
}

fn swift_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => swift_files(&path, found),
            false if path.extension().is_some_and(|end| end == "swift") => found.push(path),
            false => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn the_summary_of_xctest_is_read() {
        let line = "\t Executed 30 tests, with 1 failure (0 unexpected) in 9.8 (9.8) seconds";
        assert_eq!(summary(line), Some((30, 1)));
        assert_eq!(summary("Executed 1 test, with 0 failures (0 unexpected) in 0.1 (0.1) seconds"), Some((1, 0)));
        assert_eq!(summary("Test Suite 'All tests' passed"), None);
    }
}
