//! What an answer over HTTP must look like to count, for phones and for whoever carries for them; and the transport of
//! machines that bring none.
//!
//! No redirect is followed, and nothing is taken for an answer that is not of our media type, so a portal between phone and
//! server is a failed try and nothing more.

use std::sync::Once;
use std::time::Duration;

use fieldline_sync::caps::{MAX_ENVELOPE_BYTES, MAX_RESPONSE_BYTES};
use fieldline_sync::relay::Envelope;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};

use crate::transport::{Answer, Ask, Body, NoAnswer, Pending, Transport};

/// Connecting takes at most this long; a phone in a tunnel learns it quickly.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl Answer {
    /// Whether it is of a media type.
    pub fn has_type(&self, wanted: &str) -> bool {
        let given = self.content_type.split(';').next();
        given.is_some_and(|given| given.trim().eq_ignore_ascii_case(wanted))
    }

    /// Its body, unless that has more than so many bytes or breaks off.
    pub async fn read_capped(mut self, most: usize) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(piece) = self.body.piece().await.ok()? {
            if body.len() + piece.len() > most {
                return None;
            }
            body.extend_from_slice(&piece);
        }
        Some(body)
    }

    /// A refusal counts only when it is a problem document (RFC 9457) of ours: portals answer 401 and 403, too, some in JSON.
    pub async fn tells_our_problem(self) -> bool {
        if !self.has_type("application/problem+json") {
            return false;
        }
        let body = self.read_capped(MAX_RESPONSE_BYTES).await.unwrap_or_default();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        problem["type"].as_str().is_some_and(|kind| kind.starts_with("urn:fieldline:problem:"))
    }

    /// The envelope it is, if it is one.
    pub async fn envelope(self) -> Option<Envelope> {
        let is_one = self.status == StatusCode::OK && self.has_type(fieldline_sync::relay::MEDIA_TYPE);
        let body = if is_one { self.read_capped(MAX_ENVELOPE_BYTES).await } else { None };
        Envelope::decode(&body?).ok()
    }
}

/// Sends with `reqwest` and rustls.
#[derive(Debug, Clone)]
pub struct Reqwest(Client);

impl Reqwest {
    /// A transport that gives up before people do.
    ///
    /// # Errors
    /// When the system's TLS cannot be set up.
    pub fn new() -> Result<Self, NoAnswer> {
        install_tls();
        let client = Client::builder().redirect(redirect::Policy::none()).connect_timeout(CONNECT_TIMEOUT);
        Ok(Self(client.build()?))
    }
}

impl Transport for Reqwest {
    fn ask(&self, ask: Ask) -> Pending<'_, Answer> {
        Box::pin(async move {
            let Ask { url, post, token, accept, timeout } = ask;
            let mut request = match post {
                None => self.0.get(url),
                Some((media_type, body)) => self.0.post(url).header(CONTENT_TYPE, media_type).body(body),
            };
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            if let Some(accept) = accept {
                request = request.header(ACCEPT, accept);
            }
            let response = send_on_a_line_that_holds(request.timeout(timeout)).await?;
            let content_type = response.headers().get(CONTENT_TYPE).and_then(|given| given.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_owned();
            Ok(Answer { status: response.status(), content_type, body: Box::new(response) })
        })
    }
}

impl Body for Response {
    fn piece(&mut self) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(async { Ok(self.chunk().await?.map(Into::into)) })
    }
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        Self(error.to_string())
    }
}

/// A kept connection may have died unnoticed (a server that restarted, a mobile network that forgot it): then the request,
/// which is harmless to repeat, goes out once more on a new one, and nobody waits for a pause.
async fn send_on_a_line_that_holds(request: RequestBuilder) -> reqwest::Result<Response> {
    let again = request.try_clone();
    let sent = request.send().await;
    match (sent, again) {
        (Err(error), Some(again)) if error.is_request() && !error.is_connect() && !error.is_timeout() => {
            tracing::debug!(%error, "a kept connection was dead");
            again.send().await
        }
        (sent, _) => sent,
    }
}

/// rustls asks for its cryptography once per process; an app that chose one already keeps it.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("the process has a TLS provider already");
        }
    });
}
