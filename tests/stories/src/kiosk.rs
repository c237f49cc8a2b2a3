//! A depot's kiosk: the server's binary as `relay`, behind a line of its own.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::serving::{Serving, server_binary};
use crate::{Line, Office};

/// A kiosk in a depot. The process dies with it.
pub struct Kiosk {
    home: TempDir,
    relay: Serving,
}

impl Kiosk {
    /// Sets a kiosk up that reaches the office through a line.
    pub fn in_a_depot_of(office: &Office, line: &Line) -> Self {
        office.hires("kiosk", &[]);
        let invite = ["device", "enrol", "--user", "kiosk", "--name", "kiosk in the depot", "--json"];
        let (done, printed) = office.runs(&invite, "");
        assert!(done, "a kiosk can be invited: {printed}");
        let invitation: serde_json::Value = serde_json::from_str(&printed).expect("--json prints JSON");
        let invitation = invitation["token"].as_str().expect("it prints an invitation");
        let home = tempfile::tempdir().expect("there is room for a kiosk");
        let relay = starts(home.path(), "127.0.0.1:0", &["--server", &line.url(), "--invitation", invitation]);
        Self { home, relay }
    }

    /// Where phones reach it.
    pub fn url(&self) -> String {
        format!("http://{}", self.relay.address())
    }

    /// Where it keeps its files.
    pub fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Loses its power and comes back under the same address.
    pub fn is_killed_and_comes_back(&mut self) {
        let address = self.relay.address().to_string();
        self.relay.is_killed();
        self.relay = starts(self.home.path(), &address, &[]);
    }
}

fn starts(home: &Path, listen: &str, more: &[&str]) -> Serving {
    Serving::begins(Command::new(server_binary()).args(["relay", "--listen", listen, "--data"]).arg(home).args(more))
}
