//! Why a client got no token, in the words of RFC 6749 section 5.2 and RFC 8628 section 3.5.

use fieldline_model::Timestamp;

use crate::accounts::AccountError;
use crate::error::ServiceError;

/// Why a client got no token.
#[derive(Debug, thiserror::Error)]
pub enum OauthError {
    /// The request lacks something, repeats something or cannot be read.
    #[error("{0}")]
    Request(String),
    /// The client is unknown or its secret wrong; which one is not told.
    #[error("the client is not known or its secret is wrong; `sync-server client list` shows those there are")]
    Client,
    /// The code, refresh token or password does not work (any more).
    #[error("{0}")]
    Grant(&'static str),
    /// What the client signed is not believed.
    #[error("the assertion is refused: {0}")]
    Assertion(&'static str),
    /// The client is known, but not for this way.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The way is not offered.
    #[error(
        "grant_type {0} is not offered; the metadata under /.well-known/oauth-authorization-server lists those that are"
    )]
    UnsupportedGrant(String),
    /// The person has not decided yet.
    #[error("the person has not entered the code yet; ask again after the interval")]
    Pending,
    /// The client asks too often.
    #[error("asked too soon; wait five seconds longer than before between requests")]
    SlowDown,
    /// The person said no.
    #[error("the person refused")]
    Denied,
    /// The device code is over.
    #[error("the code has expired; begin again")]
    Expired,
    /// Too many failed attempts.
    #[error("too many failed attempts; try again after {until} UTC")]
    Locked {
        /// When attempts count again.
        until: Timestamp,
    },
    /// The server could not do its part.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl OauthError {
    /// The word clients branch on.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Request(_) => "invalid_request",
            Self::Client => "invalid_client",
            Self::Grant(_) | Self::Assertion(_) => "invalid_grant",
            Self::Unauthorized(_) => "unauthorized_client",
            Self::UnsupportedGrant(_) => "unsupported_grant_type",
            Self::Pending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::Denied => "access_denied",
            Self::Expired => "expired_token",
            Self::Locked { .. } => "temporarily_unavailable",
            Self::Service(_) => "server_error",
        }
    }
}

impl From<fieldline_storage::StorageError> for OauthError {
    fn from(error: fieldline_storage::StorageError) -> Self {
        Self::Service(error.into())
    }
}

impl From<AccountError> for OauthError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Locked { until } => Self::Locked { until },
            AccountError::Service(error) => Self::Service(error),
            AccountError::Invalid { .. } | AccountError::NotFound(_) => Self::Request(error.to_string()),
            AccountError::SignIn | AccountError::Token | AccountError::Denied(_) => {
                Self::Grant("the user name or the password is wrong, or the account is not active")
            }
        }
    }
}
