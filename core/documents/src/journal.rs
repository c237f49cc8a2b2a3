//! What is only ever added: journal entries, steps, answers, parts, time, readings, files.
//!
//! Each entry is one immutable text in a list, so entries cannot conflict and none is ever lost. The text says what; who,
//! when and on which device is what the change says that it came in. An entry that cannot be read (a newer app wrote it)
//! is skipped by readers and kept in the document.

use std::collections::BTreeSet;

use automerge::{ObjId, ReadDoc};
use fieldline_model::life_cycle::{Step, StepId};
use fieldline_model::plant::{self, Plant};
use fieldline_model::{BlobHash, Decimal, DeviceId, Place, SysId, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::edit::EditId;
use crate::ledger::{Ledger, Made};

/// Something somebody added, and who, when, on which device and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<T> {
    /// Who.
    pub by: SysId,
    /// When, by the author's device.
    pub at: Timestamp,
    /// On which device.
    pub device: DeviceId,
    /// In which actor epoch of it.
    pub epoch: u32,
    /// In which edit of it.
    pub counter: u64,
    /// As which act of the edit.
    pub act: u32,
    /// Where, if the device knew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What.
    #[serde(flatten)]
    pub what: T,
}

/// An entry as the document keeps it.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    act: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    #[serde(flatten)]
    what: T,
}

/// The text the document keeps of an entry.
pub(crate) fn to_text<T: Serialize>(act: u32, place: Option<Place>, what: T) -> String {
    serde_json::to_string(&Kept { act, place, what }).expect("an entry has only named fields and plain values")
}

/// A comment or a work note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The text.
    pub text: String,
}

/// A step of the life cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The step rule's name.
    pub step: String,
    /// Why, where the rule asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The latest steps its author knew of.
    pub after: Vec<StepId>,
}

/// An answer to a checklist question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The question's key.
    pub question: String,
    /// The answer in text form.
    pub answer: String,
    /// A photo that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<BlobHash>,
    /// The latest answers to the question its author knew of.
    pub after: Vec<StepId>,
}

/// Parts used, or put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartUse {
    /// The part's model.
    pub model: SysId,
    /// How many; negative when put back.
    pub quantity: i64,
    /// The serialised asset, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<SysId>,
    /// The stockroom it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stockroom: Option<SysId>,
    /// The lease it was taken under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<SysId>,
}

/// Time spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeEntry {
    /// `travel`, `work`, `break`, `admin` or `other`.
    pub kind: String,
    /// From when.
    pub started_at: Timestamp,
    /// Until when.
    pub ended_at: Timestamp,
}

impl TimeEntry {
    /// How long it was, never negative.
    pub fn seconds(&self) -> i64 {
        self.ended_at.milliseconds_since(self.started_at).max(0) / 1000
    }
}

/// A meter reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The meter's name.
    pub meter: String,
    /// What it showed.
    pub value: Decimal,
    /// In which unit.
    pub unit: String,
}

/// What follows on earlier entries of its kind.
pub(crate) trait Sequel {
    fn after(&self) -> &[StepId];
}

impl Sequel for Transition {
    fn after(&self) -> &[StepId] {
        &self.after
    }
}

impl Sequel for Answer {
    fn after(&self) -> &[StepId] {
        &self.after
    }
}

/// The entries no other entry follows on.
pub(crate) fn frontier<T: Sequel>(entries: &[Entry<T>]) -> impl Iterator<Item = &Entry<T>> {
    let followed: BTreeSet<StepId> = entries.iter().flat_map(|entry| entry.what.after()).copied().collect();
    entries.iter().filter(move |entry| !followed.contains(&entry.id()))
}

impl<T> Entry<T> {
    /// Its identity.
    pub fn id(&self) -> StepId {
        StepId { device: self.device, epoch: self.epoch, counter: self.counter, act: self.act }
    }
}

impl<T: DeserializeOwned> Entry<T> {
    /// Every readable entry of a list in the order of action time, then of identity. Entries of no change in the ledger
    /// belong to the transaction under way, whose maker is `writing`.
    pub(crate) fn all(doc: &impl ReadDoc, list: &ObjId, ledger: &Ledger, writing: Option<&Made>) -> Vec<Self> {
        let made = |(value, operation)| Self::read(&value, ledger.author_of(&operation).or(writing)?);
        let mut entries: Vec<Self> = doc.values(list).filter_map(made).collect();
        if !plant::is(Plant::JournalNotSorted) {
            entries.sort_by_key(|entry| (entry.at, entry.id()));
        }
        entries
    }

    /// The entry of this identity. Only what its edit added is read: one edit may ask for many in a long list.
    pub(crate) fn one(
        doc: &impl ReadDoc,
        list: &ObjId,
        ledger: &Ledger,
        writing: Option<&Made>,
        wanted: StepId,
    ) -> Option<Self> {
        let made = |(value, operation)| {
            let made = ledger.author_of(&operation).or(writing)?;
            let is_of_its_edit = made.id.act(wanted.act) == wanted;
            if is_of_its_edit { Self::read(&value, made) } else { None }
        };
        doc.values(list).filter_map(made).find(|entry| entry.act == wanted.act)
    }

    fn read(value: &automerge::Value<'_>, made: &Made) -> Option<Self> {
        let Kept { act, place, what } = serde_json::from_str(value.as_str()?).ok()?;
        let Made { id: EditId { device, epoch, counter }, by, at, .. } = *made;
        Some(Self { by, at, device, epoch, counter, act, place, what })
    }
}

impl From<Entry<Transition>> for Step {
    fn from(entry: Entry<Transition>) -> Self {
        let id = entry.id();
        let Transition { step, reason, after } = entry.what;
        Self { id, name: step, after, by: entry.by, at: entry.at, reason }
    }
}
