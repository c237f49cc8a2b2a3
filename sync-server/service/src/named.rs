//! Identities of what follows from something else, the same wherever and however often it is made; and of content.

use fieldline_model::{BlobHash, SysId};
use ring::digest::{SHA256, digest};

/// The identity a name stands for: the first half of its SHA-256. What names it begins with what kind of thing it is.
pub fn sys_id_of(name: impl AsRef<[u8]>) -> SysId {
    let digest = digest(&SHA256, name.as_ref());
    SysId(digest.as_ref()[..16].try_into().expect("SHA-256 has 32 bytes"))
}

/// The identity of a content: its SHA-256.
pub fn blob_of(content: &[u8]) -> BlobHash {
    BlobHash(digest(&SHA256, content).as_ref().try_into().expect("SHA-256 has 32 bytes"))
}
