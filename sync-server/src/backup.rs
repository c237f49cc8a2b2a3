//! `backup` and `restore`: a consistent copy of everything, and a server that goes on from one.
//!
//! A restored server begins another life: devices see that it does and offer again what the backup does not hold.

use std::path::PathBuf;
use std::sync::Arc;

use fieldline_storage_sqlite::SqliteStorage;

use crate::data::{self, Data};
use crate::failed::Failed;

/// What `backup` is told.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    #[command(flatten)]
    data: Data,
    /// The file to write; must not exist.
    file: PathBuf,
}

/// What `restore` is told.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    data: Data,
    /// A file `backup` wrote.
    file: PathBuf,
}

/// Writes the copy.
pub fn backup(args: &BackupArgs) -> Result<(), Failed> {
    let opened = args.data.open()?;
    opened.server.storage().backup(&args.file)?;
    println!("{} holds everything until {} UTC", args.file.display(), opened.now);
    Ok(())
}

/// Makes a data directory from the copy.
pub fn restore(args: &RestoreArgs) -> Result<(), Failed> {
    let database = args.data.database();
    if database.exists() {
        let problem = format!("{} exists; restore into another directory, or move it away", database.display());
        return Err(Failed::Usage(problem));
    }
    args.data.create()?;
    // The new life begins before the copy gets its name: a server cut off in between is no server yet.
    SqliteStorage::restore(&args.file, &database, |storage| {
        let mut opened = data::open(storage)?;
        let server = Arc::into_inner(opened.server).expect("nobody else holds a server that was just opened");
        drop(server.restored(opened.now, &mut opened.rng)?);
        Ok::<_, Failed>(())
    })?;
    println!("{} goes on from {}", database.display(), args.file.display());
    Ok(())
}
