//! What lists show.

use fieldline_device::{news, view};
use fieldline_model::{FieldName, Value};

use crate::ids::{DeviceId, RecordId, SysId};
use crate::record::{Alternative, Answered, RefusedStep};
use crate::value::{FieldValue, Moment, moment_out};

/// What a field of a listed record holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct ListedField {
    /// The field's name.
    pub name: String,
    /// What it holds.
    pub value: FieldValue,
}

impl From<(FieldName, Value)> for ListedField {
    fn from((name, value): (FieldName, Value)) -> Self {
        Self { name: name.to_string(), value: value.into() }
    }
}

/// A record as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Item {
    /// Which record.
    pub record: RecordId,
    /// What people recognise it by.
    pub display: String,
    /// Its stage, nothing without a life cycle.
    pub stage: Option<String>,
    /// The fields asked for, as far as they hold something.
    pub fields: Vec<ListedField>,
    /// How many things about it need this person.
    pub attention: u32,
    /// How many edits of it the server does not have yet.
    pub unsent: u64,
    /// Whether it can be edited now.
    pub is_editable: bool,
    /// Whether it goes as soon as the work on it is delivered.
    pub is_leaving: bool,
}

/// The fields a list shows; all of them when none is named.
pub(crate) struct Columns(pub Vec<String>);

impl Columns {
    pub fn all() -> Self {
        Self(Vec::new())
    }

    pub fn items(&self, items: Vec<view::Item>) -> Vec<Item> {
        items.into_iter().map(|item| self.item(item)).collect()
    }

    pub fn item(&self, item: view::Item) -> Item {
        let mut values = item.fields;
        let fields = match self.0.is_empty() {
            true => values.into_iter().map(ListedField::from).collect(),
            false => {
                self.0.iter().filter_map(|name| values.remove_entry(name.as_str())).map(ListedField::from).collect()
            }
        };
        Item {
            record: item.document.into(),
            display: item.display,
            stage: item.stage,
            fields,
            attention: item.attention,
            unsent: item.unsent,
            is_editable: item.is_editable,
            is_leaving: item.is_leaving,
        }
    }
}

/// A thing in the van.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct StockItem {
    /// The asset.
    pub item: Item,
    /// How many there are, as the server counted, less those taken here since.
    pub left: i64,
}

/// An edit the server keeps aside.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct HeldEdit {
    /// Its number, by which it is discarded or sent again.
    pub counter: u64,
    /// The record.
    pub record: RecordId,
    /// What people recognise the record by.
    pub display: String,
    /// When it was made.
    pub made_at: Moment,
    /// What was done.
    pub deeds: Vec<String>,
    /// Why it is held: `identity`, `scope`, `role`, `shape`, `cost`, `equivocation` or `record`.
    pub reason: String,
    /// What happened and what the person can do.
    pub detail: String,
}

impl From<view::HeldEdit> for HeldEdit {
    fn from(held: view::HeldEdit) -> Self {
        let view::HeldEdit { counter, document, display, made_at, deeds, reason, detail } = held;
        Self { counter, record: document.into(), display, made_at: moment_out(made_at), deeds, reason, detail }
    }
}

/// A record about which somebody has to decide something.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Doubt {
    /// Its list row.
    pub item: Item,
    /// Steps of this person that the record did not follow.
    pub refused: Vec<RefusedStep>,
    /// Values that others wrote without knowing of the one shown.
    pub alternatives: Vec<Alternative>,
    /// Questions that people answered differently.
    pub disputed: Vec<Answered>,
}

impl From<view::Doubt> for Doubt {
    fn from(doubt: view::Doubt) -> Self {
        Self {
            item: Columns::all().item(doubt.item),
            refused: doubt.refused.into_iter().map(RefusedStep::from).collect(),
            alternatives: doubt.alternatives.into_iter().map(Alternative::from).collect(),
            disputed: doubt.disputed.into_iter().map(Answered::from).collect(),
        }
    }
}

/// What waits for this person's decision.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct NeedsAttention {
    /// Edits the server keeps aside; each can be discarded or sent again.
    pub held: Vec<HeldEdit>,
    /// Records in doubt.
    pub records: Vec<Doubt>,
}

impl From<view::NeedsAttention> for NeedsAttention {
    fn from(needs: view::NeedsAttention) -> Self {
        Self {
            held: needs.held.into_iter().map(HeldEdit::from).collect(),
            records: needs.records.into_iter().map(Doubt::from).collect(),
        }
    }
}

/// What has become of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Saved here, not sent.
    Local,
    /// Sent, not answered.
    Sent,
    /// Durable on the server.
    Accepted,
    /// Durable on the server, with the work of others.
    AcceptedWithMerge,
    /// Kept aside by the server.
    Held,
}

/// An edit made on this device.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct OutboxEdit {
    /// Its number.
    pub counter: u64,
    /// The record.
    pub record: RecordId,
    /// When it was made.
    pub made_at: Moment,
    /// What has become of it.
    pub fate: Fate,
}

impl From<view::OutboxEdit> for OutboxEdit {
    fn from(edit: view::OutboxEdit) -> Self {
        let fate = match edit.fate {
            view::Fate::Local => Fate::Local,
            view::Fate::Sent => Fate::Sent,
            view::Fate::Accepted => Fate::Accepted,
            view::Fate::AcceptedWithMerge => Fate::AcceptedWithMerge,
            view::Fate::Held => Fate::Held,
        };
        Self { counter: edit.counter, record: edit.document.into(), made_at: moment_out(edit.made_at), fate }
    }
}

/// How the device stands with its server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct SyncStatus {
    /// The device, nothing before it is enrolled.
    pub device: Option<DeviceId>,
    /// The person, nothing before the device is enrolled.
    pub user: Option<SysId>,
    /// When everything there was had been exchanged, nothing when never.
    pub synced_at: Option<Moment>,
    /// Edits the server does not have yet.
    pub unsent_edits: u64,
    /// Edits the server keeps aside.
    pub held_edits: u64,
    /// Files the server does not have yet.
    pub unsent_files: u64,
    /// Files captured here that were damaged before the server had them; they should be taken again.
    pub damaged_files: u64,
    /// Records whose history is asked for.
    pub wanted_documents: u64,
    /// When a depot's kiosk was last given what the server has not answered yet.
    pub handed_over_at: Option<Moment>,
}

impl From<view::SyncStatus> for SyncStatus {
    fn from(status: view::SyncStatus) -> Self {
        Self {
            device: status.device.map(DeviceId::from),
            user: status.user.map(SysId::from),
            synced_at: status.synced_at.map(moment_out),
            unsent_edits: status.unsent_edits,
            held_edits: status.held_edits,
            unsent_files: status.unsent_files,
            damaged_files: status.damaged_files,
            wanted_documents: status.wanted_documents,
            handed_over_at: status.handed_over_at.map(moment_out),
        }
    }
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It came to this device.
    Came,
    /// Somebody else edited it.
    Edited,
    /// It left this device.
    Left,
}

/// One thing that happened while its owner did not look.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct News {
    /// Its number, by which it is looked at.
    pub id: u64,
    /// The record.
    pub record: RecordId,
    /// What people recognise the record by.
    pub display: String,
    /// What happened.
    pub happened: Happened,
    /// Who did it.
    pub by: Option<SysId>,
    /// Their name, when it is here.
    pub by_name: Option<String>,
    /// When.
    pub at: Moment,
    /// What was done.
    pub deeds: Vec<String>,
}

impl From<news::News> for News {
    fn from(told: news::News) -> Self {
        let happened = match told.happened {
            news::Happened::Came => Happened::Came,
            news::Happened::Edited => Happened::Edited,
            news::Happened::Left => Happened::Left,
        };
        Self {
            id: told.id,
            record: told.document.into(),
            display: told.display,
            happened,
            by: told.by.map(SysId::from),
            by_name: told.by_name,
            at: moment_out(told.at),
            deeds: told.deeds,
        }
    }
}
