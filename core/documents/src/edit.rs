//! What travels: a typed edit of one document.
//!
//! An edit is the truth; the Automerge change it makes is derived from it. Decoding is total: any bytes give an edit or an
//! error. What an edit may cost is checked here ([`Edit::check_cost`]) and needs no dictionary; whether it fits its table
//! is [`crate::shape::check_shape`]'s business.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use fieldline_model::life_cycle::StepId;
use fieldline_model::{BlobHash, Decimal, DeviceId, DocumentId, FieldName, Place, SysId, Timestamp, Value};

use crate::caps;
use crate::files::Attachment;

/// The first eight bytes of a change's hash: enough to name a change within one document, a quarter of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Head(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 8],
);

/// The hash of the change an edit makes, by which author and server check that they made the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct ChangeHash(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

impl ChangeHash {
    /// How edits refer to this change.
    pub fn head(self) -> Head {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0[..8]);
        Head(head)
    }
}

/// An edit's identity: a device numbers its edits, over all documents, within one actor epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
pub struct EditId {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its actor epoch; a restored or cloned phone starts a new one.
    #[n(1)]
    pub epoch: u32,
    /// The edit's number, starting at 1, never given twice, gaps allowed.
    #[n(2)]
    pub counter: u64,
}

impl EditId {
    /// The identity of the edit's act number `act`.
    pub fn act(self, act: u32) -> StepId {
        StepId { device: self.device, epoch: self.epoch, counter: self.counter, act }
    }
}

/// Everything one person did to one document at one moment. Becomes exactly one Automerge change.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Edit {
    /// Which document.
    #[n(0)]
    pub document: DocumentId,
    /// Which edit of which device.
    #[n(1)]
    pub id: EditId,
    /// Who did it.
    #[n(2)]
    pub author: SysId,
    /// When, by the author's device.
    #[n(3)]
    pub at: Timestamp,
    /// Where, if the device knew.
    #[n(4)]
    pub place: Option<Place>,
    /// The document's heads the author saw, sorted. Those of a new document are the seed's.
    #[n(5)]
    pub heads: Vec<Head>,
    /// What was done, in order.
    #[n(6)]
    pub acts: Vec<Act>,
}

impl Edit {
    /// An edit that does nothing yet; heads come out sorted and without repetition.
    pub fn new(document: DocumentId, id: EditId, author: SysId, at: Timestamp, heads: &[Head]) -> Self {
        let mut heads = heads.to_vec();
        heads.sort_unstable();
        heads.dedup();
        Self { document, id, author, at, place: None, heads, acts: Vec::new() }
    }

    /// The same edit with one deed more.
    pub fn act(mut self, act: Act) -> Self {
        self.acts.push(act);
        self
    }

    /// The same edit, done at a place.
    pub fn at_place(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// Its bytes on the wire, on disk and under the signature.
    pub fn encode(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory does not fail")
    }

    /// Reads an edit back.
    ///
    /// # Errors
    /// When the bytes are too many, are no edit, or go on after it.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidEdit> {
        if bytes.len() > caps::MAX_EDIT_BYTES {
            return Err(InvalidEdit(format!("{} bytes long; {} are the most", bytes.len(), caps::MAX_EDIT_BYTES)));
        }
        let mut decoder = minicbor::Decoder::new(bytes);
        let edit = decoder.decode().map_err(|error| InvalidEdit(error.to_string()))?;
        match bytes.len() - decoder.position() {
            0 => Ok(edit),
            rest => Err(InvalidEdit(format!("{rest} bytes follow its end"))),
        }
    }

    /// Whether everybody can afford to keep this edit, whatever the dictionary says about its fields.
    ///
    /// # Errors
    /// Names the record, what is too much, and the limit.
    pub fn check_cost(&self) -> Result<(), EditError> {
        let problem = |problem: String| Err(EditError { document: self.document.clone(), field: None, problem });
        if self.acts.is_empty() || self.acts.len() > caps::MAX_ACTS {
            return problem(format!("does {} things; send 1 to {} in one edit", self.acts.len(), caps::MAX_ACTS));
        }
        if self.heads.is_empty() || self.heads.len() > caps::MAX_HEADS {
            return problem(format!("builds on {} heads; name 1 to {}", self.heads.len(), caps::MAX_HEADS));
        }
        if !self.heads.is_sorted_by(|left, right| left < right) {
            return problem("names its heads out of order or twice; sort them".into());
        }
        if !(1..=caps::MAX_COUNTER).contains(&self.id.counter) {
            return problem(format!(
                "has the number {}; number edits from 1 to {}",
                self.id.counter,
                caps::MAX_COUNTER
            ));
        }
        if !(caps::FIRST_MOMENT..=caps::LAST_MOMENT).contains(&self.at.0) {
            let given = self.at.0;
            return problem(format!("says it was done at {given} ms, outside 1970 to 9999; set the device's clock"));
        }
        let bytes = self.encode().len();
        if bytes > caps::MAX_EDIT_BYTES {
            return problem(format!("takes {bytes} bytes; {} are the most: split it", caps::MAX_EDIT_BYTES));
        }
        let checked = self.acts.iter().try_for_each(Act::check_cost);
        checked.map_err(|(field, problem)| EditError { document: self.document.clone(), field, problem })
    }
}

/// Bytes that are not an edit this version can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an edit: {0}")]
pub struct InvalidEdit(String);

/// What is wrong with an edit: which record and field, what was given, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{document}{}: {problem}", field.as_ref().map(|name| format!(" field \"{name}\"")).unwrap_or_default())]
pub struct EditError {
    /// The record.
    pub document: DocumentId,
    /// The field, when one is at fault.
    pub field: Option<FieldName>,
    /// What was given and what to do about it.
    pub problem: String,
}

/// One deed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Act {
    /// Puts a value in an ordinary field, or empties it.
    #[n(0)]
    Set {
        /// The field.
        #[n(0)]
        field: FieldName,
        /// Its new value.
        #[n(1)]
        value: Option<Value>,
    },
    /// Keeps the value shown and drops the alternatives.
    #[n(1)]
    Confirm {
        /// The field.
        #[n(0)]
        field: FieldName,
    },
    /// Adds a record to a set field.
    #[n(2)]
    Include {
        /// The field.
        #[n(0)]
        field: FieldName,
        /// The record.
        #[n(1)]
        item: SysId,
    },
    /// Takes a record out of a set field.
    #[n(3)]
    Exclude {
        /// The field.
        #[n(0)]
        field: FieldName,
        /// The record.
        #[n(1)]
        item: SysId,
    },
    /// Writes to the journal customers can read.
    #[n(4)]
    Comment {
        /// The text.
        #[n(0)]
        text: String,
    },
    /// Writes to the internal journal.
    #[n(5)]
    WorkNote {
        /// The text.
        #[n(0)]
        text: String,
    },
    /// Takes a step of the life cycle.
    #[n(6)]
    Transition {
        /// The step rule's name.
        #[n(0)]
        step: String,
        /// Why, where the rule asks.
        #[n(1)]
        reason: Option<String>,
    },
    /// Answers a checklist question; earlier answers stay in the history.
    #[n(7)]
    Answer {
        /// The question's key.
        #[n(0)]
        question: String,
        /// The answer in text form.
        #[n(1)]
        answer: String,
        /// A photo that shows it.
        #[n(2)]
        photo: Option<BlobHash>,
    },
    /// Says that a part was used (or, negative, put back).
    #[n(8)]
    UsePart {
        /// The part's model.
        #[n(0)]
        model: SysId,
        /// How many.
        #[n(1)]
        quantity: i64,
        /// The serialised asset, when it is one.
        #[n(2)]
        asset: Option<SysId>,
        /// The stockroom it came from.
        #[n(3)]
        stockroom: Option<SysId>,
        /// The lease it was taken under; without one nobody had promised that it would be there.
        #[n(4)]
        lease: Option<SysId>,
    },
    /// Enters time.
    #[n(9)]
    LogTime {
        /// `travel`, `work`, `break`, `admin` or `other`.
        #[n(0)]
        kind: String,
        /// From when.
        #[n(1)]
        started_at: Timestamp,
        /// Until when.
        #[n(2)]
        ended_at: Timestamp,
    },
    /// Notes a meter reading.
    #[n(10)]
    Read {
        /// The meter's name.
        #[n(0)]
        meter: String,
        /// What it showed.
        #[n(1)]
        value: Decimal,
        /// In which unit.
        #[n(2)]
        unit: String,
    },
    /// Refers to a captured file.
    #[n(11)]
    Attach {
        /// The file.
        #[n(0)]
        attachment: Attachment,
    },
    /// Takes away a file that was attached before.
    #[n(12)]
    Detach {
        /// The act that attached it.
        #[n(0)]
        file: StepId,
    },
    /// Gives a file that was attached before another name.
    #[n(13)]
    Rename {
        /// The act that attached it.
        #[n(0)]
        file: StepId,
        /// What people call it from now on.
        #[n(1)]
        file_name: String,
    },
}

impl Act {
    /// The field it writes, when it writes one.
    pub fn field(&self) -> Option<&FieldName> {
        match self {
            Self::Set { field, .. }
            | Self::Confirm { field }
            | Self::Include { field, .. }
            | Self::Exclude { field, .. } => Some(field),
            _ => None,
        }
    }

    /// The short texts it carries, each with what it is called.
    fn names(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Transition { step, .. } => vec![("step", step)],
            Self::Answer { question, .. } => vec![("question", question)],
            Self::LogTime { kind, .. } => vec![("kind", kind)],
            Self::Read { meter, unit, .. } => vec![("meter", meter), ("unit", unit)],
            Self::Attach { attachment } => vec![("media type", &attachment.content_type)],
            _ => Vec::new(),
        }
    }

    /// The long texts it carries.
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Set { value: Some(Value::Text(text)), .. } | Self::Comment { text } | Self::WorkNote { text } => {
                vec![text]
            }
            Self::Transition { reason: Some(reason), .. } => vec![reason],
            Self::Answer { answer, .. } => vec![answer],
            Self::Attach { attachment } => vec![&attachment.file_name],
            Self::Rename { file_name, .. } => vec![file_name],
            _ => Vec::new(),
        }
    }

    fn check_cost(&self) -> Result<(), (Option<FieldName>, String)> {
        if let Some(field) = self.field() {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if field.as_str().is_empty() || field.as_str().len() > caps::MAX_NAME_BYTES {
                return Err((None, format!("a field name has 1 to {} characters", caps::MAX_NAME_BYTES)));
            }
            if !field.as_str().bytes().all(plain) {
                return Err((Some(field.clone()), "a field name has only a-z, 0-9 and _".into()));
            }
        }
        if matches!(self, Self::Set { value: Some(Value::List(_)), .. }) {
            return Err((self.field().cloned(), "is a list; add and remove its records one by one".into()));
        }
        if let Some((what, _)) = self.names().into_iter().find(|(_, name)| name.len() > caps::MAX_NAME_BYTES) {
            return Err((None, format!("a {what} is too long; {} bytes are the most", caps::MAX_NAME_BYTES)));
        }
        if let Some(text) = self.texts().into_iter().find(|text| text.len() > caps::MAX_TEXT_BYTES) {
            let problem = format!("has a text of {} bytes; attach what is over {}", text.len(), caps::MAX_TEXT_BYTES);
            return Err((self.field().cloned(), problem));
        }
        Ok(())
    }
}
