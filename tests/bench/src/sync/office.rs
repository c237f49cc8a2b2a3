//! Our server as a process, and everything that fills it: the command line lets people in and imports rows, and three
//! dispatchers' devices push signed edits over HTTP, as any device does.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fieldline_device::SigningKey;
use fieldline_device::runtime::Entropy;
use fieldline_documents::Document;
use fieldline_model::{SysId, hex};
use fieldline_sync::caps;
use fieldline_sync::frame::{MEDIA_TYPE, decode_response, encode_request};
use fieldline_sync::wire::{Batch, Outcome, PushedEdit, Request, SignedBatch, WIRE_VERSION, signing_input};
use rand_core::Rng;
use reqwest::Client;
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime as Tokio;

use crate::sync::Result;
use crate::sync::content::{Author, Mix, history};
use crate::sync::process::{Watched, wait_for_address};

/// Everybody's password.
pub const PASSWORD: &str = "a long enough password";
/// Histories made before they are pushed: their documents share the server's transactions, and memory stays small.
const HISTORIES_AT_ONCE: usize = 400;

/// The server and the way to it.
pub struct Office {
    pub server: Watched,
    pub address: SocketAddr,
    data: PathBuf,
    http: Client,
    tokio: Tokio,
}

/// A device that pushes.
pub struct Pusher {
    token: String,
    key: SigningKey,
}

fn binary() -> Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name(format!("sync-server{}", std::env::consts::EXE_SUFFIX)))
}

impl Office {
    pub fn open(data: &Path) -> Result<Self> {
        let mut command = Command::new(binary()?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.env("FIELDLINE_ADMIN_PASSWORD", PASSWORD).env("FIELDLINE_LOG", "error").stdout(Stdio::piped());
        let mut server = Watched::start(&mut command)?;
        let address = wait_for_address(&mut server)?;
        drop(rustls::crypto::ring::default_provider().install_default());
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { server, address, data: data.to_owned(), http: Client::new(), tokio })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut command = Command::new(binary()?);
        command.args(arguments).arg("--data").arg(&self.data).env("FIELDLINE_LOG", "error");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        child.stdin.take().ok_or("it was piped")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let text = String::from_utf8(output.stdout)?;
        if output.status.success() { Ok(text) } else { Err(format!("sync-server {arguments:?} failed: {text}").into()) }
    }

    /// Lets a person in.
    pub fn hire(&self, name: &str, role: &str) -> Result<SysId> {
        let printed = self.run(&["user", "add", name, "--json", "--password-stdin", "--role", role], PASSWORD)?;
        let printed: Json = serde_json::from_str(&printed)?;
        Ok(printed["user"].as_str().ok_or("the server names the new user")?.parse()?)
    }

    /// Imports rows of a reference table.
    pub fn import(&self, table: &str, rows: impl Iterator<Item = (SysId, String)>) -> Result<()> {
        let path = self.data.join(format!("{table}.csv"));
        let mut file = BufWriter::new(File::create(&path)?);
        writeln!(file, "sys_id,name")?;
        for (sys_id, name) in rows {
            writeln!(file, "{sys_id},{name}")?;
        }
        file.flush()?;
        self.run(&["import", "--table", table, &path.display().to_string()], "").map(drop)
    }

    /// Writes the records of some tables as one JSON object a line.
    pub fn export(&self, tables: &[&str], to: &Path) -> Result<()> {
        let mut all = String::new();
        for table in tables {
            all += &self.run(&["export", "--table", table, "-"], "")?;
        }
        Ok(std::fs::write(to, all)?)
    }

    async fn post(&self, path: &str, token: Option<&str>, body: &Json) -> Result<Json> {
        let mut request = self.http.post(format!("{}{path}", self.url())).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// Enrols a device that pushes for a person.
    pub fn enrol(&self, name: &str) -> Result<(Author, Pusher)> {
        let key = SigningKey::random(&mut Entropy::default());
        let public_key = hex::encode(&key.public_key());
        let enrolled = self.tokio.block_on(async {
            let credentials = json!({ "user_name": name, "password": PASSWORD });
            let session = self.post("/api/v1/session", None, &credentials).await?;
            let wish = json!({ "name": "bench", "public_key": public_key });
            self.post("/api/v1/devices", session["token"].as_str(), &wish).await
        })?;
        let text = |name: &str| enrolled[name].as_str().ok_or("an enrolment is complete");
        let author = Author { user: text("user")?.parse()?, device: text("device")?.parse()?, counter: 0 };
        Ok((author, Pusher { token: text("token")?.to_owned(), key }))
    }

    /// Pushes edits in signed batches; every one of them must be accepted.
    pub fn push(&self, author: &Author, pusher: &Pusher, edits: Vec<PushedEdit>) -> Result<()> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        for edit in edits {
            let next = edit.body.len();
            let is_full = batch.edits.len() == caps::MAX_EDITS_PER_BATCH || bytes + next > caps::MAX_BATCH_BYTES / 2;
            if is_full {
                self.push_batch(author, pusher, std::mem::take(&mut batch))?;
                bytes = 0;
            }
            bytes += next;
            batch.edits.push(edit);
        }
        if batch.edits.is_empty() { Ok(()) } else { self.push_batch(author, pusher, batch) }
    }

    fn push_batch(&self, author: &Author, pusher: &Pusher, batch: Batch) -> Result<()> {
        let bytes = minicbor::to_vec(batch)?;
        let signature = pusher.key.sign(&signing_input(author.device, 1, &bytes));
        let request = Request {
            budget_bytes: caps::MIN_BUDGET_BYTES,
            push: Some(SignedBatch { bytes: bytes.into(), signature }),
            ..Request::of(author.device, 1, u64::from(Entropy::default().next_u32()))
        };
        let answer = self.tokio.block_on(async {
            let post = self.http.post(format!("{}/api/v1/sync", self.url())).bearer_auth(&pusher.token);
            let post = post.header("content-type", MEDIA_TYPE).body(encode_request(&request, WIRE_VERSION));
            post.send().await?.error_for_status()?.bytes().await
        })?;
        for receipt in decode_response(&answer, WIRE_VERSION)?.receipts {
            if !matches!(receipt.outcome, Outcome::Accepted { .. }) {
                return Err(format!("edit {} was not accepted: {:?}", receipt.counter, receipt.outcome).into());
            }
        }
        Ok(())
    }

    /// Fills the server: rows by import, documents by the edits of three people. Returns ten of the open tasks.
    pub fn fill(&self, mix: Mix, assignee: SysId, people: &mut [(Author, Pusher); 3]) -> Result<Vec<Document>> {
        for table in ["cmn_location", "customer_account", "customer_contact"] {
            let rows = mix.rows().filter(|row| row.0 == table).map(|(_, sys_id, name)| (sys_id, name));
            self.import(table, rows)?;
        }
        let numbers: Vec<usize> = (0..mix.documents()).collect();
        let mut open_tasks = Vec::new();
        for numbers in numbers.chunks(HISTORIES_AT_ONCE) {
            let mut by_author = [Vec::new(), Vec::new(), Vec::new()];
            for number in numbers {
                let mut authors = people.each_mut().map(|(author, _)| author);
                let (document, pushed) = history(mix, *number, assignee, &mut authors)?;
                if (mix.orders..mix.orders + 10).contains(number) {
                    open_tasks.push(document);
                }
                by_author.iter_mut().zip(pushed).for_each(|(all, more)| all.extend(more));
            }
            for ((author, pusher), edits) in people.iter().zip(by_author) {
                self.push(author, pusher, edits)?;
            }
        }
        Ok(open_tasks)
    }

    /// Bytes of sync frames so far, in and out, as the server counts them: without HTTP around them.
    pub fn frame_bytes(&self) -> Result<(u64, u64)> {
        let text = self.tokio.block_on(async {
            let request = self.http.get(format!("{}/metrics", self.url())).basic_auth("admin", Some(PASSWORD));
            request.send().await?.error_for_status()?.text().await
        })?;
        let count = |direction: &str| {
            let name = format!("fieldline_sync_bytes_total{{direction=\"{direction}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
        };
        Ok((count("in"), count("out")))
    }
}
