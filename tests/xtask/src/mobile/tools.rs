//! What the mobile targets are compiled with: Debian's own Rust, which carries the source of its standard library, clang, and the
//! headers of musl and Darwin out of one Python package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{Failed, cleaned, root, run, target};
use crate::packages::has_all;

/// Debian's Rust has every target, but only as source; LLVM's version is part of the names of its packages.
const PACKAGES: [&str; 11] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "clang-19",
    "lld-19",
    "llvm-19",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
    "qemu-user",
    "make",
    "perl",
];

/// Everything that was installed.
pub struct Tools {
    headers: PathBuf,
    rust: String,
}

impl Tools {
    /// Installs what is missing, or says what to install.
    pub fn install() -> Result<Self, Failed> {
        packages()?;
        Ok(Self { rust: one_rust()?, headers: headers()? })
    }

    /// The version of Debian's Rust.
    pub fn rust(&self) -> &str {
        &self.rust
    }

    /// A file or folder of the foreign headers.
    pub fn header(&self, name: &str) -> PathBuf {
        self.headers.join(name)
    }

    /// Debian's cargo for a target, whose standard library is compiled along: `word` is `check`, `rustc` or `test`.
    pub fn cargo(&self, word: &str, triple: &str, libraries: &str) -> Command {
        let mut cargo = cleaned(Command::new("/usr/bin/cargo"));
        cargo.arg("--config").arg(data("profile.toml")).args([word, "--locked", "--profile", "mobile"]);
        cargo.args(["--target", triple]).arg(format!("-Zbuild-std={libraries}"));
        // `cargo xtask` has told this process where another Rust's libraries are, and a person may have set flags for theirs.
        for other in ["LD_LIBRARY_PATH", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN"] {
            cargo.env_remove(other);
        }
        cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTDOC", "/usr/bin/rustdoc").env("CARGO_TARGET_DIR", folder());
        // The standard library is compiled by what a stable compiler only does when told so.
        cargo.env("RUSTC_BOOTSTRAP", "1");
        cargo
    }
}

/// Sets the C compiler of a target.
pub fn with_c(cargo: &mut Command, triple: &str, compiler: &Path, flags: &str) {
    let triple = triple.replace('-', "_");
    cargo.env(format!("CC_{triple}"), compiler).env(format!("CFLAGS_{triple}"), flags);
    cargo.env(format!("AR_{triple}"), "llvm-ar-19").env(format!("RANLIB_{triple}"), "llvm-ranlib-19");
}

/// The name of a variable that cargo reads for one target.
pub fn variable(triple: &str, name: &str) -> String {
    format!("CARGO_TARGET_{}_{name}", triple.replace('-', "_").to_uppercase())
}

/// Shows and runs a command, and before it the variables set for it.
pub fn run_shown(command: &mut Command) -> Result<(), Failed> {
    show_variables(command);
    run(command)
}

/// The variables set for a command, as one would type them.
pub fn show_variables(command: &Command) {
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            eprintln!("     $ export {}='{}'", name.display(), value.display());
        }
    }
}

/// Where all of it is built.
pub fn folder() -> PathBuf {
    target().join("mobile")
}

/// What cargo built for a target.
pub fn product(triple: &str, name: &str) -> PathBuf {
    folder().join(triple).join("mobile").join(name)
}

/// A file of `tests/xtask/mobile`.
pub fn data(name: &str) -> PathBuf {
    root().join("tests/xtask/mobile").join(name)
}

/// What a program prints.
pub fn output(program: &str, arguments: &[&str], file: &Path) -> Result<String, Failed> {
    let told = Command::new(program).args(arguments).arg(file).output();
    let told = told.map_err(|problem| Failed(format!("{program} could not be started: {problem}")))?;
    if told.status.success() {
        return Ok(String::from_utf8_lossy(&told.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&told.stderr);
    Err(Failed(format!("{program} could not read {}: {words}", file.display())))
}

/// A file that could not be written or read.
pub fn failed(path: &Path, problem: &std::io::Error) -> Failed {
    Failed(format!("{} cannot be prepared: {problem}", path.display()))
}

fn packages() -> Result<(), Failed> {
    has_all(|| {
        let mut missing: Vec<&str> = PACKAGES.into_iter().filter(|package| version(package).is_none()).collect();
        let pip = Command::new("python3").args(["-m", "pip", "--version"]).output();
        missing.extend((!pip.is_ok_and(|told| told.status.success())).then_some("python3-pip"));
        missing
    })
}

/// The version of an installed package.
fn version(package: &str) -> Option<String> {
    let told =
        Command::new("dpkg-query").args(["-W", "-f", "${db:Status-Status} ${Version}", package]).output().ok()?;
    String::from_utf8(told.stdout).ok()?.strip_prefix("installed ").map(str::to_owned)
}

/// A standard library is compiled by the very compiler it belongs to.
fn one_rust() -> Result<String, Failed> {
    let versions = ["rustc-web", "cargo-web", "rust-web-src"].map(|package| version(package).unwrap_or_default());
    match versions {
        [rustc, cargo, source] if rustc == cargo && rustc == source => Ok(rustc),
        [rustc, cargo, source] => Err(Failed(format!(
            "rustc-web is {rustc}, cargo-web is {cargo} and rust-web-src is {source}, and they must be of one version; run \
             `apt-get install rustc-web cargo-web rust-web-src` as root"
        ))),
    }
}

/// The headers, fetched once; of the package, which is a compiler's, nothing else is kept.
fn headers() -> Result<PathBuf, Failed> {
    let home = target().join("toolchains/mobile");
    let headers = home.join("libc-0.17.0");
    if headers.exists() {
        return Ok(headers);
    }
    let fetched = home.join("fetched");
    let pip =
        ["-m", "pip", "install", "--quiet", "--upgrade", "--no-deps", "--require-hashes", "--only-binary", ":all:"];
    run(Command::new("python3").args(pip).arg("--target").arg(&fetched).arg("-r").arg(data("ziglang.txt")))?;
    // Moved there whole, so that an interrupted run leaves nothing half done.
    fs::rename(fetched.join("ziglang/lib/libc"), &headers).map_err(|problem| failed(&headers, &problem))?;
    fs::remove_dir_all(&fetched).map_err(|problem| failed(&fetched, &problem))?;
    Ok(headers)
}
