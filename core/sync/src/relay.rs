//! What a depot's kiosk carries between phones that have no line and the server, without anybody trusting it.
//!
//! A phone seals its request, together with the token it is let in by, under a key that only it and the server hold; the
//! server seals its word the same way. A kiosk sees whose an [`Envelope`] is, how large it is, and the number that pairs an
//! answer with its question. It can read, forge and redirect nothing; it may lose, delay, repeat and mix up envelopes, which
//! costs time and never work: requests are harmless to repeat, and a phone takes an answer only for its newest question.

use fieldline_model::DeviceId;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use ring::hmac;

use crate::caps::MAX_ENVELOPE_BYTES;
use crate::seal::Seal;

/// The media type of an envelope in HTTP.
pub const MEDIA_TYPE: &str = "application/vnd.fieldline.relay";

const UP: &[u8] = b"fieldline/relay/up/1\0";
const DOWN: &[u8] = b"fieldline/relay/down/1\0";

/// The secret one device shares with its server, given at enrolment.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct RelayKey(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

impl std::fmt::Debug for RelayKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RelayKey(secret)")
    }
}

/// A sealed request, or the sealed word on one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Envelope {
    /// Whose it is.
    #[n(0)]
    pub device: DeviceId,
    /// The request's nonce.
    #[n(1)]
    pub nonce: u64,
    /// What only the device and its server can read.
    #[n(2)]
    pub sealed: ByteVec,
}

/// A request on its way through a kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Asked {
    /// What the device is let in by.
    #[n(0)]
    pub token: String,
    /// The request, as it would travel without a kiosk.
    #[n(1)]
    pub frame: ByteVec,
}

/// What the server says to a request that came through a kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Word {
    /// It was done: the answer, as it would travel without a kiosk.
    #[n(0)]
    Answer(#[n(0)] ByteVec),
    /// The token is not accepted.
    #[n(1)]
    NeedsSignIn,
    /// The device was locked.
    #[n(2)]
    Revoked,
    /// The request is written in a version the server does not speak.
    #[n(3)]
    OtherVersion,
}

/// Why bytes are not an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is larger than any envelope may be.
    #[error("the envelope has {bytes} bytes and may have {MAX_ENVELOPE_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// They are something else, or were cut.
    #[error("the bytes are no sealed envelope; they were cut on the way, or somebody else answered")]
    NotAnEnvelope,
}

impl Envelope {
    /// The envelope as it travels.
    pub fn encode(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("encoding into memory does not fail")
    }

    /// Reads an envelope; what is in it stays closed.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeError::TooLarge { bytes: bytes.len() });
        }
        let mut decoder = minicbor::Decoder::new(bytes);
        let envelope = decoder.decode().map_err(|_| EnvelopeError::NotAnEnvelope)?;
        if decoder.position() == bytes.len() { Ok(envelope) } else { Err(EnvelopeError::NotAnEnvelope) }
    }

    /// Seals a device's request.
    pub fn asking(key: &RelayKey, device: DeviceId, nonce: u64, asked: &Asked) -> Self {
        Self::closed(key, UP, device, nonce, asked)
    }

    /// Seals the server's word on a request.
    pub fn answering(key: &RelayKey, device: DeviceId, nonce: u64, word: &Word) -> Self {
        Self::closed(key, DOWN, device, nonce, word)
    }

    /// The request in it; `None` when this device did not seal it as one.
    pub fn asked(&self, key: &RelayKey) -> Option<Asked> {
        self.opened(key, UP)
    }

    /// The server's word in it; `None` when the server did not seal it for this device and this request.
    pub fn word(&self, key: &RelayKey) -> Option<Word> {
        self.opened(key, DOWN)
    }

    fn closed<T: Encode<()>>(key: &RelayKey, way: &[u8], device: DeviceId, nonce: u64, content: &T) -> Self {
        let content = minicbor::to_vec(content).expect("encoding into memory does not fail");
        let sealed = seal(key).seal(&place(way, device, nonce), &content);
        Self { device, nonce, sealed: sealed.into() }
    }

    fn opened<T: for<'b> Decode<'b, ()>>(&self, key: &RelayKey, way: &[u8]) -> Option<T> {
        let content = seal(key).open(&place(way, self.device, self.nonce), self.sealed.to_vec())?;
        minicbor::decode(&content).ok()
    }
}

fn seal(key: &RelayKey) -> Seal {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, &key.0);
    let part = |name: &[u8]| hmac::sign(&secret, name).as_ref().try_into().expect("an HMAC-SHA-256 has 32 bytes");
    Seal::new(&part(b"fieldline/relay/content/1"), &part(b"fieldline/relay/nonce/1"))
}

/// What a content is sealed to: its way, its device and its request. In another place it does not open.
fn place(way: &[u8], device: DeviceId, nonce: u64) -> Vec<u8> {
    [way, &device.0, &nonce.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: RelayKey = RelayKey([1; 32]);
    const DEVICE: DeviceId = DeviceId([2; 16]);

    fn asked() -> Asked {
        Asked { token: "secret token".into(), frame: b"a frame".to_vec().into() }
    }

    #[test]
    fn an_envelope_opens_for_whom_it_was_sealed_and_nothing_in_it_can_be_read_on_the_way() {
        let asking = Envelope::asking(&KEY, DEVICE, 7, &asked());
        let arrived = Envelope::decode(&asking.encode()).unwrap();
        assert_eq!(arrived.asked(&KEY), Some(asked()));
        assert!(!asking.encode().windows(6).any(|piece| piece == b"secret"));
        let word = Word::Answer(b"an answer".to_vec().into());
        let answering = Envelope::answering(&KEY, DEVICE, 7, &word);
        assert_eq!(Envelope::decode(&answering.encode()).unwrap().word(&KEY), Some(word));
    }

    #[test]
    fn an_envelope_that_was_turned_around_readdressed_or_altered_stays_closed() {
        let asking = Envelope::asking(&KEY, DEVICE, 7, &asked());
        let answering = Envelope::answering(&KEY, DEVICE, 7, &Word::Revoked);
        assert_eq!((asking.word(&KEY), answering.asked(&KEY)), (None, None), "a request is no answer");
        assert_eq!(Envelope { nonce: 8, ..answering.clone() }.word(&KEY), None);
        assert_eq!(Envelope { device: DeviceId([3; 16]), ..answering.clone() }.word(&KEY), None);
        assert_eq!(answering.word(&RelayKey([4; 32])), None);
        let bytes = answering.encode();
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let opened = Envelope::decode(&altered).ok().and_then(|envelope| envelope.word(&KEY));
            assert_eq!(opened, None, "bit {bit}");
        }
    }

    #[test]
    fn what_is_cut_too_long_or_something_else_is_no_envelope() {
        let bytes = Envelope::asking(&KEY, DEVICE, 7, &asked()).encode();
        for end in 0..bytes.len() {
            assert_eq!(Envelope::decode(&bytes[..end]), Err(EnvelopeError::NotAnEnvelope));
        }
        assert_eq!(Envelope::decode(&[&bytes[..], b"x"].concat()), Err(EnvelopeError::NotAnEnvelope));
        assert_eq!(Envelope::decode(b"<html>Welcome to HotelNet</html>"), Err(EnvelopeError::NotAnEnvelope));
        let huge = vec![0; MAX_ENVELOPE_BYTES + 1];
        assert_eq!(Envelope::decode(&huge), Err(EnvelopeError::TooLarge { bytes: huge.len() }));
    }
}
