//! The messages. CBOR arrays: fields are only ever added at the end, unknown ones are skipped, so a new field needs no new
//! version. A new variant of an enum does, and is never sent to somebody who speaks less.
//!
//! A device begins in the oldest version and goes on in the newest that both sides speak, as the last answer told it.
//! Version 2 packs payloads with a dictionary both sides ship. Version 3 has a better one, and documents that are packed
//! beside a row the device holds. Version 4 knows that files of documents are removed and renamed: who speaks less is sent
//! the document whole in the place of an edit that does so.

use fieldline_model::number::NumberBlock;
use fieldline_model::{BlobHash, DeviceId, DocumentId, SysId, TableName, Timestamp};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::caps::DEFAULT_BUDGET_BYTES;

/// The newest version this build speaks.
pub const WIRE_VERSION: u16 = 4;
/// The version since which [`Entry::Packed`] is understood.
pub const PACKED_SINCE: u16 = 3;
/// The version since which edits that remove or rename files are understood.
pub const FILE_CHANGES_SINCE: u16 = 4;
/// The oldest version this build still speaks.
pub const OLDEST_WIRE_VERSION: u16 = 1;

/// A place in a tenant's feed; dense, so a gap is detectable by anyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Position(#[n(0)] pub u64);

/// What a device says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Request {
    /// The newest wire version the device speaks.
    #[n(0)]
    pub wire_version: u16,
    /// Drawn per request; the answer must carry it back, so a stale answer is never taken for this one.
    #[n(1)]
    pub nonce: u64,
    /// Who speaks.
    #[n(2)]
    pub device: DeviceId,
    /// The actor epoch it writes in.
    #[n(3)]
    pub epoch: u32,
    /// How many bytes of answer it wants at the most.
    #[n(4)]
    pub budget_bytes: u32,
    /// Where it stands, as the server last said; `None` on a new device.
    #[n(5)]
    pub cursor: Option<ByteVec>,
    /// Edits made here, signed.
    #[n(6)]
    pub push: Option<SignedBatch>,
    /// Documents whose snapshot it needs.
    #[n(7)]
    pub wants: Vec<DocumentId>,
    /// Pieces of captured files.
    #[n(8)]
    pub chunks: Vec<BlobChunk>,
    /// Pieces it needs: file and index.
    #[n(9)]
    pub chunk_wants: Vec<ChunkWant>,
    /// Prefixes it is running out of numbers for.
    #[n(10)]
    pub number_wants: Vec<String>,
    /// Asks for the list of every record in scope, because the scope checksum did not agree.
    #[n(11)]
    pub audit: bool,
    /// The highest number it has given to an edit, 0 for none; `None` from an app that does not say. A server that knows of a
    /// higher one in this epoch is talking to a copy of a phone that went on.
    #[n(12)]
    pub newest_counter: Option<u64>,
}

impl Request {
    /// A request that says who speaks and asks for nothing.
    pub fn of(device: DeviceId, epoch: u32, nonce: u64) -> Self {
        Self {
            wire_version: WIRE_VERSION,
            nonce,
            device,
            epoch,
            budget_bytes: DEFAULT_BUDGET_BYTES,
            cursor: None,
            push: None,
            wants: Vec::new(),
            chunks: Vec::new(),
            chunk_wants: Vec::new(),
            number_wants: Vec::new(),
            audit: false,
            newest_counter: None,
        }
    }
}

/// A batch of edits under one signature.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedBatch {
    /// An encoded [`Batch`], signed as it stands.
    #[n(0)]
    pub bytes: ByteVec,
    /// Ed25519 by the device key over [`signing_input`].
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub signature: [u8; 64],
}

/// The bytes a device signs: a domain tag, its identity, and the batch.
pub fn signing_input(device: DeviceId, epoch: u32, batch: &[u8]) -> Vec<u8> {
    [b"fieldline/push/1\0".as_slice(), &device.0, &epoch.to_be_bytes(), batch].concat()
}

/// Edits in the order they were made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Batch {
    /// The edits.
    #[n(0)]
    pub edits: Vec<PushedEdit>,
}

/// One edit on its way to the server.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PushedEdit {
    /// Its number on the device.
    #[n(0)]
    pub counter: u64,
    /// The first sixteen bytes of the hash of the change it makes.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub hash: [u8; 16],
    /// The encoded edit.
    #[n(2)]
    pub body: ByteVec,
    /// The actor epoch it was made in, when that is not the one the request is made in.
    #[n(3)]
    pub epoch: Option<u32>,
}

/// A piece of a captured file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BlobChunk {
    /// The file.
    #[n(0)]
    pub blob: BlobHash,
    /// The file's length.
    #[n(1)]
    pub size_bytes: u64,
    /// Which piece, each [`crate::caps::CHUNK_BYTES`] long but the last.
    #[n(2)]
    pub index: u32,
    /// The bytes.
    #[n(3)]
    pub bytes: ByteVec,
}

/// A piece a device asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct ChunkWant {
    /// The file.
    #[n(0)]
    pub blob: BlobHash,
    /// Which piece.
    #[n(1)]
    pub index: u32,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Response {
    /// The newest version both sides speak: the answer needs no newer one, and the next request may use it.
    #[n(0)]
    pub wire_version: u16,
    /// The request's nonce.
    #[n(1)]
    pub nonce: u64,
    /// Which life of the server this is; another one after a restore from backup.
    #[n(2)]
    pub server_epoch: u64,
    /// The server's clock.
    #[n(3)]
    pub now: Timestamp,
    /// One per edit pushed, in the same order.
    #[n(4)]
    pub receipts: Vec<Receipt>,
    /// What is new, to be applied in order.
    #[n(5)]
    pub entries: Vec<Entry>,
    /// Where the device stands once it has applied this answer.
    #[n(6)]
    pub cursor: ByteVec,
    /// Whether more is waiting.
    #[n(7)]
    pub more: bool,
    /// How far an initial sync has come.
    #[n(8)]
    pub progress: Option<Progress>,
    /// The checksum of the device's whole scope at `cursor`, sent when nothing more is waiting and the scope changed.
    #[n(9)]
    pub scope_checksum: Option<u64>,
    /// What the server holds of the files whose pieces were sent.
    #[n(10)]
    pub blobs: Vec<BlobStatus>,
    /// Pieces asked for.
    #[n(11)]
    pub chunks: Vec<BlobChunk>,
    /// Numbers leased to the device.
    #[n(12)]
    pub numbers: Vec<NumberBlock>,
    /// Every record in scope, answering `audit`.
    #[n(13)]
    pub audit: Option<Vec<DocumentId>>,
    /// The actor epoch to write in from here on: there is a copy of this phone, and it went another way. Edits under old
    /// numbers keep them and are offered on; those answered [`HoldReason::Equivocation`] are made anew in this epoch.
    #[n(14)]
    pub renew_epoch: Option<u32>,
}

impl Response {
    /// An answer with nothing in it.
    pub fn to(nonce: u64, server_epoch: u64, now: Timestamp) -> Self {
        Self {
            wire_version: WIRE_VERSION,
            nonce,
            server_epoch,
            now,
            receipts: Vec::new(),
            entries: Vec::new(),
            cursor: Vec::new().into(),
            more: false,
            progress: None,
            scope_checksum: None,
            blobs: Vec::new(),
            chunks: Vec::new(),
            numbers: Vec::new(),
            audit: None,
            renew_epoch: None,
        }
    }
}

/// How far an initial sync has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Progress {
    /// Records sent so far.
    #[n(0)]
    pub done: u64,
    /// Records in scope.
    #[n(1)]
    pub total: u64,
}

/// What became of one edit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// The edit's number on the device.
    #[n(0)]
    pub counter: u64,
    /// What became of it.
    #[n(1)]
    pub outcome: Outcome,
}

/// What became of one edit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Outcome {
    /// It is durable on the server.
    #[n(0)]
    Accepted {
        /// Where it stands in the feed.
        #[n(0)]
        position: Position,
        /// Whether others had edited the document meanwhile.
        #[n(1)]
        merged: bool,
    },
    /// It is durable on the server, but its change there is another one than the device made: the server's counts, and the
    /// device takes the document's snapshot and makes its pending edits anew.
    #[n(1)]
    Differs {
        /// Where it stands in the feed.
        #[n(0)]
        position: Position,
    },
    /// It is kept aside on the server and blocks nobody.
    #[n(2)]
    Held {
        /// Why.
        #[n(0)]
        reason: HoldReason,
        /// What happened, to which field, and what the person can do.
        #[n(1)]
        detail: String,
    },
    /// It stands on changes the server does not have. The device offers those first, or makes the edit anew on what the
    /// server has.
    #[n(3)]
    NeedsHeads,
}

/// The only reasons that can hold an edit back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum HoldReason {
    /// The author, device or epoch is not who the session is.
    #[n(0)]
    Identity,
    /// The record is not, and was not, in the author's scope.
    #[n(1)]
    Scope,
    /// The author's roles do not allow it.
    #[n(2)]
    Role,
    /// It is not an edit of this table's shape.
    #[n(3)]
    Shape,
    /// It is larger or deeper than anybody's edit may be.
    #[n(4)]
    Cost,
    /// The device has already sent another edit under this number.
    #[n(5)]
    Equivocation,
    /// The server does not have the record: it was restored from a backup made before. Said by devices to their owners,
    /// never by a server.
    #[n(6)]
    Record,
}

impl HoldReason {
    /// Every reason.
    const ALL: [Self; 7] =
        [Self::Identity, Self::Scope, Self::Role, Self::Shape, Self::Cost, Self::Equivocation, Self::Record];

    /// The reason as databases and people write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Scope => "scope",
            Self::Role => "role",
            Self::Shape => "shape",
            Self::Cost => "cost",
            Self::Equivocation => "equivocation",
            Self::Record => "record",
        }
    }

    /// The reason a word stands for; an unknown word, such as a newer build's, reads as a matter of shape.
    pub fn of_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.word() == word).unwrap_or(Self::Shape)
    }
}

/// One thing that is new for a device.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Entry {
    /// A record as it stands: it entered the scope, or a reference row changed.
    #[n(0)]
    Row {
        /// Which record.
        #[n(0)]
        document: DocumentId,
        /// The position of its last change; older rows than the device's are skipped.
        #[n(1)]
        position: Position,
        /// The encoded record.
        #[n(2)]
        bytes: ByteVec,
    },
    /// A whole document.
    #[n(1)]
    Snapshot {
        /// Which record.
        #[n(0)]
        document: DocumentId,
        /// The position of its last change.
        #[n(1)]
        position: Position,
        /// Its heads, which the device checks.
        #[n(2)]
        heads: Vec<ByteVec>,
        /// The encoded document.
        #[n(3)]
        bytes: ByteVec,
    },
    /// Somebody's edit of a document.
    #[n(2)]
    Edit {
        /// Where it stands in the feed.
        #[n(0)]
        position: Position,
        /// The first sixteen bytes of the hash of the change the server made.
        #[n(1)]
        #[cbor(with = "minicbor::bytes")]
        hash: [u8; 16],
        /// The encoded edit.
        #[n(2)]
        body: ByteVec,
        /// Which record.
        #[n(3)]
        document: DocumentId,
    },
    /// A record left the scope and must be purged.
    #[n(3)]
    Leave {
        /// Which record.
        #[n(0)]
        document: DocumentId,
    },
    /// A whole document of a record whose row the device was sent before: only what that row does not say.
    #[n(4)]
    Packed {
        /// Which record.
        #[n(0)]
        document: DocumentId,
        /// The position of its last change; a device whose row is of another one asks for the whole.
        #[n(1)]
        position: Position,
        /// What the row does not say, [`Self::Snapshot`]'s bytes without the rest.
        #[n(2)]
        bytes: ByteVec,
        /// Whether the row says all that lists and search show of the record, so that the document need not be read yet.
        #[n(3)]
        is_told_by_its_row: bool,
    },
}

impl Response {
    /// The oldest version in which all of it can be said.
    pub(crate) fn needs_version(&self) -> u16 {
        let is_packed = |entry: &Entry| matches!(entry, Entry::Packed { .. });
        if self.entries.iter().any(is_packed) { PACKED_SINCE } else { OLDEST_WIRE_VERSION }
    }
}

/// What the server holds of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct BlobStatus {
    /// The file.
    #[n(0)]
    pub blob: BlobHash,
    /// Pieces it holds, counted from the first without a gap.
    #[n(1)]
    pub chunks_held: u32,
    /// Whether the whole file is there and its hash is right. A whole file whose hash is wrong is dropped: `chunks_held` is 0.
    #[n(2)]
    pub complete: bool,
}

/// One record's share of a scope checksum: the wrapping sum over a scope tells whether two sides hold the same records.
pub fn scope_term(table: &TableName, sys_id: SysId) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, &[table.as_str().as_bytes(), b"/", &sys_id.0].concat());
    u64::from_be_bytes(digest.as_ref()[..8].try_into().expect("a digest has 32 bytes"))
}
