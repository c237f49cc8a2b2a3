//! How a question reaches a server and its answer comes back: the one part of HTTP that a platform may do itself.
//!
//! Phones have their own TLS, proxies and certificates of the organisation, so an app gives its own [`Transport`]; elsewhere
//! [`crate::http::Reqwest`] is one. What an answer must look like to count is decided in [`crate::http`] for all of them.

use std::pin::Pin;
use std::time::Duration;

use fieldline_sync::caps::ANSWER_TIMEOUT_MILLISECONDS;
use reqwest::StatusCode;

/// What a transport is still at.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, NoAnswer>> + Send + 'a>>;

/// Nothing came, or it broke off, in the transport's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// A question.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The whole address.
    pub url: String,
    /// What is posted, with its media type; `None` gets.
    pub post: Option<(&'static str, Vec<u8>)>,
    /// The bearer token that lets the asker in.
    pub token: Option<String>,
    /// The media type that is wanted, where there is a choice.
    pub accept: Option<&'static str>,
    /// How long everything may take, the body included.
    pub timeout: Duration,
}

impl Ask {
    /// Gets what is at an address.
    pub fn get(url: String) -> Self {
        let timeout = Duration::from_millis(ANSWER_TIMEOUT_MILLISECONDS.unsigned_abs());
        Self { url, post: None, token: None, accept: None, timeout }
    }

    /// Posts a body of a media type.
    pub fn post(url: String, media_type: &'static str, body: Vec<u8>) -> Self {
        Self { post: Some((media_type, body)), ..Self::get(url) }
    }

    /// The same, by somebody the server knows.
    pub fn by(self, token: Option<&str>) -> Self {
        Self { token: token.map(str::to_owned), ..self }
    }
}

/// The head of an answer; its body comes in pieces.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The media type, parameters included; empty when none is given.
    pub content_type: String,
    /// The body.
    pub body: Box<dyn Body>,
}

/// The rest of an answer.
pub trait Body: Send {
    /// The next piece, `None` at the end.
    fn piece(&mut self) -> Pending<'_, Option<Vec<u8>>>;
}

/// Whatever sends HTTP. It follows no redirects, and adds no trust of its own to what comes.
pub trait Transport: Send + Sync {
    /// Asks; the future ends with the head of the answer, and dropping it gives up.
    fn ask(&self, ask: Ask) -> Pending<'_, Answer>;
}
