//! Kotlin without Gradle: fetches a pinned compiler and pinned libraries, and compiles and tries what is in `android/`.
//!
//! Android Studio builds the same sources with the Gradle files beside them; this is for machines without either, such as CI.

mod apk;
mod least;
mod modules;
mod start;
mod toolchain;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::commands::{Failed, root, run, shown};

pub use apk::apk;
pub use toolchain::{Toolchain, install};

use modules::{CORE, Module, PHONE, PRESENTER_TESTS, PRESENTERS, SCREEN_TESTS, SCREENS, class_path, compiled};
use toolchain::linter;

/// The phone of the scenarios as a command; `library` is the folder with the built library.
pub fn phone(toolchain: &Toolchain, library: &Path) -> Result<Command, Failed> {
    compiled(toolchain, &[CORE, PHONE])?;
    let mut java = java(toolchain, library, &[CORE, PHONE]);
    // A heap that is all there from the beginning: what the process grows by is the core's.
    java.args(["-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch"]);
    java.arg("org.fieldline.phone.MainKt");
    Ok(java)
}

/// Judges how the sources are written; what is generated is left out.
pub fn lint(toolchain: &Toolchain) -> Result<(), Failed> {
    let jar = linter(toolchain)?;
    let mut java = Command::new("java");
    java.arg("-jar").arg(jar).args(["--relative", "**/src/**/*.kt", "!core/**"]);
    run(java.current_dir(root().join("android")))
}

/// Tries presenters and screens on the real core and a real server, and leaves pictures of the screens where they are wanted.
pub fn test(toolchain: &Toolchain, library: &Path, sync_server: &Path, pictures: Option<&Path>) -> Result<(), Failed> {
    let modules = [CORE, PRESENTERS, PRESENTER_TESTS, SCREENS, SCREEN_TESTS];
    compiled(toolchain, &modules)?;
    let mut java = java(toolchain, library, &modules);
    java.args(JUNIT);
    for tests in [PRESENTER_TESTS, SCREEN_TESTS] {
        java.arg("--scan-classpath").arg(tests.jar(toolchain));
    }
    java.env("FIELDLINE_SYNC_SERVER_BIN", sync_server);
    if let Some(pictures) = pictures {
        java.env("FIELDLINE_SCREENSHOTS", pictures);
    }
    passes(&mut java)
}

/// Starts the app, which is built, as Android would, on a desktop.
pub fn start(toolchain: &Toolchain, library: &Path) -> Result<(), Failed> {
    passes(&mut start::tests(toolchain, library)?)
}

/// What runs tests, and shows them.
const JUNIT: [&str; 6] = [
    "org.junit.platform.console.ConsoleLauncher",
    "execute",
    "--disable-banner",
    "--disable-ansi-colors",
    "--details=tree",
    "--fail-if-no-tests",
];

fn passes(java: &mut Command) -> Result<(), Failed> {
    let Counted { passed, failed } = counted(java)?;
    println!("{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { Ok(()) } else { Err(Failed(format!("{failed} Kotlin tests failed; see above"))) }
}

fn java(toolchain: &Toolchain, library: &Path, modules: &[Module]) -> Command {
    let mut java = Command::new("java");
    java.arg("-Djava.awt.headless=true").arg("-XX:+UseSerialGC");
    java.arg(format!("-Djna.library.path={}", library.display()));
    java.arg("-cp").arg(class_path(toolchain, modules)).current_dir(root());
    java
}

struct Counted {
    passed: u64,
    failed: u64,
}

/// Runs JUnit, lets its words through and reads its summary.
fn counted(java: &mut Command) -> Result<Counted, Failed> {
    // The class path would fill the screen.
    eprintln!("     $ java org.junit.platform.console.ConsoleLauncher execute");
    let text = shown(java);
    let problem = |problem| Failed(format!("`{text}` could not be run: {problem}"));
    let mut child = java.stdout(Stdio::piped()).spawn().map_err(problem)?;
    let mut counted = Counted { passed: 0, failed: 0 };
    for line in BufReader::new(child.stdout.take().expect("it was piped")).lines() {
        let line = line.map_err(problem)?;
        counted.passed = summed(&line, "tests successful").unwrap_or(counted.passed);
        // A class that cannot even be set up fails as a container, and its tests are not counted at all.
        counted.failed += summed(&line, "tests failed").unwrap_or(0) + summed(&line, "containers failed").unwrap_or(0);
        println!("{line}");
    }
    child.wait().map_err(problem)?;
    Ok(counted)
}

/// The number of a summary line such as `[         3 tests successful      ]`.
fn summed(line: &str, what: &str) -> Option<u64> {
    let (number, rest) = line.strip_prefix('[')?.strip_suffix(']')?.trim().split_once(' ')?;
    if rest == what { number.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::summed;

    #[test]
    fn the_summary_of_junit_is_read() {
        assert_eq!(summed("[        12 tests successful      ]", "tests successful"), Some(12));
        assert_eq!(summed("[        12 tests successful      ]", "tests failed"), None);
        assert_eq!(summed("12 tests successful", "tests successful"), None);
    }
}
