//! The device itself: its store, who it belongs to, and how a document becomes a record on screen.

use std::collections::BTreeSet;
use std::path::Path;

use fieldline_documents::{Document, LoadError, Projection};
use fieldline_model::check_in::Fix;
use fieldline_model::dictionary::Addition;
use fieldline_model::life_cycle::LifeCycle;
use fieldline_model::plant::{self, Plant};
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{BlobHash, Dictionary, DocumentId, Record, SysId, TableName, Timestamp, Value};
use fieldline_store::blobs::BlobProgress;
use fieldline_store::documents::Kept;
use fieldline_store::edits::StoredEdit;
use fieldline_store::records::{RecordUpdate, Standing};
use fieldline_store::{DatabaseKey, Salvage, Store, StoreError, Tx, View};
use fieldline_sync::wire::{Position, WIRE_VERSION};

use crate::enrol::Enrolment;
use crate::error::DeviceError;
use crate::line::Line;
use crate::recent::{AtHand, Recent};
use crate::replica::NEWER_ROWS;
use crate::sync_state::Asked;

/// Which reading of documents the stored projections come from, beside the dictionary; raise it when projecting changes.
const PROJECTION_VERSION: u8 = 2;
const PROJECTED_BY: &str = "projected_by";
/// The reference table that holds the organisation's priorities.
const PRIORITY_TABLE: &str = "dl_u_priority";
/// The reference table that holds what the organisation adds to the dictionary.
const DEFINITION_TABLE: &str = "fl_definition";
/// More tables than any organisation adds to.
const MOST_DEFINITIONS: u32 = 10_000;
/// More pairs of impact and urgency than there are.
const MOST_PRIORITIES: u32 = 100;

/// What an app of some age speaks and knows. The default is this build's; anything else is for testing how apps and servers
/// of different ages get on.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The newest wire version it speaks.
    pub wire_version: u16,
    /// The tables and fields it knows.
    pub dictionary: &'static Dictionary,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { wire_version: WIRE_VERSION, dictionary: Dictionary::shipped() }
    }
}

/// A phone with everything it carries.
pub struct Device {
    pub(crate) store: Store,
    pub(crate) rules: Rules,
    dialect_dictionary: &'static Dictionary,
    pub(crate) enrolment: Option<Enrolment>,
    pub(crate) asked: Asked,
    pub(crate) budget_bytes: u32,
    pub(crate) line: Line,
    pub(crate) wire_version: u16,
    pub(crate) here: Option<Fix>,
    pub(crate) last_deed_at: Option<Timestamp>,
    pub(crate) recent: Recent,
    salvage: Option<Salvage>,
}

/// What documents are read by.
pub(crate) struct Rules {
    pub dictionary: Dictionary,
    pub priorities: PriorityMatrix,
}

impl Device {
    /// Opens the device in a directory, and makes it when there is none.
    ///
    /// # Errors
    /// When the key is wrong, a newer app wrote the database, or the disk fails. A damaged database is no error: what can be
    /// read of it is carried over, see [`Device::salvage`].
    pub fn open(dir: &Path, key: &DatabaseKey) -> Result<Self, DeviceError> {
        Self::open_with(dir, key, Dialect::default())
    }

    /// Opens the device as an app of another age does.
    ///
    /// # Errors
    /// As [`Device::open`].
    pub fn open_with(dir: &Path, key: &DatabaseKey, dialect: Dialect) -> Result<Self, DeviceError> {
        match Self::open_once(dir, key, dialect) {
            // Met on a page that is not looked at before it is needed; the second opening looks at all of them.
            Err(DeviceError::Store(StoreError::Damaged { .. })) => Self::open_once(dir, key, dialect),
            opened => opened,
        }
    }

    fn open_once(dir: &Path, key: &DatabaseKey, dialect: Dialect) -> Result<Self, DeviceError> {
        let opened = Store::open(dir, key)?;
        let enrolment =
            opened.store.read(|view| view.identity())?.map(|bytes| Enrolment::decode(&bytes)).transpose()?;
        let mut device = Self {
            store: opened.store,
            rules: Rules { dictionary: dialect.dictionary.clone(), priorities: PriorityMatrix::default() },
            dialect_dictionary: dialect.dictionary,
            enrolment,
            asked: Asked::default(),
            budget_bytes: fieldline_sync::caps::DEFAULT_BUDGET_BYTES,
            line: Line::default(),
            wire_version: dialect.wire_version,
            here: None,
            last_deed_at: None,
            recent: Recent::default(),
            salvage: opened.salvage,
        };
        device.reload_priorities()?;
        device.reload_definitions()?;
        device.project_anew_after_an_update()?;
        Ok(device)
    }

    /// Binds the device to a person and a server.
    ///
    /// # Errors
    /// When it cannot be saved.
    pub fn enrol(&mut self, enrolment: Enrolment) -> Result<(), DeviceError> {
        self.store.write(|tx| tx.put_identity(&enrolment.encode()))?;
        self.enrolment = Some(enrolment);
        Ok(())
    }

    /// Who the device belongs to, `None` before enrolment.
    pub fn enrolment(&self) -> Option<&Enrolment> {
        self.enrolment.as_ref()
    }

    /// What was carried over from a damaged database when the device was opened.
    pub fn salvage(&self) -> Option<&Salvage> {
        self.salvage.as_ref()
    }

    /// Tells the device where it is; edits carry it until told otherwise.
    pub fn moved_to(&mut self, here: Option<Fix>) {
        self.here = here;
    }

    /// Says how many bytes the edits and the pieces of files sent at once may have, by what the line is worth; answers are
    /// asked to be as small, if that is less than usual.
    pub fn set_budget_bytes(&mut self, budget_bytes: u32) {
        self.budget_bytes = budget_bytes;
    }

    /// Says how many bytes of answer came within so long of asking, `None` when nothing came: on a quick line the next
    /// answers may be larger.
    pub fn line_carried(&mut self, answer: Option<(usize, u64)>) {
        match answer {
            Some((bytes, milliseconds)) => self.line.carried(bytes, milliseconds),
            None => self.line.failed(),
        }
    }

    /// The content of a captured file, `None` when it is not whole on this device; see [`Device::fetch`].
    ///
    /// # Errors
    /// When it was damaged on disk.
    pub fn file(&self, blob: BlobHash) -> Result<Option<Vec<u8>>, DeviceError> {
        Ok(self.store.blob_files().read(blob)?)
    }

    /// Fetches a file of a record with the next syncs.
    ///
    /// # Errors
    /// When the record is not here or does not show the file.
    pub fn fetch(&mut self, document: &DocumentId, blob: BlobHash) -> Result<(), DeviceError> {
        let projection = self.projection(document)?;
        let attachment = projection.attachments.into_iter().map(|entry| entry.what).find(|file| file.blob == blob);
        let attachment = attachment.ok_or_else(|| DeviceError::NotHere(document.clone()))?;
        self.store.write(|tx| match tx.blob(blob)? {
            Some(_) => Ok(()),
            None => Ok(tx.put_blob(&BlobProgress::wanted(blob, attachment.size_bytes, attachment.role))?),
        })
    }

    /// Folds indexes and logs, and overwrites what purged records left in them. For idle moments.
    ///
    /// # Errors
    /// When the database fails; nothing is lost then.
    pub fn tidy(&self) -> Result<(), DeviceError> {
        Ok(self.store.tidy()?)
    }

    /// Whether there is a device in a directory.
    pub fn is_in(dir: &Path) -> bool {
        fieldline_store::is_in(dir)
    }

    /// Removes everything the device keeps in a directory. The key goes first, from wherever it is kept: without it nothing
    /// that is left of the files can be read.
    ///
    /// # Errors
    /// When a file cannot be removed; wiping again goes on.
    pub fn wipe(dir: &Path) -> Result<(), DeviceError> {
        Ok(fieldline_store::wipe(dir)?)
    }

    pub(crate) fn who(&self) -> Result<&Enrolment, DeviceError> {
        self.enrolment.as_ref().ok_or(DeviceError::NotEnrolled)
    }

    /// What a document on this device means, unsent edits included.
    pub(crate) fn projection(&self, id: &DocumentId) -> Result<Projection, DeviceError> {
        let newest = self.store.read(|view| newest_document(view, id))?;
        Ok(self.rules.project(&newest.document))
    }

    pub(crate) fn reload_priorities(&mut self) -> Result<(), DeviceError> {
        let table = TableName::from(PRIORITY_TABLE);
        let rows = self.store.read(|view| view.by_table(&table, MOST_PRIORITIES))?;
        let mut priorities = PriorityMatrix::default();
        for row in &rows {
            let level = |field: &str| row.record.get(field).and_then(Value::as_integer);
            if let (Some(impact), Some(urgency), Some(priority)) =
                (level("impact"), level("urgency"), level("priority"))
            {
                priorities.set(impact, urgency, priority);
            }
        }
        self.rules.priorities = priorities;
        Ok(())
    }

    /// Takes what the organisation has added to the dictionary from the rows that say it. What an app of this age cannot
    /// make sense of is left out, and its records are kept for a newer one.
    fn reload_definitions(&mut self) -> Result<(), DeviceError> {
        let table = TableName::from(DEFINITION_TABLE);
        let rows = self.store.read(|view| view.by_table(&table, MOST_DEFINITIONS))?;
        let additions = rows.iter().filter_map(|row| serde_json::from_str(row.record.text("definition")).ok());
        let is_ours = self.dialect_dictionary.fingerprint() == Dictionary::shipped().fingerprint();
        let additions: Vec<Addition> = additions.filter(|_| is_ours).collect();
        let (dictionary, refused) = match additions.is_empty() {
            true => (self.dialect_dictionary.clone(), Vec::new()),
            false => Dictionary::with_what_fits(additions),
        };
        self.rules.dictionary = dictionary;
        refused.iter().for_each(|problem| tracing::warn!(%problem, "an addition to the dictionary is left out"));
        Ok(())
    }

    /// Learns what the organisation has added to the dictionary, and reads anew what came before.
    pub(crate) fn definitions_changed(&mut self) -> Result<(), DeviceError> {
        let known: BTreeSet<TableName> = self.rules.dictionary.tables().map(|table| table.name.clone()).collect();
        self.reload_definitions()?;
        let tables = self.rules.dictionary.tables().filter(|table| !known.contains(&table.name));
        self.store.write(|tx| {
            for table in tables {
                for row in tx.by_table(&table.name, u32::MAX)? {
                    self.rules.show_row(tx, &row.record)?;
                }
            }
            Ok::<_, DeviceError>(())
        })?;
        self.project_anew_after_an_update()
    }

    /// Projections are caches: one made by an app that read documents differently is made again. Rows that app could not read
    /// whole are asked for again.
    fn project_anew_after_an_update(&self) -> Result<(), DeviceError> {
        let fingerprint = self.rules.dictionary.fingerprint().to_be_bytes();
        let version = Some([&[PROJECTION_VERSION], &fingerprint[..]].concat());
        if self.store.read(|view| view.meta(PROJECTED_BY))? == version || plant::is(Plant::UpdateReadsNothingAnew) {
            return Ok(());
        }
        self.store.write(|tx| {
            for standing in [Standing::Born, Standing::InScope, Standing::Leaving] {
                for id in tx.records_standing(standing)? {
                    if let Some(newest) = kept_document(**tx, &id)? {
                        self.rules.show(tx, &self.rules.project(&newest.document), self.user())?;
                    }
                }
            }
            tx.note_what_edits_take()?;
            if tx.meta(NEWER_ROWS)?.is_some() {
                tx.put_meta(NEWER_ROWS, None)?;
                tx.put_cursor(None)?;
            }
            Ok(tx.put_meta(PROJECTED_BY, version.as_deref())?)
        })
    }

    pub(crate) fn user(&self) -> Option<SysId> {
        self.enrolment.as_ref().map(|enrolment| enrolment.user)
    }
}

impl Rules {
    pub fn project(&self, document: &Document) -> Projection {
        document.project(&self.dictionary, &self.priorities)
    }

    /// Writes what a document means where lists and search read it; `user` is whose attention it may need.
    pub fn show(&self, tx: &Tx<'_>, projection: &Projection, user: Option<SysId>) -> Result<(), DeviceError> {
        let notes = projection.comments.iter().chain(&projection.work_notes);
        let journal: Vec<&str> = notes.map(|entry| entry.what.text.as_str()).collect();
        let attachments: Vec<BlobHash> = projection.attachments.iter().map(|entry| entry.what.blob).collect();
        tx.put_record(&RecordUpdate {
            record: &projection.record,
            display: &self.display(&projection.record),
            stage: projection.stage.as_deref(),
            journal: &journal.join("\n"),
            attention: attention(projection, user),
            attachments: &attachments,
        })?;
        Ok(())
    }

    /// Writes a row the server sent of a record that is here.
    pub fn show_row(&self, tx: &Tx<'_>, record: &Record) -> Result<(), DeviceError> {
        Ok(tx.put_record(&RecordUpdate::of_row(record, &self.display(record), self.stage(record)))?)
    }

    /// Writes the first row the server sent of a record.
    pub fn show_new_row(&self, tx: &Tx<'_>, record: &Record, position: Position) -> Result<(), DeviceError> {
        let display = self.display(record);
        Ok(tx.put_new_row(&RecordUpdate::of_row(record, &display, self.stage(record)), position)?)
    }

    fn stage(&self, record: &Record) -> Option<&str> {
        let life_cycle = self.dictionary.life_cycle_of(record.id.table.as_str())?;
        stage_of(life_cycle, record)
    }

    /// What people recognise a record by.
    pub fn display(&self, record: &Record) -> String {
        let table = self.dictionary.table(record.id.table.as_str());
        let value = table.and_then(|table| record.get(table.display.as_str()));
        value.map(Value::to_string).unwrap_or_default()
    }
}

/// How many things about a record need a person: their refused steps, values in doubt, disputed answers.
fn attention(projection: &Projection, user: Option<SysId>) -> u32 {
    if plant::is(Plant::AttentionForgotten) {
        return 0;
    }
    let refused = projection.refused.iter().filter(|refused| Some(refused.step.by) == user).count();
    let disputed = projection.answers.iter().filter(|answered| answered.is_disputed).count();
    u32::try_from(refused + projection.alternatives.len() + disputed).unwrap_or(u32::MAX)
}

/// The stage a row stands at, told from its state.
fn stage_of<'a>(life_cycle: &'a LifeCycle, record: &Record) -> Option<&'a str> {
    let state = record.get("state").and_then(Value::as_integer)?;
    let sub_state = record.get("sub_state").and_then(Value::as_text);
    let mut stages = life_cycle.stages.iter();
    let exact = stages.find(|stage| stage.state == state && stage.sub_state.as_deref() == sub_state);
    exact.map(|stage| stage.name.as_str())
}

/// A document from the bytes that are kept of it, checked when nobody has done so since it came.
pub(crate) fn read(id: &DocumentId, kept: &Kept) -> Result<Document, LoadError> {
    let read = if kept.is_unread { Document::check } else { Document::load };
    read(id.clone(), &kept.bytes)
}

/// The newest document of a record: what is kept of it, and the unsent edits made since. `None` when it is not here, or when
/// what the server sent turns out to be none.
pub(crate) fn kept_document(view: View<'_>, id: &DocumentId) -> Result<Option<AtHand>, DeviceError> {
    let Some(kept) = view.document(id)? else { return Ok(None) };
    let mut document = match read(id, &kept) {
        Err(_) if kept.is_unread => return Ok(None),
        document => document?,
    };
    let unsaved = view.unsent_of(id, kept.through)?;
    unsaved.iter().for_each(|stored| put_on_top(&mut document, stored));
    Ok(Some(AtHand { document, meaning: None, unsaved: unsaved.len() }))
}

/// Shows an unsent edit. One that does not apply, or that a newer app made, is not shown; it is sent all the same.
pub(crate) fn put_on_top(document: &mut Document, stored: &StoredEdit) {
    if let Ok(edit) = stored.edit() {
        drop(document.apply(&edit));
    }
}

/// Like [`kept_document`]; an error says whether the record is missing or only its document.
pub(crate) fn newest_document(view: View<'_>, id: &DocumentId) -> Result<AtHand, DeviceError> {
    match kept_document(view, id)? {
        Some(at_hand) => Ok(at_hand),
        None if view.standing(id)?.is_some() => Err(DeviceError::NotLoaded(id.clone())),
        None => Err(DeviceError::NotHere(id.clone())),
    }
}

/// The roles of a person, as the last sync said.
pub(crate) fn roles_of(view: View<'_>, user: SysId) -> Result<BTreeSet<String>, DeviceError> {
    let row = view.record(&DocumentId::new("sys_user", user))?;
    let text = row.map(|row| row.record.text("roles").to_owned()).unwrap_or_default();
    Ok(text.split(',').map(str::trim).filter(|role| !role.is_empty()).map(str::to_owned).collect())
}
