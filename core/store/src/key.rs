//! The key everything on the phone is encrypted under, and how a wrong one is told from a damaged file.
//!
//! The key comes from the phone's keystore and is never written. Each use has its own key, derived by HKDF-SHA256
//! (RFC 5869). Beside the database lies an HMAC of a constant: it says whether a key is the right one without the
//! database having to open, so that damage is never taken for a wrong key, nor a wrong key for damage.

use std::fmt;
use std::fs;
use std::path::Path;

use fieldline_sync::seal::Seal;
use rand_core::Rng;
use ring::{hkdf, hmac};
use zeroize::{Zeroize, Zeroizing};

use crate::error::DoingFile;
use crate::{Result, blob_files};

/// 256 random bits from the phone's keystore, wiped from memory when dropped.
#[derive(Clone)]
pub struct DatabaseKey(Zeroizing<[u8; 32]>);

impl DatabaseKey {
    /// A key the keystore handed over.
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let key = Self(Zeroizing::new(bytes));
        bytes.zeroize();
        key
    }

    /// A fresh key, for a new installation.
    pub fn random(rng: &mut impl Rng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *bytes);
        Self(bytes)
    }

    /// The key for one use.
    pub(crate) fn derive(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, b"fieldline/store/1").extract(&*self.0);
        extracted
            .expand(&[purpose], hkdf::HKDF_SHA256)
            .and_then(|expanded| expanded.fill(&mut *derived))
            .expect("32 bytes are one block of HKDF-SHA256");
        derived
    }

    /// What seals bytes for one use.
    pub(crate) fn seal(&self, purpose: &str) -> Seal {
        let key_of = |part: &str| self.derive(format!("{purpose} {part}").as_bytes());
        Seal::new(&key_of("content"), &key_of("nonce"))
    }

    /// SQLCipher's raw key form with an explicit salt: no passphrase stretching, and a damaged salt in the file's first
    /// sixteen bytes costs nothing.
    pub(crate) fn sqlcipher(&self) -> Zeroizing<String> {
        use fmt::Write;
        let salt = self.derive(b"salt");
        let mut text = Zeroizing::new(String::with_capacity(128));
        text.push_str("PRAGMA key = \"x'");
        for byte in self.derive(b"database").iter().chain(&salt[..16]) {
            write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        }
        text.push_str("'\";");
        text
    }

    fn check(&self) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*self.derive(b"check"));
        let tag = hmac::sign(&key, b"this is the right key");
        tag.as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
    }

    /// Whether the check file at `path` was made with this key; `None` when there is no such file.
    pub(crate) fn matches(&self, path: &Path) -> Result<Option<bool>> {
        if !path.exists() {
            return Ok(None);
        }
        let copies = fs::read(path).doing_file("reading the key check", path)?;
        Ok(Some(copies.chunks(32).any(|copy| copy == self.check())))
    }

    /// Writes the check file, three copies so that a flipped bit does not read as a wrong key.
    pub(crate) fn write_check(&self, path: &Path) -> Result<()> {
        blob_files::write_durably(path, &[&self.check(), &self.check(), &self.check()])
    }
}

/// Says that it is a key and nothing more.
impl fmt::Debug for DatabaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_none_of_its_bytes() {
        let key = DatabaseKey::new([0xab; 32]);
        assert_eq!(format!("{key:?}"), "DatabaseKey(secret)");
        assert_ne!(*key.derive(b"database"), *key.derive(b"blob"));
        assert_ne!(*key.derive(b"database"), [0xab; 32]);
    }

    #[test]
    fn a_flipped_bit_in_the_check_file_does_not_read_as_a_wrong_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.check");
        let (right, wrong) = (DatabaseKey::new([1; 32]), DatabaseKey::new([2; 32]));
        assert_eq!(right.matches(&path).unwrap(), None);
        right.write_check(&path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        bytes[40] ^= 4;
        bytes.truncate(80);
        fs::write(&path, bytes).unwrap();
        assert_eq!((right.matches(&path).unwrap(), wrong.matches(&path).unwrap()), (Some(true), Some(false)));
    }
}
