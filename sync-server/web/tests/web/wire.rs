//! A served router and clients that speak to it byte by byte, over TLS or not.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use fieldline_web::Edge;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::house::House;

/// A house that is served on a port of its own.
pub struct Served {
    pub house: House,
    pub address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Served {
    pub async fn at(edge: Edge) -> Self {
        let house = House::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        tokio::spawn(fieldline_web::serve_at(listener, house.server.clone(), house.clock(), edge, stopped));
        Self { house, address, _stop: stop }
    }

    /// What comes back for one request on a plain connection of its own.
    pub async fn plain(&self, request: &str) -> Reply {
        let socket = TcpStream::connect(self.address).await.expect("the server listens");
        exchange(socket, request).await
    }

    /// A TLS connection of somebody who trusts one authority only.
    pub async fn encrypted(
        &self,
        authority: &Path,
        name: &str,
        protocol: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).expect("a certificate")).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config.expect("ring speaks them").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let socket = TcpStream::connect(self.address).await.expect("the server listens");
        let name = ServerName::try_from(name.to_owned()).expect("a name or an address");
        TlsConnector::from(Arc::new(config)).connect(name, socket).await
    }
}

/// The head and the body of an answer.
#[derive(Debug)]
pub struct Reply {
    pub head: String,
    pub body: Vec<u8>,
}

/// Sends a request that asks for the connection to be closed, and reads to its end.
pub async fn exchange(mut socket: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Reply {
    socket.write_all(request.as_bytes()).await.expect("the server reads");
    let mut bytes = Vec::new();
    // A server that closes without saying so in TLS has still answered.
    drop(socket.read_to_end(&mut bytes).await);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("text").to_lowercase();
    Reply { head, body: bytes[end + 4..].to_vec() }
}
