//! Ways in for people and programs.
//!
//! * `sign_in.rs`: passwords, sessions, and who sent a token. Passwords are hashed outside every transaction, so a sign-in
//!   makes nobody wait.
//! * `clients.rs`, `tokens.rs`, `codes.rs`, `device_codes.rs`, `assertion.rs`: an OAuth 2 authorization server (RFC 6749) over
//!   opaque tokens. `noted.rs` tells the audit of clients, keys and providers.
//! * `api_keys.rs`: keys of integrations. [`oidc`]: people whom somebody else vouches for. [`scim`]:
//!   people and groups a directory keeps here.
//!
//! Tokens, codes and keys are 256 random bits of which only the SHA-256 is kept. Removing a grant, a key or a session acts
//! with the next request: nothing is remembered about them outside the database.

mod api_keys;
mod assertion;
mod clients;
mod codes;
mod device_codes;
mod guard;
mod noted;
mod oauth_error;
pub mod oidc;
pub mod scim;
mod sign_in;
mod ticket;
mod tokens;

use fieldline_model::hex;
use rand_core::Rng;

pub use api_keys::{KeyChange, NewKey};
pub use assertion::{Assertion, claimed_issuer};
pub use clients::{ClientChange, ClientCredentials, NewClient};
pub use codes::{Authorization, AuthorizeError};
pub use device_codes::{DEVICE_CODE_SECONDS, DeviceCode, POLL_SECONDS};
pub(crate) use guard::Guard;
pub use oauth_error::OauthError;
pub use sign_in::SignIn;
pub use tokens::{Issued, Standing};

pub(crate) fn random_hex(rng: &mut dyn Rng, bytes: usize) -> String {
    let mut random = vec![0; bytes];
    rng.fill_bytes(&mut random);
    hex::encode(&random)
}

pub(crate) fn hash_of(token: &str) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("a SHA-256 has 32 bytes")
}
