//! The scenarios of `tests/scenarios` with phones in every language, against a real server: one honest line each at the end.
//!
//! A language is left out only by name. What a language needs is fetched from the package registries, or asked for.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{Failed, built, cargo, root, run, shipped, target};
use crate::{bindings, kotlin, swift};

/// Every language beside Rust, which is always there.
pub const LANGUAGES: [&str; 3] = ["python", "kotlin", "swift"];
/// Objects made and dropped in every test run; by hand it is a hundred thousand.
const CYCLES: &str = "2000";

/// Refuses to leave out what there is not.
pub fn known(without: &[String]) -> Result<(), Failed> {
    match without.iter().find(|name| !LANGUAGES.contains(&name.as_str())) {
        Some(unknown) => Err(Failed(format!("there is no language {unknown}; there are {}", LANGUAGES.join(", ")))),
        None => Ok(()),
    }
}

fn is_in(without: &[String], language: &str) -> bool {
    !without.iter().any(|name| name == language)
}

/// Plays the scenarios, in all languages but those left out, with arguments for the driver; on the core as it is shipped, or as it is
/// built for trying.
pub fn play(without: &[String], is_release: bool, arguments: &[String]) -> Result<(), Failed> {
    known(without)?;
    let generated = bindings::generated()?;
    let server = built("sync-server")?;
    let rust = if is_release { shipped("rust_phone")? } else { built("rust_phone")? };
    let library = Path::new(rust.get_program()).parent().unwrap_or(root()).to_owned();
    let mut phones = vec![("rust", rust)];
    for language in LANGUAGES.into_iter().filter(|language| is_in(without, language)) {
        phones.push((language, phone(language, &generated, &library)?));
    }
    let mut driver = built("fieldline-scenarios")?;
    driver.args(["--scenarios", "tests/scenarios"]).args(arguments);
    for (name, command) in &phones {
        driver.arg("--phone").arg(format!("{name}={}", words(command)));
    }
    if !arguments.iter().any(|argument| argument == "--cycles") {
        driver.args(["--cycles", CYCLES]);
    }
    run(driver.env("FIELDLINE_SERVER_BINARY", server.get_program()))?;
    for name in without {
        println!("{name}: left out by name");
    }
    Ok(())
}

/// Tries what is around the core in each app: presenters, screens and the start of the app in Kotlin, models in Swift.
pub fn try_apps(without: &[String]) -> Result<(), Failed> {
    known(without)?;
    let (library, server) = library_and_server()?;
    let server = Path::new(server.get_program());
    if is_in(without, "kotlin") {
        let toolchain = kotlin::install()?;
        kotlin::lint(&toolchain)?;
        kotlin::test(&toolchain, &library, server, None)?;
        println!("{}: signed and verified, without the core's library", kotlin::apk(&toolchain, None)?.display());
        kotlin::start(&toolchain, &library)?;
    }
    if is_in(without, "swift") {
        let toolchain = swift::install()?;
        swift::lint(&toolchain)?;
        swift::test(&toolchain, &library, server)?;
    }
    Ok(())
}

/// The screens the README shows.
const PICTURES: [&str; 8] =
    ["today", "job", "checklist", "attention", "sync", "job-dark", "today-ar", "attention-contrast"];

/// Draws every screen of the Android app on the real core, and keeps those the README shows.
pub fn draw() -> Result<(), Failed> {
    let drawn = target().join("pictures");
    let (library, server) = library_and_server()?;
    kotlin::test(&kotlin::install()?, &library, Path::new(server.get_program()), Some(&drawn))?;
    for name in PICTURES {
        let (from, to) =
            (drawn.join(format!("{name}.png")), root().join(format!("android/screens/pictures/{name}.png")));
        std::fs::copy(&from, &to).map_err(|problem| Failed(format!("{}: {problem}", to.display())))?;
    }
    Ok(())
}

/// The folder with the library as it is now, and the server.
fn library_and_server() -> Result<(PathBuf, Command), Failed> {
    run(&mut cargo(&["build", "--workspace", "--locked", "--lib"]))?;
    Ok((bindings::library_folder(), built("sync-server")?))
}

/// How a phone of a language is started on the library of a folder.
fn phone(language: &str, generated: &Path, library: &Path) -> Result<Command, Failed> {
    match language {
        "kotlin" => kotlin::phone(&kotlin::install()?, library),
        "swift" => swift::phone(&swift::install()?, library),
        _ => python(generated, library),
    }
}

fn python(generated: &Path, library: &Path) -> Result<Command, Failed> {
    let is_there = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        return Err(Failed("python3 is missing; install it, or leave it out with --without python".into()));
    }
    let mut python = Command::new("env");
    python.arg(format!("PYTHONPATH={}", bindings::python(generated, library)?.display()));
    python.args(["python3", "bindings/tests/phone.py"]);
    Ok(python)
}

/// A command as the driver splits it.
fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
