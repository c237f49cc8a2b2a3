//! What only the platform has: its key store, its HTTP, its clock, where it is, the files it captured.
//!
//! All but the key store may be left out; then the core reads the system's clock, sends with its own HTTP and TLS, and edits
//! bear no place.

use std::sync::Arc;
use std::time::Duration;

use fieldline_device::runtime::{Clock, SystemClock};
use fieldline_device::transport::{self, Ask, NoAnswer, Pending, Transport};
use fieldline_model::Timestamp;
use reqwest::StatusCode;
use tokio::time::{Instant, timeout_at};

use crate::log::LogSink;
use crate::value::{Moment, Place, moment_in};

/// What went wrong on the platform's side, in its own words.
#[derive(Debug, Clone, PartialEq, thiserror::Error, uniffi::Error)]
pub enum PlatformError {
    /// It did not work.
    #[error("{message}")]
    Failed {
        /// What happened.
        message: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for PlatformError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { message: error.reason }
    }
}

/// Keeps secrets where nobody who copies the app's files finds them: Android's Keystore, Apple's Keychain.
#[uniffi::export(foreign)]
pub trait SecretStore: Send + Sync {
    /// What is kept under a name, nothing when there is none.
    fn load(&self, name: String) -> Result<Option<Vec<u8>>, PlatformError>;
    /// Keeps a secret under a name, durably.
    fn save(&self, name: String, secret: Vec<u8>) -> Result<(), PlatformError>;
    /// Forgets a secret for good.
    fn remove(&self, name: String) -> Result<(), PlatformError>;
}

/// Tells the time.
#[uniffi::export(foreign)]
pub trait PlatformClock: Send + Sync {
    /// The moment it is.
    fn now(&self) -> Moment;
}

/// Knows where the phone is.
#[uniffi::export(foreign)]
pub trait Locator: Send + Sync {
    /// The last place known and not too old; asked with every command, so it answers at once.
    fn here(&self) -> Option<Place>;
}

/// Reads a captured file.
#[uniffi::export(foreign)]
pub trait FileSource: Send + Sync {
    /// All of it.
    fn read(&self) -> Result<Vec<u8>, PlatformError>;
}

/// A question to a server.
#[derive(Debug, Clone, uniffi::Record)]
pub struct HttpRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Header fields.
    pub headers: Vec<HttpHeader>,
    /// What is posted.
    pub body: Vec<u8>,
}

/// A header field.
#[derive(Debug, Clone, uniffi::Record)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The head of an answer.
#[derive(Clone, uniffi::Record)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The media type, empty when none is given.
    pub content_type: String,
    /// The rest.
    pub body: Arc<dyn HttpBody>,
}

/// The body of an answer, in pieces as they come.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait HttpBody: Send + Sync {
    /// The next piece, nothing at the end.
    async fn next(&self) -> Result<Option<Vec<u8>>, PlatformError>;
}

/// Sends HTTP with the platform's TLS, proxies and certificates. It must not follow redirects.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait HttpTransport: Send + Sync {
    /// Asks, and answers when the head of the answer is there.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, PlatformError>;
}

/// Watches calls: how often each is made, how long it takes. It is called on the thread of the call.
#[uniffi::export(foreign)]
pub trait CallObserver: Send + Sync {
    /// A function begins.
    fn begins(&self, function: String);
    /// Its work is done, and it is about to answer.
    fn ends(&self, function: String);
}

/// What a platform brings.
#[derive(Clone, uniffi::Record)]
pub struct Platform {
    /// Where the database's key is.
    pub secrets: Arc<dyn SecretStore>,
    /// Its HTTP.
    #[uniffi(default = None)]
    pub http: Option<Arc<dyn HttpTransport>>,
    /// Its clock.
    #[uniffi(default = None)]
    pub clock: Option<Arc<dyn PlatformClock>>,
    /// Where it is.
    #[uniffi(default = None)]
    pub locator: Option<Arc<dyn Locator>>,
    /// Who watches the calls.
    #[uniffi(default = None)]
    pub observer: Option<Arc<dyn CallObserver>>,
    /// Where what happens is noted for whoever is asked for help.
    #[uniffi(default = None)]
    pub log: Option<Arc<dyn LogSink>>,
}

/// A platform's clock, or the system's.
pub(crate) struct AppClock(pub Option<Arc<dyn PlatformClock>>);

impl Clock for AppClock {
    fn now(&self) -> Timestamp {
        self.0.as_ref().map_or_else(|| SystemClock.now(), |clock| moment_in(clock.now()))
    }
}

/// A platform's HTTP. It is given up after the time the core allows, whatever the platform thinks.
pub(crate) struct AppHttp(pub Arc<dyn HttpTransport>);

struct AppBody {
    body: Arc<dyn HttpBody>,
    until: Instant,
}

impl Transport for AppHttp {
    fn ask(&self, ask: Ask) -> Pending<'_, transport::Answer> {
        Box::pin(async move {
            let until = deadline(ask.timeout);
            let sent = timeout_at(until, self.0.send(request(ask))).await;
            let HttpResponse { status, content_type, body } = answered(sent)?;
            let status = StatusCode::from_u16(status).map_err(|problem| NoAnswer(problem.to_string()))?;
            Ok(transport::Answer { status, content_type, body: Box::new(AppBody { body, until }) })
        })
    }
}

impl transport::Body for AppBody {
    fn piece(&mut self) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(async { answered(timeout_at(self.until, self.body.next()).await) })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long an answer takes in the world is measured where the world comes in"
)]
fn deadline(timeout: Duration) -> Instant {
    Instant::from_std(std::time::Instant::now()) + timeout
}

fn answered<T>(answer: Result<Result<T, PlatformError>, tokio::time::error::Elapsed>) -> Result<T, NoAnswer> {
    let answer = answer.map_err(|_| NoAnswer("no answer in time".into()))?;
    answer.map_err(|PlatformError::Failed { message }| NoAnswer(message))
}

fn request(ask: Ask) -> HttpRequest {
    let Ask { url, post, token, accept, .. } = ask;
    let header = |name: &str, value: String| HttpHeader { name: name.into(), value };
    let mut headers: Vec<HttpHeader> =
        token.map(|token| header("Authorization", format!("Bearer {token}"))).into_iter().collect();
    headers.extend(accept.map(|accept| header("Accept", accept.into())));
    let (method, body) = match post {
        None => ("GET", Vec::new()),
        Some((media_type, body)) => {
            headers.push(header("Content-Type", media_type.into()));
            ("POST", body)
        }
    };
    HttpRequest { method: method.into(), url, headers, body }
}
