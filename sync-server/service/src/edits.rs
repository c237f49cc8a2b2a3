//! The one road for every change of a document, whoever makes it: devices, the record API, imports, the server's own rules.
//!
//! An edit is applied, the record projected and its links recomputed at once, so later edits of the same call see it. What
//! follows from it (roll-ups, review tasks), the snapshots and the feed come once, at the end of the call:
//! [`Call::append`] numbers everything as the last write of the transaction.

use std::collections::BTreeSet;

use fieldline_documents::{Act, ApplyError, ChangeHash, Document, Edit, Projection};
use fieldline_model::plant::{self, Plant};
use fieldline_model::{BlobHash, DocumentId, SysId};
use fieldline_storage::{EditKey, FeedEntry, Happening, Position, StoredEdit};
use fieldline_sync::caps::MAX_RESPONSE_BYTES;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::call::{Call, Changed};
use crate::error::{Result, ServiceError};
use crate::kept::Loaded;
use crate::notifications::Said;
use crate::scope::Blobs;

/// Rounds of reactions to reactions: an order cancels its tasks, the tasks roll up into the order, and there it ends. Only
/// a fault could need more.
const REACTION_ROUNDS: usize = 8;

/// The largest document: with room to spare it fits into an answer even if nothing of it compresses.
const MAX_DOCUMENT_BYTES: usize = MAX_RESPONSE_BYTES - (1 << 20);

/// A document as it is stored: with its heads outside, so that it can be sent without being loaded.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct StoredSnapshot {
    #[n(0)]
    pub heads: Vec<ByteVec>,
    #[n(1)]
    pub bytes: ByteVec,
    /// Whether its row says all that lists and search show of it; `None` from a build that did not ask.
    #[n(2)]
    pub is_told_by_its_row: Option<bool>,
}

impl StoredSnapshot {
    fn of(loaded: &Loaded) -> Self {
        let heads = loaded.document.full_heads().into_iter().map(|hash| hash.0.to_vec().into()).collect();
        let is_told_by_its_row = Some(loaded.is_told_by_its_row);
        Self { heads, bytes: loaded.document.save().into(), is_told_by_its_row }
    }

    /// Reads what [`Call::append`] stored.
    pub fn decode(id: &DocumentId, stored: &[u8]) -> Result<Self> {
        minicbor::decode(stored).map_err(|problem| ServiceError::damaged(id, problem))
    }
}

/// What recording an edit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The change it made.
    pub hash: ChangeHash,
    /// Its place among the call's feed entries of changes.
    pub entry: usize,
    /// Whether the document had gone on since the heads the edit builds on.
    pub merged: bool,
}

/// Why an edit was not recorded; the document is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<fieldline_storage::StorageError> for RecordError {
    fn from(error: fieldline_storage::StorageError) -> Self {
        Self::Service(error.into())
    }
}

impl Call<'_> {
    /// Whether a document holds any edit.
    pub(crate) fn exists(&self, id: &DocumentId) -> Result<bool> {
        match self.documents.get(id) {
            Some(loaded) => Ok(loaded.stored_bytes > 0),
            None => Ok(self.tx.newest_edit(id)?.is_some()),
        }
    }

    /// A document with the edits of this transaction; one nobody has edited is new.
    pub(crate) fn document(&mut self, id: &DocumentId) -> Result<&mut Document> {
        Ok(&mut self.loaded(id)?.document)
    }

    /// What a document means, with the edits of this transaction.
    pub(crate) fn projection(&mut self, id: &DocumentId) -> Result<Projection> {
        let (dictionary, priorities) = (self.dictionary.clone(), self.server.priorities());
        Ok(self.document(id)?.project(&dictionary, &priorities))
    }

    fn loaded(&mut self, id: &DocumentId) -> Result<&mut Loaded> {
        if !self.documents.contains_key(id) {
            let loaded = self.load(id)?;
            self.documents.insert(id.clone(), loaded);
        }
        Ok(self.documents.get_mut(id).expect("inserted above"))
    }

    /// Only calls that write take kept documents, for only they give them back.
    fn load(&self, id: &DocumentId) -> Result<Loaded> {
        let Some(position) = self.tx.newest_edit(id)? else { return Ok(Loaded::seed(id.clone())) };
        let kept = self.writes.then(|| self.server.take_kept(id)).flatten();
        if let Some(kept) = kept.filter(|kept| kept.position == position) {
            return Ok(kept);
        }
        let stored = self.tx.snapshot(id)?.ok_or_else(|| ServiceError::damaged(id, "its snapshot is missing"))?;
        let snapshot = StoredSnapshot::decode(id, &stored)?;
        let document = Document::load(id.clone(), &snapshot.bytes);
        let document = document.map_err(|problem| ServiceError::damaged(id, problem))?;
        let is_told_by_its_row = snapshot.is_told_by_its_row == Some(true);
        Ok(Loaded { document, is_told_by_its_row, stored_bytes: stored.len(), position })
    }

    /// What is wrong with adding so many bytes to a document; it must fit into one answer, or nobody could be sent it.
    pub(crate) fn overweight(&mut self, id: &DocumentId, bytes: usize) -> Result<Option<String>> {
        let weight = self.loaded(id)?.stored_bytes + bytes;
        let problem = || {
            let remedy = "open a new record and refer to this one";
            format!("the record would grow to {weight} bytes, {MAX_DOCUMENT_BYTES} are the most; {remedy}")
        };
        Ok((weight > MAX_DOCUMENT_BYTES).then(problem))
    }

    /// Applies an edit, whose encoding is `body`. It is settled together with the edits of the same document that follow it
    /// at once: [`Call::settle_before`] must be called before anything that looks beyond this document.
    pub(crate) fn record_edit(&mut self, edit: Edit, body: Vec<u8>) -> Result<Recorded, RecordError> {
        if let Some(earlier) = self.pending.unsettled.last().map(|earlier| earlier.at)
            && self.has_clocks(&edit.document)
        {
            let stood = self.projection(&edit.document)?.record;
            self.pending.between.push((earlier, stood));
        }
        let recorded = self.apply_edit(&edit, body)?;
        self.pending.unsettled.push(edit);
        Ok(recorded)
    }

    /// Settles the edits that wait for it, unless they are of the document that is looked at next.
    pub(crate) fn settle_before(&mut self, next: Option<&DocumentId>) -> Result<()> {
        match self.pending.unsettled.first() {
            Some(edit) if next != Some(&edit.document) => {
                let edits = std::mem::take(&mut self.pending.unsettled);
                self.settle(&edits[0].document, &edits)
            }
            _ => Ok(()),
        }
    }

    /// Applies an edit; [`Call::settle`] must follow.
    pub(crate) fn apply_edit(&mut self, edit: &Edit, body: Vec<u8>) -> Result<Recorded, RecordError> {
        let received_at = self.now;
        let loaded = self.loaded(&edit.document)?;
        let applied = loaded.document.apply(edit)?;
        loaded.stored_bytes += body.len();
        self.pending.unsaved.insert(edit.document.clone());
        let stored = StoredEdit {
            key: EditKey { device: edit.id.device, epoch: edit.id.epoch, counter: edit.id.counter },
            document: edit.document.clone(),
            hash: applied.hash.0,
            body,
            author: edit.author,
            received_at,
        };
        let happening = Happening::Edit(Box::new(stored));
        self.pending.entries.push(FeedEntry { document: edit.document.clone(), happening });
        Ok(Recorded { hash: applied.hash, entry: self.pending.entries.len() - 1, merged: applied.merged })
    }

    /// Takes back everything this call did to a document that is new in it and has not been settled.
    pub(crate) fn forget(&mut self, id: &DocumentId) {
        self.documents.remove(id);
        self.pending.unsaved.remove(id);
        self.pending.entries.retain(|entry| entry.document != *id);
    }

    /// Projects a document that took edits, relinks it, and remembers it for [`Call::append`] to react to.
    pub(crate) fn settle(&mut self, id: &DocumentId, edits: &[Edit]) -> Result<()> {
        let (dictionary, priorities) = (self.dictionary.clone(), self.server.priorities());
        let loaded = self.loaded(id)?;
        let projection = loaded.document.project(&dictionary, &priorities);
        loaded.is_told_by_its_row = projection.is_told_by_its_row();
        let before = self.tx.record(id)?.map(|(_, record)| record);
        if !(plant::is(Plant::RowWrittenOncePerCall) && self.pending.changed.contains_key(id)) {
            self.tx.put_record(&projection.record)?;
        }
        if let (Some(before), Some(newest)) = (&before, edits.last()) {
            self.note_changes(before, &projection.record, newest.author)?;
        }
        self.reads_otherwise(id)?;
        self.note_news(id, before.as_ref(), edits.iter().map(|edit| edit.author), Said::in_edits(edits));
        let new = edits.iter().flat_map(|edit| &edit.acts).filter_map(blob_of).collect();
        let blobs = Blobs { new, gone: self.files_gone(&projection, edits)? };
        self.relink(before.as_ref(), &projection.record, &blobs)?;
        self.note_files(&projection, before.is_none(), edits)?;
        blobs.gone.into_iter().try_for_each(|blob| self.let_go_of(blob))?;
        let commented = edits.iter().filter(|edit| comments(edit)).map(|edit| (edit.id, edit.author));
        let done_at = edits.last().map_or(self.now, |edit| edit.at);
        let between = if edits.len() > 1 { std::mem::take(&mut self.pending.between) } else { Vec::new() };
        let has_clocks = self.has_clocks(id);
        match self.pending.changed.get_mut(id) {
            Some(changed) => {
                let stood = std::mem::replace(&mut changed.projection, projection).record;
                changed.between.extend(has_clocks.then_some((changed.done_at, stood)));
                changed.between.extend(between);
                changed.done_at = done_at;
                changed.commented.extend(commented);
            }
            None => {
                let changed = Changed { before, between, projection, done_at, commented: commented.collect() };
                self.pending.changed.insert(id.clone(), changed);
            }
        }
        Ok(())
    }

    /// Brings the call to an end: reacts to what changed, stores the documents, and numbers everything in the feed.
    /// Returns the position of the first change; nothing may change afterwards.
    pub(crate) fn append(&mut self) -> Result<Position> {
        if plant::is(Plant::SnapshotBeforeReactions) {
            self.settle_before(None)?;
            self.store_documents()?;
        }
        self.react_to_all()?;
        self.tell_of_news()?;
        if !plant::is(Plant::SnapshotBeforeReactions) {
            self.store_documents()?;
        }
        self.save_own_counter()?;
        let (enters, leaves) = self.scope_entries()?;
        let changes = std::mem::take(&mut self.pending.entries);
        if enters.is_empty() && leaves.is_empty() && changes.is_empty() {
            return Ok(self.tx.head()? + 1);
        }
        self.mark_day()?;
        // Entering comes first and leaving last, so a record handed from one key to another is never in neither.
        let entered = enters.len() as Position;
        let entries: Vec<FeedEntry> = enters.into_iter().chain(changes).chain(leaves).collect();
        let first = self.tx.append(&entries)?;
        for (position, entry) in (first..).zip(&entries) {
            if let (Happening::Edit(_), Some(loaded)) = (&entry.happening, self.documents.get_mut(&entry.document)) {
                loaded.position = position;
            }
        }
        Ok(first + entered)
    }

    /// Does what follows from everything that changed so far, and what follows from that. Returns which records changed by it.
    pub(crate) fn react_to_all(&mut self) -> Result<BTreeSet<DocumentId>> {
        self.settle_before(None)?;
        let mut followed = BTreeSet::new();
        for round in 0.. {
            let changed = std::mem::take(&mut self.pending.changed);
            if changed.is_empty() {
                break;
            }
            if round > 0 {
                followed.extend(changed.keys().cloned());
            }
            if round == REACTION_ROUNDS {
                let records: Vec<String> = changed.keys().map(ToString::to_string).collect();
                tracing::error!(?records, "reactions do not come to rest; leaving the records as they are");
                break;
            }
            let booked = self.book_uses(&changed);
            let reacted = std::iter::once(booked).chain(changed.iter().map(|(id, changed)| self.react(id, changed)));
            for reacted in reacted {
                match reacted {
                    // What a record can take no more must not keep others from being told that their work arrived.
                    Err(ServiceError::OwnEdit { record, problem }) => {
                        tracing::error!(record, problem, "a reaction was not possible");
                    }
                    reacted => reacted?,
                }
            }
        }
        Ok(followed)
    }

    fn store_documents(&mut self) -> Result<()> {
        for id in std::mem::take(&mut self.pending.unsaved) {
            let loaded = self.loaded(&id)?;
            let stored = StoredSnapshot::of(loaded);
            let bytes = minicbor::to_vec(&stored).expect("encoding to memory cannot fail");
            loaded.stored_bytes = bytes.len();
            self.tx.put_snapshot(&id, &bytes)?;
        }
        Ok(())
    }
}

fn blob_of(act: &Act) -> Option<BlobHash> {
    match act {
        Act::Attach { attachment } => Some(attachment.blob),
        Act::Answer { photo, .. } => *photo,
        _ => None,
    }
}

fn comments(edit: &Edit) -> bool {
    edit.acts.iter().any(|act| matches!(act, Act::Comment { .. }))
}

/// Whether others had edited the document when an accepted edit came, from the edits accepted before it.
pub(crate) fn was_merged(earlier: &[StoredEdit], heads: &[fieldline_documents::Head]) -> Result<bool> {
    let mut known: BTreeSet<_> = heads.iter().copied().collect();
    for stored in earlier.iter().rev() {
        if !known.contains(&ChangeHash(stored.hash).head()) {
            return Ok(true);
        }
        let edit = Edit::decode(&stored.body).map_err(|problem| ServiceError::damaged(&stored.document, problem))?;
        known.extend(edit.heads);
    }
    Ok(false)
}

/// The author of a document's first edit.
pub(crate) fn creator(call: &Call<'_>, id: &DocumentId) -> Result<Option<SysId>> {
    let new = call.pending.entries.iter().find_map(|entry| match &entry.happening {
        Happening::Edit(edit) if entry.document == *id => Some(edit.author),
        _ => None,
    });
    Ok(call.tx.first_author(id)?.or(new))
}
