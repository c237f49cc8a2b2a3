//! Where a device stands, in bytes only the server can make and read.
//!
//! A cursor is authenticated together with the device, its actor epoch and the server's epoch (HMAC-SHA-256, sixteen bytes of
//! it), so one that was altered, belongs to another device or another copy of it, or comes from before a restore is simply no
//! cursor: the device begins anew and loses nothing.

use fieldline_model::{DeviceId, DocumentId};
use fieldline_storage::Position;
use minicbor::{Decode, Encode};
use ring::hmac;

use crate::server::Identity;

const TAG_BYTES: usize = 16;

/// Where a device stands.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Cursor {
    /// It has everything that happened to the records of its scope up to here.
    #[n(0)]
    pub position: Position,
    /// Its scope is the one its subscriptions gave it here.
    #[n(1)]
    pub access: Position,
    /// What is half done.
    #[n(2)]
    pub stage: Option<Stage>,
    /// Whether its scope changed since it was last given a checksum.
    #[n(3)]
    pub scope_changed: Option<bool>,
}

/// Something that takes several answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Stage {
    /// The initial sync of a new device; it began at the cursor's position.
    #[n(0)]
    Bootstrap(#[n(0)] Bootstrap),
    /// Subscriptions changed: records that came or went with them, in the order of their names.
    #[n(1)]
    Access {
        /// The position up to which changes of subscription are handled.
        #[n(0)]
        upto: Position,
        /// The last record handled.
        #[n(1)]
        after: Option<DocumentId>,
    },
    /// Changed records, in the order of their newest change.
    #[n(2)]
    Feed {
        /// The position of the last one handled.
        #[n(0)]
        done: Position,
    },
}

/// How far an initial sync has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Bootstrap {
    /// The last item that was sent.
    #[n(0)]
    pub after: Option<Place>,
    /// How many items were sent.
    #[n(1)]
    pub done: u64,
    /// How many there were when it began.
    #[n(2)]
    pub total: u64,
    /// The checksum of what goes first, as long as it has been the same in every page.
    #[n(3)]
    pub first: Option<u64>,
}

/// A place in the order of an initial sync.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) struct Place {
    /// Rows come before snapshots.
    #[n(0)]
    pub snapshot: bool,
    /// Today's work first, then what it refers to, then the rest.
    #[n(1)]
    pub rank: u8,
    /// When work begins, in milliseconds.
    #[n(2)]
    pub at: i64,
    /// Which record.
    #[n(3)]
    pub document: DocumentId,
}

impl Cursor {
    /// The cursor as the device keeps it.
    pub fn seal(&self, identity: &Identity, device: DeviceId, epoch: u32) -> Vec<u8> {
        let mut bytes = minicbor::to_vec(self).expect("encoding to memory cannot fail");
        bytes.extend(&tag(identity, device, epoch, &bytes).as_ref()[..TAG_BYTES]);
        bytes
    }

    /// Reads a cursor; `None` when it is not one this server made for this device in this epoch.
    pub fn open(sealed: &[u8], identity: &Identity, device: DeviceId, epoch: u32) -> Option<Self> {
        let (bytes, given) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        let right = tag(identity, device, epoch, bytes);
        // Comparing tags of tags takes the same time wherever the tags differ.
        let key = hmac::Key::new(hmac::HMAC_SHA256, &identity.cursor_key);
        hmac::verify(&key, given, hmac::sign(&key, &right.as_ref()[..TAG_BYTES]).as_ref()).ok()?;
        minicbor::decode(bytes).ok()
    }
}

fn tag(identity: &Identity, device: DeviceId, epoch: u32, bytes: &[u8]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &identity.cursor_key);
    let mut context = hmac::Context::with_key(&key);
    context.update(b"fieldline/cursor/1\0");
    context.update(&identity.server_epoch.to_be_bytes());
    context.update(&device.0);
    context.update(&epoch.to_be_bytes());
    context.update(bytes);
    context.sign()
}

#[cfg(test)]
mod tests {
    use fieldline_model::SysId;

    use super::*;

    const DEVICE: DeviceId = DeviceId([7; 16]);

    fn identity() -> Identity {
        let [device, system_user] = [[1; 16], [2; 16]];
        Identity {
            server_epoch: 5,
            device: DeviceId(device),
            actor_epoch: 1,
            cursor_key: [9; 32],
            system_user: SysId(system_user),
        }
    }

    fn cursor() -> Cursor {
        Cursor { position: 70_000, access: 69_000, stage: None, scope_changed: None }
    }

    #[test]
    fn a_cursor_comes_back_as_it_went_and_is_small() {
        let place = Place { snapshot: true, rank: 1, at: 0, document: DocumentId::new("wm_task", SysId([3; 16])) };
        let bootstrap = Bootstrap { after: Some(place), done: 12, total: 90, first: Some(u64::MAX) };
        for stage in [None, Some(Stage::Bootstrap(bootstrap)), Some(Stage::Feed { done: 70_001 })] {
            let cursor = Cursor { stage, ..cursor() };
            assert_eq!(Cursor::open(&cursor.seal(&identity(), DEVICE, 1), &identity(), DEVICE, 1), Some(cursor));
        }
        assert!(cursor().seal(&identity(), DEVICE, 1).len() <= 32);
    }

    #[test]
    fn a_cursor_altered_anywhere_or_of_another_device_or_life_is_none() {
        let sealed = cursor().seal(&identity(), DEVICE, 1);
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Cursor::open(&altered, &identity(), DEVICE, 1), None, "bit {bit}");
        }
        (0..sealed.len()).for_each(|end| assert_eq!(Cursor::open(&sealed[..end], &identity(), DEVICE, 1), None));
        assert_eq!(Cursor::open(&sealed, &identity(), DEVICE, 2), None);
        assert_eq!(Cursor::open(&sealed, &identity(), DeviceId([8; 16]), 1), None);
        assert_eq!(Cursor::open(&sealed, &Identity { server_epoch: 6, ..identity() }, DEVICE, 1), None);
    }
}
