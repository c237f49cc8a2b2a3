//! The device's side of an exchange: what it does with the answer. What it says is composed in [`crate::compose`].
//!
//! An answer is absorbed in one transaction: receipts, entries, purges, numbers, the cursor. Either all of it is durable or
//! the same exchange is made again, and every step may be repeated without harm. A record that leaves while unsent work is
//! on it stays until that work is delivered. A server with another epoch was restored from a backup: everything it once
//! acknowledged is offered again under the same numbers, so what it still has it recognises.

use std::collections::BTreeSet;

use fieldline_documents::{ChangeHash, Document, Edit};
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Timestamp};
use fieldline_store::blob_files::pieces;
use fieldline_store::edits::{EditState, StoredEdit};
use fieldline_store::records::Standing;
use fieldline_store::{Tx, View};
use fieldline_sync::caps;
use fieldline_sync::session::{Absorbed, Replica};
use fieldline_sync::wire::{
    BlobChunk, Entry, HoldReason, OLDEST_WIRE_VERSION, Outcome, Position, Receipt, Request, Response, scope_term,
};

use crate::bench::Bench;
use crate::compose::number_wants;
use crate::device::{Device, Rules};
use crate::enrol::Enrolment;
use crate::error::DeviceError;
use crate::news::Noting;
use crate::sync_state::Asked;

/// Set while the scope checksum disagreed and the server has not listed the scope yet.
pub(crate) const AUDIT_DUE: &str = "audit_due";
/// The wire version of the last answer, as two bytes.
const SERVER_SPEAKS: &str = "server_speaks";
/// Set once rows came that only a newer app can read whole.
pub(crate) const NEWER_ROWS: &str = "newer_rows";
/// When everything there was had been exchanged.
pub(crate) const SYNCED_AT: &str = "synced_at";
const DAY_MILLISECONDS: i64 = 24 * 3_600_000;

/// When everything there was had been exchanged, `None` when never.
pub(crate) fn synced_at(view: View<'_>) -> Result<Option<Timestamp>, DeviceError> {
    let bytes = view.meta(SYNCED_AT)?.and_then(|bytes| bytes.try_into().ok());
    Ok(bytes.map(|bytes| Timestamp(i64::from_be_bytes(bytes))))
}

impl Replica for Device {
    type Error = DeviceError;

    fn outgoing(&mut self, nonce: u64, _now: Timestamp) -> Result<Request, DeviceError> {
        let request = self.compose(nonce)?;
        self.asked = Asked::by(&request);
        Ok(request)
    }

    fn absorb(&mut self, response: &Response, now: Timestamp) -> Result<Absorbed, DeviceError> {
        let asked = std::mem::take(&mut self.asked);
        self.take_in(response, &asked, now)
    }

    fn common_version(&self) -> Result<u16, DeviceError> {
        let version = self.store.read(|view| view.meta(SERVER_SPEAKS))?.and_then(|bytes| bytes.try_into().ok());
        Ok(version.map_or(OLDEST_WIRE_VERSION, u16::from_be_bytes).min(self.wire_version))
    }

    fn forget_version(&mut self) -> Result<(), DeviceError> {
        Ok(self.store.write(|tx| tx.put_meta(SERVER_SPEAKS, None))?)
    }
}

/// Goes on in the epoch the server gave, because there is a copy of this phone. The copy has the same leased numbers.
fn renew(tx: &Tx<'_>, who: &mut Enrolment, epoch: Option<u32>) -> Result<(), DeviceError> {
    let Some(epoch) = epoch.filter(|epoch| *epoch > who.epoch) else { return Ok(()) };
    who.epoch = epoch;
    tx.put_identity(&who.encode())?;
    Ok(tx.give_up_numbers()?)
}

fn is_priority(entry: &Entry) -> bool {
    matches!(entry, Entry::Row { document, .. } | Entry::Leave { document } if document.table == *"dl_u_priority")
}

fn is_definition(entry: &Entry) -> bool {
    matches!(entry, Entry::Row { document, .. } | Entry::Leave { document } if document.table == *"fl_definition")
}

impl Device {
    /// Takes an answer in to what was asked.
    pub(crate) fn take_in(
        &mut self,
        response: &Response,
        asked: &Asked,
        now: Timestamp,
    ) -> Result<Absorbed, DeviceError> {
        let mut who = self.who()?.clone();
        self.recent.clear();
        if plant::is(Plant::CursorBeforeData) {
            self.store.write(|tx| tx.put_cursor(Some(&response.cursor)))?;
        }
        let fetched = self.keep_chunks(&response.chunks)?;
        let mut absorbed = self.store.write(|tx| {
            renew(tx, &mut who, response.renew_epoch)?;
            let bench = Bench::new(tx, &self.rules, &who);
            let has_unsent = tx.unsent_count()? > 0;
            let noting = Noting::since_the_first_sync(tx, who.user, now)?;
            let mut absorbing = Absorbing { tx, rules: &self.rules, bench, noting, has_unsent, has_held: false };
            let mut absorbed = Absorbed { progressed: fetched, ..Absorbed::default() };
            absorbing.server_epoch(response.server_epoch)?;
            absorbing.server_speaks(response.wire_version)?;
            absorbing.receipts(&response.receipts, response.now, &mut absorbed)?;
            absorbing.has_held = tx.has_held()?;
            absorbing.entries(&response.entries, &mut absorbed)?;
            absorbing.audit(response, &mut absorbed)?;
            absorbed.progressed |= absorbing.bench.finish()?;
            let moved = tx.cursor()?.as_deref() != Some(response.cursor.as_slice());
            absorbed.progressed |= moved || !response.entries.is_empty() || !response.numbers.is_empty();
            tx.put_cursor(Some(&response.cursor))?;
            response.numbers.iter().try_for_each(|block| tx.add_number_block(block))?;
            absorbed.progressed |= blobs_sent(tx, response)?;
            unwant_what_did_not_come(tx, asked, response)?;
            purge_what_may_go(tx, response.more)?;
            compare_checksum(tx, response)?;
            // By whichever clock is behind: neither a phone's that jumps by years, nor whoever answers in the server's place,
            // makes it forget what a restored server will need.
            let days = if plant::is(Plant::AcknowledgedForgottenAtOnce) { -1 } else { caps::KEEP_ACKNOWLEDGED_DAYS };
            tx.forget_acknowledged(response.now.min(now).plus_milliseconds(-days * DAY_MILLISECONDS))?;
            // A new phone learns with the first answer what its owner may create, and does not leave without numbers for it.
            let numbers = number_wants(**tx, &self.rules, &who)?;
            absorbed.pending = pending(tx, asked, fetched)?
                || (!response.more && numbers.iter().any(|prefix| !asked.numbers.contains(prefix)));
            if !response.more && !absorbed.pending {
                tx.put_meta(SYNCED_AT, Some(&now.0.to_be_bytes()))?;
            }
            Ok::<_, DeviceError>(absorbed)
        })?;
        self.enrolment = Some(who);
        absorbed.changed = response.entries.len() as u64;
        if response.entries.iter().any(is_priority) {
            self.reload_priorities()?;
        }
        if response.entries.iter().any(is_definition) {
            self.definitions_changed()?;
        }
        Ok(absorbed)
    }

    /// Keeps pieces of wanted files; whether anything came. The pieces are on disk before the rows say so.
    fn keep_chunks(&self, chunks: &[BlobChunk]) -> Result<bool, DeviceError> {
        let files = self.store.blob_files();
        let mut came = false;
        for chunk in chunks {
            let progress = self.store.read(|view| view.blob(chunk.blob))?;
            let Some(mut progress) = progress.filter(|file| !file.held && file.chunks_held == chunk.index) else {
                continue;
            };
            if chunk.bytes.len() > caps::CHUNK_BYTES {
                continue;
            }
            files.put_piece(chunk.blob, chunk.index, &chunk.bytes)?;
            progress.chunks_held += 1;
            if progress.chunks_held == pieces(progress.size_bytes) {
                progress.held = files.finish(chunk.blob)?;
                progress.chunks_held = if progress.held { progress.chunks_held } else { 0 };
                came |= progress.held;
            } else {
                came = true;
            }
            self.store.write(|tx| tx.put_blob(&progress))?;
        }
        Ok(came)
    }
}

/// One answer on its way into the store.
pub(crate) struct Absorbing<'a, 'c> {
    pub tx: &'a Tx<'c>,
    pub rules: &'a Rules,
    pub bench: Bench<'a, 'c>,
    pub noting: Noting,
    /// Whether work made here waits to be sent.
    pub has_unsent: bool,
    /// Whether the server holds work made here.
    pub has_held: bool,
}

impl Absorbing<'_, '_> {
    /// Another life of the server has forgotten what came after its backup: it is offered everything again. Positions
    /// begin anew. What is offered again counts as sent, because the server may well still have it.
    fn server_epoch(&self, epoch: u64) -> Result<(), DeviceError> {
        let known = self.tx.server_epoch()?;
        if known == Some(epoch) {
            return Ok(());
        }
        self.tx.put_server_epoch(epoch)?;
        if known.is_some() && !plant::is(Plant::RestoredServerNotOffered) {
            let mut offered = self.tx.acknowledged(0, u32::MAX)?;
            offered.extend(self.release_what_the_other_life_lacked()?);
            self.tx.offer_again()?;
            self.tx.offer_files_again()?;
            self.tx.mark_sent(&offered.iter().map(|edit| edit.counter).collect::<Vec<_>>())?;
            for standing in [Standing::Born, Standing::InScope, Standing::Leaving] {
                for id in self.tx.records_standing(standing)? {
                    self.tx.put_position(&id, Position(0))?;
                }
            }
        }
        Ok(())
    }

    /// What one life of the server did not have another may.
    fn release_what_the_other_life_lacked(&self) -> Result<Vec<StoredEdit>, DeviceError> {
        let lacked = |edit: &StoredEdit| matches!(edit.state, EditState::Held { reason: HoldReason::Record, .. });
        let held: Vec<StoredEdit> = self.tx.held()?.into_iter().filter(lacked).collect();
        for edit in &held {
            self.tx.release(&edit.document, HoldReason::Record)?;
        }
        Ok(held)
    }

    fn server_speaks(&self, version: u16) -> Result<(), DeviceError> {
        let version = version.to_be_bytes();
        if self.tx.meta(SERVER_SPEAKS)?.as_deref() != Some(&version) {
            self.tx.put_meta(SERVER_SPEAKS, Some(&version))?;
        }
        Ok(())
    }

    fn receipts(&mut self, receipts: &[Receipt], now: Timestamp, absorbed: &mut Absorbed) -> Result<(), DeviceError> {
        for Receipt { counter, outcome } in receipts {
            let outcome = self.bench.in_this_epoch(*counter, outcome)?;
            let outcome = &self.for_its_author(*counter, outcome)?;
            let Some(stored) = self.tx.receive(*counter, outcome, now)? else { continue };
            absorbed.progressed |= *outcome != Outcome::NeedsHeads;
            match outcome {
                Outcome::Accepted { merged, .. } => {
                    absorbed.accepted += 1;
                    absorbed.merged += u64::from(*merged);
                }
                Outcome::Differs { .. } => absorbed.accepted += 1,
                Outcome::Held { .. } => absorbed.held.push(*counter),
                Outcome::NeedsHeads => {}
            }
            // Work on a record that has left was delivered; there is no document here for it to change.
            if self.tx.standing(&stored.document)?.is_some() {
                self.settle(&stored, outcome)?;
            } else if self.bench.is_taken(&stored) {
                self.bench.number_anew(&stored)?;
            }
        }
        Ok(())
    }

    /// Work on a record that is here no more, or only until it is delivered, and whose changes a restored server has lost:
    /// nothing this device could send will change that, so it waits for its author, or for the record to come back.
    fn for_its_author(&self, counter: u64, outcome: Outcome) -> Result<Outcome, DeviceError> {
        let lacking = if outcome == Outcome::NeedsHeads { self.tx.edit(counter)? } else { None };
        let Some(edit) = lacking.filter(|edit| !self.bench.is_taken(edit)) else { return Ok(outcome) };
        let document = edit.document;
        if matches!(self.tx.standing(&document)?, Some(Standing::Born | Standing::InScope)) {
            return Ok(Outcome::NeedsHeads);
        }
        let detail = format!("{document}: the server was restored from a backup and does not have what this builds on");
        let detail = format!("{detail}; it is sent again if the record comes back, ask dispatch or discard it");
        Ok(Outcome::Held { reason: HoldReason::Record, detail })
    }

    /// What a receipt means for the document. Where the server's change differs, its snapshot will replace the one made
    /// here; until then the work stays visible.
    fn settle(&mut self, stored: &StoredEdit, outcome: &Outcome) -> Result<(), DeviceError> {
        match outcome {
            Outcome::Accepted { .. } => self.bench.accept(stored),
            Outcome::Differs { .. } => {
                self.bench.accept(stored)?;
                Ok(self.tx.want(&stored.document)?)
            }
            Outcome::Held { .. } => self.bench.hold(stored, outcome),
            Outcome::NeedsHeads => self.bench.needs_heads(stored),
        }
    }

    fn entries(&mut self, entries: &[Entry], absorbed: &mut Absorbed) -> Result<(), DeviceError> {
        absorbed.changed = entries.len() as u64;
        for entry in entries {
            match entry {
                Entry::Row { document, position, bytes } => self.row(document, *position, bytes)?,
                Entry::Snapshot { document, position, heads, bytes } => {
                    let heads: Option<Vec<ChangeHash>> =
                        heads.iter().map(|head| head[..].try_into().ok().map(ChangeHash)).collect();
                    // One that cannot be used replaces nothing.
                    if let Ok(whole) = Document::verify(document.clone(), bytes, &heads.unwrap_or_default()) {
                        self.replace(document, *position, whole)?;
                    }
                }
                Entry::Packed { document, position, bytes, is_told_by_its_row } => {
                    self.packed(document, *position, bytes, *is_told_by_its_row)?;
                }
                Entry::Edit { position, hash, body, document } => match Edit::decode(body) {
                    Ok(edit) if edit.document == *document => {
                        if self.bench.apply_foreign(&edit, *hash, *position)? {
                            self.noting.edited(self.tx, self.rules, &edit, body)?;
                        }
                    }
                    // A newer app wrote it; the snapshot carries it all the same.
                    _ => self.tx.want(document)?,
                },
                Entry::Leave { document } => self.leave(document)?,
            }
        }
        Ok(())
    }

    fn leave(&mut self, id: &DocumentId) -> Result<(), DeviceError> {
        if self.tx.standing(id)?.is_none() || plant::is(Plant::PurgeForgotten) {
            return Ok(());
        }
        self.noting.left(self.tx, self.rules, id)?;
        if self.tx.unsent_of(id, 0)?.is_empty() {
            self.bench.forget(id);
            self.tx.purge(id)?;
        } else {
            self.tx.unwant(id)?;
            self.tx.put_standing(id, Standing::Leaving)?;
        }
        Ok(())
    }

    /// The server's list of the scope: what is not on it goes, what is missing is asked for.
    fn audit(&mut self, response: &Response, absorbed: &mut Absorbed) -> Result<(), DeviceError> {
        let Some(listed) = &response.audit else { return Ok(()) };
        self.tx.put_meta(AUDIT_DUE, None)?;
        let listed: BTreeSet<&DocumentId> = listed.iter().collect();
        let here: BTreeSet<DocumentId> = self.tx.records_standing(Standing::InScope)?.into_iter().collect();
        for extra in here.iter().filter(|id| !listed.contains(id)) {
            self.leave(extra)?;
            absorbed.progressed = true;
        }
        for missing in listed.into_iter().filter(|id| !here.contains(*id)) {
            self.tx.want(missing)?;
            absorbed.progressed = true;
        }
        Ok(())
    }
}

/// Notes how far the server has come with files; whether it came any further.
fn blobs_sent(tx: &Tx<'_>, response: &Response) -> Result<bool, DeviceError> {
    let mut moved = false;
    for status in &response.blobs {
        let Some(mut progress) = tx.blob(status.blob)? else { continue };
        moved |= (progress.chunks_sent, progress.on_server) != (status.chunks_held, status.complete);
        let complete = status.complete || plant::is(Plant::FileMarkedSentEarly);
        (progress.chunks_sent, progress.on_server) = (status.chunks_held, complete);
        tx.put_blob(&progress)?;
    }
    Ok(moved)
}

/// With nothing more to come, what was asked for and did not come is not there to be had.
fn unwant_what_did_not_come(tx: &Tx<'_>, asked: &Asked, response: &Response) -> Result<(), DeviceError> {
    let came = |id: &DocumentId| {
        response.entries.iter().any(|entry| matches!(entry, Entry::Snapshot { document, .. } if document == id))
    };
    for id in asked.wants.iter().filter(|id| !response.more && !came(id)) {
        tx.unwant(id)?;
    }
    Ok(())
}

/// Takes away what left once its work is delivered, and what was made here but is not in this device's scope.
fn purge_what_may_go(tx: &Tx<'_>, more: bool) -> Result<(), DeviceError> {
    let mut leaving = tx.records_standing(Standing::Leaving)?;
    if !more {
        leaving.extend(tx.records_standing(Standing::Born)?);
    }
    let wanted: BTreeSet<DocumentId> = tx.wants(u32::MAX)?.into_iter().collect();
    for id in leaving {
        if tx.unsent_of(&id, 0)?.is_empty() && !wanted.contains(&id) {
            tx.purge(&id)?;
        }
    }
    Ok(())
}

/// Both sides must hold the same records; if not, the server is asked for the list.
fn compare_checksum(tx: &Tx<'_>, response: &Response) -> Result<(), DeviceError> {
    let Some(theirs) = response.scope_checksum.filter(|_| !response.more) else { return Ok(()) };
    let here = tx.records_standing(Standing::InScope)?;
    let ours = here.iter().fold(0_u64, |sum, id| sum.wrapping_add(scope_term(&id.table, id.sys_id)));
    if ours != theirs && response.audit.is_none() {
        tx.put_meta(AUDIT_DUE, Some(&[1]))?;
    }
    Ok(())
}

/// Whether there is more to say: unsent work, files, or something to ask for that was not asked for just now.
fn pending(tx: &Tx<'_>, asked: &Asked, fetched: bool) -> Result<bool, DeviceError> {
    let work = tx.unsent_count()? > 0 || !tx.blobs_to_send(1)?.is_empty();
    let wants = tx.wants(caps::MAX_WANTS as u32)?.iter().any(|id| !asked.wants.contains(id));
    let fetches = tx.blobs_to_fetch(caps::MAX_CHUNK_WANTS as u32)?;
    let files = fetches.iter().any(|file| fetched || !asked.files.contains(&file.blob));
    Ok(work || wants || files || tx.meta(AUDIT_DUE)?.is_some())
}
