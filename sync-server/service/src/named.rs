//! Identities of what follows from something else: the same wherever and however often it is made.

use fieldline_model::SysId;

/// The identity a name stands for: the first half of its SHA-256. What names it begins with what kind of thing it is.
pub fn sys_id_of(name: impl AsRef<[u8]>) -> SysId {
    let digest = ring::digest::digest(&ring::digest::SHA256, name.as_ref());
    SysId(digest.as_ref()[..16].try_into().expect("SHA-256 has 32 bytes"))
}
