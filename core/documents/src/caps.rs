//! How much one edit and one document may hold, each limit with its reason.
//!
//! A limit here is a pure function of the edit and the heads it builds on, so author, server and every other phone agree
//! on it: what one of them accepts no other one has to refuse.

/// Deeds in one edit. A screen saves a form of some 60 fields at once; a whole visit fits with room.
pub const MAX_ACTS: usize = 256;

/// Bytes of one text. Journals hold a page or two; what is longer belongs in an attachment.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Bytes of a name: field, step, question, meter, unit, media type. Column names in databases end near here, too.
pub const MAX_NAME_BYTES: usize = 120;

/// Changes one edit builds on. An actor adds at most one head, so this many phones may edit a record without having heard
/// of each other; beyond that an edit builds on some of them and merges with the rest.
pub const MAX_HEADS: usize = 64;

/// Bytes of one encoded edit: four of the longest texts, and small enough for a weak cell to send in one try.
pub const MAX_EDIT_BYTES: usize = 256 * 1024;

/// Operations below one edit, its own included. Automerge counts them in 32 bits and panics near the end; loading this
/// many takes some 50 ms, and a busy incident of a year has a hundredth of it.
pub const MAX_OPERATIONS: u64 = 100_000;

/// Bytes of a saved document. Not checked by `apply` (it depends on what else a replica holds) but where edits are
/// admitted and where snapshots come in.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// Units of one part used at once, either way: more is a typing error, and sums stay far from overflow.
pub const MAX_QUANTITY: i64 = 1_000_000;

/// The first moment an edit may claim: 1970, because change times are stored as differences and must not overflow.
pub const FIRST_MOMENT: i64 = 0;

/// The last moment anything may claim: the end of the year 9999, where RFC 3339 ends.
pub const LAST_MOMENT: i64 = 253_402_300_799_999;

/// The first moment a value may hold: year 1, where RFC 3339 and every database begin.
pub const FIRST_VALUE_MOMENT: i64 = -62_135_596_800_000;

/// The largest edit counter: what a signed 64-bit column holds.
pub const MAX_COUNTER: u64 = i64::MAX as u64;
