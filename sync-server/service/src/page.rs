//! One answer's worth of entries, filled under a budget.

use fieldline_documents::{Act, Edit, packed};
use fieldline_model::{DocumentId, Record};
use fieldline_storage::{Position, StoredEdit, Tx};
use fieldline_sync::caps::{MAX_RESPONSE_BYTES, MIN_BUDGET_BYTES};
use fieldline_sync::wire::{self, Entry, FILE_CHANGES_SINCE};

use crate::call::Call;
use crate::edits::StoredSnapshot;
use crate::error::Result;

/// What zstd makes of rows at the least (measured on demo rows: a fifth).
const ROWS_SHRINK: usize = 3;
/// What zstd makes of what a document has beside its row at the least.
const PACKED_SHRINKS: usize = 3;
/// Bytes an entry takes beside its content.
const ENTRY_BYTES: usize = 48;
/// The most a page may hold whatever the device asks for, so that an answer always fits its frame.
const PAGE_BYTES: usize = MAX_RESPONSE_BYTES / 8;
/// Edits of one record sent one by one; more of them travel as a snapshot.
const EDITS_BYTES: usize = 32 << 10;

/// Entries of an answer under way.
pub(crate) struct Page<'c, 's> {
    pub entries: Vec<Entry>,
    left: usize,
    speaks: u16,
    call: &'c Call<'s>,
}

impl<'c, 's> Page<'c, 's> {
    /// An empty page for a device that asked for so many bytes and speaks this version.
    pub fn new(budget_bytes: u32, speaks: u16, call: &'c Call<'s>) -> Self {
        let budget = budget_bytes.max(MIN_BUDGET_BYTES) as usize;
        Self { entries: Vec::new(), left: budget.min(PAGE_BYTES), speaks, call }
    }

    /// Whether nothing more should be added. A page takes at least one entry, however large.
    pub fn is_full(&self) -> bool {
        self.left == 0
    }

    /// Ends the page, whatever room is left.
    pub fn close(&mut self) {
        self.left = 0;
    }

    fn push(&mut self, entry: Entry, bytes: usize) {
        self.left = self.left.saturating_sub(bytes + ENTRY_BYTES);
        self.entries.push(entry);
    }

    /// Adds that a record must be purged.
    pub fn leave(&mut self, document: &DocumentId) {
        self.push(Entry::Leave { document: document.clone() }, 0);
    }

    /// Adds a record as it stands; nothing when it has no row.
    pub fn row(&mut self, tx: &dyn Tx, document: &DocumentId) -> Result<()> {
        let Some((position, mut record)) = tx.record(document)? else { return Ok(()) };
        self.keep_what_may_leave(&mut record);
        let bytes = minicbor::to_vec(&record).expect("encoding to memory cannot fail");
        let cost = bytes.len() / ROWS_SHRINK;
        let position = wire::Position(position);
        self.push(Entry::Row { document: document.clone(), position, bytes: bytes.into() }, cost);
        Ok(())
    }

    /// Takes from a row what the dictionary does not send to devices, or not to this one's owner.
    fn keep_what_may_leave(&self, record: &mut Record) {
        let Some(table) = self.call.dictionary.table(record.id.table.as_str()) else { return };
        let sent = &table.offline.fields;
        if !sent.is_empty() {
            record.fields.retain(|field, _| field.as_str().starts_with("sys_") || sent.contains(field));
        }
        for field in table.fields.iter().filter(|field| !field.read.is_empty()) {
            if record.fields.contains_key(&field.name) && !self.call.knows(record, field) {
                record.fields.remove(&field.name);
            }
        }
    }

    /// Adds a whole document; nothing when it has no edit.
    pub fn snapshot(&mut self, tx: &dyn Tx, document: &DocumentId) -> Result<()> {
        let Some(stored) = tx.snapshot(document)? else { return Ok(()) };
        let StoredSnapshot { heads, bytes, .. } = StoredSnapshot::decode(document, &stored)?;
        let position = wire::Position(tx.record(document)?.map_or(0, |(position, _)| position));
        let cost = bytes.len() / ROWS_SHRINK;
        self.push(Entry::Snapshot { document: document.clone(), position, heads, bytes }, cost);
        Ok(())
    }

    /// Adds a whole document beside the row the device was sent earlier: only what that does not say.
    pub fn packed(&mut self, tx: &dyn Tx, document: &DocumentId) -> Result<()> {
        let (Some(stored), Some((position, row))) = (tx.snapshot(document)?, tx.record(document)?) else {
            return Ok(());
        };
        let StoredSnapshot { bytes, is_told_by_its_row, .. } = StoredSnapshot::decode(document, &stored)?;
        let (bytes, position) = (packed::pack(&row, &bytes), wire::Position(position));
        let cost = bytes.len() / PACKED_SHRINKS;
        let (document, is_told_by_its_row) = (document.clone(), is_told_by_its_row == Some(true));
        self.push(Entry::Packed { document, position, bytes: bytes.into(), is_told_by_its_row }, cost);
        Ok(())
    }

    /// Adds edits of a document, or the whole document when that is less or the device would not understand the edits.
    pub fn edits(&mut self, tx: &dyn Tx, document: &DocumentId, edits: Vec<(Position, StoredEdit)>) -> Result<()> {
        let is_much = edits.iter().map(|(_, edit)| edit.body.len()).sum::<usize>() > EDITS_BYTES;
        if is_much || edits.iter().any(|(_, edit)| !is_understood(edit, self.speaks)) {
            self.row(tx, document)?;
            return self.snapshot(tx, document);
        }
        for (position, edit) in edits {
            let hash = edit.hash[..16].try_into().expect("a hash has 32 bytes");
            let cost = edit.body.len();
            let (position, document) = (wire::Position(position), edit.document);
            self.push(Entry::Edit { position, hash, body: edit.body.into(), document }, cost);
        }
        Ok(())
    }
}

/// Whether an app that speaks this version can read an edit.
fn is_understood(edit: &StoredEdit, speaks: u16) -> bool {
    let is_newer = |act: &Act| matches!(act, Act::Detach { .. } | Act::Rename { .. });
    speaks >= FILE_CHANGES_SINCE || Edit::decode(&edit.body).is_ok_and(|edit| !edit.acts.iter().any(is_newer))
}
