//! A process of the server's binary that listens: a server or a kiosk.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// The environment variable with a server's binary to tell the stories with, such as one that is about to be released.
const SERVER_BINARY: &str = "FIELDLINE_SERVER_BINARY";

/// An address before there is one.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// A process that listens. It dies with this.
pub(crate) struct Serving {
    process: Child,
    scheme: String,
    address: SocketAddr,
    /// Kept so that the process can go on writing.
    output: BufReader<ChildStdout>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.is_killed();
    }
}

impl Serving {
    /// Starts a process and waits until it says where it listens.
    pub fn begins(command: &mut Command) -> Self {
        let command = command.env("FIELDLINE_LOG", "error").stdout(Stdio::piped());
        let mut process = command.spawn().expect("the binary was built");
        let output = BufReader::new(process.stdout.take().expect("it was piped"));
        let mut serving = Self { process, scheme: String::new(), address: NOWHERE, output };
        (serving.scheme, serving.address) = serving.says_where();
        serving
    }

    fn says_where(&mut self) -> (String, SocketAddr) {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.output.read_line(&mut line).expect("the process prints text");
            assert!(read > 0, "the process ended before it listened");
            let said = line.trim().strip_prefix("listening on ").and_then(|url| url.split_once("://"));
            if let Some((scheme, address)) = said {
                return (scheme.to_owned(), address.parse().expect("the process prints its address"));
            }
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is spoken to.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as `kill -9` does.
    pub fn is_killed(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).expect("one's own child can be killed");
    }
}

/// The server's binary, built once in the profile and target directory of the running test. Choosing it out of the whole
/// workspace gives dependencies the features they have when everything is tested, so nothing is compiled twice.
pub(crate) fn server_binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(given) = std::env::var_os(SERVER_BINARY) {
            return given.into();
        }
        let test = std::env::current_exe().expect("a running test has a path");
        let profile_directory = test.ancestors().nth(2).expect("tests lie in TARGET/PROFILE/deps");
        let target = profile_directory.parent().expect("tests lie in TARGET/PROFILE/deps");
        let profile = match profile_directory.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(other) => other,
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace", "--bin", "sync-server", "--profile", profile]);
        cargo.env("CARGO_TARGET_DIR", target).current_dir(env!("CARGO_MANIFEST_DIR"));
        // What cargo tells a test about itself would make build scripts believe that their input had changed.
        for (name, _) in std::env::vars_os() {
            let of_the_test = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_", "CARGO_PRIMARY_PACKAGE"];
            if name.to_str().is_some_and(|name| of_the_test.iter().any(|prefix| name.starts_with(prefix))) {
                cargo.env_remove(&name);
            }
        }
        let built = cargo.status();
        assert!(built.is_ok_and(|status| status.success()), "sync-server builds");
        profile_directory.join(format!("sync-server{}", std::env::consts::EXE_SUFFIX))
    })
}
