//! Requests that come through a depot's kiosk: sealed, late, perhaps twice, and not to be believed for their way.
//!
//! Whoever carries an envelope says nothing by it. It is opened with the key of the device it names, and the token in it is
//! checked as if the device had come itself. Only one question is not asked: whether the device is a copy of one that went
//! on. A request that lay in a kiosk is older than what its device has sent since, which looks the same.

use fieldline_model::{DeviceId, Timestamp};
use fieldline_sync::frame::{self, FrameError};
use fieldline_sync::relay::{Envelope, RelayKey, Word};
use fieldline_sync::wire::Response;
use rand_core::Rng;
use ring::hmac;

use crate::accounts::AccountError;
use crate::server::{Identity, Server};
use crate::sync::{Checked, SyncRefusal};

/// What is in an envelope.
pub enum Unsealed {
    /// A request to answer.
    Asks(Box<Checked>),
    /// A request that is refused as a whole, and the answer that tells its device so.
    Refused(Envelope),
}

impl Identity {
    /// The secret this server shares with a device.
    pub(crate) fn relay_key(&self, device: DeviceId) -> RelayKey {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.cursor_key);
        let mut context = hmac::Context::with_key(&key);
        context.update(b"fieldline/relay/key/1\0");
        context.update(&device.0);
        RelayKey(context.sign().as_ref().try_into().expect("an HMAC-SHA-256 has 32 bytes"))
    }
}

impl Server {
    /// Opens an envelope.
    ///
    /// # Errors
    /// [`SyncRefusal::Sealed`] when the device it names did not seal it for this server; when there is nothing its device
    /// could be told; and when the database fails.
    pub fn unseal(&self, envelope: &Envelope, now: Timestamp) -> Result<Unsealed, SyncRefusal> {
        let asked = envelope.asked(&self.identity.relay_key(envelope.device)).ok_or(SyncRefusal::Sealed)?;
        let caller = match self.authenticate(&asked.token, now) {
            Ok(caller) => caller,
            Err(AccountError::Service(error)) => return Err(error.into()),
            Err(_) => return Ok(Unsealed::Refused(self.sealed(envelope, &Word::NeedsSignIn))),
        };
        match self.check(&caller, &asked.frame) {
            Ok(checked) if !checked.is_from(envelope) => Err(SyncRefusal::Sealed),
            Ok(checked) => Ok(Unsealed::Asks(Box::new(checked.relayed()))),
            Err(refusal) => {
                let word = word_on(&refusal).ok_or(refusal)?;
                Ok(Unsealed::Refused(self.sealed(envelope, &word)))
            }
        }
    }

    /// Seals the answer to what an envelope asked, for its device alone.
    pub fn seal(&self, envelope: &Envelope, answer: &Response) -> Envelope {
        self.sealed(envelope, &Word::Answer(frame::encode_response(answer).into()))
    }

    fn sealed(&self, envelope: &Envelope, word: &Word) -> Envelope {
        let Envelope { device, nonce, .. } = *envelope;
        Envelope::answering(&self.identity.relay_key(device), device, nonce, word)
    }

    /// Answers an envelope by itself.
    ///
    /// # Errors
    /// As [`Server::unseal`] and [`Server::answer_checked`].
    pub fn answer_envelope(
        &self,
        envelope: &Envelope,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Envelope, SyncRefusal> {
        match self.unseal(envelope, now)? {
            Unsealed::Asks(checked) => Ok(self.seal(envelope, &self.answer_checked(&checked, now, rng)?)),
            Unsealed::Refused(answer) => Ok(answer),
        }
    }
}

/// What a device is told, as the status of an answer would tell it without a kiosk.
fn word_on(refusal: &SyncRefusal) -> Option<Word> {
    match refusal {
        SyncRefusal::Revoked | SyncRefusal::NotThisDevice | SyncRefusal::Signature => Some(Word::Revoked),
        SyncRefusal::Frame(FrameError::OtherVersion { .. }) => Some(Word::OtherVersion),
        _ => None,
    }
}
