//! What the address of a link ends with: the link's identity, and a signature of it (HMAC-SHA-256). Everything else is in the link's row,
//! so a link can be taken back.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::SysId;
use ring::hmac;

const ID_BYTES: usize = 16;
const TOKEN_BYTES: usize = ID_BYTES + 32;

/// Signs a link.
pub(super) fn of(key: &hmac::Key, link: SysId) -> String {
    let signature = hmac::sign(key, &link.0);
    BASE64_URL_SAFE_NO_PAD.encode([&link.0, signature.as_ref()].concat())
}

/// The link of a token, if it was signed with this key; how long that takes does not depend on how wrong it is.
pub(super) fn read(key: &hmac::Key, token: &str) -> Option<SysId> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == TOKEN_BYTES)?;
    let (id, signature) = bytes.split_at(ID_BYTES);
    hmac::verify(key, id, signature).ok()?;
    Some(SysId(id.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_with_the_same_key_is_read_and_no_changed_bit_is() {
        let key = |seed| hmac::Key::new(hmac::HMAC_SHA256, &[seed; 32]);
        let link = SysId([7; 16]);
        let token = of(&key(1), link);
        assert_eq!(read(&key(1), &token), Some(link));
        assert_eq!(read(&key(2), &token), None);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).expect("it was encoded");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&key(1), &BASE64_URL_SAFE_NO_PAD.encode(changed)), None, "bit {bit}");
        }
        for wrong in ["", "a", &token[1..], &format!("{token}AA"), "not base64 at all!"] {
            assert_eq!(read(&key(1), wrong), None, "{wrong}");
        }
    }
}
