//! The seal behind a PDF: one line after its end, where readers of PDF do not look, that names the record, its newest changes
//! and the device, and signs all of it together with every byte before it.
//!
//! A file has exactly one way to be sealed: what is read is written anew and must be the same, so there is no byte that could
//! be changed without being noticed. Whether the device is who it says, and whether the changes are part of the record's
//! history, only the server can tell.

use fieldline_model::{DeviceId, DocumentId, hex};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::sheet::sha256;
use crate::{Head, Origin, Sign};

const WORD: &str = "%fieldline-seal 1 ";
const PURPOSE: &[u8] = b"fieldline report 1\0";
/// More heads than concurrent work leaves.
const MOST_HEADS: usize = 1_000;

/// Who vouches for a file, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The record as it stood, and the device.
    pub origin: Origin,
    /// SHA-256 of what the sheet says.
    pub digest: [u8; 32],
    signature: [u8; 64],
    message: Vec<u8>,
}

/// Why a file has no seal that could be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is none.
    #[error("this file has no seal: it is not a service report, or it was saved anew by another program")]
    None,
    /// It is not as seals are written.
    #[error("the seal of this file was changed")]
    Malformed,
}

/// Puts a seal behind a PDF.
pub(crate) fn seal(mut pdf: Vec<u8>, origin: &Origin, digest: [u8; 32], sign: Sign<'_>) -> Vec<u8> {
    let claim = claim(origin, &digest);
    let signature = sign(&message(&pdf, &claim));
    pdf.extend(trailer(&claim, &signature).into_bytes());
    pdf
}

impl Seal {
    /// Reads the seal of a file.
    ///
    /// # Errors
    /// When there is none, or it is not as seals are written.
    pub fn read(bytes: &[u8]) -> Result<Self, SealError> {
        let start = bytes.windows(WORD.len()).rposition(|window| window == WORD.as_bytes()).ok_or(SealError::None)?;
        let start = start.checked_sub(1).ok_or(SealError::Malformed)?;
        let (pdf, written) = bytes.split_at(start);
        let line = str::from_utf8(written).map_err(|_| SealError::Malformed)?.trim();
        let (origin, digest, signature) = fields(line).ok_or(SealError::Malformed)?;
        let claim = claim(&origin, &digest);
        if trailer(&claim, &signature).as_bytes() != written {
            return Err(SealError::Malformed);
        }
        Ok(Self { origin, digest, signature, message: message(pdf, &claim) })
    }

    /// Whether it was made with the secret half of this key, over exactly the bytes that were read.
    pub fn is_by(&self, public_key: &[u8; 32]) -> bool {
        UnparsedPublicKey::new(&ED25519, public_key).verify(&self.message, &self.signature).is_ok()
    }
}

fn claim(origin: &Origin, digest: &[u8; 32]) -> String {
    let heads: Vec<String> = origin.heads.iter().map(|head| hex::encode(head)).collect();
    format!("{} {} {} {}", origin.record, hex::encode(&origin.device.0), heads.join(","), hex::encode(digest))
}

fn message(pdf: &[u8], claim: &str) -> Vec<u8> {
    [PURPOSE, &sha256(pdf), claim.as_bytes()].concat()
}

fn trailer(claim: &str, signature: &[u8; 64]) -> String {
    format!("\n{WORD}{claim} {}\n", hex::encode(signature))
}

fn fields(line: &str) -> Option<(Origin, [u8; 32], [u8; 64])> {
    let mut words = line.strip_prefix(WORD)?.split(' ');
    let (table, sys_id) = words.next()?.split_once('/')?;
    let record = DocumentId::new(table, sys_id.parse().ok()?);
    let device = DeviceId(hex::decode(words.next()?)?);
    let heads: Vec<Head> = words.next()?.split(',').take(MOST_HEADS).map(hex::decode).collect::<Option<_>>()?;
    let (digest, signature) = (hex::decode(words.next()?)?, hex::decode(words.next()?)?);
    words.next().is_none().then_some((Origin { record, device, heads }, digest, signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{KEY, origin, public_key, sign};

    fn sealed() -> Vec<u8> {
        seal(b"%PDF-1.7 any bytes %%EOF".to_vec(), &origin(), [9; 32], &|message| sign(&KEY, message))
    }

    #[test]
    fn a_seal_is_read_back_and_is_by_the_key_that_made_it_only() {
        let seal = Seal::read(&sealed()).expect("is sealed");
        assert_eq!((seal.origin.clone(), seal.digest), (origin(), [9; 32]));
        assert!(seal.is_by(&public_key(&KEY)));
        assert!(!seal.is_by(&public_key(&[8; 32])));
    }

    #[test]
    fn every_bit_that_is_changed_is_noticed() {
        let whole = sealed();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                let passes = Seal::read(&changed).is_ok_and(|seal| seal.is_by(&public_key(&KEY)));
                assert!(!passes, "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_added_is_noticed() {
        let whole = sealed();
        let passes = |bytes: &[u8]| Seal::read(bytes).is_ok_and(|seal| seal.is_by(&public_key(&KEY)));
        assert!(passes(&whole));
        assert!(!passes(&whole[1..]) && !passes(&whole[..whole.len() - 1]));
        assert!(!passes(&[whole.as_slice(), b"\n"].concat()));
        assert_eq!(Seal::read(b"%PDF-1.7"), Err(SealError::None));
    }
}
