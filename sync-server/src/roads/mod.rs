//! `roads`: makes what phones need to know ways without a line, from an OpenStreetMap extract.
//!
//! `build` makes a bundle of networks; `ways` works ways out on one, for phones that carry no bundle.

mod build;
mod ways;

use crate::failed::Failed;

/// What `roads` is told.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a bundle of road networks, by car and on foot, of an OpenStreetMap extract.
    Build(build::Args),
    /// Work out the ways between places, for phones without a bundle.
    Ways(ways::Args),
}

/// Does what `roads` is told.
pub fn run(command: &Command, json: bool) -> Result<(), Failed> {
    match command {
        Command::Build(args) => build::run(args, json),
        Command::Ways(args) => ways::run(args, json),
    }
}
