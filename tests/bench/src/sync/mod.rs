//! `fieldline-bench sync`: what a sync costs, ours and the peers', on the same records, through the same line, in one run.
//!
//! Bytes are counted by a proxy on the TCP connection, HTTP and WebSocket framing included; processor time and memory are
//! those of the client's and the server's process, as Linux counts them. Nothing is compressed or encrypted by a transport.

mod automerge_protocol;
mod content;
mod office;
mod ours;
mod peers;
pub mod phone;
pub mod process;
mod proxy;
mod table;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use content::Mix;
use ours::Ours;
use peers::{AUTOMERGE_REPO, POUCHDB, Peers};
use table::Table;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// The tables whose records every side holds.
const TABLES: [&str; 6] = ["wm_task", "wm_order", "alm_asset", "cmn_location", "customer_account", "customer_contact"];

/// What is measured.
pub struct Options {
    pub records: usize,
    pub json: Option<PathBuf>,
    /// Peers to leave out.
    pub without: Vec<String>,
}

/// Measures every side and prints the table.
pub fn run(options: &Options) -> Result<()> {
    let peers = install(options)?;
    let scratch = tempfile::tempdir()?;
    let records = scratch.path().join("records.jsonl");
    let mut table = Table::default();
    let ours = Ours::fill(&scratch.path().join("server"), Mix::of(options.records))?;
    ours.office.export(&TABLES, &records)?;
    let contents = read(&records)?;
    let bytes = fs::metadata(&records)?.len() as f64 / contents.len() as f64;
    table.figure("every side", "mean JSON of a record", bytes, "B");
    ours.measure(&scratch.path().join("phone"), &mut table)?;
    automerge_protocol::measure(&contents, &mut table)?;
    drop(contents);
    if let Some(peers) = &peers {
        if !options.without.iter().any(|left_out| left_out == POUCHDB) {
            peers.pouchdb(&records, scratch.path(), &mut table)?;
        }
        if !options.without.iter().any(|left_out| left_out == AUTOMERGE_REPO) {
            peers.automerge_repo(&records, scratch.path(), &mut table)?;
        }
    }
    table.print();
    options.json.as_ref().map_or(Ok(()), |path| table.write(path, options.records))
}

/// The peers that run in Node, unless all of them are left out.
fn install(options: &Options) -> Result<Option<Peers>> {
    let wanted: Vec<&str> =
        [POUCHDB, AUTOMERGE_REPO].into_iter().filter(|name| !options.without.iter().any(|out| out == name)).collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    let target = std::env::current_exe()?.parent().map(|profile| profile.with_file_name("bench-peers"));
    let installed = Peers::install(target.ok_or("a program lies in a directory")?);
    installed.map(Some).map_err(|problem| {
        let missing = wanted.join(",");
        format!("{missing} cannot be measured: {problem}. Install Node 20 with npm, or go on with --without {missing}")
            .into()
    })
}

fn read(records: &Path) -> Result<Vec<Map<String, Json>>> {
    fs::read_to_string(records)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
