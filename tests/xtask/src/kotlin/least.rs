//! Shows that the app's code keeps to the least Android it is for, but for what its sources use only behind a look at which Android it is.
//!
//! R8 names every reference of the compiled classes to what the least Android lacks. `guarded.txt` lists those that are never reached
//! there, with the reason; anything else fails. A class that uses something newer on purpose is looked at, too, and must be found.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::apk::{RESOURCES_FOLDER, app, java_home, pom};
use super::toolchain::{Toolchain, failed, jars, libraries};
use crate::commands::{Failed, root, run, shown};

/// The classes of the least Android.
const LEAST: &str = "org.robolectric android-all 8.0.0_r4-robolectric-r1 jar";
/// How the class is called that uses something newer on purpose.
const PLANTED: &str = "Planted";
/// What a source asks before it uses anything newer.
const QUESTION: &str = "SDK_INT";

/// Looks through the app's own code; `beside` is the code it calls, and `made` takes what is made on the way.
pub fn check(toolchain: &Toolchain, own: &Path, beside: &[PathBuf], made: &Path) -> Result<(), Failed> {
    let least = libraries(toolchain, "platform-least", &pom(LEAST))?;
    let list = source("guarded.txt");
    let guarded = fs::read_to_string(&list).map_err(|problem| failed(&list, &problem))?;
    let mut java = Command::new("java");
    java.arg("-cp").args(jars(&toolchain.path("dexer"))).arg(source("Missing.java")).arg("--check");
    java.arg("--lib").arg(java_home()?);
    java.args(jars(&least).iter().flat_map(|jar| ["--lib".as_ref(), jar.as_os_str()]));
    java.args(beside.iter().flat_map(|jar| ["--target".as_ref(), jar.as_os_str()]));
    java.arg("--source").arg(own).arg("--source").arg(planted(toolchain, made)?);
    let count = judged(&told(&mut java)?, &guarded, |class| {
        fs::read_to_string(app("kotlin").join(class.replace('.', "/")).with_extension("kt")).ok()
    })?;
    println!("the app uses nothing the least Android lacks, but for {count} references behind {QUESTION}");
    Ok(())
}

fn source(name: &str) -> PathBuf {
    root().join("tests/xtask/kotlin").join(name)
}

fn planted(toolchain: &Toolchain, made: &Path) -> Result<PathBuf, Failed> {
    let mut javac = Command::new("javac");
    javac.args(["-nowarn", "--release", "8", "-Xlint:none", "-d"]).arg(made).arg("-cp");
    // The newest Android's classes are newer than this javac may be.
    javac.args(jars(&toolchain.path(RESOURCES_FOLDER))).arg(source(PLANTED).with_extension("java"));
    run(&mut javac)?;
    Ok(made.join(PLANTED).with_extension("class"))
}

/// What it prints.
fn told(java: &mut Command) -> Result<String, Failed> {
    // The class path would fill the screen.
    eprintln!("     $ java Missing.java --check");
    let output = java.output().map_err(|problem| Failed(format!("`{}` could not be run: {problem}", shown(java))))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Failed(format!("`{}` failed: {}", shown(java), String::from_utf8_lossy(&output.stderr)))),
    }
}

/// How many references to something newer there are, all of them listed, when every list is right; `read` gives a class's source.
fn judged(found: &str, guarded: &str, read: impl Fn(&str) -> Option<String>) -> Result<usize, Failed> {
    let (control, found): (BTreeSet<&str>, BTreeSet<&str>) =
        found.lines().partition(|line| line.starts_with(&format!("{PLANTED}.")));
    if control.is_empty() {
        return Err(Failed(format!("{PLANTED} uses something newer and was not found: this search sees nothing")));
    }
    let guarded: BTreeSet<&str> = guarded.lines().filter(|line| !line.starts_with('#')).collect();
    let unlisted: Vec<&str> = found.difference(&guarded).copied().collect();
    if !unlisted.is_empty() {
        return Err(Failed(format!(
            "the least Android lacks what is used here:\n{}\nask {QUESTION} first, then list it with the reason in tests/xtask/kotlin/guarded.txt",
            unlisted.join("\n")
        )));
    }
    if let Some(gone) = guarded.difference(&found).next() {
        return Err(Failed(format!("tests/xtask/kotlin/guarded.txt lists what is used no more: {gone}")));
    }
    let classes = found.iter().filter_map(|line| line.split([':', '$']).next());
    // A method's class begins with a capital letter, the method does not.
    let classes: BTreeSet<&str> = classes
        .map(|place| match place.rsplit_once('.') {
            Some((class, method)) if !method.starts_with(char::is_uppercase) => class,
            _ => place,
        })
        .collect();
    match classes.iter().find(|class| !read(class).is_some_and(|source| source.contains(QUESTION))) {
        Some(class) => Err(Failed(format!("{class} uses what the least Android lacks, and never asks {QUESTION}"))),
        None => Ok(found.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::judged;

    const CONTROL: &str = "Planted.newer: method Executor Context.getMainExecutor()\n";
    const GUARDED: &str = "a.Unlock.prompt: class b.Prompt\na.Unlock$prompt$1.<init>: class b.Prompt\n";

    fn told(found: &str, guarded: &str, source: &str) -> String {
        match judged(found, guarded, |class| (class == "a.Unlock").then(|| source.to_owned())) {
            Ok(count) => format!("{count} fine"),
            Err(problem) => problem.0,
        }
    }

    #[test]
    fn only_what_is_listed_and_behind_a_question_may_be_newer() {
        let found = format!("{GUARDED}{CONTROL}");
        let list = format!("# why\n{GUARDED}");
        assert_eq!(told(&found, &list, "if (SDK_INT < 30) return"), "2 fine");
        assert!(
            told(&format!("{found}a.Other.new: class b.New\n"), &list, "SDK_INT")
                .contains("\na.Other.new: class b.New\n")
        );
        assert!(told(&found, &format!("{list}a.Old.old: class b.Old\n"), "SDK_INT").contains("no more: a.Old.old"));
        assert!(told(&found, &list, "prompt()").contains("a.Unlock uses"));
    }

    #[test]
    fn a_search_that_does_not_see_the_planted_call_proves_nothing() {
        assert!(told(GUARDED, GUARDED, "SDK_INT").contains("sees nothing"));
    }
}
