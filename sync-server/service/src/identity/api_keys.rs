//! Keys of integrations: one header, no sign-in, made by an administrator and shown once.

use fieldline_model::{SysId, Timestamp};
use fieldline_storage::ApiKey;
use rand_core::Rng;

use super::{hash_of, random_hex};
use crate::accounts::{AccountError, only_administrators};
use crate::call::Caller;
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
        if new.name.trim().is_empty() || new.name.chars().count() > NAME_CHARACTERS {
            let problem = format!("give the key a name of 1 to {NAME_CHARACTERS} characters");
            return Err(AccountError::Invalid { field: "name", problem });
        }
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
                name: new.name.trim().to_owned(),
                user,
                created_at: now,
                expires_at: now.plus_milliseconds(i64::from(new.days) * DAY_MILLISECONDS),
            };
            call.tx.put_api_key(&key)?;
            Ok((key, secret))
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
        let removed = self.write(caller, now, rng, |call| Ok::<_, AccountError>(call.tx.remove_api_key(id)?))?;
        if removed { Ok(()) } else { Err(AccountError::NotFound(format!("API key {id}"))) }
    }
}
