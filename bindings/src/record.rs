//! Everything about one record.

use fieldline_device::view;
use fieldline_documents as documents;
use fieldline_documents::journal::{self, Entry};
use fieldline_documents::{history, project};
use fieldline_model::life_cycle::{self, Refusal};

use crate::ids::{BlobHash, DeviceId, SysId};
use crate::value::{FieldValue, Moment, Place, moment_out};
use crate::views::{Columns, Item, ListedField};

/// Who wrote something, when and on which device.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Origin {
    /// Who.
    pub by: SysId,
    /// When, by that device.
    pub at: Moment,
    /// On which device.
    pub device: DeviceId,
}

impl From<project::Origin> for Origin {
    fn from(origin: project::Origin) -> Self {
        Self { by: origin.by.into(), at: moment_out(origin.at), device: origin.device.into() }
    }
}

impl<T> From<&Entry<T>> for Origin {
    fn from(entry: &Entry<T>) -> Self {
        Self { by: entry.by.into(), at: moment_out(entry.at), device: entry.device.into() }
    }
}

/// A value written by somebody who did not know of the one shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Alternative {
    /// The field.
    pub field: String,
    /// The value not shown; nothing when somebody emptied the field.
    pub value: Option<FieldValue>,
    /// Who wrote it.
    pub origin: Origin,
}

impl From<project::Alternative> for Alternative {
    fn from(alternative: project::Alternative) -> Self {
        Self {
            field: alternative.field.to_string(),
            value: alternative.value.map(FieldValue::from),
            origin: alternative.origin.into(),
        }
    }
}

/// A step that was kept but not followed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct RefusedStep {
    /// The step.
    pub step: String,
    /// Who took it.
    pub by: SysId,
    /// When.
    pub at: Moment,
    /// Why it was taken, where a reason was given.
    pub reason: Option<String>,
    /// Why the record did not follow: `not_from`, `work_was_done`, `already_there` or `unknown_step`.
    pub refusal: String,
    /// The stage that stood in its way.
    pub stage: Option<String>,
}

impl From<life_cycle::RefusedStep> for RefusedStep {
    fn from(refused: life_cycle::RefusedStep) -> Self {
        let (refusal, stage) = match refused.refusal {
            Refusal::NotFrom { stage } => ("not_from", Some(stage)),
            Refusal::WorkWasDone { stage } => ("work_was_done", Some(stage)),
            Refusal::AlreadyThere { stage, .. } => ("already_there", Some(stage)),
            Refusal::UnknownStep => ("unknown_step", None),
        };
        let life_cycle::Step { name, by, at, reason, .. } = refused.step;
        Self { step: name, by: by.into(), at: moment_out(at), reason, refusal: refusal.into(), stage }
    }
}

/// A comment or a work note.
#[derive(Debug, Clone, PartialEq, serde::Serialize, uniffi::Record)]
pub struct Note {
    /// Who and when.
    pub origin: Origin,
    /// Where.
    pub place: Option<Place>,
    /// The text.
    pub text: String,
}

/// An answer to a checklist question.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Answer {
    /// Who and when.
    pub origin: Origin,
    /// The answer in text form.
    pub answer: String,
    /// A photo that shows it.
    pub photo: Option<BlobHash>,
}

/// The state of one checklist question.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Answered {
    /// The question's key.
    pub question: String,
    /// The answer shown.
    pub latest: Answer,
    /// Whether somebody who did not know of it answered differently.
    pub is_disputed: bool,
    /// Every other answer, oldest first.
    pub others: Vec<Answer>,
}

impl From<project::Answered> for Answered {
    fn from(answered: project::Answered) -> Self {
        let answer = |entry: Entry<journal::Answer>| Answer {
            origin: Origin::from(&entry),
            answer: entry.what.answer,
            photo: entry.what.photo.map(BlobHash::from),
        };
        Self {
            question: answered.latest.what.question.clone(),
            latest: answer(answered.latest),
            is_disputed: answered.is_disputed,
            others: answered.others.into_iter().map(answer).collect(),
        }
    }
}

/// Parts used, or put back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct PartUse {
    /// Who and when.
    pub origin: Origin,
    /// The part's model.
    pub model: SysId,
    /// How many; negative when put back.
    pub quantity: i64,
    /// The serialised asset, when it is one.
    pub asset: Option<SysId>,
    /// The stockroom it came from.
    pub stockroom: Option<SysId>,
}

/// Time spent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct TimeEntry {
    /// Who and when.
    pub origin: Origin,
    /// `travel`, `work`, `break`, `admin` or `other`.
    pub kind: String,
    /// From when.
    pub started_at: Moment,
    /// Until when.
    pub ended_at: Moment,
}

/// A meter reading.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Reading {
    /// Who and when.
    pub origin: Origin,
    /// The meter's name.
    pub meter: String,
    /// What it showed, in digits.
    pub value: String,
    /// In which unit.
    pub unit: String,
}

/// What a captured file is for, in the order files are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentRole {
    /// A signature.
    Signature,
    /// A small version of a photo.
    Thumbnail,
    /// A photo.
    Photo,
    /// Anything else.
    Document,
}

/// A captured file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Attachment {
    /// Who and when.
    pub origin: Origin,
    /// Its content.
    pub blob: BlobHash,
    /// What people call it.
    pub file_name: String,
    /// Its media type.
    pub content_type: String,
    /// Its length.
    pub size_bytes: u64,
    /// What it is for.
    pub role: AttachmentRole,
    /// The photo this is the thumbnail of.
    pub of: Option<BlobHash>,
}

impl From<Entry<documents::Attachment>> for Attachment {
    fn from(entry: Entry<documents::Attachment>) -> Self {
        let origin = Origin::from(&entry);
        let documents::Attachment { blob, file_name, content_type, size_bytes, role, of } = entry.what;
        let role = match role {
            documents::AttachmentRole::Signature => AttachmentRole::Signature,
            documents::AttachmentRole::Thumbnail => AttachmentRole::Thumbnail,
            documents::AttachmentRole::Photo => AttachmentRole::Photo,
            documents::AttachmentRole::Document => AttachmentRole::Document,
        };
        Self { origin, blob: blob.into(), file_name, content_type, size_bytes, role, of: of.map(BlobHash::from) }
    }
}

/// What a record's document says.
#[derive(Debug, Clone, PartialEq, serde::Serialize, uniffi::Record)]
pub struct Details {
    /// Its fields, derived ones included.
    pub fields: Vec<ListedField>,
    /// The stage its life cycle has reached.
    pub stage: Option<String>,
    /// The steps kept but not followed.
    pub refused: Vec<RefusedStep>,
    /// Values in doubt.
    pub alternatives: Vec<Alternative>,
    /// The journal customers can read, oldest first.
    pub comments: Vec<Note>,
    /// The internal journal, oldest first.
    pub work_notes: Vec<Note>,
    /// The checklist, by question.
    pub answers: Vec<Answered>,
    /// Parts used and put back, oldest first.
    pub parts: Vec<PartUse>,
    /// Time entered, oldest first.
    pub time_entries: Vec<TimeEntry>,
    /// Meter readings, oldest first.
    pub readings: Vec<Reading>,
    /// Captured files, oldest first.
    pub attachments: Vec<Attachment>,
}

impl From<documents::Projection> for Details {
    fn from(projection: documents::Projection) -> Self {
        Self {
            fields: projection.record.fields.into_iter().map(ListedField::from).collect(),
            stage: projection.stage,
            refused: all(projection.refused),
            alternatives: all(projection.alternatives),
            comments: all(projection.comments),
            work_notes: all(projection.work_notes),
            answers: all(projection.answers),
            parts: all(projection.parts),
            time_entries: all(projection.time_entries),
            readings: all(projection.readings),
            attachments: all(projection.attachments),
        }
    }
}

fn all<T, U: From<T>>(things: Vec<T>) -> Vec<U> {
    things.into_iter().map(U::from).collect()
}

impl From<Entry<journal::Note>> for Note {
    fn from(entry: Entry<journal::Note>) -> Self {
        Self { origin: Origin::from(&entry), place: entry.place.map(Place::from), text: entry.what.text }
    }
}

impl From<Entry<journal::PartUse>> for PartUse {
    fn from(entry: Entry<journal::PartUse>) -> Self {
        let origin = Origin::from(&entry);
        let journal::PartUse { model, quantity, asset, stockroom, .. } = entry.what;
        let (asset, stockroom) = (asset.map(SysId::from), stockroom.map(SysId::from));
        Self { origin, model: model.into(), quantity, asset, stockroom }
    }
}

impl From<Entry<journal::TimeEntry>> for TimeEntry {
    fn from(entry: Entry<journal::TimeEntry>) -> Self {
        let origin = Origin::from(&entry);
        let journal::TimeEntry { kind, started_at, ended_at } = entry.what;
        Self { origin, kind, started_at: moment_out(started_at), ended_at: moment_out(ended_at) }
    }
}

impl From<Entry<journal::Reading>> for Reading {
    fn from(entry: Entry<journal::Reading>) -> Self {
        let origin = Origin::from(&entry);
        let journal::Reading { meter, value, unit } = entry.what;
        Self { origin, meter, value: value.to_string(), unit }
    }
}

/// One thing an edit did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Deed {
    /// The field, or the journal added to.
    pub subject: String,
    /// The new value as people read it, or the text of the entry.
    pub detail: String,
}

/// What one edit did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct HistoryLine {
    /// Who, when and on which device.
    pub origin: Origin,
    /// What, in the order it was done.
    pub deeds: Vec<Deed>,
}

impl From<history::HistoryLine> for HistoryLine {
    fn from(line: history::HistoryLine) -> Self {
        let history::HistoryLine { id, by, at, deeds } = line;
        let origin = Origin { by: by.into(), at: moment_out(at), device: id.device.into() };
        let deed = |history::Deed { subject, detail }| Deed { subject, detail };
        Self { origin, deeds: deeds.into_iter().map(deed).collect() }
    }
}

/// A button: a step that leads on from where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct StepOffer {
    /// The step's name.
    pub step: String,
    /// What the button says.
    pub label: String,
    /// Reasons to choose from; when not empty, one must be given.
    pub reasons: Vec<String>,
    /// Fields that must be filled in and are empty.
    pub missing: Vec<String>,
}

impl From<view::StepOffer> for StepOffer {
    fn from(offer: view::StepOffer) -> Self {
        let view::StepOffer { step, label, reasons, missing } = offer;
        Self { step, label, reasons, missing: missing.iter().map(ToString::to_string).collect() }
    }
}

/// Everything about one record.
#[derive(Debug, Clone, PartialEq, serde::Serialize, uniffi::Record)]
pub struct RecordView {
    /// Its list row.
    pub item: Item,
    /// What its document says; nothing while only its row is here.
    pub details: Option<Details>,
    /// Who did what, oldest first.
    pub history: Vec<HistoryLine>,
    /// The steps this person may take from here.
    pub steps: Vec<StepOffer>,
}

impl From<view::RecordView> for RecordView {
    fn from(record: view::RecordView) -> Self {
        Self {
            item: Columns::all().item(record.item),
            details: record.details.map(Details::from),
            history: all(record.history),
            steps: all(record.steps),
        }
    }
}
