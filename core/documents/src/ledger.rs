//! Who made each change of a document, when, and on top of what: the index every question about history is asked of.

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ChangeMetadata, ObjId};
use fieldline_model::{DeviceId, SysId, Timestamp};

use crate::edit::{ChangeHash, Edit, EditId, Head};

/// One change, as its edit made it. The seeding change counts as edit 0 of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) id: EditId,
    pub(crate) by: SysId,
    pub(crate) at: Timestamp,
    pub(crate) deps: Vec<ChangeHash>,
    pub(crate) last_operation: u64,
}

impl Made {
    /// Reads what [`message`] and the encoder put into a change; `None` when no edit of ours made it.
    fn read(meta: &ChangeMetadata<'_>) -> Option<Self> {
        let actor = meta.actor.to_bytes();
        let device = DeviceId(actor.get(..16)?.try_into().ok()?);
        let epoch = u32::from_be_bytes(actor.get(16..)?.try_into().ok()?);
        let (by, counter) = match meta.message.as_deref() {
            Some(message) => message.split_once(' ')?,
            None if meta.deps.is_empty() => ("00000000000000000000000000000000", "0"),
            None => return None,
        };
        let id = EditId { device, epoch, counter: counter.parse().ok()? };
        let deps = meta.deps.iter().map(|hash| ChangeHash(hash.0)).collect();
        Some(Self { id, by: by.parse().ok()?, at: Timestamp(meta.timestamp), deps, last_operation: meta.max_op })
    }
}

/// What an edit leaves in its change beside actor and time, so that each change maps back to exactly one edit.
pub(crate) fn message(edit: &Edit) -> String {
    format!("{} {}", edit.author, edit.id.counter)
}

/// Every change of one document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    made: BTreeMap<ChangeHash, Made>,
    by_edit: BTreeMap<EditId, ChangeHash>,
    /// By actor and last operation, so that an operation finds the change it belongs to.
    by_operation: BTreeMap<(DeviceId, u32, u64), ChangeHash>,
}

impl Ledger {
    /// Reads all changes; says which one no edit could have made.
    pub(crate) fn of(doc: &Automerge) -> Result<Self, String> {
        let mut ledger = Self::default();
        for meta in doc.get_changes_meta(&[]) {
            ledger.add(&meta).ok_or_else(|| format!("no edit makes the change {}", meta.hash))?;
        }
        Ok(ledger)
    }

    /// Adds one change; `None` when no edit of ours could have made it at this point.
    pub(crate) fn add(&mut self, meta: &ChangeMetadata<'_>) -> Option<()> {
        let hash = ChangeHash(meta.hash.0);
        let made = Made::read(meta)?;
        if self.latest(made.id).is_some_and(|(latest, _)| latest.counter >= made.id.counter) {
            return None;
        }
        self.by_edit.insert(made.id, hash);
        self.by_operation.insert((made.id.device, made.id.epoch, made.last_operation), hash);
        self.made.insert(hash, made);
        Some(())
    }

    /// The change an edit made.
    pub(crate) fn change_of(&self, id: EditId) -> Option<ChangeHash> {
        self.by_edit.get(&id).copied()
    }

    /// The latest edit of the same device and epoch.
    pub(crate) fn latest(&self, id: EditId) -> Option<(EditId, ChangeHash)> {
        let actor = EditId { counter: 0, ..id }..=EditId { counter: u64::MAX, ..id };
        self.by_edit.range(actor).next_back().map(|(id, hash)| (*id, *hash))
    }

    /// The changes a head may name: one, or none, or (after a collision somebody searched for) several.
    pub(crate) fn named(&self, head: Head) -> impl Iterator<Item = ChangeHash> {
        let bound = |fill: u8| {
            let mut hash = [fill; 32];
            hash[..8].copy_from_slice(&head.0);
            ChangeHash(hash)
        };
        self.made.range(bound(0)..=bound(255)).map(|(hash, _)| *hash)
    }

    /// A change by hash.
    pub(crate) fn get(&self, hash: ChangeHash) -> Option<&Made> {
        self.made.get(&hash)
    }

    /// How many changes there are, the seeding change among them.
    pub(crate) fn len(&self) -> usize {
        self.made.len()
    }

    /// Every change made by an edit.
    pub(crate) fn edits(&self) -> impl Iterator<Item = (ChangeHash, &Made)> {
        self.made.iter().filter(|(_, made)| made.id.counter > 0).map(|(hash, made)| (*hash, made))
    }

    /// The change an operation belongs to.
    pub(crate) fn author_of(&self, operation: &ObjId) -> Option<&Made> {
        let ObjId::Id(counter, actor, _) = operation else { return None };
        let device = DeviceId(actor.to_bytes().get(..16)?.try_into().ok()?);
        let epoch = u32::from_be_bytes(actor.to_bytes().get(16..)?.try_into().ok()?);
        let mut changes = self.by_operation.range((device, epoch, *counter)..=(device, epoch, u64::MAX));
        changes.next().and_then(|(_, hash)| self.made.get(hash))
    }

    /// The changes that `heads` build on, themselves included.
    pub(crate) fn ancestors(&self, heads: &[ChangeHash]) -> BTreeSet<ChangeHash> {
        let mut seen = BTreeSet::new();
        let mut open = heads.to_vec();
        while let Some(hash) = open.pop() {
            if seen.insert(hash) {
                open.extend(self.get(hash).into_iter().flat_map(|made| &made.deps));
            }
        }
        seen
    }
}
