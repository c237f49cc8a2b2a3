//! What is asked of a built library: which functions it has, which it wants, and what its size is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::tools::{failed, output};
use crate::bindings;
use crate::commands::Failed;

/// Crates that come with the compiler, or serve only its standard library.
const STANDARD: [&str; 11] = [
    "std",
    "core",
    "alloc",
    "compiler_builtins",
    "panic_unwind",
    "unwind",
    "std_detect",
    "rustc_demangle",
    "gimli",
    "addr2line",
    "object",
];
/// How many parts of a library are named.
const PARTS: usize = 14;

/// The names `llvm-nm` lists, told by its options which.
pub fn names(library: &Path, options: &[&str]) -> Result<BTreeSet<String>, Failed> {
    let told = output("llvm-nm-19", &[&["--quiet", "--just-symbol-name"], options].concat(), library)?;
    // The lines that name an archive's members end in a colon.
    let lines = told.lines().map(str::trim).filter(|line| !line.is_empty() && !line.ends_with(':'));
    Ok(lines.map(str::to_owned).collect())
}

/// The functions of the bindings among the names, without the underscore that Mach-O puts before each.
pub fn of_bindings(names: &BTreeSet<String>) -> BTreeSet<&str> {
    let prefixes = ["uniffi_fieldline_ffi_", "ffi_fieldline_ffi_"];
    let plain = names.iter().map(|name| name.strip_prefix('_').unwrap_or(name));
    plain.filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix))).collect()
}

/// Says how many functions of the bindings there are, which must be all that this machine's own library has, where it is built.
pub fn check_bindings(exported: &BTreeSet<String>) -> Result<String, Failed> {
    let found = of_bindings(exported);
    if found.is_empty() {
        return Err(Failed(
            "the library has no function of the bindings; see whether the linker was told to keep them".into(),
        ));
    }
    let host = bindings::library();
    if !host.exists() {
        return Ok(format!("{} functions of the bindings (no library of this machine to compare with)", found.len()));
    }
    let host_names = names(&host, &["--dynamic", "--defined-only"])?;
    let lacking: Vec<&str> = of_bindings(&host_names).difference(&found).copied().collect();
    if lacking.is_empty() {
        return Ok(format!("{} functions of the bindings, all that this machine's own library has", found.len()));
    }
    let (host, lacking) = (host.display(), lacking.join(", "));
    Err(Failed(format!(
        "it lacks {lacking}; if {host} is of older sources, run `cargo build --workspace --locked --lib` first"
    )))
}

/// Megabytes, for people.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The size of a file.
pub fn size(file: &Path) -> Result<u64, Failed> {
    Ok(fs::metadata(file).map_err(|problem| failed(file, &problem))?.len())
}

/// Prints what a library is made of, as its linker's map tells.
pub fn print_parts(map: &Path) -> Result<(), Failed> {
    let map = fs::read_to_string(map).map_err(|problem| failed(map, &problem))?;
    let mut parts: Vec<(String, u64)> = parts(&map).into_iter().collect();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let all: u64 = parts.iter().map(|(_, size)| size).sum();
    let rest: u64 = parts.iter().skip(PARTS).map(|(_, size)| size).sum();
    let others = (format!("{} others", parts.len().saturating_sub(PARTS)), rest);
    for (name, size) in parts.iter().take(PARTS).chain([&others]) {
        println!("{:>9.1} kB {:>5.1} %  {name}", *size as f64 / 1e3, *size as f64 * 100.0 / all as f64);
    }
    println!("{:>9.1} kB 100.0 %  all that is loaded", all as f64 / 1e3);
    Ok(())
}

/// Bytes of a file that are loaded, by what brought them along.
///
/// A line of lld's map is an address, an address again, a size, an alignment, and in deeper columns what lies there: a piece of
/// an object file is `PATH:(SECTION)`, with the member of an archive in parentheses behind its path.
fn parts(map: &str) -> BTreeMap<String, u64> {
    let mut parts = BTreeMap::new();
    for line in map.lines() {
        let mut words = line.split_whitespace();
        let (Some(address), Some(size), Some(piece)) = (words.next(), words.nth(1), words.nth(1)) else { continue };
        let Some((file, section)) = piece.rsplit_once(":(") else { continue };
        let is_loaded = address != "0" && !section.starts_with(".bss") && !section.starts_with(".tbss");
        if let (true, Ok(size)) = (is_loaded, u64::from_str_radix(size, 16)) {
            *parts.entry(brought_by(file)).or_default() += size;
        }
    }
    parts
}

/// Who brought an object file along, from its path.
fn brought_by(file: &str) -> String {
    let archive = file.split('(').next().unwrap_or(file);
    let name = archive.rsplit('/').next().unwrap_or(archive);
    let name = name.strip_prefix("lib").unwrap_or(name);
    let name = name.split(['-', '.']).next().unwrap_or(name);
    match name {
        "libsqlite3_sys" | "sqlite3" => "SQLCipher".into(),
        "openssl_sys" | "crypto" => "OpenSSL".into(),
        "<internal>" => "tables and texts the linker merged".into(),
        name if name.starts_with("fieldline_") => "Fieldline".into(),
        name if STANDARD.contains(&name) => "Rust's standard library".into(),
        name if name.starts_with("zstd") => "zstd".into(),
        name => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{of_bindings, parts};

    #[test]
    fn a_map_is_summed_by_what_brought_its_pieces() {
        let map = "             VMA              LMA     Size Align Out     In      Symbol\n\
                   1000             1000       20     4 .text\n\
                   1000             1000       10     4         deps/liblibsqlite3_sys-1a.rlib(0-sqlite3.o):(.text)\n\
                   1000             1000       10     1                 sqlite3_open\n\
                   1010             1010       10     4         deps/fieldline_ffi.1.rcgu.o:(.text.f)\n\
                   2000             2000       40     4         deps/fieldline_ffi.1.rcgu.o:(.bss.f)\n\
                   0                   0       99     1         deps/fieldline_ffi.1.rcgu.o:(.debug_str)\n";
        let told: Vec<(String, u64)> = parts(map).into_iter().collect();
        assert_eq!(told, [("Fieldline".to_owned(), 16), ("SQLCipher".to_owned(), 16)]);
    }

    #[test]
    fn functions_of_the_bindings_are_known_with_and_without_the_underscore() {
        let names = ["_ffi_fieldline_ffi_a", "uniffi_fieldline_ffi_b", "malloc"].map(str::to_owned).into();
        assert_eq!(
            of_bindings(&names).into_iter().collect::<Vec<_>>(),
            ["ffi_fieldline_ffi_a", "uniffi_fieldline_ffi_b"]
        );
    }
}
