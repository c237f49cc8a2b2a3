//! Who calls, and the bridge to the service's blocking functions.
//!
//! A token costs one lookup. A password costs an Argon2id hash, so few are checked at once, and clients that send one with
//! every request (Basic authentication) are given a session behind the scenes that lasts some minutes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use fieldline_model::Timestamp;
use fieldline_service::accounts::{AccountError, Session};
use fieldline_service::call::Caller;
use fieldline_service::{Call, Server, ServiceError, SignIn};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::credentials::Credentials;
use crate::edge::Visitor;
use crate::rates::Uncounted;
use crate::refusal::{Failure, Problem, Refusal};
use crate::{App, Entropy};

/// Passwords checked at the same time: each check takes 19 MiB and a core for tens of milliseconds.
const CHECKS_AT_ONCE: usize = 4;
/// How long a password sent with every request is not checked again.
const TRUSTED_MILLISECONDS: i64 = 5 * 60_000;
/// Clients remembered at the same time: integrations, not people.
const CLIENTS_REMEMBERED: usize = 1_000;

/// Runs `work` where it may block, with the server, this moment and chance.
///
/// # Errors
/// Whatever `work` returns; [`Refusal::Broken`] when it panicked.
pub async fn blocking<T, E>(
    app: &App,
    work: impl FnOnce(&Server, Timestamp, &mut Entropy) -> Result<T, E> + Send + 'static,
) -> Result<T, Refusal>
where
    T: Send + 'static,
    E: Into<Refusal>,
{
    let work =
        move |server: &Server, now: Timestamp, entropy: &mut Entropy| work(server, now, entropy).map_err(E::into);
    elsewhere(app, work).await.unwrap_or(Err(Refusal::Broken))
}

/// As [`blocking`], for those who answer the service's own errors.
///
/// # Errors
/// Whatever `work` returns; a damaged server when it panicked.
pub async fn blocking_as<T, E>(
    app: &App,
    work: impl FnOnce(&Server, Timestamp, &mut Entropy) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<ServiceError> + Send + 'static,
{
    let ended = || ServiceError::Damaged { what: "the request".into(), problem: "its work did not end".into() };
    elsewhere(app, work).await.unwrap_or_else(|| Err(ended().into()))
}

/// What `work` returns on a thread that may block; `None` when it panicked.
async fn elsewhere<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Server, Timestamp, &mut Entropy) -> T + Send + 'static,
) -> Option<T> {
    let (server, now, mut entropy) = (app.server.clone(), app.clock.now(), app.entropy.clone());
    let span = tracing::Span::current();
    let job = move || span.in_scope(|| work(&server, now, &mut entropy));
    let done = tokio::task::spawn_blocking(job).await;
    done.inspect_err(|panic| tracing::error!(%panic, "a request's work did not end")).ok()
}

/// The password checks under way and those that need not be repeated yet.
pub struct Passwords {
    slots: Semaphore,
    key: ring::hmac::Key,
    trusted: Mutex<BTreeMap<[u8; 32], (Timestamp, String)>>,
}

impl Passwords {
    /// Remembers nobody; `entropy` makes the key under which clients are remembered, so no password is.
    pub fn new(entropy: &mut Entropy) -> Self {
        let mut key = [0; 32];
        rand_core::Rng::fill_bytes(entropy, &mut key);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        Self { slots: Semaphore::new(CHECKS_AT_ONCE), key, trusted: Mutex::default() }
    }

    fn tag(&self, user_name: &str, password: &str) -> [u8; 32] {
        let text = format!("{}:{user_name}{password}", user_name.len());
        ring::hmac::sign(&self.key, text.as_bytes()).as_ref().try_into().expect("an HMAC-SHA-256 has 32 bytes")
    }

    fn token_of(&self, tag: &[u8; 32], now: Timestamp) -> Option<String> {
        let trusted = self.trusted.lock().unwrap_or_else(PoisonError::into_inner);
        trusted.get(tag).filter(|(until, _)| now < *until).map(|(_, token)| token.clone())
    }

    fn trust(&self, tag: [u8; 32], token: String, now: Timestamp) {
        let mut trusted = self.trusted.lock().unwrap_or_else(PoisonError::into_inner);
        trusted.retain(|_, (until, _)| now < *until);
        if trusted.len() < CLIENTS_REMEMBERED {
            trusted.insert(tag, (now.plus_milliseconds(TRUSTED_MILLISECONDS), token));
        }
    }

    /// Forgets a client whose session has ended; tells whether there was one.
    fn distrust(&self, token: &str) -> bool {
        let mut trusted = self.trusted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = trusted.len();
        trusted.retain(|_, (_, known)| known != token);
        trusted.len() < before
    }
}

/// A place among the few that check a password or secret at the same time.
pub async fn password_slot(app: &App) -> Option<SemaphorePermit<'_>> {
    app.passwords.slots.acquire().await.ok()
}

/// Checks a password and opens a session.
///
/// # Errors
/// [`Refusal::WrongPassword`], or [`Refusal::TooMany`] while the name is locked.
pub async fn sign_in(app: &App, user_name: String, password: String, visitor: Visitor) -> Result<Session, Refusal> {
    let _slot = password_slot(app).await;
    blocking(app, move |server, now, rng| {
        let given = SignIn { user_name: &user_name, password: &password, address: visitor.0 };
        server.sign_in(given, now, rng).map_err(|error| match error {
            AccountError::Locked { until } => {
                Refusal::TooMany(u32::try_from(until.milliseconds_since(now) / 1_000 + 1).unwrap_or(1))
            }
            other => other.into(),
        })
    })
    .await
}

/// A token that stands for the credentials.
///
/// # Errors
/// What [`sign_in`] returns.
pub async fn token(app: &App, credentials: Credentials, visitor: Visitor) -> Result<String, Refusal> {
    let (user_name, password) = match credentials {
        Credentials::Bearer(token) => return Ok(token),
        Credentials::Basic { user_name, password } => (user_name, password),
    };
    let tag = app.passwords.tag(&user_name, &password);
    if let Some(token) = app.passwords.token_of(&tag, app.clock.now()) {
        return Ok(token);
    }
    let session = sign_in(app, user_name, password, visitor).await?;
    app.passwords.trust(tag, session.token.clone(), app.clock.now());
    Ok(session.token)
}

/// Whoever the credentials belong to.
///
/// # Errors
/// [`Refusal::NotAuthenticated`] and what [`sign_in`] returns.
pub async fn identify(app: &App, credentials: Credentials, visitor: Visitor) -> Result<Caller, Refusal> {
    let token = token(app, credentials.clone(), visitor).await?;
    match authenticate(app, token.clone()).await {
        // The session behind the scenes was ended, which says nothing about the password.
        Err(Refusal::NotAuthenticated) if app.passwords.distrust(&token) => {
            authenticate(app, self::token(app, credentials, visitor).await?).await
        }
        done => done,
    }
}

/// Whoever a token belongs to.
///
/// # Errors
/// [`Refusal::NotAuthenticated`] when it does not work (any more).
pub async fn authenticate(app: &App, token: String) -> Result<Caller, Refusal> {
    blocking(app, move |server, now, _| server.authenticate(&token, now)).await
}

/// Somebody with a valid token or password, asking a native path.
pub struct Signed(pub Caller);

impl FromRequestParts<App> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = identify(app, Credentials::of(&parts.headers)?, Visitor::of(parts)).await?;
        Uncounted::of(app, parts).count(&app.server, &caller, app.clock.now())?;
        Ok(Self(caller))
    }
}

/// Somebody with a valid token or password, asking the Table API.
pub struct TableCaller(pub Caller);

impl FromRequestParts<App> for TableCaller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let caller = identify(app, Credentials::of(&parts.headers)?, Visitor::of(parts)).await?;
        admit(&app.server, &caller, &Uncounted::of(app, parts), app.clock.now())?;
        Ok(Self(caller))
    }
}

fn admit(server: &Server, caller: &Caller, request: &Uncounted, now: Timestamp) -> Result<(), Refusal> {
    if caller.device.is_some() {
        let why = "a device's token is for /api/v1/sync; sign in with a user name and password";
        return Err(Refusal::Forbidden(why.into()));
    }
    request.count(server, caller, now)
}

/// Somebody asking the Table API who need not be known yet: whoever reads, and has a token, is looked up in the state that
/// answers.
pub enum Asker {
    /// Who it is.
    Known(Caller),
    /// What says who it is.
    Token(String, Uncounted),
}

impl FromRequestParts<App> for Asker {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        match Credentials::of(&parts.headers)? {
            Credentials::Bearer(token) if parts.method.is_safe() => Ok(Self::Token(token, Uncounted::of(app, parts))),
            _ => TableCaller::from_request_parts(parts, app).await.map(|TableCaller(caller)| Self::Known(caller)),
        }
    }
}

impl Asker {
    /// Who it is.
    ///
    /// # Errors
    /// As [`TableCaller`].
    pub fn known(&self, server: &Server, now: Timestamp) -> Result<Cow<'_, Caller>, Refusal> {
        match self {
            Self::Known(caller) => Ok(Cow::Borrowed(caller)),
            Self::Token(token, request) => {
                let caller = server.authenticate(token, now)?;
                admit(server, &caller, request, now)?;
                Ok(Cow::Owned(caller))
            }
        }
    }

    /// Does `work` for them in one transaction.
    ///
    /// # Errors
    /// As [`TableCaller`], and whatever `work` returns.
    pub fn write<T, E: From<ServiceError> + Into<Refusal>>(
        &self,
        server: &Server,
        now: Timestamp,
        rng: &mut Entropy,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
    ) -> Result<T, Refusal> {
        let caller = self.known(server, now)?;
        server.write(&caller, now, rng, work).map_err(E::into)
    }

    /// Does `work` for them on one consistent state.
    ///
    /// # Errors
    /// As [`TableCaller`], and whatever `work` returns.
    pub fn read<T, E: From<ServiceError> + Into<Refusal>>(
        &self,
        server: &Server,
        now: Timestamp,
        rng: &mut Entropy,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
    ) -> Result<T, Refusal> {
        match self {
            Self::Known(caller) => server.read(caller, now, rng, work).map_err(E::into),
            Self::Token(token, request) => server.read_for(token, now, rng, |call| {
                admit(server, &call.caller, request, now)?;
                work(call).map_err(E::into)
            }),
        }
    }
}
