//! What a person can do with the phone in hand, radio on or off. Each command is one transaction.
//!
//! A command is checked against what the device knows, becomes one edit, and is on disk, in the outbox, in every list and in
//! the search index when [`Device::execute`] returns. A record created here has its final identity and number at birth.

use std::collections::BTreeMap;

use fieldline_documents::{Act, Attachment, AttachmentRole, Document, Edit, EditId};
use fieldline_model::{BlobHash, Decimal, DocumentId, FieldName, SysId, TableName, Timestamp, Value};
use fieldline_store::blobs::BlobProgress;
use fieldline_store::edits::EditState;
use rand_core::Rng;

use crate::device::Device;
use crate::draft::Draft;
use crate::error::DeviceError;
use crate::on_site::OnSite;
use crate::stock::{COUNTS, Counted, Uncovered};

/// A file as the camera or the screen hands it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// Its content.
    pub bytes: Vec<u8>,
    /// What people call it.
    pub file_name: String,
    /// Its media type.
    pub content_type: String,
}

/// What a person does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Creates a record. Its number comes from the numbers leased to this device.
    Create {
        /// The table.
        table: TableName,
        /// Its fields; a list's records are added one by one.
        fields: BTreeMap<FieldName, Value>,
    },
    /// Puts values in fields, or empties them.
    SetFields {
        /// The record.
        document: DocumentId,
        /// The new values.
        fields: BTreeMap<FieldName, Option<Value>>,
    },
    /// Keeps the value shown and drops the alternatives.
    Confirm {
        /// The record.
        document: DocumentId,
        /// The field.
        field: FieldName,
    },
    /// Adds a record to a set field.
    Include {
        /// The record.
        document: DocumentId,
        /// The field.
        field: FieldName,
        /// What is added.
        item: SysId,
    },
    /// Takes a record out of a set field.
    Exclude {
        /// The record.
        document: DocumentId,
        /// The field.
        field: FieldName,
        /// What is taken out.
        item: SysId,
    },
    /// Writes to the journal customers can read.
    Comment {
        /// The record.
        document: DocumentId,
        /// The text.
        text: String,
    },
    /// Writes to the internal journal.
    WorkNote {
        /// The record.
        document: DocumentId,
        /// The text.
        text: String,
    },
    /// Takes a step of the life cycle, with the fields and the comment it needs.
    Transition {
        /// The record.
        document: DocumentId,
        /// The step rule's name.
        step: String,
        /// Why, where the rule asks.
        reason: Option<String>,
        /// Fields set together with the step.
        fields: BTreeMap<FieldName, Option<Value>>,
        /// A comment the customer can read.
        comment: Option<String>,
    },
    /// Answers a checklist question.
    Answer {
        /// The record.
        document: DocumentId,
        /// The question's key.
        question: String,
        /// The answer in text form.
        answer: String,
        /// A photo that shows it.
        photo: Option<BlobHash>,
    },
    /// Says that a part was used (or, negative, put back).
    UsePart {
        /// The record.
        document: DocumentId,
        /// The part's model.
        model: SysId,
        /// How many.
        quantity: i64,
        /// The serialised asset, when it is one.
        asset: Option<SysId>,
        /// The stockroom it came from.
        stockroom: Option<SysId>,
    },
    /// Says how many of a part were found in a stockroom.
    Count {
        /// The stockroom.
        stockroom: SysId,
        /// The part's model.
        model: SysId,
        /// How many were found.
        quantity: i64,
        /// Why it was counted, or what may explain a difference.
        reason: String,
    },
    /// Enters time.
    LogTime {
        /// The record.
        document: DocumentId,
        /// `travel`, `work`, `break`, `admin` or `other`.
        kind: String,
        /// From when.
        started_at: Timestamp,
        /// Until when.
        ended_at: Timestamp,
    },
    /// Notes a meter reading.
    Read {
        /// The record.
        document: DocumentId,
        /// The meter's name.
        meter: String,
        /// What it showed.
        value: Decimal,
        /// In which unit.
        unit: String,
    },
    /// Adds a photo, and its thumbnail, which is sent before it.
    AddPhoto {
        /// The record.
        document: DocumentId,
        /// The photo.
        photo: Captured,
        /// A small version of it.
        thumbnail: Option<Captured>,
    },
    /// Adds a signature, which is sent before everything else.
    AddSignature {
        /// The record.
        document: DocumentId,
        /// The signature.
        signature: Captured,
    },
    /// Adds any other file.
    AddFile {
        /// The record.
        document: DocumentId,
        /// The file.
        file: Captured,
    },
    /// Makes the service report of a work order task as it stands now, and adds it.
    AddReport {
        /// The task.
        document: DocumentId,
    },
    /// Does on site what is not the work itself.
    OnSite(OnSite),
    /// Gives up an edit the server holds.
    DiscardHeld {
        /// Its number.
        counter: u64,
    },
    /// Makes an edit the server holds anew, on top of what is known now.
    ResendHeld {
        /// Its number.
        counter: u64,
    },
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The edits made, now in the outbox.
    pub edits: Vec<EditId>,
    /// The record.
    pub document: DocumentId,
    /// When it was done: the moment the edits bear. No two deeds of a device have the same.
    pub at: Timestamp,
    /// Parts it took that nothing held here covers; the person should know before the shelf is found empty.
    pub uncovered: Vec<Uncovered>,
}

impl Device {
    /// Does what a person asked. When this returns the work is on disk.
    ///
    /// # Errors
    /// Says which record and field stand in the way and what to do; nothing is saved then.
    pub fn execute(&mut self, command: Command, now: Timestamp, rng: &mut dyn Rng) -> Result<Done, DeviceError> {
        if let Command::DiscardHeld { counter } = command {
            self.who()?;
            let now = self.own_moment(now);
            return self.discard(counter, now);
        }
        let mut done = self.execute_together(vec![command], now, rng)?;
        Ok(done.pop().expect("a command is a deed"))
    }

    /// Does several things in one transaction: all of them, or none. Giving up a held edit is not among them.
    pub(crate) fn execute_together(
        &mut self,
        commands: Vec<Command>,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Vec<Done>, DeviceError> {
        self.who()?;
        let draft = |command| {
            let now = self.own_moment(now);
            self.draft_of(command, now, rng)
        };
        let drafts: Result<Vec<Draft>, DeviceError> = commands.into_iter().map(draft).collect();
        let done = drafts.and_then(|drafts| self.make(&drafts));
        if let Err(DeviceError::NotLoaded(document)) = &done {
            self.store.write(|tx| tx.want(document))?;
        }
        done
    }

    /// No two deeds of a device have one moment: the server tells by it that a deed was made anew and not done twice.
    fn own_moment(&mut self, now: Timestamp) -> Timestamp {
        const SAME_SPELL_MILLISECONDS: i64 = 1_000;
        let is_spell = |last: &Timestamp| (0..SAME_SPELL_MILLISECONDS).contains(&last.milliseconds_since(now));
        let moment = self.last_deed_at.filter(is_spell).map_or(now, |last| last.plus_milliseconds(1));
        self.last_deed_at = Some(moment);
        moment
    }

    fn draft_of_held(&self, counter: u64) -> Result<Draft, DeviceError> {
        let held = self.store.read(|view| view.edit(counter))?;
        let held = held.filter(|held| matches!(held.state, EditState::Held { .. }));
        let edit = held.ok_or(DeviceError::NotHeld(counter))?.edit()?;
        let creates = edit.heads == Document::seed(edit.document.clone()).heads();
        let Edit { document, acts, at, place, .. } = edit;
        Ok(Draft { document, acts, at, place, files: Vec::new(), creates, instead_of: Some(counter) })
    }

    fn draft_of(&self, command: Command, now: Timestamp, rng: &mut dyn Rng) -> Result<Draft, DeviceError> {
        let mut files = Vec::new();
        let mut creates = false;
        let (document, acts) = match command {
            Command::Create { table, fields } => {
                creates = true;
                (DocumentId::new(table, new_identity(rng)), first_values(fields))
            }
            Command::Count { stockroom, model, quantity, reason } => {
                creates = true;
                let counted = Counted { stockroom, model, quantity, reason };
                (DocumentId::new(COUNTS, new_identity(rng)), first_values(counted.fields(self.who()?.user)))
            }
            Command::DiscardHeld { counter } | Command::ResendHeld { counter } => return self.draft_of_held(counter),
            Command::OnSite(deed) => return self.draft_on_site(deed, now, rng),
            Command::SetFields { document, fields } => (document, sets(fields)),
            Command::Confirm { document, field } => (document, vec![Act::Confirm { field }]),
            Command::Include { document, field, item } => (document, vec![Act::Include { field, item }]),
            Command::Exclude { document, field, item } => (document, vec![Act::Exclude { field, item }]),
            Command::Comment { document, text } => (document, vec![Act::Comment { text }]),
            Command::WorkNote { document, text } => (document, vec![Act::WorkNote { text }]),
            Command::Transition { document, step, reason, fields, comment } => {
                let mut acts = sets(fields);
                acts.extend(comment.map(|text| Act::Comment { text }));
                acts.push(Act::Transition { step, reason });
                (document, acts)
            }
            Command::Answer { document, question, answer, photo } => {
                (document, vec![Act::Answer { question, answer, photo }])
            }
            Command::UsePart { document, model, quantity, asset, stockroom } => {
                (document, vec![Act::UsePart { model, quantity, asset, stockroom, lease: None }])
            }
            Command::LogTime { document, kind, started_at, ended_at } => {
                (document, vec![Act::LogTime { kind, started_at, ended_at }])
            }
            Command::Read { document, meter, value, unit } => (document, vec![Act::Read { meter, value, unit }]),
            Command::AddPhoto { document, photo, thumbnail } => {
                let mut acts = vec![self.capture(photo, AttachmentRole::Photo, None, &mut files)?];
                let of = files.first().map(|file| file.blob);
                if let Some(small) = thumbnail {
                    acts.push(self.capture(small, AttachmentRole::Thumbnail, of, &mut files)?);
                }
                (document, acts)
            }
            Command::AddSignature { document, signature } => {
                (document, vec![self.capture(signature, AttachmentRole::Signature, None, &mut files)?])
            }
            Command::AddFile { document, file } => {
                (document, vec![self.capture(file, AttachmentRole::Document, None, &mut files)?])
            }
            Command::AddReport { document } => {
                let report = self.service_report(&document, now)?;
                (document, vec![self.capture(report, AttachmentRole::Document, None, &mut files)?])
            }
        };
        Ok(Draft { document, acts, at: now, place: self.here.map(|here| here.place), files, creates, instead_of: None })
    }

    /// Puts a file on disk, encrypted; one that no edit comes to refer to is removed when the store is opened again.
    pub(crate) fn capture(
        &self,
        captured: Captured,
        role: AttachmentRole,
        of: Option<BlobHash>,
        files: &mut Vec<BlobProgress>,
    ) -> Result<Act, DeviceError> {
        let Captured { bytes, file_name, content_type } = captured;
        let (blob, size_bytes) = (self.store.blob_files().put(&bytes)?, bytes.len() as u64);
        files.push(BlobProgress::captured(blob, size_bytes, role));
        Ok(Act::Attach { attachment: Attachment { blob, file_name, content_type, size_bytes, role, of } })
    }

    fn discard(&self, counter: u64, now: Timestamp) -> Result<Done, DeviceError> {
        self.store.write(|tx| {
            let held = tx.edit(counter)?.filter(|held| matches!(held.state, EditState::Held { .. }));
            let held = held.ok_or(DeviceError::NotHeld(counter))?;
            tx.remove_edit(counter)?;
            Ok(Done { edits: Vec::new(), document: held.document, at: now, uncovered: Vec::new() })
        })
    }
}

fn new_identity(rng: &mut dyn Rng) -> SysId {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    SysId(bytes)
}

/// What a new record begins with; a list's records are added one by one.
fn first_values(fields: BTreeMap<FieldName, Value>) -> Vec<Act> {
    let acts = |(field, value): (FieldName, Value)| match value {
        Value::List(items) => items.into_iter().map(|item| Act::Include { field: field.clone(), item }).collect(),
        value => vec![Act::Set { field, value: Some(value) }],
    };
    fields.into_iter().flat_map(acts).collect()
}

fn sets(fields: BTreeMap<FieldName, Option<Value>>) -> Vec<Act> {
    fields.into_iter().map(|(field, value)| Act::Set { field, value }).collect()
}
