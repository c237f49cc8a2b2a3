//! A sign-in through a provider, from this server's side: which browser began it, and whom the token speaks of.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, Timestamp, Value};
use fieldline_storage::{Account, Provider};
use minicbor::{Decode, Encode};
use rand_core::Rng;

use super::id_token::{Claims, Expected, verify};
use super::key_set::KeySet;
use super::signed::IdTokenError;
use crate::accounts::{AccountError, Session};
use crate::call::Call;
use crate::error::ServiceError;
use crate::identity::ticket::{SignInStub, Stub};
use crate::identity::{Authorization, hash_of, random_hex};
use crate::server::Server;

/// How long a person has at the provider.
const SIGN_IN_MILLISECONDS: i64 = 10 * 60_000;

/// What a sign-in is for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Then {
    /// A session of this server.
    #[n(0)]
    Session,
    /// Back to the client that asked.
    #[n(1)]
    Authorize(#[n(0)] Authorization),
}

/// What goes along with the browser to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Comes back with the answer.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// The PKCE verifier of the code.
    pub verifier: String,
}

/// What a browser that came back began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// The provider it was sent to.
    pub provider: Provider,
    /// What the token must contain.
    pub nonce: String,
    /// The PKCE verifier of the code.
    pub verifier: String,
    /// What the sign-in is for.
    pub then: Then,
}

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The answer does not belong to a sign-in of this browser.
    #[error("this sign-in was not begun in this browser, is used up or took too long; begin again")]
    State,
    /// There is no such provider.
    #[error("this provider is not known here; ask an administrator to add it")]
    Provider,
    /// The token is not believed.
    #[error(transparent)]
    Token(#[from] IdTokenError),
    /// Nobody here, or nobody active, is who the token speaks of; or several are.
    #[error("nobody here who may sign in is known under what the provider says about you; ask an administrator")]
    Nobody,
    /// The server could not do its part.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<fieldline_storage::StorageError> for OidcError {
    fn from(error: fieldline_storage::StorageError) -> Self {
        Self::Service(error.into())
    }
}

impl Server {
    /// The active provider of a name.
    ///
    /// # Errors
    /// [`OidcError::Provider`] when there is none.
    pub fn provider(&self, name: &str) -> Result<Provider, OidcError> {
        let known = self.storage().read()?.providers()?;
        known.into_iter().find(|provider| provider.active && provider.name == name).ok_or(OidcError::Provider)
    }

    /// Begins a sign-in in a browser that keeps a secret.
    ///
    /// # Errors
    /// When the database fails.
    pub fn begin_sign_in(
        &self,
        provider: &Provider,
        browser: &str,
        then: Then,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Begun, OidcError> {
        let begun = Begun { state: random_hex(rng, 32), nonce: random_hex(rng, 32), verifier: random_hex(rng, 32) };
        let stub = Stub::SignIn(SignInStub {
            provider: provider.name.clone(),
            browser: hash_of(browser),
            nonce: begun.nonce.clone(),
            verifier: begun.verifier.clone(),
            then,
        });
        self.write(&self.system(), now, rng, |call| call.keep(&begun.state, &stub, SIGN_IN_MILLISECONDS))?;
        Ok(begun)
    }

    /// What a browser that came back began; a state works once, whoever brings it.
    ///
    /// # Errors
    /// [`OidcError::State`] when this browser did not begin it.
    pub fn returned(
        &self,
        state: &str,
        browser: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Returned, OidcError> {
        let found = self.write(&self.system(), now, rng, |call| {
            let Some((ticket, Stub::SignIn(stub))) = call.kept(&hash_of(state))? else { return Ok(None) };
            call.tx.remove_ticket(&ticket.hash)?;
            Ok::<_, OidcError>(Some(stub).filter(|stub| stub.browser == hash_of(browser)))
        })?;
        let SignInStub { provider, nonce, verifier, then, .. } = found.ok_or(OidcError::State)?;
        Ok(Returned { provider: self.provider(&provider)?, nonce, verifier, then })
    }

    /// Believes a token and knows who it speaks of.
    ///
    /// # Errors
    /// [`OidcError::Token`] or [`OidcError::Nobody`].
    pub fn person_of(
        &self,
        returned: &Returned,
        id_token: &str,
        access_token: Option<&str>,
        keys: &KeySet,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Account, OidcError> {
        let Returned { provider, nonce, .. } = returned;
        let expected = Expected {
            issuer: &provider.issuer,
            client_id: &provider.client_id,
            nonce,
            access_token,
            algorithms: &provider.algorithms,
        };
        let claims = verify(id_token, keys, &expected, now)?;
        let person = self.read(&self.system(), now, rng, |call| call.person(provider, &claims));
        if person.is_err() {
            self.metrics.sign_ins_failed.increment();
        }
        person
    }

    /// A session for somebody a provider vouched for.
    ///
    /// # Errors
    /// When the database fails.
    pub fn session_of(&self, account: &Account, now: Timestamp, rng: &mut dyn Rng) -> Result<Session, AccountError> {
        self.open_session(account.user, now, rng)
    }
}

impl Call<'_> {
    /// The one active person with an account whom a claim names. Nobody is made here, so no role can come in.
    fn person(&mut self, provider: &Provider, claims: &Claims) -> Result<Account, OidcError> {
        let claim = claims.text(&provider.claim)?;
        let rows = self.some_rows("sys_user", &Filter::equals(provider.field.as_str(), claim), 2)?;
        let is_exact = |row: &Record| row.text(&provider.field).to_lowercase() == claim.to_lowercase();
        let [row] = &rows[..] else { return Err(OidcError::Nobody) };
        if !is_exact(row) || row.get("active") == Some(&Value::Boolean(false)) {
            return Err(OidcError::Nobody);
        }
        let account = self.tx.account_of(row.id.sys_id)?.filter(|account| account.active);
        account.ok_or(OidcError::Nobody)
    }
}
