//! `cargo xtask mobile`: what can be proven about phones without a phone, its maker's kit or a Mac.
//!
//! Each target ends in one line that says what is proven and what is not. Everything is installed from Debian and the package
//! registries; the first run takes long, because OpenSSL and Rust's own library are compiled for every target.

mod android;
mod arm64;
mod ios;
mod library;
mod tools;

use std::time::Instant;

use clap::ValueEnum;

use crate::commands::Failed;
use crate::kotlin;
use tools::Tools;

/// What something is proven about.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Target {
    /// The library for Android.
    Android,
    /// The app as a signed APK.
    Apk,
    /// The library for iOS.
    Ios,
    /// The tests on a phone's processor.
    Arm64,
}

fn apk() -> Result<String, Failed> {
    let apk = kotlin::apk(&kotlin::install()?, None)?;
    let bytes = std::fs::metadata(&apk).map_or(0, |file| file.len());
    Ok(format!(
        "{} kB of app and Compose compiled, dexed, signed and verified; without the core's library, installed nowhere",
        bytes >> 10
    ))
}

/// Proves what can be proven about each of the targets.
pub fn prove(targets: &[Target]) -> Result<(), Failed> {
    let tools = Tools::install()?;
    eprintln!("     Debian's Rust {}, compiler, cargo and standard library alike", tools.rust());
    let mut lines = Vec::new();
    for (number, target) in targets.iter().enumerate() {
        let name = target.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        eprintln!("\n[{}/{}] {name}", number + 1, targets.len());
        let begun = Instant::now();
        let proven = match target {
            Target::Android => android::prove(&tools),
            Target::Apk => apk(),
            Target::Ios => ios::prove(&tools),
            Target::Arm64 => arm64::prove(&tools),
        };
        let line = proven.map_err(|Failed(what)| Failed(format!("{name}: {what}")))?;
        eprintln!("     done in {:.1} s", begun.elapsed().as_secs_f64());
        lines.push(format!("{name}: {line}."));
    }
    println!();
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}
