//! Codes for devices without a keyboard (RFC 8628): the device shows a short code, the person types it where they can sign in.

use std::net::IpAddr;

use fieldline_model::{SysId, Timestamp};
use fieldline_storage::Client;
use rand_core::Rng;

use super::ticket::{Decision, DeviceStub, Stub};
use super::{Issued, OauthError, hash_of, random_hex};
use crate::call::Call;
use crate::server::Server;

/// How long a person has.
pub const DEVICE_CODE_SECONDS: u32 = 600;
/// How long a client waits between two requests.
pub const POLL_SECONDS: u32 = 5;
/// What a code is made of: consonants, so that it is no word, and none that looks like another.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
const CODE_LETTERS: usize = 8;
/// What the guard counts wrong codes under, whoever types them.
const GUARDED: &str = "\0device code";

/// A device's codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// What the client asks with.
    pub device_code: String,
    /// What the person types.
    pub user_code: String,
}

impl Server {
    /// Begins for a client.
    ///
    /// # Errors
    /// When the database fails.
    pub fn device_code(&self, client: &Client, now: Timestamp, rng: &mut dyn Rng) -> Result<DeviceCode, OauthError> {
        let (device_code, user_code) = (random_hex(rng, 32), user_code(rng));
        let stub = Stub::Device(DeviceStub {
            client: client.id.clone(),
            decision: Decision::Open,
            asked_milliseconds: None,
            interval_seconds: POLL_SECONDS,
        });
        let lasts_milliseconds = i64::from(DEVICE_CODE_SECONDS) * 1_000;
        self.write(&self.system(), now, rng, |call| {
            call.keep(&device_code, &stub, lasts_milliseconds)?;
            call.keep(&typed(&user_code), &Stub::Typed(hash_of(&device_code)), lasts_milliseconds)
        })?;
        Ok(DeviceCode { device_code, user_code })
    }

    /// The name of the client that shows this code.
    ///
    /// # Errors
    /// [`OauthError::Expired`] for a code that is not shown anywhere, [`OauthError::Locked`] after too many of those.
    pub fn client_of_code(
        &self,
        user_code: &str,
        address: Option<IpAddr>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<String, OauthError> {
        // Counted by address alone: one person's mistakes must not lock everybody's devices.
        let from = address.map(|address| address.to_string()).unwrap_or_default();
        let name = format!("{GUARDED} {from}");
        self.guard.check(&name, address, now)?;
        let found = self.read(&self.system(), now, rng, |call| {
            let Some((_, Stub::Typed(device))) = call.kept(&hash_of(&typed(user_code)))? else { return Ok(None) };
            let Some((_, Stub::Device(stub))) = call.kept(&device)? else { return Ok(None) };
            Ok::<_, OauthError>(call.tx.client(&stub.client)?.map(|client| client.name))
        })?;
        if found.is_none() {
            self.guard.failed(&name, address, now);
        }
        found.ok_or(OauthError::Expired)
    }

    /// Lets the device that shows a code act for a user, or refuses it; the code is used up.
    ///
    /// # Errors
    /// [`OauthError::Expired`] for a code that is not shown anywhere.
    pub fn decide_device(
        &self,
        user_code: &str,
        user_or_refused: Option<SysId>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), OauthError> {
        let decision = user_or_refused.map_or(Decision::Refused, Decision::Granted);
        self.write(&self.system(), now, rng, |call| {
            let typed = hash_of(&typed(user_code));
            let Some((_, Stub::Typed(device))) = call.kept(&typed)? else { return Err(OauthError::Expired) };
            let Some((ticket, Stub::Device(stub))) = call.kept(&device)? else { return Err(OauthError::Expired) };
            call.tx.remove_ticket(&typed)?;
            Ok(call.change(&ticket, &Stub::Device(DeviceStub { decision, ..stub }))?)
        })
    }

    /// Tokens for a device, once its person has decided.
    ///
    /// # Errors
    /// [`OauthError::Pending`], [`OauthError::SlowDown`], [`OauthError::Denied`] or [`OauthError::Expired`].
    pub fn device_grant(
        &self,
        client: &Client,
        device_code: &str,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Issued, OauthError> {
        self.write(&self.system(), now, rng, |call| call.polled(client, device_code))?
    }
}

impl Call<'_> {
    /// What a client that asks for its device is told; that it asked must become durable, whatever it is told.
    fn polled(&mut self, client: &Client, device_code: &str) -> Result<Result<Issued, OauthError>, OauthError> {
        let kept = self.kept(&hash_of(device_code))?;
        let Some((ticket, Stub::Device(mut stub))) = kept else { return Ok(Err(OauthError::Expired)) };
        if stub.client != client.id {
            return Ok(Err(OauthError::Expired));
        }
        let waited = stub.asked_milliseconds.map(|asked| self.now.milliseconds_since(Timestamp(asked)));
        let too_soon = waited.is_some_and(|waited| waited < i64::from(stub.interval_seconds) * 1_000);
        if too_soon || stub.decision == Decision::Open {
            stub.interval_seconds += if too_soon { POLL_SECONDS } else { 0 };
            stub.asked_milliseconds = Some(self.now.0);
            self.change(&ticket, &Stub::Device(stub))?;
            return Ok(Err(if too_soon { OauthError::SlowDown } else { OauthError::Pending }));
        }
        self.tx.remove_ticket(&ticket.hash)?;
        match stub.decision {
            Decision::Granted(user) if self.active(user)? => self.grant(&client.id, user, true).map(Ok),
            _ => Ok(Err(OauthError::Denied)),
        }
    }
}

fn user_code(rng: &mut dyn Rng) -> String {
    let mut code = String::new();
    while code.len() < CODE_LETTERS {
        // Bytes from 240 on are drawn again, or the first letters would come more often.
        let byte = rng.next_u32().to_le_bytes()[0];
        if byte < 240 {
            code.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        }
    }
    let (left, right) = code.split_at(CODE_LETTERS / 2);
    format!("{left}-{right}")
}

/// What a typed code is kept under: case, spaces and hyphens do not count.
fn typed(user_code: &str) -> String {
    let letters = user_code.chars().filter(char::is_ascii_alphanumeric).take(2 * CODE_LETTERS);
    format!("user_code:{}", letters.map(|letter| letter.to_ascii_uppercase()).collect::<String>())
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_code_is_eight_consonants_and_may_be_typed_in_any_way() {
        let code = user_code(&mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
        assert_eq!(code.len(), 9);
        assert!(code.bytes().filter(|byte| *byte != b'-').all(|byte| LETTERS.contains(&byte)));
        assert_eq!(typed(&code), typed(&code.to_lowercase().replace('-', " ")));
        assert_ne!(typed(&code), typed(&code[1..]));
    }
}
