//! What is new for a device: page after page, resumable at any cursor, today's work first.
//!
//! A device stands at a position. What happened since is handed out by record, in the order of each record's newest change,
//! so a record that changed a hundred times is handled once. Between two answers a record may change again; it is then
//! handled again, and applying anything twice does no harm. Three rules keep that sound while the feed moves on:
//! * edits are always those since the position the device stands at, not since the last answer;
//! * a record that has not been in scope without a gap since then is sent whole;
//! * a record that changed and is not in scope is told to leave, whether or not the device has it.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::dictionary::Kind;
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DeviceId, DocumentId};
use fieldline_storage::{EditKey, Interval, Position, ScopeKey};
use fieldline_sync::wire::{Entry, Progress};

use crate::call::Call;
use crate::cursor::{Bootstrap, Cursor, Stage};
use crate::error::Result;
use crate::page::Page;
use crate::scope;

/// Changed records looked at per key and step; bounds memory, not the answer.
const CHANGES_AT_ONCE: u32 = 512;

/// What a device asks for, beside what is new.
pub(crate) struct Wish<'a> {
    /// The device, the epoch it writes in and the newest number it gave; its own edits are not sent back.
    pub device: DeviceId,
    pub epoch: u32,
    pub newest_counter: u64,
    /// Where it stands, `None` when it is new.
    pub cursor: Option<Cursor>,
    /// Records it needs whole.
    pub wants: &'a [DocumentId],
    /// Whether it asks for the list of its scope.
    pub audit: bool,
    pub budget_bytes: u32,
    /// The newest wire version both sides speak.
    pub speaks: u16,
}

/// What it gets.
pub(crate) struct Pulled {
    pub entries: Vec<Entry>,
    pub cursor: Cursor,
    pub more: bool,
    pub progress: Option<Progress>,
    pub scope_checksum: Option<u64>,
    pub audit: Option<Vec<DocumentId>>,
}

/// A pull under way.
pub(crate) struct Pull<'c, 'a> {
    pub call: &'c Call<'a>,
    pub page: Page<'c, 'a>,
    pub cursor: Cursor,
    pub keys: BTreeSet<ScopeKey>,
    pub progress: Option<Progress>,
    pub speaks: u16,
    device: DeviceId,
    epoch: u32,
    newest_counter: u64,
    head: Position,
    subscriptions: Vec<(ScopeKey, Interval)>,
}

/// Collects what is new for the caller's device.
pub(crate) fn pull(call: &Call<'_>, wish: Wish<'_>) -> Result<Pulled> {
    let head = call.tx.head()?;
    let cursor = wish.cursor.filter(|cursor| cursor.position <= head).unwrap_or_else(|| {
        call.server.metrics.bootstraps.increment();
        let stage = Some(Stage::Bootstrap(Bootstrap::default()));
        Cursor { position: head, access: head, stage, scope_changed: Some(true) }
    });
    let mut pull = Pull {
        page: Page::new(wish.budget_bytes, wish.speaks, call),
        keys: scope::keys_of(&*call.tx, call.caller.user)?,
        subscriptions: call.tx.subscriptions(call.caller.user)?,
        device: wish.device,
        epoch: wish.epoch,
        newest_counter: wish.newest_counter,
        progress: None,
        speaks: wish.speaks,
        cursor,
        head,
        call,
    };
    let all_wants_met = pull.wants(wish.wants)?;
    while !pull.page.is_full() && pull.step()? {}
    pull.finish(all_wants_met, wish.audit)
}

impl Pull<'_, '_> {
    /// Sends records the device asked for; what is not in its scope it is told to purge.
    fn wants(&mut self, wants: &[DocumentId]) -> Result<bool> {
        for document in wants {
            if self.page.is_full() {
                return Ok(false);
            }
            if scope::in_scope(&*self.call.tx, &self.keys, document)? {
                self.whole(document)?;
            } else {
                self.page.leave(document);
            }
        }
        Ok(true)
    }

    /// Adds some entries; `false` when the device has everything.
    fn step(&mut self) -> Result<bool> {
        match self.cursor.stage.clone() {
            Some(Stage::Bootstrap(at)) => self.bootstrap(at).map(|()| true),
            Some(Stage::Access { upto, after }) => self.access(upto, after).map(|()| true),
            Some(Stage::Feed { done }) => self.feed(done).map(|()| true),
            None if self.subscriptions_changed(self.head) => {
                self.cursor.stage = Some(Stage::Access { upto: self.head, after: None });
                Ok(true)
            }
            None if self.cursor.position < self.head => {
                self.cursor.access = self.head;
                self.cursor.stage = Some(Stage::Feed { done: self.cursor.position });
                if plant::is(Plant::CursorAheadOfPage) {
                    self.cursor.position = self.head;
                }
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Whether a subscription began or ended after the access position and no later than `upto`.
    fn subscriptions_changed(&self, upto: Position) -> bool {
        !self.keys_changed(upto).is_empty()
    }

    fn keys_changed(&self, upto: Position) -> BTreeSet<&ScopeKey> {
        if plant::is(Plant::SubscriptionsNotReread) {
            return BTreeSet::new();
        }
        let new = |position: Position| position > self.cursor.access && position <= upto;
        let changed = |interval: &Interval| new(interval.from) || interval.until.is_some_and(new);
        self.subscriptions.iter().filter(|(_, interval)| changed(interval)).map(|(key, _)| key).collect()
    }

    /// Records of keys whose subscription began or ended, in the order of their names.
    fn access(&mut self, upto: Position, after: Option<DocumentId>) -> Result<()> {
        let mut records = BTreeSet::new();
        for key in self.keys_changed(upto) {
            records.extend(self.call.tx.members_between(key, self.since(), self.head)?);
        }
        for document in records {
            if after.as_ref().is_some_and(|after| document <= *after) {
                continue;
            }
            if self.page.is_full() {
                return Ok(());
            }
            self.refresh(&document)?;
            self.cursor.stage = Some(Stage::Access { upto, after: Some(document) });
        }
        self.cursor.access = upto;
        self.cursor.stage = None;
        Ok(())
    }

    /// Records that changed after `done`, oldest newest change first.
    fn feed(&mut self, done: Position) -> Result<()> {
        let mut newest: BTreeMap<DocumentId, Position> = BTreeMap::new();
        let mut horizon = self.head;
        for key in &self.keys {
            let changed = self.call.tx.changed(key, done, self.head, CHANGES_AT_ONCE)?;
            if changed.len() == CHANGES_AT_ONCE as usize {
                horizon = horizon.min(changed.last().map_or(horizon, |(position, _)| *position));
            }
            for (position, document) in changed {
                let known = newest.entry(document).or_default();
                *known = position.max(*known);
            }
        }
        let in_order: BTreeMap<Position, DocumentId> =
            newest.into_iter().map(|(document, position)| (position, document)).collect();
        for (position, document) in in_order.range(..=horizon) {
            if self.page.is_full() && plant::is(Plant::PageCutSkips) {
                break;
            }
            if self.page.is_full() {
                return Ok(());
            }
            self.refresh(document)?;
            self.cursor.stage = Some(Stage::Feed { done: *position });
        }
        self.cursor.stage = Some(Stage::Feed { done: horizon });
        if horizon == self.head {
            self.cursor.position = self.head;
            self.cursor.stage = None;
        }
        Ok(())
    }

    /// Brings the device's copy of a record from where it stands to the present.
    fn refresh(&mut self, document: &DocumentId) -> Result<()> {
        let tx = &*self.call.tx;
        if !scope::in_scope(tx, &self.keys, document)? {
            self.page.leave(document);
            self.cursor.scope_changed = Some(true);
            return Ok(());
        }
        let memberships = tx.memberships(document)?;
        if !scope::in_scope_since(&memberships, &self.subscriptions, self.since()) {
            self.cursor.scope_changed = Some(true);
            return self.whole(document);
        }
        if !self.is_document(document) {
            return self.page.row(tx, document);
        }
        let is_own = |device| device == self.device || plant::is(Plant::OwnEditsToldByNumber);
        // What a copy of the phone did under numbers this one has not given is news to it.
        let given = |counter| counter <= self.newest_counter || plant::is(Plant::CopyNotToldWhatItDid);
        let own = |key: EditKey| is_own(key.device) && key.epoch == self.epoch && given(key.counter);
        let mut edits = tx.edits(document, self.since())?;
        edits.retain(|(_, edit)| !own(edit.key));
        self.page.edits(tx, document, edits)
    }

    /// The state the device is sure to have: of the feed and of its subscriptions, the one further behind.
    fn since(&self) -> Position {
        self.cursor.position.min(self.cursor.access)
    }

    /// Sends a record whole: its row, and its document if it is one.
    fn whole(&mut self, document: &DocumentId) -> Result<()> {
        let tx = &*self.call.tx;
        self.page.row(tx, document)?;
        if self.is_document(document) { self.page.snapshot(tx, document) } else { Ok(()) }
    }

    pub fn is_document(&self, document: &DocumentId) -> bool {
        let table = self.call.dictionary.table(document.table.as_str());
        table.is_some_and(|table| table.kind == Kind::Document)
    }

    /// With nothing left to send, proves the scope if it changed.
    fn finish(mut self, all_wants_met: bool, audit: bool) -> Result<Pulled> {
        let up_to_date =
            self.cursor.stage.is_none() && self.cursor.position == self.head && !self.subscriptions_changed(self.head);
        let (mut scope_checksum, mut listed) = (None, None);
        if up_to_date && (audit || self.cursor.scope_changed == Some(true)) {
            let members = scope::members(&*self.call.tx, &self.keys)?;
            scope_checksum = Some(scope::checksum(&members));
            listed = audit.then(|| members.into_iter().collect());
            self.cursor.scope_changed = None;
        }
        self.call.server.metrics.entries_sent.add(self.page.entries.len() as u64);
        Ok(Pulled {
            entries: self.page.entries,
            cursor: self.cursor,
            more: !(up_to_date && all_wants_met),
            progress: self.progress,
            scope_checksum,
            audit: listed,
        })
    }
}
