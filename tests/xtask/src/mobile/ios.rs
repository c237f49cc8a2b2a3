//! iOS: the static library of the bindings for phones, with Apple's ciphers under SQLCipher.
//!
//! Apple's SDK exists on Macs only. Darwin's free headers stand for most of it, and a few lines of ours for three more. A static
//! library is not linked, so what it asks for is compared with what Darwin's C library is known to have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::library::{self, megabytes};
use super::tools::{Tools, data, failed, output, product, run_shown, with_c};
use crate::commands::Failed;

const TRIPLE: &str = "aarch64-apple-ios";
/// The oldest iOS the app runs on.
const OLDEST: &str = "16.0";
/// What CoreFoundation and Security call their own, by which SQLCipher, TLS and the check of certificates ask for them.
const FRAMEWORKS: [&str; 6] = ["_CF", "___CF", "_kCF", "_Sec", "_kSec", "_SSL"];
/// The log, by its real name and as our stand-in header calls it.
const LOG: [&str; 3] = ["__os_log_default", "_os_log_create", "__stand_in_os_log"];

/// Builds and judges; says what that proves.
pub fn prove(tools: &Tools) -> Result<String, Failed> {
    let mut cargo = tools.cargo("rustc", TRIPLE, "std,panic_unwind");
    cargo.args(["-p", "fieldline-bindings", "--lib", "--crate-type", "staticlib"]);
    let (sdk, darwin) = (data("ios"), tools.header("include/any-darwin-any"));
    // On a Mac libsqlite3-sys itself says whose ciphers to take: it asks whether the host is Apple's, too.
    let flags = format!(
        "--target=arm64-apple-ios{OLDEST} -isysroot {} -isystem {} -DSQLCIPHER_CRYPTO_CC",
        sdk.display(),
        darwin.display()
    );
    with_c(&mut cargo, TRIPLE, Path::new("clang-19"), &flags);
    run_shown(cargo.env("SDKROOT", &sdk).env("IPHONEOS_DEPLOYMENT_TARGET", OLDEST))?;
    judge(tools, &product(TRIPLE, "libfieldline_ffi.a"))
}

fn judge(tools: &Tools, library: &Path) -> Result<String, Failed> {
    let objects = check_objects(library)?;
    let defined = library::names(library, &["--defined-only", "--extern-only"])?;
    check_ciphers(&defined)?;
    let asked = check_asked(tools, library, &defined)?;
    let bindings = library::check_bindings(&defined)?;
    let size = megabytes(library::size(library)?);
    Ok(format!(
        "proven: the static library is compiled for iPhones, its C too, {objects} Mach-O objects for arm64, {size} before an app \
         links what it uses; SQLCipher takes Apple's ciphers, there is no OpenSSL; of the {asked} names it asks for none is beyond \
         libSystem (as macOS has it), CoreFoundation, Security and the log; has {bindings}. Not proven: linking with Apple's \
         SDK, running, files that go from OpenSSL's ciphers to Apple's"
    ))
}

/// How many objects there are, all of them for a phone's processor.
fn check_objects(library: &Path) -> Result<usize, Failed> {
    let told = output("llvm-readobj-19", &["--file-headers"], library)?;
    let formats: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("Format: ")).collect();
    match formats.iter().find(|format| **format != "Mach-O arm64") {
        Some(other) => Err(Failed(format!("an object in {} is {other}, not Mach-O arm64", library.display()))),
        None => Ok(formats.len()),
    }
}

fn check_ciphers(defined: &BTreeSet<String>) -> Result<(), Failed> {
    for needed in ["_sqlite3_key", "_sqlcipher_cc_setup"] {
        if !defined.contains(needed) {
            return Err(Failed(format!(
                "{needed} is not in the library: SQLCipher was compiled without Apple's ciphers"
            )));
        }
    }
    match defined.iter().find(|name| name.starts_with("_EVP_") || name.starts_with("_OPENSSL_")) {
        Some(name) => Err(Failed(format!(
            "{name} is OpenSSL's; run `cargo tree --target {TRIPLE} -i openssl-sys` for who wants it"
        ))),
        None => Ok(()),
    }
}

/// How many names the library asks the system for, all of them known to be there.
fn check_asked(tools: &Tools, library: &Path, defined: &BTreeSet<String>) -> Result<usize, Failed> {
    let file = tools.header("darwin/libSystem.tbd");
    let system = fs::read_to_string(&file).map_err(|problem| failed(&file, &problem))?;
    // Every word of the file is looked at as if it were a name: what else is in there looks like none.
    let known: BTreeSet<&str> =
        system.split(|letter: char| !letter.is_alphanumeric() && !"_$.".contains(letter)).collect();
    let all = library::names(library, &["--undefined-only"])?;
    let asked: Vec<&str> = all.difference(defined).map(String::as_str).collect();
    let is_known =
        |name: &str| known.contains(name) || LOG.contains(&name) || FRAMEWORKS.iter().any(|own| name.starts_with(own));
    let unknown: Vec<&str> = asked.iter().copied().filter(|name| !is_known(name)).collect();
    if unknown.is_empty() {
        return Ok(asked.len());
    }
    Err(Failed(format!(
        "nobody is known to have {}; find out which crate asks, and whether iOS has it",
        unknown.join(", ")
    )))
}
