//! Files of documents: their rows and bytes follow what edits say of them, whoever made the edit.
//!
//! A document says itself which files it has, so a file is removed or renamed by an edit like any other: it travels to
//! every phone, merges, and is kept in the history. Whoever asks over HTTP has the server author that edit. A device may
//! send one and is judged by the same rule: who attached a file, or may write its record, may change it. A photo takes its
//! small versions along. Left out: a file that was still on its way when it was removed comes all the same, and lies there
//! unlisted.

use std::collections::BTreeSet;

use fieldline_documents::journal::Entry;
use fieldline_documents::{Act, Attachment, AttachmentRole, Edit, Projection};
use fieldline_model::dictionary::Kind;
use fieldline_model::life_cycle::StepId;
use fieldline_model::{BlobHash, DocumentId, Record, SysId, Table, Value};

use crate::attachments::{File, TABLE, parent_of, row};
use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;

/// The row of a document's file is told by the act that attached it, so that it is the same whoever makes it.
pub(crate) fn identity(document: &DocumentId, act: StepId) -> SysId {
    let StepId { device, epoch, counter, act } = act;
    let name = format!("{document} {device} {epoch} {counter} {act}");
    sys_id_of(name)
}

/// A file of a document, and the files the document has.
pub(crate) struct FileOf {
    pub document: DocumentId,
    file: Entry<Attachment>,
    files: Vec<Entry<Attachment>>,
}

impl FileOf {
    /// What removes it: small versions of a photo go with the last of its like.
    pub fn removal(&self) -> Vec<Act> {
        let (id, blob) = (self.file.id(), self.file.what.blob);
        let is_last = !self.files.iter().any(|other| other.id() != id && other.what.blob == blob);
        let goes = |other: &&Entry<Attachment>| other.id() == id || (is_last && other.what.of == Some(blob));
        self.files.iter().filter(goes).map(|file| Act::Detach { file: file.id() }).collect()
    }

    /// What gives it another name; nothing when it has that name.
    pub fn renaming(&self, name: &str) -> Option<Act> {
        let act = Act::Rename { file: self.file.id(), file_name: name.to_owned() };
        (self.file.what.file_name != name).then_some(act)
    }
}

impl Call<'_> {
    /// Whether the caller may remove and rename a file of a record that `by` attached.
    pub(crate) fn may_change_file(&self, by: Option<SysId>, table: Option<&Table>) -> bool {
        let writes = table.is_some_and(|table| self.caller.may(&table.write)) || self.caller.is_administrator();
        by == Some(self.caller.user) || writes
    }

    /// The file of a document that a row is about; `None` for a file of another kind of record.
    pub(crate) fn file_of(&mut self, row: &Record) -> Result<Option<FileOf>> {
        let Some(document) = parent_of(row) else { return Ok(None) };
        let is_document = |table: &Table| table.kind == Kind::Document;
        if !self.dictionary.table(document.table.as_str()).is_some_and(is_document) {
            return Ok(None);
        }
        let files = self.projection(&document)?.attachments;
        let file = files.iter().find(|file| identity(&document, file.id()) == row.id.sys_id).cloned();
        Ok(file.map(|file| FileOf { document, file, files }))
    }

    /// The files that edits removed and of which the document has no other copy.
    pub(crate) fn files_gone(&mut self, projection: &Projection, edits: &[Edit]) -> Result<Vec<BlobHash>> {
        let removed: Vec<StepId> = edits.iter().flat_map(|edit| &edit.acts).filter_map(removed).collect();
        if removed.is_empty() {
            return Ok(Vec::new());
        }
        let listed: BTreeSet<BlobHash> = projection.attachments.iter().map(|file| file.what.blob).collect();
        let document = self.document(&projection.record.id)?;
        let blobs = removed.into_iter().filter_map(|file| document.file(file)).map(|file| file.what.blob);
        Ok(blobs.filter(|blob| !listed.contains(blob)).collect())
    }

    /// Brings the rows of a document's files to what it says after edits: of those that attached, removed or renamed one, or
    /// of all when the document is new here or has come back.
    pub(crate) fn note_files(&mut self, projection: &Projection, is_new: bool, edits: &[Edit]) -> Result<()> {
        if self.dictionary.table(TABLE).is_none() {
            return Ok(());
        }
        let renamed: Vec<StepId> = edits.iter().flat_map(|edit| &edit.acts).filter_map(renamed).collect();
        for entry in &projection.attachments {
            let is_attached = is_new || edits.iter().any(|edit| edit.id.act(entry.act) == entry.id());
            if is_attached || renamed.contains(&entry.id()) {
                self.note_file(&projection.record.id, entry)?;
            }
        }
        let listed: BTreeSet<StepId> = projection.attachments.iter().map(Entry::id).collect();
        let gone = edits.iter().flat_map(|edit| &edit.acts).filter_map(removed).filter(|file| !listed.contains(file));
        for file in gone {
            let row = DocumentId::new(TABLE, identity(&projection.record.id, file));
            if let Some(row) = self.row(&row)? {
                self.drop_attachment(&row)?;
            }
        }
        Ok(())
    }

    /// Gives a file its row, or its row the file's name; small versions of photos have none.
    fn note_file(&mut self, document: &DocumentId, entry: &Entry<Attachment>) -> Result<()> {
        let Attachment { blob, file_name, content_type, size_bytes, role, .. } = entry.what.clone();
        if role == AttachmentRole::Thumbnail {
            return Ok(());
        }
        let id = identity(document, entry.id());
        if let Some(mut row) = self.row(&DocumentId::new(TABLE, id))? {
            if row.text("file_name") == file_name {
                return Ok(());
            }
            row.set("file_name", Some(Value::text(file_name)));
            return self.put_row(row);
        }
        let file = File { blob, size_bytes, name: file_name, content_type };
        let is_here = self.tx.blob(blob)?.is_some_and(|state| state.complete);
        if is_here {
            self.tx.want_file_words(blob)?;
        }
        self.put_row(row(id, document, &file, is_here))
    }
}

fn removed(act: &Act) -> Option<StepId> {
    if let Act::Detach { file } = act { Some(*file) } else { None }
}

fn renamed(act: &Act) -> Option<StepId> {
    if let Act::Rename { file, .. } = act { Some(*file) } else { None }
}
