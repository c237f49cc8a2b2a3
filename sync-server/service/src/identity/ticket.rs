//! What is kept for minutes under the hash of a secret that somebody carries from one step to the next.

use fieldline_model::SysId;
use fieldline_storage::Ticket;
use minicbor::{Decode, Encode};

use super::hash_of;
use super::oidc::Then;
use crate::call::Call;
use crate::error::Result;

/// What a ticket stands for. Its number is part of the stored form.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Stub {
    /// An authorization code.
    #[n(0)]
    Code(#[n(0)] CodeStub),
    /// A device's code.
    #[n(1)]
    Device(#[n(0)] DeviceStub),
    /// What a person types for a device: the hash of the device's code.
    #[n(2)]
    Typed(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]),
    /// A sign-in through a provider.
    #[n(3)]
    SignIn(#[n(0)] SignInStub),
    /// An assertion that was used.
    #[n(4)]
    Assertion,
}

/// A sign-in through a provider that has begun.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SignInStub {
    #[n(0)]
    pub provider: String,
    /// The hash of what the browser keeps.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub browser: [u8; 32],
    #[n(2)]
    pub nonce: String,
    #[n(3)]
    pub verifier: String,
    #[n(4)]
    pub then: Then,
}

/// An authorization code (RFC 6749, section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct CodeStub {
    #[n(0)]
    pub client: String,
    #[n(1)]
    pub user: SysId,
    /// As the request had it.
    #[n(2)]
    pub redirect_uri: Option<String>,
    /// The PKCE challenge (RFC 7636).
    #[n(3)]
    pub challenge: Option<String>,
    /// What the code was exchanged for, once it was.
    #[n(4)]
    pub grant: Option<SysId>,
}

/// A device's code (RFC 8628).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct DeviceStub {
    #[n(0)]
    pub client: String,
    #[n(1)]
    pub decision: Decision,
    /// When the client asked last, in milliseconds.
    #[n(2)]
    pub asked_milliseconds: Option<i64>,
    /// How long it must wait between requests.
    #[n(3)]
    pub interval_seconds: u32,
}

/// What the person in front of a device decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Decision {
    #[n(0)]
    Open,
    #[n(1)]
    Granted(#[n(0)] SysId),
    #[n(2)]
    Refused,
}

impl Call<'_> {
    /// Keeps a stub under a secret.
    pub(crate) fn keep(&mut self, secret: &str, stub: &Stub, lasts_milliseconds: i64) -> Result<()> {
        self.tx.remove_expired_grants(self.now)?;
        let body = encoded(stub);
        let expires_at = self.now.plus_milliseconds(lasts_milliseconds);
        Ok(self.tx.put_ticket(&Ticket { hash: hash_of(secret), body, expires_at })?)
    }

    /// The ticket under a hash and its stub; nothing once it has expired.
    pub(crate) fn kept(&self, hash: &[u8; 32]) -> Result<Option<(Ticket, Stub)>> {
        let ticket = self.tx.ticket(hash)?.filter(|ticket| self.now < ticket.expires_at);
        Ok(ticket.and_then(|ticket| minicbor::decode(&ticket.body).ok().map(|stub| (ticket, stub))))
    }

    /// Changes what a ticket stands for, and not how long.
    pub(crate) fn change(&mut self, ticket: &Ticket, stub: &Stub) -> Result<()> {
        Ok(self.tx.put_ticket(&Ticket { body: encoded(stub), ..ticket.clone() })?)
    }
}

fn encoded(stub: &Stub) -> Vec<u8> {
    minicbor::to_vec(stub).expect("encoding to memory cannot fail")
}
