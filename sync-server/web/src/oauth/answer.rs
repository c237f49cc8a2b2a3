//! The two ways OAuth answers: JSON for clients, a redirect with pairs for browsers.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldline_service::identity::OauthError;
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// Which clients an endpoint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The words of the RFCs.
    Standard,
    /// The words clients of `/oauth_token.do` know.
    Legacy,
}

/// Why a client got no token, in its dialect.
pub struct Refused(pub Dialect, pub OauthError, pub Option<u32>);

impl Refused {
    /// A refusal in a dialect; `now` tells how long the client must wait if it is locked.
    pub fn new(dialect: Dialect, error: OauthError, now: fieldline_model::Timestamp) -> Self {
        let seconds = match &error {
            OauthError::Locked { until } => u32::try_from(until.milliseconds_since(now) / 1_000 + 1).ok(),
            _ => None,
        };
        Self(dialect, error, seconds)
    }
}

impl IntoResponse for Refused {
    /// A wrong client, secret, password, code, assertion or refresh token is a 401, by which existing clients know a failed
    /// sign-in; RFC 6749 would have 400 for the last four.
    fn into_response(self) -> Response {
        let Self(dialect, error, retry_after) = self;
        let status = match &error {
            OauthError::Client | OauthError::Grant(_) | OauthError::Assertion(_) => StatusCode::UNAUTHORIZED,
            OauthError::Locked { .. } => StatusCode::TOO_MANY_REQUESTS,
            OauthError::Service(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = match (dialect, status) {
            (Dialect::Legacy, StatusCode::UNAUTHORIZED) => {
                json!({ "error": "server_error", "error_description": "access_denied" })
            }
            (_, StatusCode::INTERNAL_SERVER_ERROR) => {
                json!({ "error": "server_error", "error_description": Refusal::Broken.to_string() })
            }
            _ => json!({ "error": error.word(), "error_description": error.to_string() }),
        };
        if let OauthError::Service(error) = error {
            // Written to the log, without what it may carry.
            let _: Refusal = error.into();
        }
        let mut response = tokens(status, body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"fieldline\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// JSON that no cache keeps (RFC 6749, section 5.1).
pub fn tokens(status: StatusCode, body: Value) -> Response {
    let pragma: (HeaderName, HeaderValue) = (header::PRAGMA, HeaderValue::from_static("no-cache"));
    (status, [pragma], Json(body)).into_response()
}

/// Sends the browser somewhere with pairs added to the address.
pub fn redirect(address: &str, pairs: &[(&str, &str)]) -> Response {
    let added = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let separator = if address.contains('?') { '&' } else { '?' };
    match HeaderValue::try_from(format!("{address}{separator}{added}")) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
