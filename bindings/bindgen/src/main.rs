//! Writes the Kotlin, Swift and Python side of the bindings from a built library.
//!
//! A crate of its own, so that nothing it needs is ever part of what a phone carries.

use camino::Utf8PathBuf;
use clap::{Parser, ValueEnum};
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

/// A language the bindings speak.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    Kotlin,
    Swift,
    Python,
}

/// Writes the foreign side of the bindings.
#[derive(Parser)]
struct Arguments {
    /// The built library, with its symbols.
    library: Utf8PathBuf,
    /// For which language.
    #[arg(long)]
    language: Language,
    /// Into which folder.
    #[arg(long)]
    out: Utf8PathBuf,
    /// How types are written in each language.
    #[arg(long)]
    config: Utf8PathBuf,
}

fn main() {
    let Arguments { library, language, out, config } = Arguments::parse();
    let language = match language {
        Language::Kotlin => TargetLanguage::Kotlin,
        Language::Swift => TargetLanguage::Swift,
        Language::Python => TargetLanguage::Python,
    };
    let options = GenerateOptions {
        languages: vec![language],
        source: library.clone(),
        out_dir: out,
        config_override: Some(config),
        ..GenerateOptions::default()
    };
    if let Err(problem) = generate(options) {
        eprintln!("{library} was not read: {problem:#}; build it first, and do not strip its symbols");
        std::process::exit(1);
    }
}
