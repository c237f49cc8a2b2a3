//! Whole documents from bytes: our own, and those a server sends.
//!
//! Automerge's parser believes what it reads: columns may be deflated or run-length encoded, so a kilobyte may become
//! gigabytes, and odd histories panic. [`verify`] therefore first walks over the outer structure without expanding
//! anything: one document chunk, no deflated column, no more operations than a document may have. Only then does it load
//! the bytes, with a net under it, and checks that every change is one an edit could have made.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::Automerge;
use fieldline_model::DocumentId;

use crate::caps;
use crate::document::Document;
use crate::edit::ChangeHash;

/// Why bytes are not a document of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// More bytes than any document has.
    #[error("{document}: a snapshot of {bytes} bytes; {} are the most", caps::MAX_DOCUMENT_BYTES)]
    TooLarge {
        /// The record.
        document: DocumentId,
        /// Its bytes.
        bytes: usize,
    },
    /// Not a document, or not one that edits make.
    #[error("{document}: the snapshot cannot be used ({reason}); fetch it again")]
    Damaged {
        /// The record.
        document: DocumentId,
        /// What was found.
        reason: String,
    },
    /// A document, but not the one announced.
    #[error("{document}: the snapshot has other heads than announced; fetch it again")]
    OtherHeads {
        /// The record.
        document: DocumentId,
    },
}

/// Loads our own bytes.
pub(crate) fn load(id: DocumentId, bytes: &[u8]) -> Result<Document, LoadError> {
    let loaded = Automerge::load(bytes).map_err(|error| error.to_string());
    loaded.and_then(|doc| Document::wrap(id.clone(), doc)).map_err(|reason| LoadError::Damaged { document: id, reason })
}

/// Loads bytes from elsewhere that should have these heads.
pub(crate) fn verify(id: DocumentId, bytes: &[u8], heads: &[ChangeHash]) -> Result<Document, LoadError> {
    let document = check(id.clone(), bytes)?;
    let mut wanted = heads.to_vec();
    wanted.sort_unstable();
    if document.full_heads() != wanted {
        return Err(LoadError::OtherHeads { document: id });
    }
    Ok(document)
}

/// Loads bytes from elsewhere.
pub(crate) fn check(id: DocumentId, bytes: &[u8]) -> Result<Document, LoadError> {
    if bytes.len() > caps::MAX_DOCUMENT_BYTES {
        return Err(LoadError::TooLarge { document: id, bytes: bytes.len() });
    }
    let damaged = |reason: String| LoadError::Damaged { document: id.clone(), reason };
    check_outside(bytes).map_err(|reason| damaged(reason.into()))?;
    catch_unwind(AssertUnwindSafe(|| load_checked(&id, bytes)))
        .unwrap_or_else(|_| Err(damaged("it makes the parser fail".into())))
}

fn load_checked(id: &DocumentId, bytes: &[u8]) -> Result<Document, LoadError> {
    let damaged = |reason: String| LoadError::Damaged { document: id.clone(), reason };
    let document = load(id.clone(), bytes)?;
    let seed = Document::seed(id.clone());
    let seeded = seed.full_heads().into_iter().all(|hash| document.ledger.get(hash).is_some());
    if !seeded || document.ledger.len() != document.edits() + 1 {
        return Err(damaged("it was not born from the seeding change".into()));
    }
    match document.containers.are_flat(&document.doc) {
        Ok(true) => Ok(document),
        Ok(false) => Err(damaged("it holds something nested".into())),
        Err(error) => Err(damaged(error.to_string())),
    }
}

/// The format's fixed beginning (automerge.org/automerge-binary-format-spec).
const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const DOCUMENT_CHUNK: u8 = 0;
/// The bit of a column's specification that says it is deflated, and those that say what it holds.
const DEFLATED: u64 = 0b1000;
const TYPE: u64 = 0b0111;
const BOOLEANS: u64 = 4;
const STRINGS: u64 = 5;
const RAW_VALUES: u64 = 7;

/// Values in one column. Edits that did not know of each other may each be near their own limit.
const MAX_COLUMN_VALUES: u64 = 4 * caps::MAX_OPERATIONS;

/// Whether bytes are the ones a document was saved as, by the checksum they carry: nothing is read.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    let sum = |covered| ring::digest::digest(&ring::digest::SHA256, covered);
    bytes.starts_with(&MAGIC) && bytes.get(8..).is_some_and(|covered| sum(covered).as_ref()[..4] == bytes[4..8])
}

/// Walks over the chunk without expanding anything.
fn check_outside(bytes: &[u8]) -> Result<(), &'static str> {
    let mut reader = Reader(bytes);
    if reader.take(4)? != MAGIC {
        return Err("it does not begin like a document");
    }
    reader.take(4)?;
    if reader.take(1)? != [DOCUMENT_CHUNK] {
        return Err("it is not one whole document");
    }
    if reader.number()? != reader.0.len() as u64 {
        return Err("it is cut off, or something follows it");
    }
    for _ in 0..reader.number()? {
        let length = reader.number()?;
        reader.take(length)?;
    }
    let heads = reader.number()?;
    reader.take(heads.saturating_mul(32))?;
    let mut columns = reader.columns()?;
    columns.extend(reader.columns()?);
    for (column, length) in columns {
        let values = Reader(reader.take(length)?).values(column & TYPE)?;
        if values > MAX_COLUMN_VALUES {
            return Err("it has too many operations");
        }
    }
    Ok(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], &'static str> {
        let count = usize::try_from(count).map_err(|_| "a length is too large")?;
        let (taken, rest) = self.0.split_at_checked(count).ok_or("it ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    /// LEB128: the bits and how many they are.
    fn bits(&mut self) -> Result<(u64, u32), &'static str> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((number, shift + 7));
            }
        }
        Err("a number is too large")
    }

    fn number(&mut self) -> Result<u64, &'static str> {
        self.bits().map(|(number, _)| number)
    }

    fn signed(&mut self) -> Result<i64, &'static str> {
        let (number, bits) = self.bits()?;
        let unused = 64_u32.saturating_sub(bits);
        Ok((number << unused).cast_signed() >> unused)
    }

    /// Column specifications and lengths, all of them plain.
    fn columns(&mut self) -> Result<Vec<(u64, u64)>, &'static str> {
        let mut columns = Vec::new();
        for _ in 0..self.number()? {
            let column = (self.number()?, self.number()?);
            if column.0 & DEFLATED != 0 {
                return Err("it has a deflated column");
            }
            columns.push(column);
        }
        Ok(columns)
    }

    /// How many values a column stands for.
    fn values(&mut self, kind: u64) -> Result<u64, &'static str> {
        let mut total: u64 = 0;
        while !self.0.is_empty() && kind != RAW_VALUES {
            let values = if kind == BOOLEANS { self.number()? } else { self.run(kind)? };
            total = total.saturating_add(values);
        }
        Ok(total)
    }

    /// One run: so many times the same, so many different ones, or so many times nothing.
    fn run(&mut self, kind: u64) -> Result<u64, &'static str> {
        let count = self.signed()?;
        let written = match count {
            0 => return self.number(),
            1.. => 1,
            _ => count.unsigned_abs(),
        };
        for _ in 0..written {
            let number = self.number()?;
            if kind == STRINGS {
                self.take(number)?;
            }
        }
        Ok(count.unsigned_abs())
    }
}
