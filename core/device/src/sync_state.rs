//! What the exchange in flight asked for, kept in memory only: after a crash everything is asked for again.

use fieldline_model::{BlobHash, DocumentId};
use fieldline_sync::wire::Request;

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

impl Asked {
    /// What a request asks for.
    pub fn by(request: &Request) -> Self {
        let files = request.chunk_wants.iter().map(|want| want.blob).collect();
        Self { wants: request.wants.clone(), files, numbers: request.number_wants.clone() }
    }
}
