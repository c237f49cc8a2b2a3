//! `fieldline-bench workflow`: what rules, service levels and flows cost a write, how many timers fire a second, what a million
//! open clocks cost while nothing happens, and how soon it is known who feels it when an item fails.
//!
//! The server works on a file with `synchronous=FULL`, one write a transaction, without HTTP. The same writes run next to each
//! other: without anything attached, with rules, with service levels, with flows, and with all of them.

mod attached;
mod clocks;
mod graph;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use fieldline_model::{Dictionary, DocumentId, SysId, Timestamp};
use fieldline_service::table::{self, Input};
use fieldline_service::{Caller, PasswordCost, Server};
use fieldline_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use serde_json::json;

pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// When everything begins: 2026-03-02 06:00 UTC, a Monday.
pub const MORNING: Timestamp = Timestamp(1_772_431_200_000);

/// What is asked for.
#[derive(Debug, Parser)]
#[command(name = "fieldline-bench workflow", no_binary_name = true)]
pub struct Options {
    /// Incidents that are created, changed and resolved on each side.
    #[arg(long, default_value_t = 1_000)]
    incidents: usize,
    /// Open clocks that wait while others work.
    #[arg(long, default_value_t = 1_000_000)]
    clocks: usize,
    /// Relations between configuration items.
    #[arg(long, default_value_t = 100_000)]
    relations: usize,
    /// Writes the figures as JSON, too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// A server on a file of its own.
pub struct House {
    pub server: Server,
    pub storage: Arc<SqliteStorage>,
    pub rng: ChaCha8Rng,
    pub system: Caller,
}

impl House {
    pub fn open(file: &Path) -> Result<Self> {
        let (storage, mut rng) = (Arc::new(SqliteStorage::open(file)?), ChaCha8Rng::seed_from_u64(1));
        let server = Server::open(storage.clone(), Dictionary::shipped().clone(), MORNING, &mut rng)?;
        let server = server.with_password_cost(PasswordCost::cheapest());
        let system = server.system();
        Ok(Self { server, storage, rng, system })
    }

    pub fn create(&mut self, now: Timestamp, table: &str, fields: &[(&str, &str)]) -> Result<DocumentId> {
        let input = Input::of(fields);
        let made = self.server.write(&self.system, now, &mut self.rng, |call| table::create(call, table, &input))?;
        Ok(made.record.id)
    }

    pub fn update(&mut self, now: Timestamp, table: &str, id: SysId, fields: &[(&str, &str)]) -> Result<()> {
        let input = Input::of(fields);
        self.server.write(&self.system, now, &mut self.rng, |call| table::update(call, table, id, &input))?;
        Ok(())
    }
}

/// Measures, prints, and writes JSON where asked.
pub fn run(options: &Options) -> Result<()> {
    let beside = std::env::current_exe()?;
    let dir = tempfile::tempdir_in(beside.parent().ok_or("the program lies in a folder")?)?;
    let writes = attached::compare(dir.path(), options.incidents)?;
    let waiting = clocks::wait(&dir.path().join("clocks.db"), options.clocks)?;
    let graph = graph::ask(&dir.path().join("graph.db"), options.relations)?;
    if let Some(path) = &options.json {
        let all = json!({ "writes": writes, "clocks": waiting, "graph": graph });
        std::fs::write(path, serde_json::to_vec_pretty(&all)?)?;
    }
    Ok(())
}
