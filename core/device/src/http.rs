//! What an answer over HTTP must look like to count, for phones and for whoever carries for them.
//!
//! No redirect is followed, and nothing is taken for an answer that is not of our media type, so a portal between phone and
//! server is a failed try and nothing more.

use std::sync::Once;
use std::time::Duration;

use fieldline_sync::caps::{ANSWER_TIMEOUT_MILLISECONDS, MAX_ENVELOPE_BYTES, MAX_RESPONSE_BYTES};
use fieldline_sync::relay::{self, Envelope};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};

/// Connecting takes at most this long; a phone in a tunnel learns it quickly.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client that gives up before people do.
///
/// # Errors
/// When the system's TLS cannot be set up.
pub fn client() -> reqwest::Result<Client> {
    install_tls();
    Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(Duration::from_millis(ANSWER_TIMEOUT_MILLISECONDS.unsigned_abs()))
        .build()
}

/// A kept connection may have died unnoticed (a server that restarted, a mobile network that forgot it): then the request,
/// which is harmless to repeat, goes out once more on a new one, and nobody waits for a pause.
///
/// # Errors
/// When it did not come through on the new one either.
pub async fn send_on_a_line_that_holds(request: RequestBuilder) -> Result<Response, reqwest::Error> {
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

/// Hands an envelope to a kiosk, or to the server for a phone.
///
/// # Errors
/// As [`send_on_a_line_that_holds`].
pub async fn post_envelope(post: RequestBuilder, envelope: &Envelope) -> Result<Response, reqwest::Error> {
    send_on_a_line_that_holds(post.header(CONTENT_TYPE, relay::MEDIA_TYPE).body(envelope.encode())).await
}

/// The envelope an answer is, if it is one.
pub async fn envelope_in(response: Response) -> Option<Envelope> {
    let is_one = response.status() == StatusCode::OK && has_type(&response, relay::MEDIA_TYPE);
    let body = if is_one { read_capped(response, MAX_ENVELOPE_BYTES).await } else { None };
    Envelope::decode(&body?).ok()
}

/// Whether an answer is of a media type.
pub fn has_type(response: &Response, wanted: &str) -> bool {
    let given = response.headers().get(CONTENT_TYPE).and_then(|given| given.to_str().ok());
    given.is_some_and(|given| given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(wanted)))
}

/// A refusal counts only when it is a problem document (RFC 9457) of ours: portals answer 401 and 403, too, some in JSON.
pub async fn is_our_problem(response: Response) -> bool {
    if !has_type(&response, "application/problem+json") {
        return false;
    }
    let body = read_capped(response, MAX_RESPONSE_BYTES).await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    problem["type"].as_str().is_some_and(|kind| kind.starts_with("urn:fieldline:problem:"))
}

/// A body of at most so many bytes.
pub async fn read_capped(mut response: Response, most: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.ok()? {
        if body.len() + piece.len() > most {
            return None;
        }
        body.extend_from_slice(&piece);
    }
    Some(body)
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
