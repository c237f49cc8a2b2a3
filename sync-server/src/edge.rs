//! How requests reach the server: plain or over HTTPS, directly or through a proxy.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fieldline_model::Timestamp;
use fieldline_web::authority::{Authority, RENEWED_EVERY_DAYS};
use fieldline_web::tls::{Files, Tls};
use fieldline_web::{CONNECTIONS, Clock, Edge, Limits, Network, SystemClock};

use crate::data::Data;
use crate::failed::Failed;

/// How requests reach the server.
#[derive(Debug, clap::Args)]
pub struct EdgeArgs {
    /// Serve HTTPS with this certificate (PEM, then those that lead to its authority); taken again when the file changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM, without a password).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve HTTPS with a certificate of a local authority, made once; give DATA/tls/ca.pem to clients to trust.
    #[arg(long, conflicts_with = "tls_cert")]
    tls_self_signed: bool,
    /// Another name or address clients reach this server by; may be repeated.
    #[arg(long, value_name = "NAME", requires = "tls_self_signed")]
    tls_name: Vec<String>,
    /// Believe X-Forwarded-For, -Proto and -Host, or Forwarded, from these addresses only, such as 10.0.0.0/8,127.0.0.1.
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    behind_proxy: Vec<Network>,
    /// Connections at the same time; more wait.
    #[arg(long, value_name = "NUMBER", default_value_t = CONNECTIONS)]
    max_connections: usize,
    /// The largest file taken as an attachment; phones carry none above 256 MB.
    #[arg(long, value_name = "MEGABYTES", default_value_t = 256)]
    max_attachment: u64,
}

impl EdgeArgs {
    /// Reads or makes the certificate; renews it from then on when it is this server's own.
    pub fn open(&self, data: &Data, listening: IpAddr, now: Timestamp) -> Result<Edge, Failed> {
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(Tls::open(Files { certificate: certificate.clone(), key: key.clone() })?)
            }
            _ if self.tls_self_signed => Some(self.certified(data, listening, now)?),
            _ => None,
        };
        let proxies = self.behind_proxy.iter().map(|network| network.0).collect();
        let limits = Limits { connections: self.max_connections, ..Limits::default() };
        let attachment_bytes = self.max_attachment.saturating_mul(1 << 20);
        Ok(Edge { tls: tls.map(Arc::new), proxies, limits, attachment_bytes })
    }

    fn certified(&self, data: &Data, listening: IpAddr, now: Timestamp) -> Result<Tls, Failed> {
        let authority = Authority::open(data.tls(), now)?;
        let given = self.tls_name.iter().filter_map(|name| name.parse::<IpAddr>().ok());
        let addresses: Vec<_> = given.chain([listening]).filter(|address| !address.is_unspecified()).collect();
        let names: Vec<String> = self.tls_name.iter().filter(|name| name.parse::<IpAddr>().is_err()).cloned().collect();
        let tls = Tls::open(authority.certify(&names, &addresses, now)?)?;
        println!("clients trust this server with {}", authority.certificate().display());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_hours(24 * RENEWED_EVERY_DAYS)).await;
                // The file changes, and the next connection gets what it holds.
                if let Err(error) = authority.certify(&names, &addresses, SystemClock.now()) {
                    tracing::error!(%error, "the certificate could not be renewed; it works for some weeks more");
                }
            }
        });
        Ok(tls)
    }
}
