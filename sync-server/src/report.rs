//! `report`: says whether a service report is what a phone made, from its file or from what its square code says.

use std::path::PathBuf;

use fieldline_service::reports::{Chain, Verdict, verify_file, verify_stamp};

use crate::data::Data;
use crate::failed::{Failed, io};

/// What `report` is told.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say whether a report is as it was made, by whom, and of which history; fails when it is not.
    Verify(Verify),
}

/// Which report to look at.
#[derive(Debug, clap::Args)]
pub struct Verify {
    #[command(flatten)]
    data: Data,
    /// The PDF.
    #[arg(required_unless_present = "code")]
    file: Option<PathBuf>,
    /// What the square code of a printed report says, in place of a file.
    #[arg(long, conflicts_with = "file")]
    code: Option<String>,
}

/// Does what `report` is told.
pub fn run(command: &Command, json: bool) -> Result<(), Failed> {
    let Command::Verify(args) = command;
    let mut opened = args.data.open()?;
    let (server, now) = (&opened.server, opened.now);
    let verdict = match (&args.file, &args.code) {
        (Some(file), _) => {
            let bytes = std::fs::read(file).map_err(io("reading", file))?;
            server.read(&server.system(), now, &mut opened.rng, |call| verify_file(call, &bytes))?
        }
        (None, code) => {
            let code = code.as_deref().unwrap_or_default();
            server.read(&server.system(), now, &mut opened.rng, |call| verify_stamp(call, code))?
        }
    };
    tell(&verdict, json);
    match verdict.is_verified() {
        true => Ok(()),
        false => Err(Failed::Usage("the report is not verified".into())),
    }
}

fn tell(verdict: &Verdict, json: bool) {
    if json {
        println!("{}", fieldline_web::verdict_json(verdict));
        return;
    }
    let number = if verdict.number.is_empty() { "not known here" } else { &verdict.number };
    println!("record    {} ({number})", verdict.record);
    match &verdict.maker {
        Some(maker) => {
            let locked = maker.revoked_at.map(|at| format!(", locked out {at}")).unwrap_or_default();
            println!("made by   {} on {}{locked}", maker.person, maker.device);
        }
        None => println!("made by   a device that was never enrolled here"),
    }
    println!(
        "seal      {}",
        if verdict.is_genuine { "holds: nothing was changed" } else { "BROKEN: something was changed" }
    );
    println!(
        "chain     {}",
        match verdict.chain {
            Chain::Holds => "holds: the record's history has what the report builds on",
            Chain::NotArrived => "not complete: the report builds on work that has not arrived here yet",
            Chain::UnknownRecord => "not known: there is no such task here",
        }
    );
    if let Some(name) = &verdict.attached_as {
        println!("attached  as {name:?}");
    }
}
