//! `cargo xtask demo | test | bench | fleet | endure | fuzz | conformance | languages | mail | apps | bindings | mobile | sim`: the words everybody who works on this project shares with CI.
//!
//! Every word is a cargo command or a row of them, shown before it runs, so nothing happens here that could not be typed.
//! All but `bench` and `fuzz`, which measure, use the dev profile, whose dependencies are optimised: a fresh machine compiles them once for everything.

#![expect(clippy::disallowed_methods, reason = "a tool at the outermost edge tells people how long its steps took")]

mod bindings;
mod commands;
mod deny;
mod kotlin;
mod languages;
mod mail;
mod mobile;
mod packages;
mod report;
mod swift;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{Failed, built, released, run};

/// The project's own words, the same for people and for CI.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    word: Word,
}

#[derive(Subcommand)]
enum Word {
    /// The main job on real data, then keeps serving; `--headless --json FILE` stops after the table.
    Demo {
        /// Arguments of `sync-server demo`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Everything that must hold: format, lints, dependencies, tests, phones in every language, simulated shifts, planted bugs,
    /// a share of what must be endured, the demo without a screen.
    Test {
        /// Languages that are left out: `--without kotlin,swift`.
        #[arg(long, value_delimiter = ',')]
        without: Vec<String>,
    },
    /// Writes the Kotlin, Swift and Python side of the bindings from the built library.
    Bindings {
        /// Only says whether what the apps have is what would be written.
        #[arg(long)]
        check: bool,
    },
    /// The scenarios with phones in every language: `languages [--without kotlin,swift] [--release] [--cycles N] [--only NAME]`.
    Languages {
        /// Languages that are left out.
        #[arg(long, value_delimiter = ',')]
        without: Vec<String>,
        /// On the core as it is shipped.
        #[arg(long)]
        release: bool,
        /// Arguments of the driver.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// A measurement side by side with its floor, in the release profile: `bench store`.
    Bench {
        /// Which one, and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Hostile input at every border, a million cases unless told otherwise: `fuzz --cases N [--border NAME]`.
    Fuzz {
        /// Arguments of the fuzzer.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Strangers' clients against the real server: `conformance [--only pysnc] [ARGUMENTS OF PYTEST]`; needs Python 3.
    Conformance {
        /// Arguments of the driver.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// A conversation by mail through real mail servers, which are installed where this may; needs root.
    Mail,
    /// What is around the core in each app: linted, tried on the real core and a real server; the Android app packed as a signed APK,
    /// searched for what its least Android lacks, and started on a desktop.
    Apps {
        /// Languages that are left out.
        #[arg(long, value_delimiter = ',')]
        without: Vec<String>,
    },
    /// A technician's phone in a terminal, or many that follow a script: `sim phone …`, `sim run SCRIPT --phones N …`.
    Sim {
        /// Arguments of `device-sim`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Draws the Android app's screens, and keeps those the README shows.
    Pictures,
    /// Simulated shifts: `fleet --seeds N [--start S] [--json FILE]`; `fleet --planted` or `fleet --plant NAME` simulates
    /// with bugs planted on purpose and says how soon they are caught.
    Fleet {
        /// Arguments of the simulator.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Power cuts, kills and broken disks: `endure [--share S] [--only KIND] [--json FILE]`.
    Endure {
        /// Arguments of the trials.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// What can be proven about phones without one: `mobile [--only android,apk,ios,arm64]`.
    Mobile {
        /// Which of them.
        #[arg(long, value_enum, value_delimiter = ',', default_value = "android,apk,ios,arm64")]
        only: Vec<mobile::Target>,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().word.speak() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed(what)) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
    }
}

impl Word {
    fn speak(self) -> Result<(), Failed> {
        match self {
            Self::Test { without } => test::everything(&without),
            Self::Bindings { check } => bindings::write(check),
            Self::Languages { without, release, arguments } => languages::play(&without, release, &arguments),
            Self::Demo { arguments } => run(built("sync-server")?.arg("demo").args(arguments)),
            Self::Fuzz { arguments } => run(released("fieldline-fuzz")?.args(arguments)),
            Self::Fleet { mut arguments } if arguments.iter().any(|word| word == "--planted" || word == "--plant") => {
                arguments.retain(|word| word != "--planted");
                run(built("fieldline-planted")?.args(arguments))
            }
            Self::Fleet { arguments } => run(built("fieldline-fleet")?.args(arguments)),
            Self::Endure { arguments } => run(built("fieldline-endure")?.args(arguments)),
            Self::Conformance { arguments } => test::conformance(&arguments),
            Self::Mail => mail::converse(),
            Self::Apps { without } => languages::try_apps(&without),
            Self::Sim { arguments } => run(built("device-sim")?.args(arguments)),
            Self::Pictures => languages::draw(),
            Self::Mobile { only } => mobile::prove(&only),
            Self::Bench { arguments } => run(released("fieldline-bench")?.args(arguments)),
        }
    }
}
