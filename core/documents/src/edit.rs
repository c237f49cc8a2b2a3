//! What travels: a typed edit of one document.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use fieldline_model::life_cycle::StepId;
use fieldline_model::{BlobHash, Decimal, DeviceId, DocumentId, FieldName, Place, SysId, Timestamp, Value};

/// The first eight bytes of a change's hash: enough to name a change within one document, a quarter of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Head(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 8],
);

/// The hash of the change an edit makes, by which author and server check that they made the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ChangeHash(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

impl ChangeHash {
    /// How edits refer to this change.
    pub fn head(self) -> Head {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0[..8]);
        Head(head)
    }
}

/// An edit's identity: a device numbers its edits, over all documents, within one actor epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
pub struct EditId {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its actor epoch; a restored or cloned phone starts a new one.
    #[n(1)]
    pub epoch: u32,
    /// The edit's number, starting at 1, never given twice, gaps allowed.
    #[n(2)]
    pub counter: u64,
}

impl EditId {
    /// The identity of the edit's act number `act`.
    pub fn act(self, act: u32) -> StepId {
        StepId { device: self.device, epoch: self.epoch, counter: self.counter, act }
    }
}

/// Everything one person did to one document at one moment. Becomes exactly one Automerge change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Edit {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// Which edit of which device.
    #[n(1)]
    pub id: EditId,
    /// Who did it.
    #[n(2)]
    pub author: SysId,
    /// When, by the author's device.
    #[n(3)]
    pub at: Timestamp,
    /// Where, if the device knew.
    #[n(4)]
    pub place: Option<Place>,
    /// The document's heads the author saw, sorted. Those of a new document are the seed's.
    #[n(5)]
    pub heads: Vec<Head>,
    /// What was done, in order.
    #[n(6)]
    pub acts: Vec<Act>,
}

/// One deed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Act {
    /// Puts a value in an ordinary field, or empties it.
    #[n(0)]
    Set {
        /// The field.
        #[n(0)]
        field: FieldName,
        /// Its new value.
        #[n(1)]
        value: Option<Value>,
    },
    /// Keeps the value shown and drops the alternatives.
    #[n(1)]
    Confirm {
        /// The field.
        #[n(0)]
        field: FieldName,
    },
    /// Adds a record to a set field.
    #[n(2)]
    Include {
        /// The field.
        #[n(0)]
        field: FieldName,
        /// The record.
        #[n(1)]
        item: SysId,
    },
    /// Takes a record out of a set field.
    #[n(3)]
    Exclude {
        /// The field.
        #[n(0)]
        field: FieldName,
        /// The record.
        #[n(1)]
        item: SysId,
    },
    /// Writes to the journal customers can read.
    #[n(4)]
    Comment {
        /// The text.
        #[n(0)]
        text: String,
    },
    /// Writes to the internal journal.
    #[n(5)]
    WorkNote {
        /// The text.
        #[n(0)]
        text: String,
    },
    /// Takes a step of the life cycle.
    #[n(6)]
    Transition {
        /// The step rule's name.
        #[n(0)]
        step: String,
        /// Why, where the rule asks.
        #[n(1)]
        reason: Option<String>,
    },
    /// Answers a checklist question; earlier answers stay in the history.
    #[n(7)]
    Answer {
        /// The question's key.
        #[n(0)]
        question: String,
        /// The answer in text form.
        #[n(1)]
        answer: String,
        /// A photo that shows it.
        #[n(2)]
        photo: Option<BlobHash>,
    },
    /// Says that a part was used (or, negative, put back).
    #[n(8)]
    UsePart {
        /// The part's model.
        #[n(0)]
        model: SysId,
        /// How many.
        #[n(1)]
        quantity: i64,
        /// The serialised asset, when it is one.
        #[n(2)]
        asset: Option<SysId>,
        /// The stockroom it came from.
        #[n(3)]
        stockroom: Option<SysId>,
    },
    /// Enters time.
    #[n(9)]
    LogTime {
        /// `travel`, `work` or `other`.
        #[n(0)]
        kind: String,
        /// From when.
        #[n(1)]
        started_at: Timestamp,
        /// Until when.
        #[n(2)]
        ended_at: Timestamp,
    },
    /// Notes a meter reading.
    #[n(10)]
    Read {
        /// The meter's name.
        #[n(0)]
        meter: String,
        /// What it showed.
        #[n(1)]
        value: Decimal,
        /// In which unit.
        #[n(2)]
        unit: String,
    },
    /// Refers to a captured file.
    #[n(11)]
    Attach {
        /// The file.
        #[n(0)]
        attachment: Attachment,
    },
}

/// A reference to a captured file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub struct Attachment {
    /// Its content's hash.
    #[n(0)]
    pub blob: BlobHash,
    /// What people call it.
    #[n(1)]
    pub file_name: String,
    /// Its media type.
    #[n(2)]
    pub content_type: String,
    /// Its length.
    #[n(3)]
    pub size_bytes: u64,
    /// What it is for; decides what is sent first.
    #[n(4)]
    pub role: AttachmentRole,
    /// The photo this is the thumbnail of.
    #[n(5)]
    pub of: Option<BlobHash>,
}

/// What a captured file is for, in the order files are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum AttachmentRole {
    /// A signature.
    #[n(0)]
    Signature,
    /// A small version of a photo.
    #[n(1)]
    Thumbnail,
    /// A photo.
    #[n(2)]
    Photo,
    /// Anything else.
    #[n(3)]
    Document,
}
