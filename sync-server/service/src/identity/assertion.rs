//! Tokens for what a client signed instead of a secret (RFC 7523, section 2.1): whoever holds the private half of a key that an
//! administrator registered for a client says for whom the client acts, each time once.
//!
//! A client that is bound to a user acts for that one; another for anybody but administrators. A token made this way cannot be
//! refreshed: the client signs again.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::Timestamp;
use fieldline_storage::{Account, Client};
use rand_core::Rng;
use serde_json::{Map, Value};

use super::oidc::signed::{SKEW_SECONDS, judge_times, signed, subject};
use super::oidc::{Algorithm, IdTokenError, KeySet, Strict};
use super::ticket::Stub;
use super::{Issued, OauthError, hash_of};
use crate::call::Call;
use crate::server::Server;
use IdTokenError::Refused;

/// The longest an assertion may hold. Its `jti` is remembered as long.
const LONGEST_SECONDS: i64 = 3_600;
/// The longest `jti`: a UUID with something around it.
const ID_CHARACTERS: usize = 255;
const SOMEBODY_ELSE: OauthError = OauthError::Assertion("it is about somebody this client may not act for");

/// What a believed assertion says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// The sign-in name of whom the client acts for.
    pub user_name: String,
    /// Tells it from every other one of the client.
    pub id: String,
    /// How long it holds, in seconds since 1970.
    pub until: i64,
}

impl Assertion {
    /// Believes an assertion of a client for one of these audiences, or says why not.
    ///
    /// # Errors
    /// [`IdTokenError::UnknownKey`] when its key is not in `keys`, else [`IdTokenError::Refused`].
    pub fn verify(
        token: &str,
        keys: &KeySet,
        client: &str,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<Self, IdTokenError> {
        let (claims, _) =
            signed(token, keys, &Algorithm::NAMES.map(str::to_owned).into_iter().collect::<BTreeSet<_>>())?;
        judge_parties(&claims, client, audiences)?;
        let user_name = subject(&claims)?.to_owned();
        let (issued, until) = judge_times(&claims, now)?;
        if until - issued > LONGEST_SECONDS {
            return Err(Refused("it holds for more than an hour"));
        }
        let id = claims.get("jti").and_then(Value::as_str).unwrap_or_default();
        match id.chars().count() {
            1..=ID_CHARACTERS => Ok(Self { user_name, id: id.to_owned(), until }),
            _ => Err(Refused("it has no jti, so it could be used twice")),
        }
    }
}

/// By whom and for whom. For several is for nobody: another of them could bring it here.
fn judge_parties(claims: &Map<String, Value>, client: &str, audiences: &[String]) -> Result<(), IdTokenError> {
    if claims.get("iss").and_then(Value::as_str) != Some(client) {
        return Err(Refused("its issuer is another"));
    }
    let audience = match claims.get("aud") {
        Some(Value::Array(many)) if many.len() == 1 => many[0].as_str(),
        Some(one) => one.as_str(),
        None => None,
    };
    let is_us = |audience: &str| audience == client || audiences.iter().any(|ours| ours == audience);
    if audience.is_some_and(is_us) { Ok(()) } else { Err(Refused("it is for somebody else")) }
}

/// The client an assertion says it is from, to look up whose keys it must be signed with: nothing of it is believed yet.
pub fn claimed_issuer(token: &str) -> Option<String> {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    Some(Strict::read(&payload)?.get("iss")?.as_str()?.to_owned())
}

impl Server {
    /// A token for whom an assertion of a client names.
    ///
    /// # Errors
    /// [`OauthError::Unauthorized`] when the client has no keys, [`OauthError::Assertion`] when it is not believed, came
    /// before, or is about somebody the client may not act for.
    pub fn assertion_grant(
        &self,
        client: &Client,
        assertion: &str,
        audiences: &[String],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Issued, OauthError> {
        let keys = client.keys.as_ref().and_then(|keys| KeySet::read(keys.as_bytes()));
        let keys = keys.ok_or(OauthError::Unauthorized("the client has registered no public keys"))?;
        let assertion = Assertion::verify(assertion, &keys, &client.id, audiences, now);
        let assertion = assertion.inspect_err(|_| self.metrics.sign_ins_failed.increment())?;
        let issued = self.write(&self.system(), now, rng, |call| {
            let account = call.whom_it_is_about(client, &assertion)?;
            call.use_once(client, &assertion)?;
            call.grant(&client.id, account.user, false)
        })?;
        self.metrics.sign_ins.increment();
        Ok(issued)
    }
}

impl Call<'_> {
    fn whom_it_is_about(&self, client: &Client, assertion: &Assertion) -> Result<Account, OauthError> {
        let account = self.tx.account(&assertion.user_name)?.filter(|account| account.active);
        let may_act = |account: &Account| match client.user {
            Some(user) => account.user == user,
            None => !account.roles.contains("admin"),
        };
        account.filter(may_act).ok_or(SOMEBODY_ELSE)
    }

    /// Remembers an assertion for as long as it holds.
    fn use_once(&mut self, client: &Client, assertion: &Assertion) -> Result<(), OauthError> {
        let Assertion { id, until, .. } = assertion;
        let name = format!("assertion {} {id}", client.id);
        if self.kept(&hash_of(&name))?.is_some() {
            return Err(OauthError::Assertion("it was used before; sign another"));
        }
        let left_milliseconds = until.saturating_add(SKEW_SECONDS).saturating_mul(1_000).saturating_sub(self.now.0);
        Ok(self.keep(&name, &Stub::Assertion, left_milliseconds)?)
    }
}

impl From<IdTokenError> for OauthError {
    fn from(error: IdTokenError) -> Self {
        Self::Assertion(match error {
            IdTokenError::UnknownKey => "its key is not one the client registered",
            Refused(why) => why,
        })
    }
}
