//! What a device has to say: work not yet settled, pieces of files, and what it asks for.
//!
//! Nothing here leaves the outbox; a request that is lost is composed anew.

use fieldline_model::dictionary::{Kind, may};
use fieldline_store::blob_files::pieces;
use fieldline_store::edits::{EditState, StoredEdit};
use fieldline_store::{StoreError, View};
use fieldline_sync::caps;
use fieldline_sync::wire::{Batch, BlobChunk, ChunkWant, PushedEdit, Request, SignedBatch, signing_input};

use crate::device::{Device, Rules, roles_of};
use crate::enrol::Enrolment;
use crate::error::DeviceError;
use crate::replica::AUDIT_DUE;

/// Edits read from the outbox at once: a batch is cut by bytes, and edits may be large.
const OUTBOX_PAGE: u32 = 64;
/// What number, hash and framing add to an edit.
const EDIT_ENVELOPE_BYTES: usize = 28;

impl Device {
    /// Everything this device has to say; what goes out for the first time counts as sent from here on.
    pub(crate) fn compose(&mut self, nonce: u64) -> Result<Request, DeviceError> {
        let who = self.who()?.clone();
        let (push, fresh) = self.store.read(|view| push(view, &who, self.budget_bytes))?;
        // Before what is asked for: a file that turns out to be damaged here is asked for at once.
        let chunks = self.chunks(push.as_ref())?;
        let request = self.store.read(|view| {
            Ok::<_, DeviceError>(Request {
                wire_version: self.wire_version,
                nonce,
                device: who.device,
                epoch: who.epoch,
                budget_bytes: self.answer_bytes(),
                cursor: view.cursor()?.map(Into::into),
                push,
                wants: view.wants(caps::MAX_WANTS as u32)?,
                chunks,
                chunk_wants: chunk_wants(view)?,
                number_wants: number_wants(view, &self.rules, &who)?,
                audit: view.meta(AUDIT_DUE)?.is_some(),
                newest_counter: Some(view.newest_counter()?),
            })
        })?;
        if !fresh.is_empty() {
            self.store.write(|tx| tx.mark_sent(&fresh))?;
        }
        Ok(request)
    }

    /// How large an answer is asked for: by what the line has shown, unless it is known to be worth less than any other.
    fn answer_bytes(&self) -> u32 {
        if self.budget_bytes < caps::DEFAULT_BUDGET_BYTES { self.budget_bytes } else { self.line.answer_bytes }
    }

    /// Pieces of captured files, signatures first, each file from where the server stands. A cut costs what is on the line,
    /// so beside the edits as many bytes go at once as the line is worth, and without edits one piece in any case. A file
    /// that was damaged on the disk holds up nothing else.
    fn chunks(&self, push: Option<&SignedBatch>) -> Result<Vec<BlobChunk>, DeviceError> {
        let files = self.store.read(|view| view.blobs_to_send(caps::MAX_CHUNKS_PER_REQUEST as u32))?;
        let (mut chunks, edits) = (Vec::new(), push.map_or(0, |push| push.bytes.len()));
        let mut left = (self.budget_bytes as usize).saturating_sub(edits);
        for file in files {
            let last = pieces(file.size_bytes).max(1);
            for index in file.chunks_sent.min(last - 1)..last {
                if chunks.len() == caps::MAX_CHUNKS_PER_REQUEST {
                    return Ok(chunks);
                }
                let bytes = match self.store.blob_files().piece(file.blob, index) {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) | Err(StoreError::Content { .. }) => {
                        self.store.write(|tx| tx.blob_is_damaged(file.blob))?;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                };
                if bytes.len() > left && (push.is_some() || !chunks.is_empty()) {
                    return Ok(chunks);
                }
                left = left.saturating_sub(bytes.len());
                chunks.push(BlobChunk { blob: file.blob, size_bytes: file.size_bytes, index, bytes: bytes.into() });
            }
        }
        Ok(chunks)
    }
}

/// The next page of the outbox under one signature, and the numbers of those that go out for the first time.
fn push(view: View<'_>, who: &Enrolment, budget_bytes: u32) -> Result<(Option<SignedBatch>, Vec<u64>), DeviceError> {
    let (mut batch, mut fresh, mut bytes) = (Batch::default(), Vec::new(), 0);
    let most = caps::MAX_BATCH_BYTES.min(budget_bytes as usize);
    let mut after = 0;
    'pages: loop {
        let page = view.unsent(after, OUTBOX_PAGE)?;
        let is_last = page.len() < OUTBOX_PAGE as usize;
        for StoredEdit { counter, epoch, hash, body, state, .. } in page {
            bytes += body.len() + EDIT_ENVELOPE_BYTES;
            let is_full = batch.edits.len() == caps::MAX_EDITS_PER_BATCH || bytes > most;
            if is_full && !batch.edits.is_empty() {
                break 'pages;
            }
            fresh.extend((state == EditState::Local).then_some(counter));
            let hash = hash.0[..16].try_into().expect("a hash has 32 bytes");
            let epoch = (epoch != who.epoch).then_some(epoch);
            batch.edits.push(PushedEdit { counter, hash, body: body.into(), epoch });
            after = counter;
        }
        if is_last {
            break;
        }
    }
    if batch.edits.is_empty() {
        return Ok((None, fresh));
    }
    let bytes = minicbor::to_vec(batch).expect("encoding into memory does not fail");
    let signature = who.key.sign(&signing_input(who.device, who.epoch, &bytes));
    Ok((Some(SignedBatch { bytes: bytes.into(), signature }), fresh))
}

fn chunk_wants(view: View<'_>) -> Result<Vec<ChunkWant>, StoreError> {
    let mut wants = Vec::new();
    for file in view.blobs_to_fetch(caps::MAX_CHUNK_WANTS as u32)? {
        let last = pieces(file.size_bytes);
        wants.extend((file.chunks_held..last).map(|index| ChunkWant { blob: file.blob, index }));
    }
    wants.truncate(caps::MAX_CHUNK_WANTS);
    Ok(wants)
}

/// Prefixes that are running out, of the tables this person may create records of.
pub(crate) fn number_wants(view: View<'_>, rules: &Rules, who: &Enrolment) -> Result<Vec<String>, DeviceError> {
    let roles = roles_of(view, who.user)?;
    let mut wants = Vec::new();
    for table in rules.dictionary.tables().filter(|table| table.kind == Kind::Document) {
        let Some(prefix) = &table.number_prefix else { continue };
        let may_create = !roles.is_empty() && may(roles.iter().map(String::as_str), &table.create);
        // Several tables may share a prefix.
        if may_create && !wants.contains(prefix) && view.numbers_left(prefix)? < caps::FEW_NUMBERS {
            wants.push(prefix.clone());
        }
    }
    wants.truncate(caps::MAX_NUMBER_WANTS);
    Ok(wants)
}
