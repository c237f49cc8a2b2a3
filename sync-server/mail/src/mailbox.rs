//! A mailbox on an IMAP server.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::address::{Encrypted, Protocol, Server};
use crate::imap::{Imap, ImapError, Stream};

/// What was said about a mailbox does not fit.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MailboxError(String);

/// Where mail comes in.
#[derive(Clone)]
pub struct Mailbox {
    host: String,
    port: u16,
    user: String,
    password: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Mailbox {
    /// The mailbox at `url` (`imaps://NAME@HOST`; `imap://NAME@localhost` on this machine only).
    ///
    /// # Errors
    /// When it cannot be read, or a password would travel unencrypted.
    pub fn new(url: &str, password: Option<&str>) -> Result<Self, MailboxError> {
        let told = |problem: &str| MailboxError(problem.to_owned());
        let server = Server::parse(url, Protocol::Imap).map_err(MailboxError)?;
        let user = server.user.ok_or_else(|| told("a mailbox is somebody's; write imaps://NAME@HOST"))?;
        let password = password.ok_or_else(|| MailboxError(format!("there is no password for {user}; give one")))?;
        let tls = match server.encrypted {
            Encrypted::Never => None,
            Encrypted::FromTheStart => Some(encrypted(&server.host).map_err(MailboxError)?),
            Encrypted::FirstOfAll => {
                return Err(told("mail is fetched encrypted from the start; write imaps://NAME@HOST"));
            }
        };
        Ok(Self { host: server.host, port: server.port, user, password: password.to_owned(), tls })
    }

    /// Whose it is.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Signs in.
    pub(crate) async fn open(&self, largest: usize) -> Result<Imap, ImapError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let stream: Box<dyn Stream> = match &self.tls {
            Some((connector, name)) => Box::new(connector.connect(name.clone(), stream).await?),
            None => Box::new(stream),
        };
        let mut imap = Imap::greet(stream, largest).await?;
        imap.sign_in(&self.user, &self.password).await?;
        imap.open_inbox().await?;
        Ok(imap)
    }
}

fn encrypted(host: &str) -> Result<(TlsConnector, ServerName<'static>), String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("\"{host}\" is no name of a server"))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.and_then(BuilderVerifierExt::with_platform_verifier).map_err(|error| error.to_string())?;
    Ok((TlsConnector::from(Arc::new(config.with_no_client_auth())), name))
}
