//! The way through a depot's kiosk, for a phone that has no line of its own there.
//!
//! A phone hands over one sealed request and remembers what it said in it; the answer may come at once, tomorrow, or never. An
//! answer is taken whole only while the phone still stands where it stood when it asked: otherwise it has been in step with
//! the server since, and what lay in the kiosk meanwhile could put older things above newer ones. Its receipts count all the
//! same, unless the server was restored from a backup in between.

use fieldline_model::Timestamp;
use fieldline_model::plant::{self, Plant};
use fieldline_store::{StoreError, View};
use fieldline_sync::frame;
use fieldline_sync::relay::{self, Envelope, RelayKey, Word};
use fieldline_sync::session::{Absorbed, Event, Replica};
use fieldline_sync::wire::{OLDEST_WIRE_VERSION, Response};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::device::Device;
use crate::error::DeviceError;
use crate::sync_state::Asked;

/// The request whose answer is awaited.
const HANDED_OVER: &str = "handed_over";

/// Where the phone stood when it asked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct HandedOver {
    #[n(0)]
    nonce: u64,
    #[n(1)]
    cursor: Option<ByteVec>,
    #[n(2)]
    server_epoch: Option<u64>,
    /// When it was handed over.
    #[n(3)]
    pub at: Timestamp,
    /// The wire version it is written in.
    #[n(4)]
    version: u16,
}

impl Device {
    /// Seals what this device has to say, for a kiosk to carry. Whatever was handed over before is no longer awaited: its
    /// edits are in the new envelope, too.
    ///
    /// # Errors
    /// [`DeviceError::NoRelay`] when the server gave no key for it, and when the database fails.
    pub fn hand_over(&mut self, nonce: u64, now: Timestamp) -> Result<Envelope, DeviceError> {
        let (key, who) = (self.relay_key()?, self.who()?.clone());
        let request = self.compose(nonce)?;
        let server_epoch = self.store.read(|view| view.server_epoch())?;
        let version = self.common_version()?;
        let handed_over = HandedOver { nonce, cursor: request.cursor.clone(), server_epoch, at: now, version };
        let bytes = minicbor::to_vec(handed_over).expect("encoding into memory does not fail");
        self.store.write(|tx| tx.put_meta(HANDED_OVER, Some(&bytes)))?;
        let frame = frame::encode_request(&request, version).into();
        Ok(Envelope::asking(&key, who.device, nonce, &relay::Asked { token: who.token, frame }))
    }

    /// Takes what a kiosk has for this device. Anything but the server's word on the newest request changes nothing and is
    /// `None`.
    ///
    /// # Errors
    /// When the database fails; the answer can be taken again.
    pub fn take_relayed(&mut self, envelope: &Envelope) -> Result<Option<Event>, DeviceError> {
        let Some(awaited) = self.store.read(handed_over)? else { return Ok(None) };
        if envelope.device != self.who()?.device || envelope.nonce != awaited.nonce {
            return Ok(None);
        }
        let event = match envelope.word(&self.relay_key()?) {
            None => return Ok(None),
            Some(Word::NeedsSignIn) => Event::NeedsSignIn,
            Some(Word::Revoked) => Event::Revoked,
            Some(Word::OtherVersion) if awaited.version > OLDEST_WIRE_VERSION => {
                // The server went back to an older build: the next request is one that every build reads.
                self.forget_version()?;
                Event::Absorbed(Absorbed { pending: true, progressed: true, ..Absorbed::default() })
            }
            Some(Word::OtherVersion) => Event::UpdateNeeded,
            Some(Word::Answer(bytes)) => match frame::decode_response(&bytes, self.wire_version) {
                Ok(response) if response.nonce == awaited.nonce => {
                    Event::Absorbed(self.absorb_relayed(response, &awaited)?)
                }
                _ => return Ok(None),
            },
        };
        self.store.write(|tx| tx.put_meta(HANDED_OVER, None))?;
        Ok(Some(event))
    }

    fn relay_key(&self) -> Result<RelayKey, DeviceError> {
        self.who()?.relay_key.clone().ok_or(DeviceError::NoRelay)
    }

    fn absorb_relayed(&mut self, response: Response, awaited: &HandedOver) -> Result<Absorbed, DeviceError> {
        let (cursor, epoch) = self.store.read(|view| Ok::<_, StoreError>((view.cursor()?, view.server_epoch()?)))?;
        let cursor = cursor.map(ByteVec::from);
        let has_stood_still = (&cursor, epoch) == (&awaited.cursor, awaited.server_epoch);
        let response = match cursor {
            _ if has_stood_still || plant::is(Plant::RelayedAnswerTakenWhole) => response,
            Some(cursor) if epoch == Some(response.server_epoch) => only_receipts(response, cursor),
            _ => return Ok(Absorbed::default()),
        };
        // However late it comes: the phone is in step as of when it asked.
        self.take_in(&response, &Asked::default(), awaited.at)
    }
}

/// What was handed over and has not been answered.
pub(crate) fn handed_over(view: View<'_>) -> Result<Option<HandedOver>, StoreError> {
    let Some(bytes) = view.meta(HANDED_OVER)? else { return Ok(None) };
    minicbor::decode(&bytes).map(Some).map_err(|error| StoreError::Content {
        place: "what was handed to a depot's kiosk".into(),
        problem: error.to_string(),
    })
}

/// What an answer says about this device's own work, and nothing about where the device stands.
fn only_receipts(response: Response, cursor: ByteVec) -> Response {
    let Response { wire_version, receipts, blobs, renew_epoch, .. } = response;
    let empty = Response::to(response.nonce, response.server_epoch, response.now);
    Response { wire_version, receipts, blobs, renew_epoch, cursor, more: true, ..empty }
}
