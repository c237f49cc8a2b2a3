//! Passwords, sessions, and who sent a token.

use std::net::IpAddr;

use fieldline_model::plant::{self, Plant};
use fieldline_model::{DeviceId, SysId, Timestamp};
use fieldline_storage::{Account, Device, Token, Tx};
use rand_core::Rng;

use super::api_keys::is_api_key;
use super::{hash_of, random_hex};
use crate::accounts::{AccountError, Session};
use crate::call::{Call, Caller};
use crate::error::ServiceError;
use crate::passwords;
use crate::server::Server;

/// A session lasts a long shift.
const SESSION_MILLISECONDS: i64 = 16 * 3_600_000;

/// Somebody who gives a name and a password. Not printable, so that no log can hold it.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    /// The sign-in name.
    pub user_name: &'a str,
    /// The password.
    pub password: &'a str,
    /// Where they ask from, as far as that is known.
    pub address: Option<IpAddr>,
}

impl Server {
    /// Opens a session.
    ///
    /// # Errors
    /// [`AccountError::SignIn`] or [`AccountError::Locked`], the same for a name that does not exist.
    pub fn sign_in(&self, given: SignIn<'_>, now: Timestamp, rng: &mut dyn Rng) -> Result<Session, AccountError> {
        let account = self.check_password(given, now, rng)?;
        self.open_session(account.user, now, rng)
    }

    /// Opens a session for somebody whose identity has been proven.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn open_session(&self, user: SysId, now: Timestamp, rng: &mut dyn Rng) -> Result<Session, AccountError> {
        self.metrics.sign_ins.increment();
        self.write(&self.system(), now, rng, |call| {
            call.tx.remove_expired_tokens(now)?;
            call.open_session(user, None, SESSION_MILLISECONDS)
        })
    }

    /// Whose name and password these are: the one check behind every door that takes a password.
    ///
    /// # Errors
    /// [`AccountError::SignIn`] or [`AccountError::Locked`], the same for a name that does not exist.
    pub fn check_password(
        &self,
        given: SignIn<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Account, AccountError> {
        self.guard.check(given.user_name, given.address, now)?;
        let account = self.storage().read()?.account(given.user_name)?;
        // An account that is not there, is locked or has no password costs the same time as a wrong password.
        let account = account.filter(|account| account.active && !account.password_hash.is_empty());
        let verified = match account {
            Some(account) => passwords::matches(given.password, &account.password_hash).then_some(account),
            None => {
                self.password_cost.hash(given.password, rng);
                None
            }
        };
        let Some(account) = verified else {
            self.guard.failed(given.user_name, given.address, now);
            self.metrics.sign_ins_failed.increment();
            return Err(AccountError::SignIn);
        };
        self.guard.succeeded(given.user_name);
        Ok(account)
    }

    /// Who sent this token or API key.
    ///
    /// # Errors
    /// [`AccountError::Token`] when it is unknown, expired, or its device or account locked.
    pub fn authenticate(&self, token: &str, now: Timestamp) -> Result<Caller, AccountError> {
        sent_by(&*self.storage().read()?, token, now)
    }

    /// Does `work` for whoever sent this token or API key, on the state that says who that is.
    ///
    /// # Errors
    /// As [`Server::authenticate`], and whatever `work` returns.
    pub fn read_for<T, E: From<AccountError> + From<ServiceError>>(
        &self,
        token: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let tx = self.storage().read().map_err(ServiceError::from)?;
        let caller = sent_by(&*tx, token, now)?;
        work(&mut self.call(caller, now, rng, tx, false))
    }

    /// Ends a session; an unknown token is already ended.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sign_out(&self, token: &str, now: Timestamp, rng: &mut dyn Rng) -> Result<(), AccountError> {
        self.write(&self.system(), now, rng, |call| Ok(call.tx.remove_token(&hash_of(token))?))
    }
}

/// Who sent a token or API key.
fn sent_by(tx: &dyn Tx, token: &str, now: Timestamp) -> Result<Caller, AccountError> {
    let hash = hash_of(token);
    let (user, device) = if is_api_key(token) {
        let key = tx.api_key(&hash)?.filter(|key| key.active && now < key.expires_at).ok_or(AccountError::Token)?;
        (key.user, None)
    } else {
        let token = tx.token(&hash)?.filter(|token| now < token.expires_at).ok_or(AccountError::Token)?;
        (token.user, token.device)
    };
    if let Some(id) = device {
        let goes_in = |device: &Device| device.revoked_at.is_none() || plant::is(Plant::RevokedDeviceAnswered);
        let device = tx.device(id)?.filter(goes_in);
        device.filter(|device| device.user == user).ok_or(AccountError::Token)?;
    }
    let account = tx.account_of(user)?.filter(|account| account.active).ok_or(AccountError::Token)?;
    Ok(Caller { user: account.user, roles: account.roles, device })
}

impl Call<'_> {
    pub(crate) fn open_session(
        &mut self,
        user: SysId,
        device: Option<DeviceId>,
        lasts_milliseconds: i64,
    ) -> Result<Session, AccountError> {
        let token = random_hex(self.rng, 32);
        let expires_at = self.now.plus_milliseconds(lasts_milliseconds);
        self.tx.put_token(&Token { hash: hash_of(&token), user, device, grant: None, expires_at })?;
        Ok(Session { token, user, expires_at })
    }
}
