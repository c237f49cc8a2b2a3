//! Captured files: pieces in order, checked as a whole against their hash, given only to who may see a record that refers
//! to them.

use fieldline_model::plant::{self, Plant};
use fieldline_model::{BlobHash, DocumentId};
use fieldline_storage::BlobState;
use fieldline_sync::caps::{CHUNK_BYTES, MAX_BLOB_BYTES};
use fieldline_sync::wire::{BlobChunk, BlobStatus, ChunkWant};

use crate::call::Call;
use crate::error::Result;
use crate::knowledge;
use crate::scope;

impl Call<'_> {
    /// Takes a piece if it is the next one, and says how far the file has come.
    pub(crate) fn take_chunk(&mut self, chunk: &BlobChunk) -> Result<BlobStatus> {
        let held = self.tx.blob(chunk.blob)?;
        let fresh = BlobState { blob: chunk.blob, size_bytes: chunk.size_bytes, chunks_held: 0, complete: false };
        // A hash has one length. Whoever claims another one begins anew: a wrong claim must not keep the right file out.
        let state = held.filter(|held| held.complete || held.size_bytes == chunk.size_bytes).unwrap_or(fresh);
        if state.complete || !is_next(&state, chunk) {
            return Ok(status(&state));
        }
        let state = BlobState { chunks_held: state.chunks_held + 1, ..state };
        self.tx.put_chunk(&state, chunk.index, &chunk.bytes)?;
        self.server.metrics.chunks_received.increment();
        let early = u32::from(plant::is(Plant::BlobCompleteEarly));
        if state.chunks_held + early < pieces(state.size_bytes) {
            return Ok(status(&state));
        }
        let right = self.has_its_hash(&state)? || plant::is(Plant::BlobCompleteEarly);
        self.tx.finish_blob(state.blob, right)?;
        if right {
            self.file_arrived(state.blob)?;
        }
        self.server.metrics.blobs_completed.add(right.into());
        let chunks_held = if right { state.chunks_held } else { 0 };
        Ok(status(&BlobState { chunks_held, complete: right, ..state }))
    }

    fn has_its_hash(&self, state: &BlobState) -> Result<bool> {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        for index in 0..state.chunks_held {
            context.update(&self.tx.chunk(state.blob, index)?.unwrap_or_default());
        }
        Ok(context.finish().as_ref() == state.blob.0)
    }

    /// A piece somebody asks for; `None` when it is not here or not theirs to see.
    pub(crate) fn give_chunk(&self, want: &ChunkWant) -> Result<Option<BlobChunk>> {
        let Some(state) = self.tx.blob(want.blob)?.filter(|state| state.complete) else { return Ok(None) };
        if !self.may_see_blob(want.blob)? {
            return Ok(None);
        }
        let Some(bytes) = self.tx.chunk(want.blob, want.index)? else { return Ok(None) };
        let (blob, size_bytes, index) = (want.blob, state.size_bytes, want.index);
        Ok(Some(BlobChunk { blob, size_bytes, index, bytes: bytes.into() }))
    }

    fn may_see_blob(&self, blob: BlobHash) -> Result<bool> {
        let keys = scope::keys_of(&*self.tx, self.caller.user)?;
        for record in self.tx.members(&scope::blob_key(blob))? {
            if self.may_read(&record)? || scope::in_scope(&*self.tx, &keys, &record)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn may_read(&self, record: &DocumentId) -> Result<bool> {
        let table = self.dictionary.table(record.table.as_str());
        let reads_all = table.is_some_and(|table| self.caller.reads_all(table));
        match reads_all && self.dictionary.is_a(record.table.as_str(), knowledge::ARTICLES) {
            true => self.row(record)?.map_or(Ok(false), |article| self.sees(&article)),
            false => Ok(reads_all),
        }
    }
}

fn pieces(size_bytes: u64) -> u32 {
    u32::try_from(size_bytes.div_ceil(CHUNK_BYTES as u64)).unwrap_or(u32::MAX)
}

/// Whether a piece is the one that is missing next, and as long as it must be.
fn is_next(state: &BlobState, chunk: &BlobChunk) -> bool {
    let begins = u64::from(chunk.index) * CHUNK_BYTES as u64;
    chunk.size_bytes == state.size_bytes
        && (1..=MAX_BLOB_BYTES).contains(&state.size_bytes)
        && chunk.index == state.chunks_held
        && begins < state.size_bytes
        && chunk.bytes.len() as u64 == (state.size_bytes - begins).min(CHUNK_BYTES as u64)
}

fn status(state: &BlobState) -> BlobStatus {
    BlobStatus { blob: state.blob, chunks_held: state.chunks_held, complete: state.complete }
}
