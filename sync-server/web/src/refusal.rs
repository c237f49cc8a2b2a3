//! Every way a request can be refused at this border, and the two forms people and machines read it in.
//!
//! A [`Refusal`] says what happened; the path decides the form. Native paths (`/api/v1/…`, `/healthz` …) answer RFC 9457
//! problem documents ([`Problem`]), the Table API answers the envelope its clients parse ([`Failure`]). A refusal never
//! carries what a database said: that goes to the log, under the request's id.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldline_service::accounts::AccountError;
use fieldline_service::error::ServiceError;
use fieldline_storage::StorageError;
use fieldline_sync::wire::OLDEST_WIRE_VERSION;
use serde_json::{Value as Json_, json};

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credentials, or none that are valid now.
    #[error("send a valid token as `Authorization: Bearer …`, or a user name and password")]
    NotAuthenticated,
    /// The user name or the password is wrong, or the account is locked.
    #[error("the user name or the password is wrong, or the account is not active")]
    WrongPassword,
    /// Who asks is known and may not.
    #[error("{0}")]
    Forbidden(String),
    /// A rule of the record refused the write.
    #[error("{0}")]
    Rejected(String),
    /// There is no such thing, or not for this caller.
    #[error("{0}")]
    NotFound(String),
    /// The table is not in the dictionary.
    #[error("Invalid table {0}")]
    UnknownTable(String),
    /// The path exists, but not for this method.
    #[error("the method is not allowed here; the Allow header lists those that are")]
    MethodNotAllowed,
    /// The answer would not be in a form the client takes.
    #[error("answers are application/json or application/xml; change the Accept header")]
    NotAcceptable,
    /// The request line is longer than any client needs.
    #[error("the request line is longer than {0} bytes")]
    UriTooLong(usize),
    /// The body is larger than this path takes.
    #[error("the body is larger than the {0} bytes this path takes; send it in smaller parts")]
    TooLarge(usize),
    /// The body is not in the form this path reads.
    #[error("send the body as Content-Type: {0}")]
    MediaType(&'static str),
    /// The body is compressed in a way this server does not know.
    #[error("send the body as it is, or compressed as Content-Encoding: gzip")]
    Encoding,
    /// The body or a parameter cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// The device speaks a wire version this server does not.
    #[error(
        "the device speaks wire version {given}, this server {OLDEST_WIRE_VERSION} to {newest}: update the older side"
    )]
    WireVersion {
        /// The version the device spoke.
        given: u16,
        /// The newest this server speaks.
        newest: u16,
    },
    /// A field does not fit.
    #[error("{detail}")]
    Field {
        /// Which.
        field: String,
        /// What is wrong, in which record, and what would be right.
        detail: String,
    },
    /// The record is another one than the writer has in mind.
    #[error("{0}")]
    Stale(String),
    /// The key of a request that may come twice stands for another request.
    #[error("another request came under this Idempotency-Key within a day; use a new key for a new request")]
    OtherRequest,
    /// The first request under the key is not answered yet.
    #[error(
        "the first request under this Idempotency-Key is still being done; repeat it in {UNDER_WAY_SECONDS} second"
    )]
    UnderWay,
    /// Too many attempts; seconds until the next one.
    #[error("too many attempts; try again in {0} seconds")]
    TooMany(u32),
    /// The account has sent as many requests as it may in an hour.
    #[error("Rate limit of {limit} requests per hour exceeded; try again in {seconds} seconds")]
    RateLimited {
        /// How many it may.
        limit: u32,
        /// Until the next hour.
        seconds: u32,
    },
    /// The work took too long and its outcome is not known to the caller.
    #[error("the request took too long; repeat it")]
    TimedOut,
    /// More waits than the server can hold.
    #[error("more is waiting than the server can hold; repeat it in {RETRY_AFTER_SECONDS} seconds")]
    Busy,
    /// Something inside failed; the log says what, under the request id.
    #[error("the server failed; its log says why under this request's id")]
    Broken,
}

impl Refusal {
    /// The status both forms answer with.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotAuthenticated | Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::Rejected(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::UnknownTable(_) | Self::Malformed(_) | Self::Field { .. } => StatusCode::BAD_REQUEST,
            Self::Stale(_) => StatusCode::PRECONDITION_FAILED,
            Self::OtherRequest => StatusCode::UNPROCESSABLE_ENTITY,
            Self::UnderWay => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::UriTooLong(_) => StatusCode::URI_TOO_LONG,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) | Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WireVersion { .. } => StatusCode::UPGRADE_REQUIRED,
            Self::TooMany(_) | Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TimedOut | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The word clients may branch on, the last part of the problem's type.
    fn word(&self) -> &'static str {
        match self {
            Self::NotAuthenticated => "not-authenticated",
            Self::WrongPassword => "wrong-password",
            Self::Forbidden(_) => "forbidden",
            Self::Rejected(_) => "rejected",
            Self::NotFound(_) => "not-found",
            Self::UnknownTable(_) => "unknown-table",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::NotAcceptable => "not-acceptable",
            Self::UriTooLong(_) => "uri-too-long",
            Self::TooLarge(_) => "too-large",
            Self::MediaType(_) => "media-type",
            Self::Encoding => "encoding",
            Self::Malformed(_) => "malformed",
            Self::Field { .. } => "invalid-field",
            Self::Stale(_) => "stale",
            Self::OtherRequest => "other-request",
            Self::UnderWay => "under-way",
            Self::WireVersion { .. } => "wire-version",
            Self::TooMany(_) => "too-many",
            Self::RateLimited { .. } => "rate-limited",
            Self::TimedOut => "timed-out",
            Self::Busy => "busy",
            Self::Broken => "broken",
        }
    }

    /// Headers that tell a client what to do next.
    fn add_headers(&self, response: &mut Response, challenge: &'static str) {
        let headers = response.headers_mut();
        match self {
            Self::NotAuthenticated | Self::WrongPassword => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            Self::TooMany(seconds) | Self::RateLimited { seconds, .. } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Self::UnderWay => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(UNDER_WAY_SECONDS));
            }
            Self::TimedOut | Self::Busy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
            }
            // RFC 9110, 15.5.22: a 426 must say what to upgrade to.
            Self::WireVersion { newest, .. } => {
                let protocol = HeaderValue::try_from(format!("fieldline-sync/{newest}"));
                headers.insert(header::UPGRADE, protocol.expect("a name and a number make a header"));
            }
            // The rest of an oversized body is not read, so the connection cannot carry another request.
            Self::TooLarge(_) => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::SignIn => Self::WrongPassword,
            AccountError::Token => Self::NotAuthenticated,
            AccountError::Locked { .. } => Self::TooMany(RETRY_AFTER_SECONDS),
            AccountError::Denied(why) => Self::Forbidden(why),
            AccountError::Invalid { .. } => Self::Malformed(error.to_string()),
            AccountError::NotFound(_) => Self::NotFound(error.to_string()),
            AccountError::Service(error) => error.into(),
        }
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        ServiceError::from(error).into()
    }
}

/// What failed inside goes to the log without the names and values it may carry.
impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        match &error {
            ServiceError::Storage(StorageError::Backend { source, .. }) => {
                tracing::error!(%source, "the database failed");
            }
            ServiceError::Storage(StorageError::Full { doing }) => {
                tracing::error!(doing, "the disk is full; free some space");
            }
            // What the client asked, in more values or longer ways than one query may have.
            ServiceError::Storage(StorageError::Query(problem)) => return Self::Malformed(problem.clone()),
            ServiceError::Damaged { what, .. } => tracing::error!(what, "something stored cannot be read"),
            ServiceError::OwnEdit { record, .. } => tracing::error!(record, "an edit of the server's own failed"),
        }
        Self::Broken
    }
}

/// When to repeat a request that timed out.
const RETRY_AFTER_SECONDS: u32 = 5;
/// When to repeat a request whose first one is still being done: most take milliseconds.
const UNDER_WAY_SECONDS: u32 = 1;

/// A refusal as an RFC 9457 problem document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem(pub Refusal);

impl<E: Into<Refusal>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.0.status();
        let mut body = json!({
            "type": format!("urn:fieldline:problem:{}", self.0.word()),
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.0.to_string(),
        });
        if let Refusal::WireVersion { newest, .. } = self.0 {
            body["oldest"] = OLDEST_WIRE_VERSION.into();
            body["newest"] = newest.into();
        }
        if let Refusal::Field { field, detail } = &self.0 {
            body["errors"] = json!([{ "pointer": format!("/{field}"), "detail": detail }]);
        }
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.0.add_headers(&mut response, "Bearer realm=\"fieldline\"");
        response
    }
}

/// A refusal in the Table API's error envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub Refusal);

impl<E: Into<Refusal>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    /// The texts are those clients compare with (ServiceNow "Table API", and the clients named in its conformance suite).
    fn into_response(self) -> Response {
        let detail = Json_::from(self.0.to_string());
        let (message, detail) = match &self.0 {
            Refusal::NotAuthenticated | Refusal::WrongPassword => {
                ("User is not authenticated".to_owned(), "Required to provide Auth information".into())
            }
            Refusal::Forbidden(_) | Refusal::Rejected(_) => ("Operation Failed".to_owned(), detail),
            Refusal::NotFound(_) => ("No Record found".to_owned(), detail),
            Refusal::UnknownTable(_) => (self.0.to_string(), Json_::Null),
            Refusal::RateLimited { limit, .. } => {
                let detail = format!("Rate limit of {limit} requests per hour for Table API exceeded");
                ("Rate limit exceeded".to_owned(), detail.into())
            }
            Refusal::TooMany(_) => ("Rate limit exceeded".to_owned(), detail),
            other => (other.status().canonical_reason().unwrap_or("Failed").to_owned(), detail),
        };
        let body = json!({ "error": { "message": message, "detail": detail }, "status": "failure" });
        let mut response = (self.0.status(), Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, TABLE_CONTENT_TYPE);
        self.0.add_headers(&mut response, "BASIC realm=\"Service-now\"");
        response
    }
}

/// What the Table API calls its JSON.
pub const TABLE_CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/json;charset=UTF-8");

/// The record's own path of a table that is hidden from the caller, or gone.
pub fn no_record() -> Refusal {
    Refusal::NotFound("Record doesn't exist or ACL restricts the record retrieval".into())
}

/// Puts a refusal in the form its path answers with.
pub fn refuse(path: &str, refusal: Refusal) -> Response {
    let is_native = path.starts_with("/api/v1/") || !path.starts_with("/api/");
    if is_native { Problem(refusal).into_response() } else { Failure(refusal).into_response() }
}
