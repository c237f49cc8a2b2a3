//! Authorization codes (RFC 6749, section 4.1) with PKCE (RFC 7636): a person signs in at this server's page, the client
//! learns a code and never the password.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::{SysId, Timestamp};
use fieldline_storage::Client;
use minicbor::{Decode, Encode};
use rand_core::Rng;

use super::ticket::{CodeStub, Stub};
use super::{Issued, OauthError, hash_of, random_hex};
use crate::error::ServiceError;
use crate::server::Server;

/// How long a code waits for its client: one redirect.
const CODE_MILLISECONDS: i64 = 2 * 60_000;
/// The length of a SHA-256 in base64url.
const CHALLENGE_CHARACTERS: usize = 43;

const CODE: &str = "the code is not valid (any more), or was made for another client, address or verifier";

/// What a client asks a browser to ask (RFC 6749, section 4.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Authorization {
    /// Must be `code`.
    #[n(0)]
    pub response_type: String,
    /// The client's id.
    #[n(1)]
    pub client_id: String,
    /// Where to send the browser; may be left out by a client that has one address.
    #[n(2)]
    pub redirect_uri: Option<String>,
    /// Given back as it is.
    #[n(3)]
    pub state: Option<String>,
    /// The PKCE challenge.
    #[n(4)]
    pub code_challenge: Option<String>,
    /// Must be `S256` with a challenge.
    #[n(5)]
    pub code_challenge_method: Option<String>,
}

/// Why a person is not asked.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// The browser must not be sent anywhere: client or address are not known.
    #[error("{0}")]
    Stay(String),
    /// The client is told.
    #[error("{description}")]
    Tell {
        /// Where the browser goes back to.
        redirect_uri: String,
        /// The word of RFC 6749, section 4.1.2.1.
        error: &'static str,
        /// For the client's developer.
        description: &'static str,
    },
    /// The server could not do its part.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<fieldline_storage::StorageError> for AuthorizeError {
    fn from(error: fieldline_storage::StorageError) -> Self {
        Self::Service(error.into())
    }
}

impl Server {
    /// Which client asks, and where its answer goes.
    ///
    /// # Errors
    /// [`AuthorizeError::Stay`] unless client and address are known, else [`AuthorizeError::Tell`].
    pub fn check_authorization(&self, asked: &Authorization) -> Result<(Client, String), AuthorizeError> {
        let unknown = || AuthorizeError::Stay("this client is not known here; ask an administrator to add it".into());
        let client =
            self.storage().read()?.client(&asked.client_id)?.filter(|client| client.active).ok_or_else(unknown)?;
        let known = match &asked.redirect_uri {
            Some(given) => client.redirect_uris.get(given).cloned(),
            None => client.redirect_uris.first().filter(|_| client.redirect_uris.len() == 1).cloned(),
        };
        let stray = || AuthorizeError::Stay("the address to go back to is not one this client was added with".into());
        let redirect_uri = known.ok_or_else(stray)?;
        match problem(asked, &client) {
            Some((error, description)) => Err(AuthorizeError::Tell { redirect_uri, error, description }),
            None => Ok((client, redirect_uri)),
        }
    }

    /// The code for a request of a person who has signed in and agreed, and where it goes.
    ///
    /// # Errors
    /// As [`Server::check_authorization`].
    pub fn authorize(
        &self,
        asked: &Authorization,
        user: SysId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(String, String), AuthorizeError> {
        let (client, redirect_uri) = self.check_authorization(asked)?;
        let code = random_hex(rng, 32);
        let stub = Stub::Code(CodeStub {
            client: client.id,
            user,
            redirect_uri: asked.redirect_uri.clone(),
            challenge: asked.code_challenge.clone(),
            grant: None,
        });
        self.write(&self.system(), now, rng, |call| call.keep(&code, &stub, CODE_MILLISECONDS))?;
        Ok((redirect_uri, code))
    }

    /// Tokens for a code. A code that comes twice is in two hands: what it was exchanged for ends.
    ///
    /// # Errors
    /// [`OauthError::Grant`] when the code does not work for this client, address and verifier.
    pub fn code_grant(
        &self,
        client: &Client,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Issued, OauthError> {
        let issued = self.write(&self.system(), now, rng, |call| {
            let Some((ticket, Stub::Code(stub))) = call.kept(&hash_of(code))? else { return Ok(None) };
            if stub.client != client.id {
                return Ok(None);
            }
            if let Some(grant) = stub.grant {
                call.tx.remove_grant(grant)?;
                return Ok(None);
            }
            let fits = stub.redirect_uri.as_deref() == redirect_uri && verifies(stub.challenge.as_deref(), verifier);
            if !fits || !call.active(stub.user)? {
                call.tx.remove_ticket(&ticket.hash)?;
                return Ok(None);
            }
            let issued = call.grant(&client.id, stub.user, true)?;
            let grant = call.tx.token(&hash_of(&issued.access_token))?.and_then(|token| token.grant);
            call.change(&ticket, &Stub::Code(CodeStub { grant, ..stub }))?;
            Ok::<_, OauthError>(Some(issued))
        })?;
        issued.ok_or(OauthError::Grant(CODE))
    }
}

/// What is wrong with a request whose answer has an address.
fn problem(asked: &Authorization, client: &Client) -> Option<(&'static str, &'static str)> {
    if asked.response_type != "code" {
        return Some(("unsupported_response_type", "response_type must be code"));
    }
    match (asked.code_challenge.as_deref(), asked.code_challenge_method.as_deref()) {
        (Some(challenge), Some("S256")) if is_challenge(challenge) => None,
        (Some(_), Some("S256")) => Some(("invalid_request", "code_challenge must be a SHA-256 in base64url")),
        (Some(_), _) => Some(("invalid_request", "code_challenge_method must be S256")),
        (None, Some(_)) => Some(("invalid_request", "code_challenge is missing")),
        (None, None) if client.secret_hash.is_none() => {
            Some(("invalid_request", "a public client must send a code_challenge with the method S256 (RFC 7636)"))
        }
        (None, None) => None,
    }
}

fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_CHARACTERS && BASE64_URL_SAFE_NO_PAD.decode(text).is_ok()
}

/// Whether a verifier is the challenge's; one that was not asked for is refused, too (RFC 9700, section 2.1.1).
fn verifies(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (Some(challenge), Some(verifier)) => {
            (43..=128).contains(&verifier.len()) && BASE64_URL_SAFE_NO_PAD.encode(hash_of(verifier)) == challenge
        }
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_its_challenge_as_in_appendix_b_of_rfc_7636() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_challenge(challenge) && verifies(Some(challenge), Some(verifier)) && verifies(None, None));
        assert!(!verifies(Some(challenge), Some(challenge)), "the method plain is not offered");
        assert!(!verifies(Some(challenge), None) && !verifies(None, Some(verifier)));
        assert!(!is_challenge("short") && !is_challenge(&"!".repeat(43)));
    }
}
