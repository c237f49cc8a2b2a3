//! `fieldline-endure [--share S] [--only KIND] [--json FILE]`: tries what phone and server must endure, and says what broke.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    return command::main();
    #[cfg(not(target_os = "linux"))]
    {
        eprintln!("the calls that reach the disk are known here by their Linux names; run this on Linux");
        ExitCode::FAILURE
    }
}

#[cfg(target_os = "linux")]
mod command {
    use std::path::PathBuf;
    use std::process::ExitCode;

    use clap::Parser;
    use fieldline_endure::actor::{Part, play};
    use fieldline_endure::kinds::KINDS;
    use fieldline_endure::run::{Closed, Size};

    /// Tries what phone and server must endure.
    #[derive(Parser)]
    struct Options {
        /// Which part of the whole is run: 1 is all of it.
        #[arg(long, default_value_t = 1.0)]
        share: f64,
        /// The first seed.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// One kind of trial alone.
        #[arg(long)]
        only: Option<String>,
        /// Where to write the figures as JSON.
        #[arg(long)]
        json: Option<PathBuf>,
    }

    /// What the program tells itself when it runs itself again.
    #[derive(Parser)]
    struct Acting {
        #[command(flatten)]
        part: Part,
    }

    pub fn main() -> ExitCode {
        if std::env::args().nth(1).is_some_and(|word| word == "actor") {
            let Acting { part } = Acting::parse_from(std::env::args().skip(1));
            return play(&part).map_or_else(told, |()| ExitCode::SUCCESS);
        }
        let options = Options::parse();
        let size = Size { share: options.share, seed: options.seed };
        let wanted = |kind: &str| options.only.as_deref().is_none_or(|only| kind.starts_with(only));
        let mut closed = Vec::new();
        for (_, run) in KINDS.iter().filter(|(kind, _)| wanted(kind)) {
            let one = run(&size);
            println!("{} {}", if one.holds { "ok    " } else { "BROKEN" }, one.line);
            one.outcome.broken.iter().take(10).for_each(|what| println!("         {what}"));
            closed.push(one);
        }
        if closed.is_empty() {
            let names: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
            eprintln!("there is no such kind; there are {}", names.join(", "));
            return ExitCode::FAILURE;
        }
        if let Some(path) = &options.json {
            let all: Vec<_> = closed.iter().map(Closed::to_json).collect();
            if let Err(error) = std::fs::write(path, serde_json::Value::from(all).to_string()) {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
        if closed.iter().all(|one| one.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn told(error: String) -> ExitCode {
        eprintln!("{error}");
        ExitCode::FAILURE
    }
}
