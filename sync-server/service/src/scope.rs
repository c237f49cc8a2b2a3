//! Who holds what: scope keys, the links that carry records into them, subscriptions, and the scope checksum.
//!
//! The dictionary says which fields of a record name the users and groups whose devices hold it, and which references travel
//! along, and which records of other tables travel with it because they name it. Such a record is an *anchor*; its links are recomputed when it or anything it carries changes its references.
//! A record is in a user's scope when it belongs to a key the user subscribes to; the same two lists of intervals answer
//! that for devices, for the record API and, by position, for the past.
//!
//! Two kinds of key never reach a device. `blob:<hash>` holds the records that refer to a captured file. `dangling` makes
//! an anchor findable from a record it names before that record exists.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::plant::{self, Plant};
use fieldline_model::{BlobHash, Dictionary, DocumentId, Record, SysId, TableName, Timestamp};
use fieldline_storage::{FeedEntry, Happening, Interval, Position, ScopeKey, Selection, Tx};
use fieldline_sync::caps::KEEP_ACKNOWLEDGED_DAYS;
use fieldline_sync::wire::scope_term;

use crate::call::{CUSTOMER, Call};
use crate::error::{Result, ServiceError};

const DAYS: &str = "feed_days";
const DAY_MILLISECONDS: i64 = 86_400_000;

type Links = BTreeSet<(ScopeKey, DocumentId)>;

/// The key of what everybody holds.
pub(crate) fn everyone() -> ScopeKey {
    ScopeKey("everyone".into())
}

fn dangling() -> ScopeKey {
    ScopeKey("dangling".into())
}

fn user_key(user: SysId) -> ScopeKey {
    ScopeKey(format!("user:{user}"))
}

fn group_key(group: SysId) -> ScopeKey {
    ScopeKey(format!("group:{group}"))
}

/// The group whose members subscribe to a key.
pub(crate) fn group_of(key: &ScopeKey) -> Option<SysId> {
    key.0.strip_prefix("group:")?.parse().ok()
}

/// The key of the records that refer to a captured file.
pub(crate) fn blob_key(blob: BlobHash) -> ScopeKey {
    ScopeKey(format!("blob:{blob}"))
}

/// The keys whose records a user holds; what everybody of the house holds is not for customers.
pub(crate) fn keys_of(tx: &dyn Tx, user: SysId) -> Result<BTreeSet<ScopeKey>> {
    let mut keys = subscribed(tx, user)?;
    if tx.account_of(user)?.is_some_and(|account| account.roles.contains(CUSTOMER)) {
        keys.remove(&everyone());
    }
    Ok(keys)
}

/// The keys a user subscribes to.
fn subscribed(tx: &dyn Tx, user: SysId) -> Result<BTreeSet<ScopeKey>> {
    let counts = |interval: Interval| interval.until.is_none() || plant::is(Plant::EndedSubscriptionsCount);
    let open = |(key, interval): (ScopeKey, Interval)| counts(interval).then_some(key);
    Ok(tx.subscriptions(user)?.into_iter().filter_map(open).collect())
}

/// Whether a record belongs to one of these keys, changes of this transaction included.
pub(crate) fn in_scope(tx: &dyn Tx, keys: &BTreeSet<ScopeKey>, record: &DocumentId) -> Result<bool> {
    for key in keys {
        if tx.linked(key, record)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every record that belongs to one of these keys.
pub(crate) fn members(tx: &dyn Tx, keys: &BTreeSet<ScopeKey>) -> Result<BTreeSet<DocumentId>> {
    let mut members = BTreeSet::new();
    for key in keys {
        members.extend(tx.members(key)?);
    }
    Ok(members)
}

/// The checksum by which a device proves that it holds exactly these records.
pub(crate) fn checksum(members: &BTreeSet<DocumentId>) -> u64 {
    members.iter().fold(0, |sum: u64, id| sum.wrapping_add(scope_term(&id.table, id.sys_id)))
}

/// Whether a record that is in scope has been so without a gap since the state after `position`.
pub(crate) fn in_scope_since(
    memberships: &[(ScopeKey, Interval)],
    subscriptions: &[(ScopeKey, Interval)],
    position: Position,
) -> bool {
    let mut both = common(memberships, subscriptions);
    both.sort_unstable_by_key(|interval| interval.from);
    let mut reached = Some(position);
    for interval in both {
        match (reached, interval.until) {
            (Some(end), until) if interval.from <= end => reached = until.map(|until| until.max(end)),
            _ => break,
        }
    }
    reached.is_none()
}

/// Whether a record was in scope at any position from `position` on.
fn was_in_scope_after(
    memberships: &[(ScopeKey, Interval)],
    subscriptions: &[(ScopeKey, Interval)],
    position: Position,
) -> bool {
    common(memberships, subscriptions).iter().any(|interval| interval.until.is_none_or(|until| until > position))
}

/// The stretches during which a record was a member of a key that was subscribed to.
fn common(memberships: &[(ScopeKey, Interval)], subscriptions: &[(ScopeKey, Interval)]) -> Vec<Interval> {
    let earlier = |a: Option<Position>, b: Option<Position>| a.into_iter().chain(b).min();
    let mut both = Vec::new();
    for (key, member) in memberships {
        for (_, subscribed) in subscriptions.iter().filter(|(subscribed, _)| subscribed == key) {
            let from = member.from.max(subscribed.from);
            let until = earlier(member.until, subscribed.until);
            if until.is_none_or(|until| from < until) {
                both.push(Interval { from, until });
            }
        }
    }
    both
}

/// Whether a change of a record may have changed what it carries.
fn references_differ(dictionary: &Dictionary, before: Option<&Record>, after: &Record) -> bool {
    let differs = |before: &Record| {
        let mut fields = dictionary.carrying_fields().iter();
        fields.any(|field| before.references(field.as_str()) != after.references(field.as_str()))
    };
    before.is_none_or(differs)
}

/// The files a record refers to since it changed, and those it refers to no more.
#[derive(Debug, Default)]
pub(crate) struct Blobs {
    pub new: Vec<BlobHash>,
    pub gone: Vec<BlobHash>,
}

impl Call<'_> {
    /// Recomputes what a record carries and is carried by, after it changed.
    pub(crate) fn relink(&mut self, before: Option<&Record>, after: &Record, blobs: &Blobs) -> Result<()> {
        let differ = references_differ(&self.dictionary, before, after);
        if differ || !blobs.new.is_empty() || !blobs.gone.is_empty() {
            self.relink_anchor(after, blobs)?;
        }
        if !differ || plant::is(Plant::CarriedRecordsNotRelinked) {
            return Ok(());
        }
        let mut anchors = self.tx.anchors(&after.id)?;
        if before.is_none() {
            for ancestor in ancestors(&self.dictionary, &after.id.table) {
                anchors.extend(self.tx.anchors(&DocumentId { table: ancestor, sys_id: after.id.sys_id })?);
            }
        }
        for named in self.travels_with(before)?.into_iter().chain(self.travels_with(Some(after))?) {
            anchors.extend(self.tx.anchors(&named)?);
        }
        anchors.remove(&after.id);
        for anchor in anchors {
            if let Some((_, anchor)) = self.tx.record(&anchor)? {
                self.relink_anchor(&anchor, &Blobs::default())?;
            }
        }
        Ok(())
    }

    /// The records whose holders hold a record, too.
    fn travels_with(&self, record: Option<&Record>) -> Result<Vec<DocumentId>> {
        let table = record.and_then(|record| Some((record, self.dictionary.table(record.id.table.as_str())?)));
        let Some((record, table)) = table else { return Ok(Vec::new()) };
        let mut named = Vec::new();
        for field in &table.offline.with {
            let Some(of) = reference_of(&self.dictionary, record, field.as_str()) else { continue };
            for sys_id in record.references(field.as_str()) {
                named.extend(self.tx.find(self.dictionary.family(of.as_str()), sys_id)?.map(|found| found.id));
            }
        }
        Ok(named)
    }

    fn relink_anchor(&mut self, anchor: &Record, blobs: &Blobs) -> Result<()> {
        let old = self.tx.links(&anchor.id)?;
        let mut new = links(&self.dictionary, &*self.tx, anchor)?;
        new.extend(old.iter().filter(|(key, _)| key.0.starts_with("blob:")).cloned());
        new.extend(blobs.new.iter().map(|blob| (blob_key(*blob), anchor.id.clone())));
        for blob in &blobs.gone {
            new.remove(&(blob_key(*blob), anchor.id.clone()));
        }
        self.replace_links(&anchor.id, &old, &new)
    }

    /// Lets go of what a record that is gone carried, and of it where others carried it.
    pub(crate) fn unlink(&mut self, gone: &DocumentId) -> Result<()> {
        let old = self.tx.links(gone)?;
        self.replace_links(gone, &old, &Links::new())?;
        for anchor in self.tx.anchors(gone)? {
            if let Some((_, anchor)) = self.tx.record(&anchor)? {
                self.relink_anchor(&anchor, &Blobs::default())?;
            }
        }
        Ok(())
    }

    fn replace_links(&mut self, anchor: &DocumentId, old: &Links, new: &Links) -> Result<()> {
        if old == new {
            return Ok(());
        }
        for link in old.symmetric_difference(new).filter(|(key, _)| *key != dangling()) {
            if !self.pending.memberships.contains_key(link) {
                let held = self.tx.linked(&link.0, &link.1)?;
                self.pending.memberships.insert(link.clone(), held);
            }
        }
        Ok(self.tx.put_links(anchor, new)?)
    }

    /// Whether any record refers to a file, after all this call has changed.
    pub(crate) fn is_referred_to(&self, blob: BlobHash) -> Result<bool> {
        let key = blob_key(blob);
        let changed = self.pending.memberships.keys().filter(|(changed, _)| *changed == key);
        for record in changed.map(|(_, record)| record).chain(&self.tx.members(&key)?) {
            if self.tx.linked(&key, record)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The `Enter` and `Leave` entries of this call: memberships that hold after it and did not before, and the reverse.
    pub(crate) fn scope_entries(&mut self) -> Result<(Vec<FeedEntry>, Vec<FeedEntry>)> {
        let (mut enters, mut leaves) = (Vec::new(), Vec::new());
        for ((key, document), held) in std::mem::take(&mut self.pending.memberships) {
            match (held, self.tx.linked(&key, &document)?) {
                (false, true) if plant::is(Plant::EnterNotListed) => {}
                (true, false) if plant::is(Plant::LeaveNotListed) => {}
                (false, true) => enters.push(FeedEntry { document, happening: Happening::Enter(key) }),
                (true, false) => leaves.push(FeedEntry { document, happening: Happening::Leave(key) }),
                _ => {}
            }
        }
        Ok((enters, leaves))
    }

    /// Makes a user's subscriptions what the group memberships say. The user's row goes into the feed, because a
    /// subscription begins at a position of its own.
    pub(crate) fn resubscribe(&mut self, user: SysId) -> Result<()> {
        let groups = self.groups_of(user)?.into_iter().map(group_key);
        let keys: BTreeSet<ScopeKey> = groups.chain([everyone(), user_key(user)]).collect();
        if keys != subscribed(&*self.tx, user)? {
            self.tx.subscribe(user, &keys)?;
            let document = DocumentId::new("sys_user", user);
            self.pending.entries.push(FeedEntry { document, happening: Happening::Row });
        }
        Ok(())
    }

    /// Whether a record was in the caller's scope within the time devices keep their edits, or is.
    pub(crate) fn was_in_scope(&self, record: &DocumentId) -> Result<bool> {
        if in_scope(&*self.tx, &keys_of(&*self.tx, self.caller.user)?, record)? {
            return Ok(true);
        }
        let memberships = self.tx.memberships(record)?;
        let subscriptions = self.tx.subscriptions(self.caller.user)?;
        let since = self.now.plus_milliseconds(-KEEP_ACKNOWLEDGED_DAYS * DAY_MILLISECONDS);
        Ok(was_in_scope_after(&memberships, &subscriptions, position_at(&*self.tx, since)?))
    }

    /// Remembers at which position each day began, as far back as scope is forgiven.
    pub(crate) fn mark_day(&mut self) -> Result<()> {
        let mut days = days(&*self.tx)?;
        let today = self.now.0.div_euclid(DAY_MILLISECONDS);
        if days.last().is_some_and(|(day, _)| *day >= today) {
            return Ok(());
        }
        days.push((today, self.tx.head()?));
        let oldest = today - KEEP_ACKNOWLEDGED_DAYS - 1;
        let needed = days.iter().rposition(|(day, _)| *day <= oldest).unwrap_or(0);
        days.drain(..needed);
        let bytes = minicbor::to_vec(&days).expect("encoding to memory cannot fail");
        Ok(self.tx.put_setting(DAYS, &bytes)?)
    }
}

fn days(tx: &dyn Tx) -> Result<Vec<(i64, Position)>> {
    let Some(bytes) = tx.setting(DAYS)? else { return Ok(Vec::new()) };
    minicbor::decode(&bytes).map_err(|problem| ServiceError::damaged("the days of the feed", problem))
}

/// The newest position known to be no later than a moment; days nobody wrote on have the position of the day before.
fn position_at(tx: &dyn Tx, moment: Timestamp) -> Result<Position> {
    let day = moment.0.div_euclid(DAY_MILLISECONDS);
    Ok(days(tx)?.iter().rev().find(|(began, _)| *began <= day).map_or(0, |(_, position)| *position))
}

fn ancestors(dictionary: &Dictionary, table: &TableName) -> Vec<TableName> {
    let mut found = Vec::new();
    let mut next = dictionary.table(table.as_str()).and_then(|table| table.extends.clone());
    while let Some(name) = next {
        next = dictionary.table(name.as_str()).and_then(|table| table.extends.clone());
        found.push(name);
    }
    found
}

/// The keys and records an anchor carries: itself and what it refers to, by the dictionary's offline scope of its table.
fn links(dictionary: &Dictionary, tx: &dyn Tx, anchor: &Record) -> Result<Links> {
    let Some(table) = dictionary.table(anchor.id.table.as_str()) else { return Ok(Links::new()) };
    let offline = &table.offline;
    let users = offline.users.iter().flat_map(|field| anchor.references(field.as_str())).map(user_key);
    let groups = offline.groups.iter().flat_map(|field| anchor.references(field.as_str())).map(group_key);
    let opener = anchor.references("opened_by").into_iter().filter(|_| plant::is(Plant::ScopeWidened)).map(user_key);
    let users = users.chain(opener);
    let keys: BTreeSet<ScopeKey> = users.chain(groups).chain(offline.everyone.then(everyone)).collect();
    if keys.is_empty() {
        return Ok(Links::new());
    }
    let mut found = Walk::new(anchor);
    for path in &offline.follow {
        found.follow(dictionary, tx, anchor, path)?;
    }
    found.take_along(dictionary, tx)?;
    let mut links: Links = found.missing.into_iter().map(|record| (dangling(), record)).collect();
    for key in keys {
        links.extend(found.carried.iter().map(|record| (key.clone(), record.clone())));
    }
    Ok(links)
}

/// What following references from an anchor found.
struct Walk {
    carried: BTreeSet<DocumentId>,
    missing: BTreeSet<DocumentId>,
}

impl Walk {
    fn new(anchor: &Record) -> Self {
        Self { carried: BTreeSet::from([anchor.id.clone()]), missing: BTreeSet::new() }
    }

    /// Follows one dot-walk; a record on the way is carried too, or the phone could not walk there.
    fn follow(&mut self, dictionary: &Dictionary, tx: &dyn Tx, anchor: &Record, path: &str) -> Result<()> {
        let mut here = vec![anchor.clone()];
        for field in path.split('.') {
            let mut next = Vec::new();
            for record in &here {
                let Some(table) = reference_of(dictionary, record, field) else { continue };
                for sys_id in record.references(field) {
                    match tx.find(dictionary.family(table.as_str()), sys_id)? {
                        Some(found) => next.push(found),
                        None => drop(self.missing.insert(DocumentId { table: table.clone(), sys_id })),
                    }
                }
            }
            self.carried.extend(next.iter().map(|record| record.id.clone()));
            here = next;
        }
        Ok(())
    }

    /// Adds what travels with the records carried so far, and what that follows: an article that was attached to a task.
    fn take_along(&mut self, dictionary: &Dictionary, tx: &dyn Tx) -> Result<()> {
        for carried in self.carried.clone() {
            for (table, field) in dictionary.companions_of(carried.table.as_str()) {
                let of_it = Filter::equals(field.as_str(), carried.sys_id);
                let rows = tx.select(&Selection::of(dictionary.family(table.as_str()), &of_it), u32::MAX, 0)?;
                for row in rows {
                    for path in dictionary.table(table.as_str()).iter().flat_map(|table| &table.offline.follow) {
                        self.follow(dictionary, tx, &row, path)?;
                    }
                    self.carried.insert(row.id);
                }
            }
        }
        Ok(())
    }
}

fn reference_of(dictionary: &Dictionary, record: &Record, field: &str) -> Option<TableName> {
    dictionary.table(record.id.table.as_str())?.field(field)?.reference.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(key: &str, from: Position, until: Option<Position>) -> (ScopeKey, Interval) {
        (ScopeKey(key.into()), Interval { from, until })
    }

    #[test]
    fn a_record_handed_from_key_to_key_without_a_gap_never_left_the_scope() {
        let subscribed = [held("user:a", 1, None), held("group:b", 1, None)];
        let moved = [held("group:b", 5, Some(10)), held("user:a", 9, None)];
        assert!(in_scope_since(&moved, &subscribed, 7));
        assert!(!in_scope_since(&moved, &subscribed, 4), "it had not entered");
        let gap = [held("group:b", 5, Some(10)), held("user:a", 12, None)];
        assert!(!in_scope_since(&gap, &subscribed, 7));
        assert!(in_scope_since(&gap, &subscribed, 12));
    }

    #[test]
    fn a_subscription_that_began_later_or_ended_counts_like_a_membership() {
        let member = [held("group:b", 1, None)];
        assert!(!in_scope_since(&member, &[held("group:b", 8, None)], 7));
        assert!(in_scope_since(&member, &[held("group:b", 8, None)], 8));
        assert!(!in_scope_since(&member, &[held("group:b", 1, Some(9))], 7));
        assert!(was_in_scope_after(&member, &[held("group:b", 1, Some(9))], 8));
        assert!(!was_in_scope_after(&member, &[held("group:b", 1, Some(9))], 9));
    }
}
