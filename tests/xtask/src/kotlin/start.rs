//! Starts the app as Android would, on a desktop: its window, its resources and its manifest on Android's own classes (Robolectric), with
//! the core as it is built for this machine.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::apk::{Build, PACKAGE, files};
use super::toolchain::{Toolchain, failed, jars, libraries};
use crate::commands::{Failed, root, run};

/// The Android it is started on, which Robolectric reads by itself.
const ANDROID: &str = "android-all-instrumented";
/// Where Robolectric is told about the app.
const CONFIG: &str = "com/android/tools/test_config.properties";

/// The tests that start the app, as a command; the app is built, and `library` is the folder with the built library.
pub fn tests(toolchain: &Toolchain, library: &Path) -> Result<Command, Failed> {
    let build = Build::of(toolchain);
    let pom = root().join("tests/xtask/kotlin/robolectric.xml");
    let pom = fs::read_to_string(&pom).map_err(|problem| failed(&pom, &problem))?;
    let robolectric = libraries(toolchain, "robolectric", &pom)?;
    let (tests, config) = (build.made.join("start-tests.jar"), build.made.join("config"));
    describe(&build, &config)?;

    let mut paths = vec![build.classes()];
    paths.extend(build.beside());
    paths.extend(jars(&robolectric).into_iter().filter(|jar| !is_one_of(jar, &[ANDROID])));
    paths.extend(unpacked(&robolectric)?);
    // JNA with its own library for desktops, and JUnit.
    paths.extend(
        jars(&toolchain.path("desktop")).into_iter().filter(|jar| is_one_of(jar, &["jna", "junit", "hamcrest"])),
    );

    let mut kotlinc = toolchain.kotlinc();
    kotlinc.args(["-nowarn", "-no-reflect", "-jvm-target", "17", "-cp"]);
    kotlinc.arg(joined(paths.iter().cloned().chain(jars(&toolchain.path("platform"))))?);
    run(kotlinc.arg("-d").arg(&tests).arg(root().join("android/app/src/test/kotlin")))?;

    // JUnit looks at tests before Robolectric does, and finds Android's names in them.
    let paths = [config, tests.clone()].into_iter().chain(paths).chain(jars(&toolchain.path("platform-least")));
    let mut java = Command::new("java");
    java.arg(format!("-Djna.library.path={}", library.display())).arg("-Drobolectric.offline=true");
    java.arg(format!("-Drobolectric.dependency.dir={}", robolectric.display())).arg("-cp").arg(joined(paths)?);
    java.args(super::JUNIT).arg("--scan-classpath").arg(tests);
    Ok(java)
}

/// Says where the app's manifest and resources are.
fn describe(build: &Build<'_>, config: &Path) -> Result<(), Failed> {
    let file = config.join(CONFIG);
    let (manifest, resources) = (build.made.join("AndroidManifest.xml"), build.made.join("app.apk"));
    let text = format!(
        "android_merged_manifest={}\nandroid_resource_apk={}\nandroid_custom_package={PACKAGE}\n",
        manifest.display(),
        resources.display()
    );
    let folder = file.parent().unwrap_or(config);
    fs::create_dir_all(folder).and_then(|()| fs::write(&file, text)).map_err(|problem| failed(&file, &problem))
}

/// The classes of what comes as an Android archive.
fn unpacked(robolectric: &Path) -> Result<Vec<PathBuf>, Failed> {
    let classes = |archive: PathBuf| {
        let folder = archive.with_extension("");
        let classes = folder.join("classes.jar");
        if !classes.exists() {
            run(Command::new("unzip").arg("-qo").arg(archive).arg("-d").arg(folder))?;
        }
        Ok(classes)
    };
    files(robolectric, "aar").into_iter().map(classes).collect()
}

fn is_one_of(jar: &Path, beginnings: &[&str]) -> bool {
    let name = jar.file_name().and_then(OsStr::to_str).unwrap_or_default();
    beginnings.iter().any(|beginning| name.starts_with(beginning))
}

fn joined(paths: impl Iterator<Item = PathBuf>) -> Result<OsString, Failed> {
    std::env::join_paths(paths).map_err(|problem| Failed(format!("a class path cannot be written: {problem}")))
}
