//! `device-sim`: a technician's phone in a terminal, or many of them, against any server.
//!
//! `device-sim phone` is one phone: what one types is what a technician taps, and what is printed is what they would see. `device-sim
//! run` is many phones, each a process of its own, that all follow one script of the same words, with radios that go away,
//! clocks that are wrong, full disks, background time, updates, and `kill -9`; it ends with a table of where each of them stands.
//!
//! The phone is the real core on real files. The password comes from the environment (`FIELDLINE_PASSWORD`), so that it is in no
//! list of processes.

mod clock;
mod disk;
mod many;
mod phone;
mod radio;
mod screens;
mod words;

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use phone::Phone;
use words::Word;

/// A technician's phone in a terminal, or many of them.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Subcommand)]
enum Mode {
    /// One phone: type `help` to see what a technician can do.
    Phone(One),
    /// Many phones that follow a script.
    Run(many::Many),
}

/// One phone.
#[derive(Args)]
struct One {
    /// The server, such as `http://127.0.0.1:8080`.
    #[arg(long)]
    server: String,
    /// Who carries it; their password is in `FIELDLINE_PASSWORD`.
    #[arg(long)]
    user: String,
    /// Where its files are, and its key beside them.
    #[arg(long)]
    dir: PathBuf,
    /// What its radio loses goes by these dice; by chance when left out.
    #[arg(long)]
    seed: Option<u64>,
    /// Ends every answer with a line that holds a dot, for whoever drives it.
    #[arg(long, hide = true)]
    driven: bool,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().mode {
        Mode::Phone(one) => carry(&one),
        Mode::Run(many) => many::run(&many),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("device-sim: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// What went wrong, in words that say what to do.
type Failed = Box<dyn std::error::Error>;

fn carry(one: &One) -> Result<(), Failed> {
    let mut phone = Phone::switched_on(&one.dir, &one.server, &one.user, one.seed)?;
    let prompts = std::io::stdin().is_terminal();
    if prompts {
        println!("{}", phone.takes(Word::Today));
    }
    let mut lines = std::io::stdin().lock().lines();
    loop {
        if prompts {
            print!("> ");
            std::io::stdout().flush()?;
        }
        let Some(line) = lines.next() else { return Ok(()) };
        match line?.parse::<Word>() {
            Ok(Word::Quit) => return Ok(()),
            Ok(Word::Nothing) => {}
            Ok(word) => println!("{}", phone.takes(word)),
            Err(problem) => println!("{problem}"),
        }
        if one.driven {
            println!(".");
        }
        std::io::stdout().flush()?;
    }
}
