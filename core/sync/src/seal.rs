//! Sealing bytes that lie or travel where others could reach them: AES-256-GCM with a nonce that is a MAC over place and
//! content.
//!
//! That is the construction of RFC 5297's synthetic IV: no chance is needed, and one nonce never covers two contents. Equal
//! contents at equal places give equal bytes, which tells a thief nothing about files that are named by their hash anyway.

use ring::{aead, hmac};

/// What sealing adds to the length: nonce and tag.
pub const OVERHEAD_BYTES: usize = aead::NONCE_LEN + 16;

/// Seals and opens for one purpose.
pub struct Seal {
    cipher: aead::LessSafeKey,
    nonces: hmac::Key,
}

impl Seal {
    /// Seals under two independent keys, one for contents and one for nonces.
    pub fn new(content_key: &[u8; 32], nonce_key: &[u8; 32]) -> Self {
        let cipher = aead::UnboundKey::new(&aead::AES_256_GCM, content_key).expect("AES-256 keys have 32 bytes");
        let nonces = hmac::Key::new(hmac::HMAC_SHA256, nonce_key);
        Self { cipher: aead::LessSafeKey::new(cipher), nonces }
    }

    /// Seals content that belongs at a place.
    pub fn seal(&self, place: &[u8], content: &[u8]) -> Vec<u8> {
        let mut mac = hmac::Context::with_key(&self.nonces);
        [&(place.len() as u64).to_be_bytes(), place, content].into_iter().for_each(|part| mac.update(part));
        let nonce: [u8; aead::NONCE_LEN] =
            mac.sign().as_ref()[..aead::NONCE_LEN].try_into().expect("a MAC has 32 bytes");
        let mut sealed = content.to_vec();
        self.cipher
            .seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), aead::Aad::from(place), &mut sealed)
            .expect("content is far below AES-GCM's limit of 64 GiB");
        [nonce.as_slice(), &sealed].concat()
    }

    /// The content, `None` when it was damaged, belongs elsewhere, or was sealed under another key.
    pub fn open(&self, place: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        let nonce: [u8; aead::NONCE_LEN] = sealed.get(..aead::NONCE_LEN)?.try_into().ok()?;
        let nonce = aead::Nonce::assume_unique_for_key(nonce);
        let content = self.cipher.open_within(nonce, aead::Aad::from(place), &mut sealed, aead::NONCE_LEN..).ok()?;
        Some(content.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_open_only_whole_in_their_place_and_under_their_key() {
        let seal = Seal::new(&[1; 32], &[2; 32]);
        let sealed = seal.seal(b"here", b"content");
        assert_eq!(seal.open(b"here", sealed.clone()).as_deref(), Some(b"content".as_slice()));
        assert_eq!(seal.open(b"there", sealed.clone()), None);
        assert_eq!(Seal::new(&[3; 32], &[2; 32]).open(b"here", sealed.clone()), None);
        for index in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[index] ^= 1;
            assert_eq!(seal.open(b"here", flipped), None);
            assert_eq!(seal.open(b"here", sealed[..index].to_vec()), None);
        }
    }
}
