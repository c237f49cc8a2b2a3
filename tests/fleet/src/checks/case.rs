//! The evidence: the server's log and rows as the storage keeps them, what they mean by the naive rules, and what every
//! phone shows.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_device::view::{HeldEdit, Item, NeedsAttention, OutboxEdit, RecordView, StockItem, SyncStatus};
use fieldline_model::condition::Filter;
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{BlobHash, Dictionary, DocumentId, Record, SysId};
use fieldline_storage::{Selection, StoredEdit, Tx};

use crate::phone::{Phone, Promise};
use crate::staff::RoleChange;
use crate::truth::{History, Meaning};

/// The server's side.
pub struct Case<'a> {
    /// The server's database.
    pub tx: &'a dyn Tx,
    /// The tables and their rules.
    pub dictionary: &'a Dictionary,
    /// The organisation's priorities.
    pub priorities: PriorityMatrix,
    /// Every row as the server shows it.
    pub rows: BTreeMap<DocumentId, Record>,
    /// Every record of the log.
    pub histories: BTreeMap<DocumentId, History>,
    /// The log as it is stored.
    pub stored: BTreeMap<DocumentId, Vec<StoredEdit>>,
    /// What each record of the log means by the naive rules.
    pub meanings: BTreeMap<DocumentId, Meaning>,
    /// Who lost a role or got it back, in order; nothing when the server may have forgotten some of it.
    pub role_changes: &'a [RoleChange],
    /// Everybody who was ever in a group: the group and the person.
    pub members: BTreeSet<(SysId, SysId)>,
    /// Captured files no phone has any more that could bring them.
    pub lost_files: BTreeSet<BlobHash>,
    /// Whether the server was restored from a backup: it has forgotten what it held.
    pub server_was_restored: bool,
    /// Whether a phone went back or was copied: two may have given the same numbers.
    pub phones_were_copied: bool,
    /// Everything the customer is answered.
    pub told: String,
    /// Every record by identity: documents as the naive rules have them, reference rows as they stand.
    pub records: BTreeMap<SysId, Record>,
}

impl<'a> Case<'a> {
    /// Reads the log and works out what it means.
    pub fn open(tx: &'a dyn Tx, dictionary: &'a Dictionary, role_changes: &'a [RoleChange]) -> Self {
        let mut rows = BTreeMap::new();
        for table in dictionary.tables() {
            let all = Filter::everything();
            let found = tx.select(&Selection::of(std::slice::from_ref(&table.name), &all), u32::MAX, 0);
            rows.extend(found.expect("every table can be listed").into_iter().map(|row| (row.id.clone(), row)));
        }
        let priorities = PriorityMatrix::from_rows(rows.values().filter(|row| row.id.table == "dl_u_priority"));
        let (histories, stored, meanings, records, members, lost_files) = Default::default();
        let mut case = Self {
            tx,
            dictionary,
            priorities,
            rows,
            histories,
            stored,
            meanings,
            role_changes,
            members,
            lost_files,
            server_was_restored: false,
            phones_were_copied: false,
            told: String::new(),
            records,
        };
        for (id, row) in case.rows.clone() {
            case.read(id, row);
        }
        case
    }

    fn read(&mut self, id: DocumentId, row: Record) {
        let log = self.tx.edits(&id, 0).expect("a document's edits can be read");
        if log.is_empty() {
            self.records.insert(id.sys_id, row);
            return;
        }
        self.stored.insert(id.clone(), log.iter().map(|(_, edit)| edit.clone()).collect());
        let history = History::of(id.clone(), log);
        let meaning = Meaning::of(&history, self.dictionary, &self.priorities);
        self.records.insert(id.sys_id, Record { id: id.clone(), fields: meaning.fields.clone() });
        self.histories.insert(id.clone(), history);
        self.meanings.insert(id, meaning);
    }

    /// Every edit of the log with its record.
    pub fn log(&self) -> impl Iterator<Item = (&DocumentId, &crate::truth::Made)> {
        self.histories.iter().flat_map(|(id, history)| history.made.iter().map(move |made| (id, made)))
    }
}

/// What one phone shows, read once for every promise.
pub struct Seen {
    /// Which phone.
    pub index: usize,
    /// Its owner.
    pub user: SysId,
    /// What its owner was promised.
    pub promises: Vec<Promise>,
    /// Everything on it.
    pub items: BTreeMap<DocumentId, Item>,
    /// Everything on it, opened.
    pub records: BTreeMap<DocumentId, RecordView>,
    /// What it says waits for its owner.
    pub attention: NeedsAttention,
    /// What it says became of its edits.
    pub outbox: Vec<OutboxEdit>,
    /// How it says it stands.
    pub status: SyncStatus,
    /// What it says is in the van.
    pub van: Vec<StockItem>,
    /// What a search for each record's number or name finds.
    pub searches: BTreeMap<DocumentId, BTreeSet<DocumentId>>,
}

impl Seen {
    /// Reads a phone.
    pub fn on(index: usize, phone: &mut Phone) -> Self {
        let (user, promises) = (phone.user, phone.promises.clone());
        let items: BTreeMap<_, _> = phone.everything().into_iter().map(|item| (item.document.clone(), item)).collect();
        let device = phone.device();
        let open = |id: &DocumentId| device.record(id).expect("a phone can read its own records");
        let records = items.keys().filter_map(|id| Some((id.clone(), open(id)?))).collect();
        let find = |item: &Item| device.search(&item.display).expect("a phone can search");
        let found = |item: &Item| find(item).into_iter().map(|hit| hit.document).collect();
        let work = items.values().filter(|item| item.stage.is_some() && !item.display.is_empty());
        Self {
            index,
            user,
            promises,
            records,
            searches: work.map(|item| (item.document.clone(), found(item))).collect(),
            attention: device.needs_attention().expect("a phone can read its own status"),
            outbox: device.outbox().expect("a phone can read its own status"),
            status: device.sync_status().expect("a phone can read its own status"),
            van: device.van_stock().expect("a phone can read its own lists"),
            items,
        }
    }

    /// The held edits it shows.
    pub fn held(&self) -> &[HeldEdit] {
        &self.attention.held
    }
}

/// The complaints about each phone, with the phone named.
pub fn on_each(seen: &[Seen], complaints: impl Fn(&Seen) -> Vec<String>) -> Vec<String> {
    let about = |one: &Seen| {
        let index = one.index;
        complaints(one).into_iter().map(move |what| format!("phone {index}: {what}")).collect::<Vec<_>>()
    };
    seen.iter().flat_map(about).collect()
}
