//! Invitations: a device is bound to a person without the person's password being typed on it.
//!
//! An invitation is a token that works once and only to enrol: it is bound to a device that does not exist, so
//! [`Server::authenticate`] lets nobody in with it. It carries the device's name, which its hash covers.

use std::collections::BTreeSet;

use fieldline_model::{DeviceId, Timestamp, hex};
use fieldline_storage::Token;
use rand_core::Rng;

use crate::accounts::{AccountError, Enrolled, Session, only_administrators};
use crate::call::Caller;
use crate::identity::{hash_of, random_hex};
use crate::server::Server;

const PREFIX: &str = "invite-";
/// An invitation waits until the next morning.
const INVITATION_MILLISECONDS: i64 = 24 * 3_600_000;

/// Whether a token has an invitation's form.
pub fn is_invitation(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl Server {
    /// Makes an invitation to bind one device to a user.
    ///
    /// # Errors
    /// When the caller is no administrator, or the user does not exist or may not sign in.
    pub fn invite_device(
        &self,
        caller: &Caller,
        user_name: &str,
        device_name: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Session, AccountError> {
        only_administrators(caller)?;
        let account = self.account(caller, user_name)?;
        if !account.active {
            return Err(AccountError::NotFound(format!("an active account of {user_name}")));
        }
        let name = hex::encode(device_name.as_bytes());
        let token = format!("{PREFIX}{}-{name}", random_hex(rng, 32));
        let expires_at = now.plus_milliseconds(INVITATION_MILLISECONDS);
        self.write(caller, now, rng, |call| {
            let device = Some(DeviceId(call.new_sys_id().0));
            let kept = Token { hash: hash_of(&token), user: account.user, device, grant: None, expires_at };
            call.tx.put_token(&kept)?;
            Ok(Session { token, user: account.user, expires_at })
        })
    }

    /// Binds a device to the user it was invited for; the invitation's name counts unless the device brings one.
    ///
    /// # Errors
    /// [`AccountError::Token`] when the invitation was used, has expired or never was, and as [`Server::enrol_device`].
    pub fn accept_invitation(
        &self,
        token: &str,
        name_or_invited: Option<&str>,
        public_key: [u8; 32],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Enrolled, AccountError> {
        let invited_name = name_of(token).ok_or(AccountError::Token)?;
        let hash = hash_of(token);
        let user = self.write(&self.system(), now, rng, |call| {
            let kept = call.tx.token(&hash)?.filter(|kept| now < kept.expires_at).ok_or(AccountError::Token)?;
            call.tx.remove_token(&hash)?;
            Ok::<_, AccountError>(kept.user)
        })?;
        let caller = Caller { user, roles: BTreeSet::new(), device: None };
        self.enrol_device(&caller, user, name_or_invited.unwrap_or(&invited_name), public_key, now, rng)
    }
}

/// The device name an invitation carries.
fn name_of(token: &str) -> Option<String> {
    let (_, hex) = token.strip_prefix(PREFIX)?.split_once('-')?;
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_carries_the_name_of_its_device() {
        assert_eq!(name_of("invite-00ff-4d696127732070686f6e65").as_deref(), Some("Mia's phone"));
        for other in ["", "invite-", "00ff-4d", "invite-00-4", "invite-00-zz", "invite-00-ff"] {
            assert!(name_of(other).is_none_or(|name| name.len() == 1), "{other}");
        }
    }
}
