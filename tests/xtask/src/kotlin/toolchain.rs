//! The compiler and the libraries, fetched once into `target/toolchains/kotlin`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{Failed, root, run, shown, target};
use crate::packages::have;

/// The compiler, as the npm registry has it.
const KOTLINC: &str = "kotlin-compiler@2.4.20";
/// What the archive of the compiler must hash to.
const KOTLINC_INTEGRITY: &str =
    "sha512-IF5IVM7LpPhA/ntHQQpaVt1yxpaaQovtEVYLyqWMuaLr0XelLPPm7/sM6HLhtcRjjjoSsK7I7lP2kzYJkMy73w==";
/// What judges how Kotlin is written.
const LINTER: &str = "com.pinterest.ktlint:ktlint-cli:1.8.0:jar:all";
/// The compiler brings its own.
const STANDARD_LIBRARIES: &str = "kotlin-stdlib,kotlin-stdlib-jdk7,kotlin-stdlib-jdk8,kotlin-stdlib-common";

/// Programs needed, and the Debian packages that have them.
const PROGRAMS: [(&str, &str); 3] = [("javac", "default-jdk-headless"), ("mvn", "maven"), ("npm", "npm")];
/// Files needed to draw a screen without a screen, and their packages.
const FILES: [(&str, &str); 3] = [
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
    ("/usr/share/doc/libfontconfig1", "libfontconfig1"),
    ("/usr/share/doc/libgl1", "libgl1"),
];

/// Where everything is.
pub struct Toolchain {
    home: PathBuf,
}

impl Toolchain {
    /// A folder or file of the toolchain.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// A file of the compiler's own libraries.
    pub fn own_library(&self, name: &str) -> PathBuf {
        self.home.join("kotlinc/lib").join(name)
    }

    /// The compiler.
    pub fn kotlinc(&self) -> Command {
        Command::new(self.home.join("kotlinc/bin/kotlinc"))
    }
}

/// Fetches what is not there yet.
pub fn install() -> Result<Toolchain, Failed> {
    have(&PROGRAMS, &FILES)?;
    let home = target().join("toolchains/kotlin");
    fs::create_dir_all(&home).map_err(|problem| failed(&home, &problem))?;
    let toolchain = Toolchain { home };
    compiler(&toolchain)?;
    let pom = root().join("tests/xtask/kotlin/desktop.xml");
    let pom = fs::read_to_string(&pom).map_err(|problem| failed(&pom, &problem))?;
    libraries(&toolchain, "desktop", &pom)?;
    Ok(toolchain)
}

fn compiler(toolchain: &Toolchain) -> Result<(), Failed> {
    if toolchain.own_library("kotlin-stdlib.jar").exists() {
        return Ok(());
    }
    let mut pack = Command::new("npm");
    pack.args(["pack", KOTLINC, "--json"]).current_dir(&toolchain.home);
    eprintln!("     $ {}", shown(&pack));
    let packed = pack.output().map_err(|problem| failed(&toolchain.home, &problem))?;
    let told: serde_json::Value = serde_json::from_slice(&packed.stdout).unwrap_or_default();
    let (file, integrity) = (told[0]["filename"].as_str(), told[0]["integrity"].as_str());
    let Some(file) = file.filter(|_| integrity == Some(KOTLINC_INTEGRITY)) else {
        let words = String::from_utf8_lossy(&packed.stderr);
        return Err(Failed(format!("npm did not give the {KOTLINC} expected (integrity {integrity:?}): {words}")));
    };
    // Unpacked beside its place and moved there whole, so that an interrupted run leaves nothing half done.
    run(Command::new("tar").args(["xzf", file]).current_dir(&toolchain.home))?;
    let unpacked = toolchain.path("package");
    run(Command::new("chmod").args(["+x", "bin/kotlinc"]).current_dir(&unpacked))?;
    fs::rename(&unpacked, toolchain.path("kotlinc")).map_err(|problem| failed(&unpacked, &problem))
}

/// Fetches the libraries a pom names into a folder of the toolchain, unless the folder is already of this very pom.
pub fn libraries(toolchain: &Toolchain, folder: &str, pom: &str) -> Result<PathBuf, Failed> {
    let folder = toolchain.path(folder);
    let kept = folder.join("pom.xml");
    if fs::read_to_string(&kept).is_ok_and(|kept| kept == pom) {
        return Ok(folder);
    }
    fs::remove_dir_all(&folder).or_else(|problem| match problem.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(failed(&folder, &problem)),
    })?;
    fs::create_dir_all(&folder).map_err(|problem| failed(&folder, &problem))?;
    let draft = folder.join("pom.new.xml");
    fs::write(&draft, pom).map_err(|problem| failed(&draft, &problem))?;
    let mut mvn = Command::new("mvn");
    mvn.args(["-B", "-q", "-f"]).arg(&draft).arg("dependency:copy-dependencies");
    mvn.arg(format!("-DoutputDirectory={}", folder.display()));
    run(mvn.arg(format!("-DexcludeArtifactIds={STANDARD_LIBRARIES}")))?;
    fs::rename(&draft, &kept).map_err(|problem| failed(&kept, &problem))?;
    Ok(folder)
}

/// The jar of the linter.
pub fn linter(toolchain: &Toolchain) -> Result<PathBuf, Failed> {
    let folder = toolchain.path("linter");
    if jars(&folder).is_empty() {
        let mut mvn = Command::new("mvn");
        mvn.args(["-B", "-q", "dependency:copy"]).arg(format!("-Dartifact={LINTER}"));
        run(mvn.arg(format!("-DoutputDirectory={}", folder.display())).current_dir(&toolchain.home))?;
    }
    jars(&folder).into_iter().next().ok_or_else(|| failed(&folder, &"Maven left no jar in it"))
}

/// The jars in a folder, in the order of their names.
pub fn jars(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut jars: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "jar")).collect();
    jars.sort();
    jars
}

/// A file that cannot be had.
pub fn failed(path: &Path, problem: &dyn std::fmt::Display) -> Failed {
    Failed(format!("{} cannot be prepared: {problem}", path.display()))
}
