//! An organisation with a server of its own, for one suite.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Failed;

/// How the server is told to serve HTTPS; most clients speak nothing else.
const HTTPS: &[&str] = &["--tls-self-signed"];
/// What the administrator of an organisation that lives for minutes on loopback signs in with.
const PASSWORD: &str = "conformance-admin-1";
/// The program that asks for tokens, as the administrator or in the name of whoever signs in.
const CLIENT_ID: &str = "conformance";
const CLIENT_SECRET: &str = "conformance-secret-1";

/// A server on the data of `demo-data`; it ends with this.
pub struct Office {
    process: Child,
    data: PathBuf,
    /// Where it answers.
    pub url: String,
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Office {
    /// Loads the organisation anew and serves it.
    pub fn opened(server: &Path, data: &Path) -> Result<Self, Failed> {
        if data.exists() {
            std::fs::remove_dir_all(data).map_err(|problem| Failed(format!("{}: {problem}", data.display())))?;
        }
        let admin = format!("admin={PASSWORD}");
        told(command(server, &["demo-data"], data).args(["--password-of", &admin]), "")?;
        let client = ["client", "add", "Conformance", "--id", CLIENT_ID, "--secret-stdin", "--user", "admin"];
        told(&mut command(server, &client, data), CLIENT_SECRET)?;
        let log = std::fs::File::create(data.join("server.log")).map_err(|problem| Failed(problem.to_string()))?;
        let mut serving = command(server, &["serve", "--listen", "127.0.0.1:0"], data);
        let serving = serving.args(HTTPS).stdout(Stdio::piped()).stderr(log).spawn();
        let process = serving.map_err(|problem| Failed(format!("the server cannot be started: {problem}")))?;
        let mut office = Self { process, data: data.to_owned(), url: String::new() };
        office.url = office.says_where()?;
        Ok(office)
    }

    fn says_where(&mut self) -> Result<String, Failed> {
        let output = BufReader::new(self.process.stdout.take().expect("it was piped"));
        let lines = output.lines().map_while(Result::ok);
        let url = lines.filter_map(|line| line.strip_prefix("listening on ").map(str::to_owned)).next();
        let log = self.data.join("server.log");
        url.ok_or_else(|| Failed(format!("the server ended before it listened; {} says why", log.display())))
    }

    /// What a suite is told of it: the address, ways in, and whose certificates to trust.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let authority = self.data.join("tls").join("ca.pem").display().to_string();
        vec![
            ("FIELDLINE_URL", self.url.clone()),
            ("FIELDLINE_USER", "admin".into()),
            ("FIELDLINE_PASSWORD", PASSWORD.into()),
            ("FIELDLINE_CLIENT_ID", CLIENT_ID.into()),
            ("FIELDLINE_CLIENT_SECRET", CLIENT_SECRET.into()),
            ("REQUESTS_CA_BUNDLE", authority.clone()),
            ("SSL_CERT_FILE", authority),
        ]
    }
}

fn command(server: &Path, words: &[&str], data: &Path) -> Command {
    let mut command = Command::new(server);
    command.args(words).arg("--data").arg(data).env("FIELDLINE_LOG", "warn");
    command
}

/// Runs one of the server's commands to its end, giving it a line to read.
fn told(command: &mut Command, line: &str) -> Result<(), Failed> {
    let shown = format!("{command:?}");
    let failed = |problem: String| Failed(format!("{shown}: {problem}"));
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut process = piped.map_err(|problem| failed(problem.to_string()))?;
    let mut input = process.stdin.take().expect("it was piped");
    writeln!(input, "{line}").map_err(|problem| failed(problem.to_string()))?;
    drop(input);
    let output = process.wait_with_output().map_err(|problem| failed(problem.to_string()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}
