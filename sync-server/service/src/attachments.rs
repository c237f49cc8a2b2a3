//! Files of records, in one world: a photo a phone took and a file a client sent are the same.
//!
//! A document refers to its files itself, which is how phones get them; each such entry has a row in `sys_attachment` beside
//! it, which follows what the document says (`file_changes.rs`). A reference row has only those rows. Whoever may see a record may see its files: so the dictionary says it of their
//! table, and files are asked for as any rows are. The bytes are kept once per content.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};

use fieldline_documents::{Act, Attachment, AttachmentRole, Edit};
use fieldline_model::condition::{Filter, Query};
use fieldline_model::dictionary::Kind;
use fieldline_model::{BlobHash, DocumentId, Record, SysId, Value};
use fieldline_sync::caps::CHUNK_BYTES;
use fieldline_sync::wire::{BlobChunk, BlobStatus};

use crate::author::Authored;
use crate::call::Call;
use crate::error::ServiceError;
use crate::file_changes::identity;
use crate::question::{self, Found};
use crate::reading;
use crate::table::{Result, TableError, declared, read};

/// The table of files.
pub const TABLE: &str = "sys_attachment";
/// Pieces that share a transaction, so that nobody waits long for a large file: 3 MB.
const PIECES_TOGETHER: u32 = 64;
/// The longest name of a file and of a media type.
const NAME_CHARACTERS: usize = 255;
const CONTENT_TYPE_BYTES: usize = 120;

/// What is known of a file before it is one of a record's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The hash of its content.
    pub blob: BlobHash,
    /// Its length.
    pub size_bytes: u64,
    /// What people call it.
    pub name: String,
    /// Its media type.
    pub content_type: String,
}

/// Keeps the next pieces of a file that come from `bytes`; it is whole when the answer says so. Pieces that are here already
/// are not read, so a file that was cut off is taken up where it was.
///
/// # Errors
/// When the bytes cannot be read or the database fails.
pub fn keep(call: &mut Call<'_>, file: &File, bytes: &mut (impl Read + Seek)) -> Result<BlobStatus> {
    let mut status = BlobStatus { blob: file.blob, chunks_held: 0, complete: false };
    if let Some(state) = call.tx.blob(file.blob)?.filter(|state| state.complete || state.size_bytes == file.size_bytes)
    {
        status = BlobStatus { chunks_held: state.chunks_held, complete: state.complete, ..status };
    }
    let unreadable = |problem| TableError::Service(ServiceError::damaged("the file as it was received", problem));
    for _ in 0..PIECES_TOGETHER {
        if status.complete {
            break;
        }
        let begins = u64::from(status.chunks_held) * CHUNK_BYTES as u64;
        let length = file.size_bytes.saturating_sub(begins).min(CHUNK_BYTES as u64);
        let mut piece = vec![0; usize::try_from(length).unwrap_or(CHUNK_BYTES)];
        bytes.seek(SeekFrom::Start(begins)).and_then(|_| bytes.read_exact(&mut piece)).map_err(unreadable)?;
        let chunk =
            BlobChunk { blob: file.blob, size_bytes: file.size_bytes, index: status.chunks_held, bytes: piece.into() };
        let next = call.take_chunk(&chunk)?;
        if next.chunks_held <= status.chunks_held && !next.complete {
            return Err(TableError::invalid(TABLE, None, "the file could not be kept; send it again"));
        }
        status = next;
    }
    Ok(status)
}

/// Makes a kept file one of a record's.
///
/// # Errors
/// When there is no such record for the caller, the caller may not write it, or the name or type does not fit.
pub fn attach(call: &mut Call<'_>, table: &str, sys_id: SysId, file: &File) -> Result<Record> {
    check(file)?;
    if !call.tx.blob(file.blob)?.is_some_and(|state| state.complete) {
        return Err(TableError::invalid(TABLE, None, "the file was removed while it was attached; send it again"));
    }
    let parent = attachable(call, table, sys_id)?;
    match declared(call, parent.table.as_str())?.kind {
        Kind::Document => attach_to_document(call, parent, file),
        Kind::Reference => {
            let id = call.new_sys_id();
            call.tx.want_file_words(file.blob)?;
            call.reads_otherwise(&parent)?;
            put(call, row(id, &parent, file, true))
        }
    }
}

/// The full name of a record the caller may attach files to.
///
/// # Errors
/// When there is no such record for the caller, or the caller may not write it.
pub fn attachable(call: &Call<'_>, table: &str, sys_id: SysId) -> Result<DocumentId> {
    let record = read(call, table, sys_id)?;
    let declared = declared(call, record.id.table.as_str())?;
    let refused = |problem: String| Err(TableError::Denied { record: record.id.to_string(), problem });
    if declared.name == *TABLE {
        return refused("a file has no files; attach it to the record it is about".into());
    }
    // Files of documents follow the rule of phones: whoever holds the record may add what they captured.
    if declared.kind == Kind::Reference && !call.caller.may(&declared.write) {
        return refused(format!("only {} may attach files; ask one of them", declared.write.join(", ")));
    }
    Ok(record.id)
}

fn attach_to_document(call: &mut Call<'_>, parent: DocumentId, file: &File) -> Result<Record> {
    let role = if file.content_type.starts_with("image/") { AttachmentRole::Photo } else { AttachmentRole::Document };
    let attachment = Attachment {
        blob: file.blob,
        file_name: file.name.clone(),
        content_type: file.content_type.clone(),
        size_bytes: file.size_bytes,
        role,
        of: None,
    };
    let edit = author(call, &parent, Act::Attach { attachment })?;
    stored(call, identity(&parent, edit.id.act(0)))
}

/// What somebody does with a file of a document, once it is found to fit there.
fn author(call: &mut Call<'_>, document: &DocumentId, act: Act) -> Result<Edit> {
    let authored = Authored { document: document.clone(), author: call.caller.user, at: call.now, acts: vec![act] };
    let edit = call.own_edit(authored)?;
    fieldline_documents::check_shape(&edit, &call.dictionary, false)?;
    if let Some(problem) = call.overweight(document, edit.encode().len())? {
        return Err(TableError::invalid(document, None, problem));
    }
    call.author_edit(&edit)?;
    Ok(edit)
}

/// Files that match and that the caller may see.
///
/// # Errors
/// When the database fails or the query cannot be answered.
pub fn query(call: &Call<'_>, query: &Query, limit: u32, offset: u32) -> Result<Found> {
    question::query(call, TABLE, query, limit, offset)
}

/// The record a file is of.
pub fn parent_of(row: &Record) -> Option<DocumentId> {
    Some(DocumentId::new(row.text("table_name"), row.text("table_sys_id").parse().ok()?))
}

/// A file's row.
///
/// # Errors
/// [`TableError::NotFound`] also when the caller may not see its record.
pub fn get(call: &Call<'_>, id: SysId) -> Result<Record> {
    read(call, TABLE, id)
}

/// The content of a file's row, `None` while a phone has not delivered it.
///
/// # Errors
/// When the database fails.
pub fn content(call: &Call<'_>, row: &Record) -> Result<Option<(BlobHash, u64)>> {
    let Some(blob) = hash_of(row) else { return Ok(None) };
    let state = call.tx.blob(blob)?.filter(|state| state.complete);
    Ok(state.map(|state| (blob, state.size_bytes)))
}

/// Changes a file's row: its name, or what clients keep about it.
///
/// # Errors
/// When there is no such file for the caller, the caller may not change it, or the new name does not fit.
pub fn change(call: &mut Call<'_>, id: SysId, field: &str, text: &str) -> Result<Record> {
    let mut row = changeable(call, id)?;
    let table = declared(call, TABLE)?;
    let declared = table.field(field).ok_or_else(|| TableError::invalid(&row.id, None, "no such field"))?;
    let value = declared.parse(text).map_err(|error| TableError::field(&row.id, &error))?;
    if value.is_none() && field == "file_name" {
        return Err(TableError::invalid(&row.id, Some(&field.into()), "must not be empty"));
    }
    row.set(field, value);
    let row = put(call, row)?;
    rename(call, &row)?;
    stored(call, id)
}

/// Lets a document say what the row of its file is called.
///
/// # Errors
/// When the name does not fit there.
pub(crate) fn rename(call: &mut Call<'_>, row: &Record) -> Result<()> {
    let Some(file) = call.file_of(row)? else { return Ok(()) };
    match file.renaming(row.text("file_name")) {
        Some(act) => author(call, &file.document, act).map(drop),
        None => Ok(()),
    }
}

/// Removes a file; its bytes go when no other record has them, on phones, too.
///
/// # Errors
/// When there is no such file for the caller, or the caller may not change it.
pub fn remove(call: &mut Call<'_>, id: SysId) -> Result<()> {
    let row = changeable(call, id)?;
    let Some(file) = call.file_of(&row)? else { return Ok(call.drop_attachment(&row)?) };
    let (author, at, acts) = (call.caller.user, call.now, file.removal());
    Ok(call.author(Authored { document: file.document, author, at, acts }).map(drop)?)
}

fn changeable(call: &Call<'_>, id: SysId) -> Result<Record> {
    let row = get(call, id)?;
    let table = parent_of(&row).and_then(|parent| call.dictionary.table(parent.table.as_str()));
    if call.may_change_file(row.reference("sys_created_by"), table) {
        return Ok(row);
    }
    let problem = "only who attached it or may write its record may change it; ask one of them".to_owned();
    Err(TableError::Denied { record: row.id.to_string(), problem })
}

fn check(file: &File) -> Result<()> {
    let wrong = |field: &str, problem: String| Err(TableError::invalid(TABLE, Some(&field.into()), problem));
    if file.name.trim().is_empty() || file.name.chars().count() > NAME_CHARACTERS {
        return wrong("file_name", format!("must have 1 to {NAME_CHARACTERS} characters"));
    }
    if file.content_type.is_empty() || file.content_type.len() > CONTENT_TYPE_BYTES {
        return wrong("content_type", format!("must have 1 to {CONTENT_TYPE_BYTES} characters, such as image/jpeg"));
    }
    Ok(())
}

fn unknown(id: SysId) -> TableError {
    TableError::NotFound(format!("{TABLE}/{id}"))
}

fn stored(call: &Call<'_>, id: SysId) -> Result<Record> {
    call.row(&DocumentId::new(TABLE, id))?.ok_or_else(|| unknown(id))
}

fn put(call: &mut Call<'_>, row: Record) -> Result<Record> {
    let id = row.id.sys_id;
    call.put_row(row)?;
    stored(call, id)
}

/// The row of a file.
pub(crate) fn row(id: SysId, parent: &DocumentId, file: &File, is_here: bool) -> Record {
    let mut row = Record::new(DocumentId::new(TABLE, id));
    let size = Value::Integer(i64::try_from(file.size_bytes).unwrap_or(i64::MAX));
    let state = if is_here { "available" } else { "pending" };
    for (field, value) in [
        ("table_name", Value::text(parent.table.as_str())),
        ("table_sys_id", Value::text(parent.sys_id.to_string())),
        ("file_name", Value::text(file.name.as_str())),
        ("content_type", Value::text(file.content_type.as_str())),
        ("size_bytes", size.clone()),
        ("size_compressed", size),
        ("chunk_size_bytes", Value::Integer(CHUNK_BYTES as i64)),
        ("compressed", Value::Boolean(false)),
        ("hash", Value::text(file.blob.to_string())),
        ("state", Value::text(state)),
    ] {
        row.set(field, Some(value));
    }
    row
}

fn hash_of(row: &Record) -> Option<BlobHash> {
    row.text("hash").parse().ok()
}

fn with_hash(blob: BlobHash) -> Filter {
    Filter::equals("hash", &*blob.to_string())
}

fn of_record(record: &DocumentId) -> Filter {
    let of_table = Filter::equals("table_name", record.table.as_str());
    of_table.and(Filter::equals("table_sys_id", &*record.sys_id.to_string()))
}

impl Call<'_> {
    /// Says in its rows that a file has come whole.
    pub(crate) fn file_arrived(&mut self, blob: BlobHash) -> crate::error::Result<()> {
        let rows = self.rows(TABLE, &with_hash(blob))?;
        if !rows.is_empty() {
            self.tx.want_file_words(blob)?;
        }
        for mut row in rows {
            row.set("state", Some(Value::text("available")));
            self.put_row(row)?;
        }
        Ok(())
    }

    /// How a file is read, and its bytes; `None` when nothing is read of such a file or it is gone.
    pub(crate) fn to_be_read(&self, blob: BlobHash) -> crate::error::Result<Option<(reading::Kind, Vec<u8>)>> {
        let rows = self.rows(TABLE, &with_hash(blob))?;
        let kind = rows.iter().find_map(|row| reading::Kind::of(row.text("content_type"), row.text("file_name")));
        let (Some(kind), Some(state)) = (kind, self.tx.blob(blob)?) else { return Ok(None) };
        let (mut bytes, most) = (Vec::new(), reading::FILE_BYTES + 1);
        for index in 0..state.chunks_held {
            if bytes.len() >= most {
                break;
            }
            bytes.extend(self.tx.chunk(blob, index)?.unwrap_or_default());
        }
        Ok(Some((kind, bytes)))
    }

    /// Notes that the records a file is of are found by other words.
    pub(crate) fn files_read_otherwise(&mut self, blob: BlobHash) -> crate::error::Result<()> {
        for parent in self.rows(TABLE, &with_hash(blob))?.iter().filter_map(parent_of) {
            self.reads_otherwise(&parent)?;
        }
        Ok(())
    }

    /// What the files of a record say, each once.
    pub(crate) fn said_in_files_of(&self, record: &DocumentId) -> crate::error::Result<Vec<String>> {
        let mut said = Vec::new();
        let blobs: BTreeSet<BlobHash> = self.rows(TABLE, &of_record(record))?.iter().filter_map(hash_of).collect();
        for blob in blobs {
            said.extend(self.tx.file_words(blob)?.filter(|words| !words.is_empty()));
        }
        Ok(said)
    }

    /// Removes the files of a record that is removed.
    ///
    /// # Errors
    /// When the database fails.
    pub fn drop_attachments_of(&mut self, parent: &DocumentId) -> crate::error::Result<()> {
        for row in self.rows(TABLE, &of_record(parent))? {
            self.drop_attachment(&row)?;
        }
        Ok(())
    }

    /// Removes a file's row, and its bytes when no other record has them.
    pub(crate) fn drop_attachment(&mut self, row: &Record) -> crate::error::Result<()> {
        self.remove_row(row)?;
        if let Some(parent) = parent_of(row) {
            self.reads_otherwise(&parent)?;
        }
        hash_of(row).map_or(Ok(()), |blob| self.let_go_of(blob))
    }

    /// Removes the bytes of a file that no record has any more.
    pub(crate) fn let_go_of(&mut self, blob: BlobHash) -> crate::error::Result<()> {
        if self.rows(TABLE, &with_hash(blob))?.is_empty() && !self.is_referred_to(blob)? {
            self.tx.finish_blob(blob, false)?;
        }
        Ok(())
    }
}
