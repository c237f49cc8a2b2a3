//! What a client is given: access tokens, refresh tokens that rotate, their revocation (RFC 7009) and what a token is worth
//! (RFC 7662).
//!
//! **Rotation survives a lost answer.** A refresh token is used once. When its answer was lost, the client has nothing but
//! the used token: it works again for [`GRACE_MILLISECONDS`], as long as its successor was not used, and makes another
//! successor; the lost one is retired. A used or retired token that comes otherwise is in two hands: the grant ends.

use fieldline_model::{SysId, Timestamp};
use fieldline_storage::{Client, Grant, RefreshToken, Token};
use rand_core::Rng;

use super::{OauthError, SignIn, hash_of, random_hex};
use crate::call::Call;
use crate::server::Server;

/// How long an access token works. What is told is a second less, as its clients expect.
const ACCESS_SECONDS: u32 = 1_800;
/// How long a refresh token works, from its making: 100 days.
const REFRESH_MILLISECONDS: i64 = 100 * 86_400_000;
/// How long a used refresh token may be repeated.
pub(crate) const GRACE_MILLISECONDS: i64 = 5 * 60_000;

const USED_TWICE: &str = "the refresh token was used before; everything made from it has ended, sign in again";
const UNKNOWN: &str = "the refresh token is not valid (any more); sign in again";

/// What a client is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// What to send with every request.
    pub access_token: String,
    /// What to get the next one with.
    pub refresh_token: Option<String>,
    /// How long the access token works.
    pub expires_in_seconds: u32,
}

/// What a token is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The client it was given to.
    pub client: String,
    /// Whose it is.
    pub user: SysId,
    /// Their sign-in name.
    pub user_name: String,
    /// Whether it is a refresh token.
    pub refreshes: bool,
    /// When it stops working.
    pub expires_at: Timestamp,
}

impl Server {
    /// Tokens for a user name and a password, for clients made before browsers were asked (RFC 6749, section 4.3).
    ///
    /// # Errors
    /// [`OauthError::Grant`] or [`OauthError::Locked`], the same for a name that does not exist.
    pub fn password_grant(
        &self,
        client: &Client,
        given: SignIn<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Issued, OauthError> {
        if client.secret_hash.is_none() {
            return Err(OauthError::Unauthorized("a public client does not see passwords; use authorization_code"));
        }
        let user = self.check_password(given, now, rng)?.user;
        self.metrics.sign_ins.increment();
        self.write(&self.system(), now, rng, |call| call.grant(&client.id, user, true))
    }

    /// A token for the user a client is bound to (RFC 6749, section 4.4).
    ///
    /// # Errors
    /// [`OauthError::Unauthorized`] when it is bound to none that may sign in.
    pub fn client_grant(&self, client: &Client, now: Timestamp, rng: &mut dyn Rng) -> Result<Issued, OauthError> {
        let unbound = "the client is bound to no active user; add it with --user";
        let user = client.user.filter(|_| client.secret_hash.is_some()).ok_or(OauthError::Unauthorized(unbound))?;
        self.write(&self.system(), now, rng, |call| {
            call.active(user)?.then_some(()).ok_or(OauthError::Unauthorized(unbound))?;
            call.grant(&client.id, user, false)
        })
    }

    /// The next tokens (RFC 6749, section 6).
    ///
    /// # Errors
    /// [`OauthError::Grant`] when the token is unknown, another client's, expired, or used before; then the grant ends.
    pub fn refresh(
        &self,
        client: &Client,
        token: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Issued, OauthError> {
        let renewed = self.write(&self.system(), now, rng, |call| call.refresh(client, token))?;
        renewed.ok_or(OauthError::Grant(USED_TWICE))
    }

    /// Ends a token at once; a refresh token with everything made from it. Whoever holds a token may end it, so a token of
    /// another client than `of` is left alone and an unknown one is already ended.
    ///
    /// # Errors
    /// When the database fails.
    pub fn revoke(
        &self,
        of: Option<&Client>,
        token: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), OauthError> {
        let hash = hash_of(token);
        self.write(&self.system(), now, rng, |call| {
            let refresh = call.tx.refresh_token(&hash)?.map(|token| token.grant);
            let access = call.tx.token(&hash)?.and_then(|token| token.grant);
            let Some(grant) = refresh.or(access).map(|id| call.tx.grant(id)).transpose()?.flatten() else {
                return Ok(());
            };
            if of.is_some_and(|client| client.id != grant.client) {
                return Ok(());
            }
            match refresh {
                Some(id) => Ok(call.tx.remove_grant(id)?),
                None => Ok(call.tx.remove_token(&hash)?),
            }
        })
    }

    /// What a client's token is worth; `None` for one that does not work, or was never a client's.
    ///
    /// # Errors
    /// When the database fails.
    pub fn introspect(&self, token: &str, now: Timestamp) -> Result<Option<Standing>, OauthError> {
        let (hash, tx) = (hash_of(token), self.storage().read()?);
        let access = tx.token(&hash)?.and_then(|token| Some((token.grant?, token.expires_at, false)));
        let refresh = tx.refresh_token(&hash)?.filter(|token| token.used_at.is_none());
        let refresh = refresh.map(|token| (token.grant, token.expires_at, true));
        let found = access.or(refresh).filter(|(_, expires_at, _)| now < *expires_at);
        let Some((grant, expires_at, refreshes)) = found else { return Ok(None) };
        let Some(grant) = tx.grant(grant)? else { return Ok(None) };
        let account = tx.account_of(grant.user)?.filter(|account| account.active);
        Ok(account.map(|account| Standing {
            client: grant.client,
            user: grant.user,
            user_name: account.user_name,
            refreshes,
            expires_at,
        }))
    }
}

impl Call<'_> {
    pub(crate) fn active(&self, user: SysId) -> Result<bool, OauthError> {
        Ok(self.tx.account_of(user)?.is_some_and(|account| account.active))
    }

    /// A new grant and its first tokens.
    pub(crate) fn grant(&mut self, client: &str, user: SysId, refreshes: bool) -> Result<Issued, OauthError> {
        self.tx.remove_expired_tokens(self.now)?;
        self.tx.remove_expired_grants(self.now)?;
        let grant = Grant { id: self.new_sys_id(), client: client.to_owned(), user, created_at: self.now };
        self.tx.put_grant(&grant)?;
        let refresh_token = if refreshes { Some(self.new_refresh_token(grant.id)?) } else { None };
        self.issue(&grant, refresh_token)
    }

    fn issue(&mut self, grant: &Grant, refresh_token: Option<String>) -> Result<Issued, OauthError> {
        let access_token = random_hex(self.rng, 32);
        let expires_at = self.now.plus_milliseconds(i64::from(ACCESS_SECONDS) * 1_000);
        let (hash, grant, user) = (hash_of(&access_token), Some(grant.id), grant.user);
        self.tx.put_token(&Token { hash, user, device: None, grant, expires_at })?;
        Ok(Issued { access_token, refresh_token, expires_in_seconds: ACCESS_SECONDS - 1 })
    }

    fn new_refresh_token(&mut self, grant: SysId) -> Result<String, OauthError> {
        let token = random_hex(self.rng, 32);
        let expires_at = self.now.plus_milliseconds(REFRESH_MILLISECONDS);
        let kept = RefreshToken { hash: hash_of(&token), grant, used_at: None, successor: None, expires_at };
        self.tx.put_refresh_token(&kept)?;
        Ok(token)
    }

    /// The next tokens; `None` when the grant has ended because the token is in two hands, which must become durable.
    fn refresh(&mut self, client: &Client, token: &str) -> Result<Option<Issued>, OauthError> {
        let kept = self.tx.refresh_token(&hash_of(token))?.filter(|kept| self.now < kept.expires_at);
        let kept = kept.ok_or(OauthError::Grant(UNKNOWN))?;
        let grant = self.tx.grant(kept.grant)?.filter(|grant| grant.client == client.id);
        let grant = grant.ok_or(OauthError::Grant(UNKNOWN))?;
        self.active(grant.user)?.then_some(()).ok_or(OauthError::Grant(UNKNOWN))?;
        if kept.used_at.is_some() && !self.retire_lost_successor(&kept)? {
            self.tx.remove_grant(grant.id)?;
            return Ok(None);
        }
        let next = self.new_refresh_token(grant.id)?;
        let used_at = kept.used_at.or(Some(self.now));
        self.tx.put_refresh_token(&RefreshToken { used_at, successor: Some(hash_of(&next)), ..kept })?;
        self.tx.remove_expired_tokens(self.now)?;
        self.issue(&grant, Some(next)).map(Some)
    }

    /// Whether a used token is repeated because its answer was lost; then that answer's token works no more.
    fn retire_lost_successor(&mut self, kept: &RefreshToken) -> Result<bool, OauthError> {
        let in_time = |used: Timestamp| self.now.milliseconds_since(used) < GRACE_MILLISECONDS;
        let successor = match (kept.used_at, kept.successor) {
            (Some(used), Some(hash)) if in_time(used) => self.tx.refresh_token(&hash)?,
            _ => None,
        };
        let Some(successor) = successor.filter(|successor| successor.used_at.is_none()) else { return Ok(false) };
        self.tx.put_refresh_token(&RefreshToken { used_at: Some(self.now), ..successor })?;
        Ok(true)
    }
}
