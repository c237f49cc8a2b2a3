//! What the exchange in flight asked for, kept in memory only: after a crash everything is asked for again.

use fieldline_model::{BlobHash, DocumentId};

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Snapshots.
    pub wants: Vec<DocumentId>,
    /// Files.
    pub files: Vec<BlobHash>,
    /// Prefixes of numbers.
    pub numbers: Vec<String>,
}
