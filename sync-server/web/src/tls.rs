//! HTTPS: a certificate and its key from two files, taken again when the files change.
//!
//! Whether they changed is asked whenever a connection comes, so the next connection has the new certificate and nothing
//! runs beside. A new pair that does not work is logged once and the old one stays in use.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerSessionMemoryCache;
use tokio_rustls::TlsAcceptor;

/// What clients may ask for, the preferred first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// Sessions that clients may take up again without a whole handshake, which costs a phone on 2G seconds.
const SESSIONS: usize = 10_000;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("reading {} failed: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A file of the local authority cannot be read or written.
    #[error("keeping {} failed: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Making a certificate failed.
    #[error("making a certificate failed: {0}")]
    Made(#[from] rcgen::Error),
}

/// A certificate and its key, in PEM files.
#[derive(Debug, Clone)]
pub struct Files {
    /// The certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// The private key: PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// What the server shows to those who connect over HTTPS.
pub struct Tls {
    files: Files,
    used: Mutex<Used>,
}

struct Used {
    stamp: Stamp,
    acceptor: TlsAcceptor,
}

/// By what a changed file is told from the one before.
type Stamp = [Option<(Option<SystemTime>, u64, u64)>; 2];

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Names the file that cannot be read or does not fit.
    pub fn open(files: Files) -> Result<Self, TlsError> {
        let used = Used { stamp: files.stamp(), acceptor: files.acceptor()? };
        Ok(Self { files, used: Mutex::new(used) })
    }

    /// What takes the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.files.stamp();
        if stamp != used.stamp {
            used.stamp = stamp;
            match self.files.acceptor() {
                Ok(acceptor) => {
                    used.acceptor = acceptor;
                    tracing::info!("the certificate changed; new connections get it");
                }
                Err(error) => tracing::error!(%error, "the changed certificate cannot be used; the old one stays"),
            }
        }
        used.acceptor.clone()
    }
}

impl Files {
    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let file = std::fs::metadata(path).ok()?;
            Some((file.modified().ok(), file.len(), number_of(&file)))
        })
    }

    fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let content = |path: &Path| {
            let path = path.to_owned();
            move |problem: &str| TlsError::Content { path, problem: problem.to_owned() }
        };
        let chain = CertificateDer::pem_slice_iter(&read(&self.certificate)?).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| content(&self.certificate)("holds no PEM certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?);
        let key = key.map_err(|_| content(&self.key)("holds no PEM private key without a password"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("ring speaks the default versions").with_no_client_auth();
        let config = config.with_single_cert(chain, key);
        let unfit = |problem| content(&self.key)(&format!("does not go with the certificate: {problem}"));
        let mut config = config.map_err(unfit)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// What tells a file that took another's name from it, where the system says.
#[cfg(unix)]
fn number_of(file: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(file)
}

#[cfg(not(unix))]
fn number_of(_: &Metadata) -> u64 {
    0
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}
