//! What a printed sheet carries as a square code: which record it is about, as it stood where, what it says in sum, and the
//! device's signature of that. Paper has no bytes to seal, but what was typed in from it can be looked up.

use fieldline_model::{DeviceId, SysId, hex};
use qrcodegen::{QrCode, QrCodeEcc};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::{Head, Origin, Sign};

const WORD: &str = "FL1";
const PURPOSE: &[u8] = b"fieldline stamp 1\0";
/// A square code has no room for more. Concurrent work seldom leaves two.
const MOST_HEADS: usize = 16;

/// The square code of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The record; a sheet is about a task.
    pub record: SysId,
    /// The device that made the sheet.
    pub device: DeviceId,
    /// The newest changes of the record, the first ones where they are many.
    pub heads: Vec<Head>,
    /// SHA-256 of what the sheet says.
    pub digest: [u8; 32],
    signature: [u8; 64],
}

impl Stamp {
    /// The stamp of a sheet with this digest.
    pub fn new(origin: &Origin, digest: [u8; 32], sign: Sign<'_>) -> Self {
        let heads = origin.heads.iter().copied().take(MOST_HEADS).collect();
        let (record, device) = (origin.record.sys_id, origin.device);
        let mut stamp = Self { record, device, heads, digest, signature: [0; 64] };
        stamp.signature = sign(&stamp.message());
        stamp
    }

    /// Reads what a scanner read.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let mut words = text.split(':');
        let is_ours = words.next()?.eq_ignore_ascii_case(WORD);
        let (record, device) = (SysId(hex::decode(words.next()?)?), DeviceId(hex::decode(words.next()?)?));
        let heads: Vec<Head> = words.next()?.split('+').take(MOST_HEADS).map(hex::decode).collect::<Option<_>>()?;
        let (digest, signature) = (hex::decode(words.next()?)?, hex::decode(words.next()?)?);
        (is_ours && words.next().is_none()).then_some(Self { record, device, heads, digest, signature })
    }

    /// Whether it was made with the secret half of this key.
    pub fn is_by(&self, public_key: &[u8; 32]) -> bool {
        UnparsedPublicKey::new(&ED25519, public_key).verify(&self.message(), &self.signature).is_ok()
    }

    /// What the code holds: capital letters, digits, `:` and `+`, which take the least room.
    pub fn text(&self) -> String {
        format!("{}:{}", self.claim(), hex::encode(&self.signature)).to_ascii_uppercase()
    }

    pub(crate) fn code(&self) -> QrCode {
        QrCode::encode_text(&self.text(), QrCodeEcc::Low).expect("sixteen heads fit into a square code")
    }

    fn claim(&self) -> String {
        let heads: Vec<String> = self.heads.iter().map(|head| hex::encode(head)).collect();
        let (record, device) = (hex::encode(&self.record.0), hex::encode(&self.device.0));
        format!("{WORD}:{record}:{device}:{}:{}", heads.join("+"), hex::encode(&self.digest))
    }

    fn message(&self) -> Vec<u8> {
        [PURPOSE, self.claim().as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{KEY, origin, public_key, sign};

    #[test]
    fn a_stamp_is_read_as_it_was_written_and_another_sum_is_not_signed() {
        let stamp = Stamp::new(&origin(), [3; 32], &|message| sign(&KEY, message));
        assert_eq!(Stamp::parse(&stamp.text()), Some(stamp.clone()));
        assert!(stamp.is_by(&public_key(&KEY)));
        assert!(!Stamp { digest: [4; 32], ..stamp.clone() }.is_by(&public_key(&KEY)));
        assert!(!Stamp { record: SysId([4; 16]), ..stamp }.is_by(&public_key(&KEY)));
        assert_eq!(Stamp::parse("FL1:00"), None);
        assert_eq!(Stamp::parse("https://example.org"), None);
    }

    #[test]
    fn the_most_heads_fit() {
        let many = Origin { heads: vec![[0xab; 32]; 40], ..origin() };
        let stamp = Stamp::new(&many, [3; 32], &|message| sign(&KEY, message));
        assert_eq!(stamp.heads.len(), MOST_HEADS);
        assert!(stamp.code().size() > 0);
    }
}
