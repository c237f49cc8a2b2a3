//! An SMTP server, and letters for it.

use std::time::{Duration, UNIX_EPOCH};

use fieldline_model::Timestamp;
use fieldline_service::notifications::Mail;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::address::{Encrypted, Protocol, Server};

/// How long one exchange with the server may take.
const EXCHANGE_SECONDS: u64 = 30;

/// Why mail cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// What was said about the server or the sender does not fit.
    #[error("{0}")]
    Told(String),
    /// The letter cannot be written.
    #[error("the letter cannot be written: {0}")]
    Letter(String),
    /// The server refused it for now, or was not there.
    #[error("the mail server did not take it: {0}")]
    Server(String),
    /// The server refuses it for good (a reply of the class 5).
    #[error("the mail server refuses it: {0}")]
    Refused(String),
}

impl MailerError {
    /// Whether the same mail would be refused again.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Letter(_) | Self::Refused(_))
    }
}

/// Somebody who sends mail.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Mail goes through the server at `url` (`smtp://user@host:587`, `smtps://user@host`) and comes from an address such as
    /// `Service desk <desk@example.org>`.
    ///
    /// # Errors
    /// When either cannot be read, or a password would travel unencrypted.
    pub fn new(url: &str, password: Option<&str>, from: &str) -> Result<Self, MailerError> {
        let told = |problem: String| MailerError::Told(problem);
        let from: Mailbox = from.parse().map_err(|_| told(format!("\"{from}\" is no address mail could come from")))?;
        let server = Server::parse(url, Protocol::Smtp).map_err(told)?;
        let tls = || TlsParameters::new(server.host.clone()).map_err(|error| told(error.to_string()));
        let tls = match server.encrypted {
            Encrypted::FromTheStart => Tls::Wrapper(tls()?),
            Encrypted::FirstOfAll => Tls::Required(tls()?),
            Encrypted::Never => Tls::None,
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(Duration::from_secs(EXCHANGE_SECONDS)));
        let transport = match (server.user, password) {
            (Some(user), Some(password)) => transport.credentials(Credentials::new(user, password.to_owned())),
            (None, None) => transport,
            (Some(user), None) => {
                return Err(told(format!("there is no password for {user}; give one, or leave the name out")));
            }
            (None, Some(_)) => return Err(told("there is a password and no name; write smtp://NAME@HOST".into())),
        };
        Ok(Self { transport: transport.build(), from })
    }

    /// The address mail comes from.
    pub fn address(&self) -> String {
        self.from.email.to_string()
    }

    /// What Message-IDs end in.
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// Sends a mail that was claimed.
    ///
    /// # Errors
    /// When it cannot be written, or the server does not take it.
    pub async fn send(&self, mail: &Mail, now: Timestamp) -> Result<(), MailerError> {
        let letter = self.letter(mail, now)?;
        let sent = self.transport.send(letter).await;
        sent.map(drop).map_err(|error| match error.is_permanent() {
            true => MailerError::Refused(explained(&error)),
            false => MailerError::Server(explained(&error)),
        })
    }

    fn letter(&self, mail: &Mail, now: Timestamp) -> Result<Message, MailerError> {
        let wrong = |problem: String| MailerError::Letter(problem);
        let to: Mailbox = mail.to.parse().map_err(|_| wrong("the address it goes to is none".into()))?;
        let since_1970 = Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
        let mut letter = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&mail.subject)
            .date(UNIX_EPOCH + since_1970)
            .message_id(Some(mail.message_id.clone()))
            .header(AutoSubmitted);
        if let Some(first) = &mail.in_reply_to {
            letter = letter.in_reply_to(first.clone()).references(first.clone());
        }
        let written = match &mail.body_html {
            Some(html) => letter.multipart(MultiPart::alternative_plain_html(mail.body.clone(), html.clone())),
            None => letter.header(ContentType::TEXT_PLAIN).body(mail.body.clone()),
        };
        written.map_err(|error| wrong(error.to_string()))
    }
}

/// An error with what caused it.
fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}

/// Says that no person wrote it, so that absence notes do not answer (RFC 3834).
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}
