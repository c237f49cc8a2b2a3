//! Who this device is: the person it is bound to, its signing key, and where its server is.

use fieldline_model::{DeviceId, SysId};
use fieldline_store::StoreError;
use fieldline_sync::relay::RelayKey;
use minicbor::{Decode, Encode};
use rand_core::Rng;
use ring::signature::{Ed25519KeyPair, KeyPair};

/// The device's Ed25519 key. Its secret half leaves the device never and is stored only in the encrypted database.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct SigningKey(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    [u8; 32],
);

impl SigningKey {
    /// A fresh key.
    pub fn random(rng: &mut dyn Rng) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self(seed)
    }

    /// The half the server is told at enrolment.
    pub fn public_key(&self) -> [u8; 32] {
        self.pair().public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes")
    }

    /// The signature of a message (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.pair().sign(message).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.0).expect("a seed has 32 bytes")
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(secret)")
    }
}

/// What enrolment binds together.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Enrolment {
    /// The device's identity, given by the server.
    #[n(0)]
    pub device: DeviceId,
    /// The actor epoch it writes in; a device that was restored or cloned starts another one.
    #[n(1)]
    pub epoch: u32,
    /// The person.
    #[n(2)]
    pub user: SysId,
    /// What the server lets the device in by.
    #[n(3)]
    pub token: String,
    /// The server's address, such as `https://field.example.org`.
    #[n(4)]
    pub server: String,
    /// The key edits are signed with.
    #[n(5)]
    pub key: SigningKey,
    /// What requests through a depot's kiosk are sealed with; `None` where the server is older than kiosks.
    #[n(6)]
    pub relay_key: Option<RelayKey>,
}

impl Enrolment {
    pub(crate) fn encode(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("encoding into memory does not fail")
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        minicbor::decode(bytes)
            .map_err(|error| StoreError::Content { place: "the device's identity".into(), problem: error.to_string() })
    }
}
