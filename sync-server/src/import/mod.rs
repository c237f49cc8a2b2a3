//! `import`: brings another system's records in. Every row is checked; the good ones load, the others say why not.
//!
//! Two shapes of file are understood. An *event log* has one row for each change of an incident; it is replayed through the
//! life cycle, so records arrive with their history (`events.rs`). Anything else is a *table*: one row a record, the header
//! names its fields (`table.rs`). Incidents are known by their number and rows by their `sys_id`, so importing either twice
//! does no harm.

#[cfg(test)]
mod clock_tests;
mod error_file;
mod event;
mod events;
mod names;
mod progress;
mod replay;
mod report;
mod source;
#[cfg(test)]
mod summary_tests;
mod table;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::data::Data;
use crate::failed::Failed;

pub use events::load_events;
pub use progress::Progress;
pub use report::Report;
pub use source::Source;

/// What `import` is told.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    #[command(flatten)]
    data: Data,
    /// The table the rows belong to, such as incident or cmn_location.
    #[arg(long)]
    table: String,
    /// A CSV file with a header, plain or gzip. An event log for `incident` is recognised by its columns.
    file: PathBuf,
    /// Write the report as JSON, for scripts.
    #[arg(long)]
    json: bool,
}

/// Loads the file.
pub fn run(args: &ImportArgs) -> Result<(), Failed> {
    let mut opened = args.data.open_or_create()?;
    let (server, now, rng) = (&*opened.server, opened.now, &mut opened.rng);
    let mut source = Source::open(&args.file)?;
    let report = if args.table == events::TABLE && events::is_event_log(source.header()) {
        load_events(server, source, now, rng)?
    } else {
        table::load(server, &args.table, &mut source, now, rng)?.finish(source)?
    };
    match args.json {
        true => println!("{}", report.json()),
        false => println!("{report}"),
    }
    Ok(())
}
