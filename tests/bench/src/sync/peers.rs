//! The peers that run in Node: PouchDB with express-pouchdb, and automerge-repo with its WebSocket server.
//!
//! They are installed from the pinned lock file beside this crate into the build directory, never into the repository.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::sync::Result;
use crate::sync::process::Told;
use crate::sync::proxy::Proxy;
use crate::sync::table::{Job, Meter, Spent, Table};

/// The words of `--without`.
pub const POUCHDB: &str = "pouchdb";
pub const AUTOMERGE_REPO: &str = "automerge-repo";
/// Documents of automerge-repo: with ten thousand it does not complete (its server needs minutes of processor time to load
/// them, its client gives most of them up as unavailable).
const REPO_DOCUMENTS: usize = 1_000;
/// How often small jobs are repeated.
const TRIALS: u32 = 5;
/// The largest heap Node may use: loading a peer's server takes more than its default.
const NODE_HEAP: &str = "--max-old-space-size=4096";

/// Node, with the peers installed.
pub struct Peers {
    directory: PathBuf,
}

impl Peers {
    /// Installs the peers below the build directory; does nothing when they are there.
    ///
    /// # Errors
    /// When there is no Node or no npm, or when npm cannot fetch them.
    pub fn install(directory: PathBuf) -> Result<Self> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        fs::create_dir_all(&directory)?;
        for entry in fs::read_dir(&sources)? {
            let entry = entry?;
            fs::copy(entry.path(), directory.join(entry.file_name()))?;
        }
        let lock = fs::read(sources.join("package-lock.json"))?;
        let installed = directory.join("installed-lock.json");
        if fs::read(&installed).is_ok_and(|before| before == lock) {
            return Ok(Self { directory });
        }
        let mut npm = Command::new("npm");
        // No package needs its install script, LevelDB comes prebuilt; what is optional is other systems' binaries.
        npm.args(["install", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&directory);
        let status = npm.status().map_err(|problem| format!("npm could not be started: {problem}"))?;
        if !status.success() {
            return Err(format!("`npm install` in {} failed ({status})", directory.display()).into());
        }
        fs::write(installed, lock)?;
        Ok(Self { directory })
    }

    fn node(&self, script: &str, arguments: &[&str]) -> Result<Told> {
        let mut command = Command::new("node");
        Told::start(command.arg(NODE_HEAP).arg(self.directory.join(script)).args(arguments))
    }

    /// PouchDB: replicates everything, nothing, ten changes each way.
    pub fn pouchdb(&self, records: &Path, scratch: &Path, table: &mut Table) -> Result<()> {
        let scratch = made(scratch, POUCHDB)?;
        let (server_data, client_data) = (made(&scratch, "server")?, made(&scratch, "client")?);
        let mut server = self.node("pouchdb-server.mjs", &[text(&server_data)?, text(records)?])?;
        let count = server.word("load")?["records"].as_u64().unwrap_or(0) as usize;
        let proxy = Proxy::to(address(&server.word("serve")?)?)?;
        let url = format!("http://{}", proxy.address());
        let mut client = self.node("pouchdb-client.mjs", &[text(&client_data)?, &url])?;
        let spent = job(&proxy, &mut client, &mut server, &json!(["pull"]))?;
        table.add(POUCHDB, count, Job::Usable, spent);
        // The first push walks over every record once; what is measured is one that comes later.
        client.word("push")?;
        let idle = many(&proxy, &mut client, &mut server, |_, _| Ok(()), "pull")?;
        table.add(POUCHDB, count, Job::Idle, idle);
        let change =
            |_: &mut Told, server: &mut Told, trial| server.tell(&json!(["edit", 10, format!("pull {trial}")]));
        let pull =
            many(&proxy, &mut client, &mut server, |pair, trial| change(pair.0, pair.1, trial).map(drop), "pull")?;
        table.add(POUCHDB, count, Job::Pull, pull);
        client.word("push")?;
        let push = many(
            &proxy,
            &mut client,
            &mut server,
            |pair, trial| pair.0.tell(&json!(["edit", 10, format!("push {trial}")])).map(drop),
            "push",
        )?;
        table.add(POUCHDB, count, Job::Push, push);
        memory(POUCHDB, &client, &server, table);
        Ok(())
    }

    /// automerge-repo: fetches its documents, reconnects, and ten changes each way.
    pub fn automerge_repo(&self, records: &Path, scratch: &Path, table: &mut Table) -> Result<()> {
        let scratch = made(scratch, AUTOMERGE_REPO)?;
        let (server_data, client_data) = (made(&scratch, "server")?, made(&scratch, "client")?);
        let count = REPO_DOCUMENTS.to_string();
        let arguments = [text(&server_data)?, text(records)?, &count];
        let mut server = self.node("automerge-repo-server.mjs", &arguments)?;
        let urls = server.word("load")?["urls"].clone();
        let count = urls.as_array().map_or(0, Vec::len);
        let proxy = Proxy::to(address(&server.word("serve")?)?)?;
        let url = format!("ws://{}", proxy.address());
        let client = |peers: &Self| peers.node("automerge-repo-client.mjs", &[text(&client_data)?, &url]);
        let fetch = |client: &mut Told, server: &mut Told| -> Result<Spent> {
            let meter = Meter::start(&proxy, &client.watched, &server.watched);
            client.word("connect")?;
            let held = client.tell(&json!(["pull", urls]))?["records"].as_u64();
            if held != Some(count as u64) {
                return Err(format!("automerge-repo fetched {held:?} of {count} documents").into());
            }
            proxy.rests();
            Ok(meter.read(&client.watched, &server.watched))
        };
        let mut first = client(self)?;
        table.add(AUTOMERGE_REPO, count, Job::History, fetch(&mut first, &mut server)?);
        memory(AUTOMERGE_REPO, &first, &server, table);
        drop(first);
        let mut again = client(self)?;
        table.add(AUTOMERGE_REPO, count, Job::Idle, fetch(&mut again, &mut server)?);
        drop(again);
        server.tell(&json!(["edit", 10, "pulled"]))?;
        let mut again = client(self)?;
        let meter = Meter::start(&proxy, &again.watched, &server.watched);
        fetch(&mut again, &mut server)?;
        again.tell(&json!(["holds", 10, "pulled"]))?;
        table.add(AUTOMERGE_REPO, count, Job::Pull, meter.read(&again.watched, &server.watched));
        // Pushed on a connection that is open already, which is this peer's best case.
        let meter = Meter::start(&proxy, &again.watched, &server.watched);
        again.tell(&json!(["edit", 10, "pushed"]))?;
        proxy.rests();
        table.add(AUTOMERGE_REPO, count, Job::Push, meter.read(&again.watched, &server.watched));
        Ok(())
    }
}

fn made(parent: &Path, name: &str) -> Result<PathBuf> {
    let path = parent.join(name);
    fs::create_dir_all(&path)?;
    Ok(path)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| format!("{} is no UTF-8", path.display()).into())
}

fn address(answer: &Json) -> Result<SocketAddr> {
    Ok(SocketAddr::from(([127, 0, 0, 1], answer["port"].as_u64().ok_or("a server says its port")?.try_into()?)))
}

/// One job of the client, measured until the line rests.
fn job(proxy: &Proxy, client: &mut Told, server: &mut Told, words: &Json) -> Result<Spent> {
    let meter = Meter::start(proxy, &client.watched, &server.watched);
    client.tell(words)?;
    proxy.rests();
    Ok(meter.read(&client.watched, &server.watched))
}

/// The mean of a job done several times, each after something was prepared.
fn many(
    proxy: &Proxy,
    client: &mut Told,
    server: &mut Told,
    prepare: impl Fn((&mut Told, &mut Told), u32) -> Result<()>,
    word: &str,
) -> Result<Spent> {
    let mut sum = Spent::default();
    for trial in 0..TRIALS {
        prepare((client, server), trial)?;
        sum = sum.plus(job(proxy, client, server, &json!([word]))?);
    }
    Ok(sum.share(TRIALS))
}

fn memory(side: &'static str, client: &Told, server: &Told, table: &mut Table) {
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    table.figure(side, "client resident, peak", mebibytes(client.watched.peak_resident_bytes()), "MiB");
    table.figure(side, "client heap, peak", mebibytes(client.watched.peak_heap_bytes()), "MiB");
    table.figure(side, "server resident, peak", mebibytes(server.watched.peak_resident_bytes()), "MiB");
}
