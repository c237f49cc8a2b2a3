//! What a person does.

use std::collections::BTreeMap;

use fieldline_device as device;
use fieldline_model::{FieldName, Value};

use crate::error::FieldlineError;
use crate::files::Captured;
use crate::ids::{BlobHash, RecordId, SysId, maybe};
use crate::site::SiteDeed;
use crate::stock::Uncovered;
use crate::value::{FieldValue, Moment, decimal, moment_in, moment_out};

/// A new value for a field; none empties it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, uniffi::Record)]
pub struct FieldChange {
    /// The field's name, such as `short_description`.
    pub field: String,
    /// What it is to hold.
    #[uniffi(default = None)]
    pub value: Option<FieldValue>,
}

/// What a person does.
#[derive(Clone, serde::Deserialize, uniffi::Enum)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// Creates a record; its number comes from those leased to this device.
    Create {
        /// The table.
        table: String,
        /// Its fields.
        fields: Vec<FieldChange>,
    },
    /// Puts values in fields, or empties them.
    SetFields {
        /// The record.
        record: RecordId,
        /// The new values.
        fields: Vec<FieldChange>,
    },
    /// Keeps the value shown and drops the alternatives.
    Confirm {
        /// The record.
        record: RecordId,
        /// The field.
        field: String,
    },
    /// Adds a record to a set field.
    Include {
        /// The record.
        record: RecordId,
        /// The field.
        field: String,
        /// What is added.
        item: SysId,
    },
    /// Takes a record out of a set field.
    Exclude {
        /// The record.
        record: RecordId,
        /// The field.
        field: String,
        /// What is taken out.
        item: SysId,
    },
    /// Writes to the journal customers can read.
    Comment {
        /// The record.
        record: RecordId,
        /// The text.
        text: String,
    },
    /// Writes to the internal journal.
    WorkNote {
        /// The record.
        record: RecordId,
        /// The text.
        text: String,
    },
    /// Takes a step of the life cycle, with the fields and the comment it needs.
    Transition {
        /// The record.
        record: RecordId,
        /// The step's name.
        step: String,
        /// Why, where the step asks.
        #[serde(default)]
        reason: Option<String>,
        /// Fields set together with the step.
        #[serde(default)]
        fields: Vec<FieldChange>,
        /// A comment the customer can read.
        comment: Option<String>,
    },
    /// Answers a checklist question.
    Answer {
        /// The record.
        record: RecordId,
        /// The question's key.
        question: String,
        /// The answer in text form.
        answer: String,
        /// A photo that shows it.
        photo: Option<BlobHash>,
    },
    /// Says that a part was used or, negative, put back.
    UsePart {
        /// The record.
        record: RecordId,
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
        record: RecordId,
        /// `travel`, `work`, `break`, `admin` or `other`.
        purpose: String,
        /// From when.
        started_at: Moment,
        /// Until when.
        ended_at: Moment,
    },
    /// Notes a meter reading.
    ReadMeter {
        /// The record.
        record: RecordId,
        /// The meter's name.
        meter: String,
        /// What it showed, in digits such as `12.5`.
        value: String,
        /// In which unit.
        unit: String,
    },
    /// Adds a photo, and its thumbnail, which is sent before it.
    AddPhoto {
        /// The record.
        record: RecordId,
        /// The photo.
        photo: Captured,
        /// A small version of it.
        thumbnail: Option<Captured>,
    },
    /// Adds a signature, which is sent before everything else.
    AddSignature {
        /// The record.
        record: RecordId,
        /// The signature.
        signature: Captured,
    },
    /// Adds any other file.
    AddFile {
        /// The record.
        record: RecordId,
        /// The file.
        file: Captured,
    },
    /// Makes the service report of a work order task as it stands now, and adds it.
    AddReport {
        /// The task.
        record: RecordId,
    },
    /// Does on site what is not the work itself.
    OnSite {
        /// What.
        deed: SiteDeed,
    },
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

/// What a command did; it is on disk.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, uniffi::Record)]
pub struct Done {
    /// The record.
    pub record: RecordId,
    /// The numbers of the edits made, now on their way to the server.
    pub counters: Vec<u64>,
    /// When it was done.
    pub at: Moment,
    /// Parts it took that nothing on this phone covers.
    pub uncovered: Vec<Uncovered>,
}

impl From<device::Done> for Done {
    fn from(done: device::Done) -> Self {
        Self {
            record: done.document.into(),
            counters: done.edits.into_iter().map(|edit| edit.counter).collect(),
            at: moment_out(done.at),
            uncovered: done.uncovered.into_iter().map(Uncovered::from).collect(),
        }
    }
}

impl TryFrom<Command> for device::Command {
    type Error = FieldlineError;

    fn try_from(command: Command) -> Result<Self, FieldlineError> {
        Ok(match command {
            Command::Create { table, fields } => Self::Create { table: table.as_str().into(), fields: values(fields)? },
            Command::SetFields { record, fields } => {
                Self::SetFields { document: record.try_into()?, fields: changes(fields)? }
            }
            Command::Confirm { record, field } => {
                Self::Confirm { document: record.try_into()?, field: field.as_str().into() }
            }
            Command::Include { record, field, item } => {
                Self::Include { document: record.try_into()?, field: field.as_str().into(), item: item.try_into()? }
            }
            Command::Exclude { record, field, item } => {
                Self::Exclude { document: record.try_into()?, field: field.as_str().into(), item: item.try_into()? }
            }
            Command::Comment { record, text } => Self::Comment { document: record.try_into()?, text },
            Command::WorkNote { record, text } => Self::WorkNote { document: record.try_into()?, text },
            Command::Transition { record, step, reason, fields, comment } => {
                Self::Transition { document: record.try_into()?, step, reason, fields: changes(fields)?, comment }
            }
            Command::Answer { record, question, answer, photo } => {
                Self::Answer { document: record.try_into()?, question, answer, photo: maybe(photo)? }
            }
            Command::UsePart { record, model, quantity, asset, stockroom } => Self::UsePart {
                document: record.try_into()?,
                model: model.try_into()?,
                quantity,
                asset: maybe(asset)?,
                stockroom: maybe(stockroom)?,
            },
            Command::Count { stockroom, model, quantity, reason } => {
                Self::Count { stockroom: stockroom.try_into()?, model: model.try_into()?, quantity, reason }
            }
            Command::LogTime { record, purpose, started_at, ended_at } => Self::LogTime {
                document: record.try_into()?,
                kind: purpose,
                started_at: moment_in(started_at),
                ended_at: moment_in(ended_at),
            },
            Command::ReadMeter { record, meter, value, unit } => {
                Self::Read { document: record.try_into()?, meter, value: decimal(&value)?, unit }
            }
            Command::AddPhoto { record, photo, thumbnail } => {
                Self::AddPhoto { document: record.try_into()?, photo: photo.try_into()?, thumbnail: maybe(thumbnail)? }
            }
            Command::AddSignature { record, signature } => {
                Self::AddSignature { document: record.try_into()?, signature: signature.try_into()? }
            }
            Command::AddFile { record, file } => Self::AddFile { document: record.try_into()?, file: file.try_into()? },
            Command::AddReport { record } => Self::AddReport { document: record.try_into()? },
            Command::OnSite { deed } => Self::OnSite(deed.try_into()?),
            Command::DiscardHeld { counter } => Self::DiscardHeld { counter },
            Command::ResendHeld { counter } => Self::ResendHeld { counter },
        })
    }
}

fn changes(fields: Vec<FieldChange>) -> Result<BTreeMap<FieldName, Option<Value>>, FieldlineError> {
    let change = |FieldChange { field, value }: FieldChange| {
        Ok((FieldName::from(field.as_str()), value.map(Value::try_from).transpose()?))
    };
    fields.into_iter().map(change).collect()
}

/// The first values of a record: what is empty is not there.
fn values(fields: Vec<FieldChange>) -> Result<BTreeMap<FieldName, Value>, FieldlineError> {
    Ok(changes(fields)?.into_iter().filter_map(|(field, value)| Some((field, value?))).collect())
}
