//! Where a request comes from, as far as that is known: who guesses from one place is slowed down there.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// The client's address in a request's extensions, put there by whoever knows better than the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Where a request comes from: what the edge says, else the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Visitor(pub Option<IpAddr>);

impl Visitor {
    /// Reads what is known of a request.
    pub fn of(parts: &Parts) -> Self {
        let told = parts.extensions.get::<ClientAddress>().map(|told| told.0);
        Self(told.or_else(|| parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|connection| connection.0.ip())))
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}
