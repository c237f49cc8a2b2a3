//! How requests leave this server: to everybody outside, and to those inside whom an administrator names.

use fieldline_http::{Allowed, Sender};

use crate::failed::Failed;

/// Whom flows may ask and webhooks may tell.
#[derive(Debug, clap::Args)]
pub struct OutsideArgs {
    /// Let flows and webhooks reach this host though it is on this machine, in a private network, or spoken to unencrypted:
    /// HOST, or HOST:PORT for that port only. May be given several times.
    #[arg(long, value_name = "HOST")]
    allow_inside: Vec<String>,
}

impl OutsideArgs {
    /// Whoever sends requests.
    pub fn open(&self) -> Result<Sender, Failed> {
        Ok(Sender::new(Allowed::these(self.allow_inside.iter().cloned()))?)
    }
}
