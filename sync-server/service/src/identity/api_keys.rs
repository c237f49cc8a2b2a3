//! Keys of integrations: one header, no sign-in, made by an administrator and shown once.

use fieldline_model::{SysId, Timestamp};
use fieldline_storage::ApiKey;
use rand_core::Rng;

use super::{hash_of, noted, random_hex};
use crate::accounts::{AccountError, only_administrators};
use crate::call::{Call, Caller};
use crate::server::Server;

/// How every key begins, so that one in the wrong place is found.
const PREFIX: &str = "flk_";
/// The longest name of a key.
const NAME_CHARACTERS: usize = 100;
/// The longest a key may work: ten years of 365 days.
const LONGEST_DAYS: u32 = 3_650;
const DAY_MILLISECONDS: i64 = 86_400_000;

/// A key to make.
#[derive(Debug, Clone, Copy)]
pub struct NewKey<'a> {
    /// What people call it.
    pub name: &'a str,
    /// The sign-in name of whom it acts as.
    pub user_name: &'a str,
    /// How long it works.
    pub days: u32,
}

/// What changes of a key; what is `None` stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyChange<'a> {
    /// What people call it.
    pub name: Option<&'a str>,
    /// Whether it works.
    pub active: Option<bool>,
}

/// Whether a token has a key's form.
pub(super) fn is_api_key(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl Server {
    /// Makes a key; returns it with the secret, to be shown once.
    ///
    /// # Errors
    /// When the caller is no administrator, or name, user or days do not fit.
    pub fn create_api_key(
        &self,
        caller: &Caller,
        new: NewKey<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(ApiKey, String), AccountError> {
        only_administrators(caller)?;
        let name = named(new.name)?;
        if !(1..=LONGEST_DAYS).contains(&new.days) {
            return Err(AccountError::Invalid { field: "days", problem: format!("must be 1 to {LONGEST_DAYS}") });
        }
        let user = self.account(caller, new.user_name)?.user;
        let secret = format!("{PREFIX}{}", random_hex(rng, 32));
        self.write(caller, now, rng, |call| {
            call.tx.remove_expired_grants(now)?;
            let key = ApiKey {
                id: call.new_sys_id(),
                hash: hash_of(&secret),
                name,
                user,
                active: true,
                created_at: now,
                expires_at: now.plus_milliseconds(i64::from(new.days) * DAY_MILLISECONDS),
            };
            call.tx.put_api_key(&key)?;
            call.note_way_in(None, Some(noted::api_key(&key)))?;
            Ok((key, secret))
        })
    }

    /// Changes a key; one that is set inactive stops working at once.
    ///
    /// # Errors
    /// When the caller is no administrator, there is no such key, or the name does not fit.
    pub fn change_api_key(
        &self,
        caller: &Caller,
        id: SysId,
        change: KeyChange<'_>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<ApiKey, AccountError> {
        only_administrators(caller)?;
        let name = change.name.map(named).transpose()?;
        self.write(caller, now, rng, |call| {
            let before = known(call, id)?;
            let mut key = before.clone();
            key.name = name.unwrap_or(key.name);
            key.active = change.active.unwrap_or(key.active);
            call.tx.put_api_key(&key)?;
            call.note_way_in(Some(noted::api_key(&before)), Some(noted::api_key(&key)))?;
            Ok(key)
        })
    }

    /// Every key, newest first.
    ///
    /// # Errors
    /// When the caller is no administrator or the database fails.
    pub fn api_keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, AccountError> {
        only_administrators(caller)?;
        Ok(self.storage().read()?.api_keys()?)
    }

    /// Removes a key; it stops working at once.
    ///
    /// # Errors
    /// When the caller is no administrator, or there is no such key.
    pub fn remove_api_key(
        &self,
        caller: &Caller,
        id: SysId,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), AccountError> {
        only_administrators(caller)?;
        self.write(caller, now, rng, |call| {
            let gone = known(call, id)?;
            call.tx.remove_api_key(id)?;
            Ok(call.note_way_in(Some(noted::api_key(&gone)), None)?)
        })
    }
}

fn known(call: &Call<'_>, id: SysId) -> Result<ApiKey, AccountError> {
    let known = call.tx.api_keys()?.into_iter().find(|key| key.id == id);
    known.ok_or_else(|| AccountError::NotFound(format!("API key {id}")))
}

fn named(name: &str) -> Result<String, AccountError> {
    if (1..=NAME_CHARACTERS).contains(&name.trim().chars().count()) {
        return Ok(name.trim().to_owned());
    }
    let problem = format!("give the key a name of 1 to {NAME_CHARACTERS} characters");
    Err(AccountError::Invalid { field: "name", problem })
}
