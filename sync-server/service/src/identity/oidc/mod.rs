//! Signing in through somebody else's provider (OpenID Connect Core 1.0, authorization code flow with PKCE).
//!
//! Everything here is a pure judgement about bytes somebody fetched: `strict_json.rs` reads JSON that means one thing,
//! `key_set.rs` finds the one key a token may be signed with, `signed.rs` judges signature and times, `id_token.rs` what an
//! identity token says, `sign_in.rs` knows which browser began what and which person a token speaks of.

mod id_token;
mod key_set;
mod providers;
mod sign_in;
pub(in crate::identity) mod signed;
mod strict_json;

pub use id_token::{Claims, Expected, verify};
pub use key_set::{Algorithm, KeySet};
pub use providers::NewProvider;
pub use sign_in::{Begun, OidcError, Returned, Then};
pub use signed::{IdTokenError, TOKEN_BYTES};
pub use strict_json::Strict;
