//! Android: the library of the bindings for arm64-v8a, C and all, and its Rust alone for the other two kinds of phones.
//!
//! Android's own headers and libraries come with its NDK, which no package registry has. musl's headers stand for them, and
//! nothing stands for the libraries: what the linker does not find stays open, is listed, and is compared with what is known.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::library::{self, megabytes};
use super::tools::{Tools, data, failed, folder, output, product, run_shown, variable, with_c};
use crate::commands::{Failed, run};

/// What new phones are.
const ARM64: &str = "aarch64-linux-android";
/// What old phones and emulators are.
const RUST_ONLY: [&str; 2] = ["armv7-linux-androideabi", "x86_64-linux-android"];
/// Android 8.
const API: &str = "26";
/// Names known to be there, measured on an earlier build of ours.
const IMPORTS: &str = "imports-aarch64-android-26.txt";
const STANDARD_LIBRARY: &str = "std,panic_unwind";
/// The libraries that Rust's standard library, SQLCipher and clang ask a linker for.
const SYSTEM: [&str; 6] = ["libc.so", "libdl.so", "libm.so", "liblog.so", "libunwind.a", "libunwind.so"];
/// Android 15 and later load nothing that is aligned to less.
const PAGE: u64 = 16 * 1024;

/// Builds and judges; says what that proves.
pub fn prove(tools: &Tools) -> Result<String, Failed> {
    let map = folder().join("aarch64-linux-android.map");
    run_shown(&mut arm64(tools, &map)?)?;
    let library = product(ARM64, "libfieldline_ffi.so");
    check_alignment(&library)?;
    let imports = check_imports(&library)?;
    let bindings = library::check_bindings(&library::names(&library, &["--dynamic", "--defined-only"])?)?;
    let stripped = folder().join("libfieldline_ffi.stripped.so");
    run(Command::new("llvm-strip-19").arg("-o").arg(&stripped).arg(&library))?;
    library::print_parts(&map)?;
    for triple in RUST_ONLY {
        run_shown(&mut rust_only(tools, triple))?;
    }
    let (size, with_names) = (megabytes(library::size(&stripped)?), megabytes(library::size(&library)?));
    Ok(format!(
        "proven: the library is compiled and linked for arm64-v8a, its C too, {size} stripped ({with_names} with names); loaded \
         in pages of 16 KB; asks for {imports} names, all on our list of API {API}; has {bindings}; its Rust alone compiles for \
         armeabi-v7a and x86_64. Not proven: that it loads or runs (no NDK: musl's headers stand for Android's)"
    ))
}

/// The build of the library; the linker writes into `map` what it took.
fn arm64(tools: &Tools, map: &Path) -> Result<Command, Failed> {
    let mut cargo = tools.cargo("rustc", ARM64, STANDARD_LIBRARY);
    cargo.args(["-p", "fieldline-bindings", "--lib", "--crate-type", "cdylib"]);
    let headers = ["aarch64-linux-musl", "generic-musl", "aarch64-linux-any", "any-linux-any"];
    let folders = headers.map(|name| tools.header("include").join(name));
    let folders = [data("android")].into_iter().chain(folders).map(|folder| format!(" -isystem {}", folder.display()));
    with_c(&mut cargo, ARM64, Path::new("clang-19"), &format!("-nostdlibinc{}", folders.collect::<String>()));
    let link = [
        format!("--target={ARM64}{API}"),
        "-fuse-ld=lld-19".into(),
        "-nostdlib".into(),
        format!("-L{}", no_libraries()?.display()),
        format!("-Wl,-z,max-page-size={PAGE}"),
        "-Wl,--unresolved-symbols=ignore-all".into(),
        format!("-Wl,-Map={}", map.display()),
    ];
    let flags = link.map(|argument| format!("-Clink-arg={argument}")).join(" ");
    cargo.env(variable(ARM64, "LINKER"), "clang-19").env(variable(ARM64, "RUSTFLAGS"), flags);
    Ok(cargo)
}

/// Empty files with the names of Android's libraries: a linker takes text for a script of its own.
fn no_libraries() -> Result<PathBuf, Failed> {
    let folder = folder().join("no-libraries");
    fs::create_dir_all(&folder).map_err(|problem| failed(&folder, &problem))?;
    for name in SYSTEM {
        let file = folder.join(name);
        fs::write(&file, "INPUT()\n").map_err(|problem| failed(&file, &problem))?;
    }
    Ok(folder)
}

/// The check of the Rust code alone: no C is compiled, and OpenSSL is said to be there.
fn rust_only(tools: &Tools, triple: &str) -> Command {
    let mut cargo = tools.cargo("check", triple, STANDARD_LIBRARY);
    cargo.args(["-p", "fieldline-bindings", "--lib"]);
    with_c(&mut cargo, triple, &data("cc-nothing"), "");
    let prefix = triple.replace('-', "_").to_uppercase();
    let none = data("no-openssl");
    cargo.env(format!("{prefix}_OPENSSL_NO_VENDOR"), "1").env(format!("{prefix}_OPENSSL_LIBS"), "");
    cargo.env(format!("{prefix}_OPENSSL_LIB_DIR"), &none);
    cargo.env(format!("{prefix}_OPENSSL_INCLUDE_DIR"), none.join("include"));
    cargo
}

/// Every segment that is loaded begins where a page of 16 KB may begin.
fn check_alignment(library: &Path) -> Result<(), Failed> {
    let told = output("llvm-readelf-19", &["--program-headers", "--wide"], library)?;
    let loads: Vec<&str> = told.lines().map(str::trim).filter(|line| line.starts_with("LOAD")).collect();
    let aligned = |line: &&str| {
        let last = line.split_whitespace().last().and_then(|word| word.strip_prefix("0x"));
        last.is_some_and(|word| u64::from_str_radix(word, 16).is_ok_and(|alignment| alignment >= PAGE))
    };
    if loads.is_empty() || !loads.iter().all(aligned) {
        return Err(Failed(format!(
            "not every segment is aligned to 16 KB; link with max-page-size={PAGE}:\n{}",
            loads.join("\n")
        )));
    }
    Ok(())
}

/// How many names the library asks Android for; a name that is not known yet is looked at by a person first.
fn check_imports(library: &Path) -> Result<usize, Failed> {
    let file = data(IMPORTS);
    let known = fs::read_to_string(&file).map_err(|problem| failed(&file, &problem))?;
    let known: BTreeSet<&str> = known.lines().filter(|line| !line.starts_with('#')).collect();
    let found = library::names(library, &["--dynamic", "--undefined-only"])?;
    let unknown: Vec<&str> = found.iter().map(String::as_str).filter(|name| !known.contains(name)).collect();
    if unknown.is_empty() {
        return Ok(found.len());
    }
    Err(Failed(format!(
        "the library asks Android for {}, which it never did; see that API {API} has them (libc.map.txt and libm.map.txt of its C \
         library tell), then add them to tests/xtask/mobile/{IMPORTS}",
        unknown.join(", ")
    )))
}
