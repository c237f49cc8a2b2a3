//! What screens show: plain data, read from projections, whether or not a sync is under way.
//!
//! Only [`Device::record`] and [`Device::needs_attention`] load documents, and only those they show.

use std::collections::BTreeMap;

use fieldline_documents::answers::Signature;
use fieldline_documents::history::HistoryLine;
use fieldline_documents::project::{Alternative, Answered};
use fieldline_documents::{Act, Projection};
use fieldline_model::dictionary::may;
use fieldline_model::life_cycle::RefusedStep;
use fieldline_model::{DeviceId, DocumentId, FieldName, SysId, TableName, Timestamp, Value};
use fieldline_store::View;
use fieldline_store::edits::{EditState, StoredEdit};
use fieldline_store::lists::{Listed, Span};
use fieldline_store::records::Standing;
use serde::Serialize;

use crate::device::{Device, kept_document, roles_of};
use crate::error::DeviceError;
use crate::relay::handed_over;
use crate::replica::synced_at;

pub use fieldline_store::lists::Span as Day;

/// Rows one list shows at the most: nobody scrolls further, searching is quicker.
const LIST_LIMIT: u32 = 500;
/// Hits of a search: whoever does not find it among these types another word.
const SEARCH_LIMIT: u32 = 50;

/// A record as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Which record.
    pub document: DocumentId,
    /// What people recognise it by.
    pub display: String,
    /// Its stage, `None` without a life cycle.
    pub stage: Option<String>,
    /// Its fields.
    pub fields: BTreeMap<FieldName, Value>,
    /// How many things about it need this person.
    pub attention: u32,
    /// How many edits of it the server does not have yet.
    pub unsent: u64,
    /// Whether it can be edited now.
    pub is_editable: bool,
    /// Whether it goes as soon as the work on it is delivered.
    pub is_leaving: bool,
}

impl From<Listed> for Item {
    fn from(listed: Listed) -> Self {
        Self {
            document: listed.record.id,
            display: listed.display,
            stage: listed.stage,
            fields: listed.record.fields,
            attention: listed.attention,
            unsent: listed.unsent,
            is_editable: listed.has_document,
            is_leaving: listed.standing == Standing::Leaving,
        }
    }
}

/// A thing in the van.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StockItem {
    /// The asset.
    pub item: Item,
    /// How many there are, as the server counted, less those taken here since.
    pub left: i64,
}

/// A button: a step that leads on from where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepOffer {
    /// The step's name.
    pub step: String,
    /// What the button says.
    pub label: String,
    /// Reasons to choose from; when not empty, one must be given.
    pub reasons: Vec<String>,
    /// Fields that must be filled in and are empty.
    pub missing: Vec<FieldName>,
}

/// Everything about one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordView {
    /// Its list row.
    pub item: Item,
    /// What its document says; `None` while only its row is here.
    pub details: Option<Projection>,
    /// Who did what, oldest first.
    pub history: Vec<HistoryLine>,
    /// The steps this person may take from here.
    pub steps: Vec<StepOffer>,
}

/// An edit the server keeps aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldEdit {
    /// Its number, by which it is discarded or sent again.
    pub counter: u64,
    /// The record.
    pub document: DocumentId,
    /// What people recognise the record by, empty when it is not here any more.
    pub display: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// What was done.
    pub deeds: Vec<String>,
    /// Why it is held: `identity`, `scope`, `role`, `shape`, `cost`, `equivocation` or `record`.
    pub reason: String,
    /// What happened and what the person can do.
    pub detail: String,
}

/// A record about which somebody has to decide something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// What waits for this person's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeedsAttention {
    /// Edits the server keeps aside; each can be discarded or sent again.
    pub held: Vec<HeldEdit>,
    /// Records in doubt.
    pub records: Vec<Doubt>,
}

/// What has become of an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutboxEdit {
    /// Its number.
    pub counter: u64,
    /// The record.
    pub document: DocumentId,
    /// When it was made.
    pub made_at: Timestamp,
    /// What has become of it.
    pub fate: Fate,
}

/// How the device stands with its server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyncStatus {
    /// The device, `None` before enrolment.
    pub device: Option<DeviceId>,
    /// The person, `None` before enrolment.
    pub user: Option<SysId>,
    /// When everything there was had been exchanged, `None` when never.
    pub synced_at: Option<Timestamp>,
    /// Edits the server does not have yet.
    pub unsent_edits: u64,
    /// Edits the server keeps aside.
    pub held_edits: u64,
    /// Files the server does not have yet.
    pub unsent_files: u64,
    /// Files captured here that were damaged on this disk before the server had them; they should be taken again.
    pub damaged_files: u64,
    /// Documents asked for.
    pub wanted_documents: u64,
    /// When a depot's kiosk was last given what the server has not answered yet: it is on its way, and still kept here.
    pub handed_over_at: Option<Timestamp>,
}

impl Device {
    /// This person's work of a day: what begins in it, and before that what is overdue or has no time.
    ///
    /// # Errors
    /// When the database fails; so with every view.
    pub fn today(&self, day: Span) -> Result<Vec<Item>, DeviceError> {
        let user = self.who()?.user;
        self.items(|view| view.today(user, day, LIST_LIMIT))
    }

    /// The records of a table in a state, by number.
    pub fn by_state(&self, table: &TableName, state: i64) -> Result<Vec<Item>, DeviceError> {
        self.items(|view| view.by_state(table, state, LIST_LIMIT))
    }

    /// The records of a table, by what people recognise them by.
    pub fn by_table(&self, table: &TableName) -> Result<Vec<Item>, DeviceError> {
        self.items(|view| view.by_table(table, LIST_LIMIT))
    }

    /// Work and assets at a site, open ones first.
    pub fn by_site(&self, location: SysId) -> Result<Vec<Item>, DeviceError> {
        self.items(|view| view.by_site(location, LIST_LIMIT))
    }

    /// Work on an asset, open ones first.
    pub fn by_asset(&self, asset: SysId) -> Result<Vec<Item>, DeviceError> {
        self.items(|view| view.by_asset(asset, LIST_LIMIT))
    }

    /// The records of a table that refer to a record, such as the tasks of an order.
    pub fn referring(&self, target: SysId, table: &TableName) -> Result<Vec<Item>, DeviceError> {
        self.items(|view| view.referring(target, table, LIST_LIMIT))
    }

    /// Records in which every word occurs, the last one perhaps unfinished; the most telling first.
    pub fn search(&self, text: &str) -> Result<Vec<Item>, DeviceError> {
        Ok(self.store.search(text, SEARCH_LIMIT)?.into_iter().map(Item::from).collect())
    }

    /// What is in this person's van.
    pub fn van_stock(&self) -> Result<Vec<StockItem>, DeviceError> {
        let user = self.who()?.user;
        let stocked = self.store.read(|view| view.van_stock(user, LIST_LIMIT))?;
        let left = |stocked: fieldline_store::lists::Stocked| {
            let quantity = stocked.item.record.get("quantity").and_then(Value::as_integer).unwrap_or(1);
            StockItem { left: quantity.saturating_sub(stocked.unsent), item: stocked.item.into() }
        };
        Ok(stocked.into_iter().map(left).collect())
    }

    /// Everything about one record, `None` when it is not here.
    pub fn record(&self, id: &DocumentId) -> Result<Option<RecordView>, DeviceError> {
        self.store.read(|view| {
            let Some(listed) = view.record(id)? else { return Ok(None) };
            let document = kept_document(view, id)?.map(|kept| kept.document);
            let details = document.as_ref().map(|document| self.rules.project(document));
            let history = document.map(|document| document.history(&self.rules.dictionary)).unwrap_or_default();
            let steps = details.as_ref().map(|details| self.steps(view, details)).transpose()?.unwrap_or_default();
            Ok(Some(RecordView { item: listed.into(), details, history, steps }))
        })
    }

    /// Who signed for a job last, or would not, and what that covers; empty while its document is not here.
    pub fn signatures(&self, id: &DocumentId) -> Result<Vec<Signature>, DeviceError> {
        let kept = self.store.read(|view| kept_document(view, id))?;
        Ok(kept.map(|kept| kept.document.signatures()).unwrap_or_default())
    }

    /// What waits for this person's decision.
    pub fn needs_attention(&self) -> Result<NeedsAttention, DeviceError> {
        let user = self.who()?.user;
        self.store.read(|view| {
            let needs = view.needs_attention(LIST_LIMIT)?;
            let mut attention = NeedsAttention { held: Vec::new(), records: Vec::new() };
            for edit in needs.held {
                attention.held.extend(held(view, &edit)?);
            }
            for listed in needs.records {
                let Some(kept) = kept_document(view, &listed.record.id)? else { continue };
                let Projection { mut refused, alternatives, mut answers, .. } = self.rules.project(&kept.document);
                refused.retain(|refused| refused.step.by == user);
                answers.retain(|answered| answered.is_disputed);
                attention.records.push(Doubt { item: listed.into(), refused, alternatives, disputed: answers });
            }
            Ok(attention)
        })
    }

    /// The edits made here, newest first: those on their way, those held, and the acknowledged ones still kept.
    pub fn outbox(&self) -> Result<Vec<OutboxEdit>, DeviceError> {
        self.store.read(|view| {
            let mut edits = view.unsent(0, u32::MAX)?;
            edits.extend(view.held()?);
            edits.extend(view.acknowledged(0, u32::MAX)?);
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.counter));
            let shown = |StoredEdit { counter, document, made_at, state, .. }| OutboxEdit {
                counter,
                document,
                made_at,
                fate: fate(&state),
            };
            Ok(edits.into_iter().map(shown).collect())
        })
    }

    /// How the device stands with its server.
    pub fn sync_status(&self) -> Result<SyncStatus, DeviceError> {
        self.store.read(|view| {
            Ok(SyncStatus {
                device: self.enrolment.as_ref().map(|enrolment| enrolment.device),
                user: self.enrolment.as_ref().map(|enrolment| enrolment.user),
                synced_at: synced_at(view)?,
                unsent_edits: view.unsent_count()?,
                held_edits: view.held()?.len() as u64,
                unsent_files: view.blobs_to_send(u32::MAX)?.len() as u64,
                damaged_files: view.damaged_blobs()?,
                wanted_documents: view.wants(u32::MAX)?.len() as u64,
                handed_over_at: handed_over(view)?.map(|handed_over| handed_over.at),
            })
        })
    }

    fn items(
        &self,
        list: impl FnOnce(View<'_>) -> fieldline_store::Result<Vec<Listed>>,
    ) -> Result<Vec<Item>, DeviceError> {
        Ok(self.store.read(list)?.into_iter().map(Item::from).collect())
    }

    fn steps(&self, view: View<'_>, details: &Projection) -> Result<Vec<StepOffer>, DeviceError> {
        let roles = roles_of(view, self.who()?.user)?;
        let life_cycle = self.rules.dictionary.life_cycle_of(details.record.id.table.as_str());
        let Some((life_cycle, stage)) = life_cycle.zip(details.stage.as_deref()) else { return Ok(Vec::new()) };
        let offered = life_cycle.steps_from(stage).filter(|rule| may(roles.iter().map(String::as_str), &rule.roles));
        let empty = |field: &&FieldName| details.record.get(field.as_str()).is_none();
        let offer = offered.map(|rule| StepOffer {
            step: rule.name.clone(),
            label: rule.label.clone(),
            reasons: rule.reasons.clone(),
            missing: rule.requires.iter().filter(empty).cloned().collect(),
        });
        Ok(offer.collect())
    }
}

fn held(view: View<'_>, edit: &StoredEdit) -> Result<Option<HeldEdit>, DeviceError> {
    let EditState::Held { reason, detail } = &edit.state else { return Ok(None) };
    let display = view.record(&edit.document)?.map(|listed| listed.display).unwrap_or_default();
    Ok(Some(HeldEdit {
        counter: edit.counter,
        document: edit.document.clone(),
        display,
        made_at: edit.made_at,
        deeds: edit.edit().map_or_else(
            |_| vec!["what a newer app did here; update this app to see it".into()],
            |edit| edit.acts.iter().map(deed).collect(),
        ),
        reason: format!("{reason:?}").to_lowercase(),
        detail: detail.clone(),
    }))
}

fn fate(state: &EditState) -> Fate {
    match state {
        EditState::Local => Fate::Local,
        EditState::Sent => Fate::Sent,
        EditState::Accepted { merged: false, .. } => Fate::Accepted,
        EditState::Accepted { merged: true, .. } => Fate::AcceptedWithMerge,
        EditState::Held { .. } => Fate::Held,
    }
}

/// An act in a few words.
pub(crate) fn deed(act: &Act) -> String {
    match act {
        Act::Set { field, value: Some(value) } => format!("{field}: {value}"),
        Act::Set { field, value: None } => format!("{field}: emptied"),
        Act::Confirm { field } => format!("{field}: confirmed"),
        Act::Include { field, item } => format!("{field}: +{item}"),
        Act::Exclude { field, item } => format!("{field}: -{item}"),
        Act::Comment { text } => format!("comment: {text}"),
        Act::WorkNote { text } => format!("work note: {text}"),
        Act::Transition { step, reason: None } => format!("step: {step}"),
        Act::Transition { step, reason: Some(reason) } => format!("step: {step} ({reason})"),
        Act::Answer { question, answer, .. } => format!("answer to {question}: {answer}"),
        Act::UsePart { model, quantity, .. } => format!("part {model}: {quantity}"),
        Act::LogTime { kind, started_at, ended_at } => format!("time, {kind}: {started_at} to {ended_at}"),
        Act::Read { meter, value, unit } => format!("{meter}: {value} {unit}"),
        Act::Attach { attachment } => format!("file: {}", attachment.file_name),
        Act::Detach { .. } => "file: removed".into(),
        Act::Rename { file_name, .. } => format!("file: renamed {file_name}"),
    }
}
