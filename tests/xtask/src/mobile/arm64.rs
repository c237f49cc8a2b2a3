//! The processor of phones: the tests of the device and of its store, compiled for ARM64 and run by an emulator of one.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::tools::{Tools, show_variables, variable};
use crate::commands::{Failed, shown};

const TRIPLE: &str = "aarch64-unknown-linux-gnu";
const GCC: &str = "aarch64-linux-gnu-gcc";
/// Over a minute each in the emulator, where all others together take one and a half.
const LEFT_OUT: [&str; 2] = [
    "a_rotten_page_costs_at_most_what_is_on_it_wherever_migrations_put_the_schema",
    "a_flipped_bit_anywhere_is_noticed_and_costs_at_most_the_edits_of_one_page",
];

/// Builds and runs the tests; says what that proves.
pub fn prove(tools: &Tools) -> Result<String, Failed> {
    let mut cargo = tools.cargo("test", TRIPLE, "std,panic_unwind,test");
    cargo.args(["-p", "fieldline-store", "-p", "fieldline-device", "--lib", "--tests", "--"]);
    cargo.args(LEFT_OUT.iter().flat_map(|name| ["--skip", name]));
    cargo.env("CC_aarch64_unknown_linux_gnu", GCC).env("AR_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-ar");
    cargo.env(variable(TRIPLE, "LINKER"), GCC);
    cargo.env(variable(TRIPLE, "RUNNER"), "qemu-aarch64 -L /usr/aarch64-linux-gnu");
    show_variables(&cargo);
    let text = shown(&cargo);
    eprintln!("     $ {text}");
    let could_not = |problem: std::io::Error| Failed(format!("`{text}` could not be run: {problem}"));
    let mut tests = cargo.stdout(Stdio::piped()).spawn().map_err(could_not)?;
    let mut passed = 0;
    for line in BufReader::new(tests.stdout.take().expect("it is piped")).lines() {
        let line = line.map_err(could_not)?;
        println!("{line}");
        passed += passed_in(&line).unwrap_or(0);
    }
    let status = tests.wait().map_err(could_not)?;
    if !status.success() {
        return Err(Failed(format!("`{text}` failed ({status}); its own words are above")));
    }
    Ok(format!(
        "proven: {passed} tests of the device and its store pass on ARM64 Linux under qemu, with OpenSSL, SQLCipher, ring and zstd \
         compiled for it; left out because each takes over a minute: {}. Not proven: Android's or Apple's system below, speed",
        LEFT_OUT.join(", ")
    ))
}

/// How many tests passed, when the line ends a test program.
fn passed_in(line: &str) -> Option<u32> {
    line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::passed_in;

    #[test]
    fn the_closing_line_of_a_test_program_tells_how_many_passed() {
        assert_eq!(passed_in("test result: ok. 46 passed; 0 failed; 0 ignored; 0 measured; 2 filtered out"), Some(46));
        assert_eq!(passed_in("test a ... ok"), None);
    }
}
