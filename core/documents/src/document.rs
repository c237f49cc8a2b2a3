//! One record's history: edits in, one Automerge change each, the same bytes on every replica.
//!
//! The change an edit makes is a pure function of the edit and of the heads it names. When those are the document's heads
//! (the usual case) the change is committed on top; otherwise it is made on a fork that stands exactly at those heads and
//! then merged. `Automerge::transaction_at` is not used: its operation numbers, and so its hash, depend on what else the
//! replica happens to hold.
//!
//! Nothing is ever queued: an edit on unknown heads is an error that lists them. An actor (device and epoch) is one line:
//! an edit that does not build on its actor's latest is refused as equivocation, and so is another edit under a number
//! that is taken. What is left out: whether an edit fits its table ([`crate::shape`]) and whether its author may make it.

use automerge::transaction::CommitOptions;
use automerge::{Automerge, AutomergeError, Change, ReadDoc};
use fieldline_model::{DeviceId, DocumentId, SysId, Timestamp, hex};

use crate::caps;
use crate::edit::{ChangeHash, Edit, EditError, EditId, Head};
use crate::encode::Writer;
use crate::layout::{self, Containers};
use crate::ledger::{self, Ledger};
use crate::snapshot::{self, LoadError};

/// One record's whole history.
#[derive(Debug, Clone)]
pub struct Document {
    id: DocumentId,
    pub(crate) doc: Automerge,
    pub(crate) containers: Containers,
    pub(crate) ledger: Ledger,
}

/// What applying an edit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The change the edit makes.
    pub hash: ChangeHash,
    /// Whether the document had gone on since the heads the edit builds on.
    pub merged: bool,
    /// Whether the document already held the edit; then nothing happened.
    pub already: bool,
}

/// Why an edit was not applied; the document is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// It builds on changes that are not here.
    #[error("the edit builds on changes that are not here; send these first: {}", list(.0))]
    UnknownHeads(Vec<Head>),
    /// Its device has already gone another way.
    #[error("{document}: edit {} of device {} (epoch {}) does not follow what that device did here before; \
             start a new epoch and send it again", .id.counter, .id.device, .id.epoch)]
    Equivocation {
        /// The record.
        document: DocumentId,
        /// The edit.
        id: EditId,
    },
    /// It is too large, or says something no record can hold.
    #[error(transparent)]
    Cost(#[from] EditError),
    /// It belongs to another record.
    #[error("an edit of {given} was given to {document}; apply it to its own record")]
    OtherDocument {
        /// This record.
        document: DocumentId,
        /// The edit's record.
        given: DocumentId,
    },
    /// The document itself cannot take a change.
    #[error("{document}: the stored document is damaged ({reason}); load it again from a snapshot")]
    Damaged {
        /// The record.
        document: DocumentId,
        /// What was found.
        reason: String,
    },
}

fn list(heads: &[Head]) -> String {
    let mut text = String::new();
    for (index, head) in heads.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        text.push_str(&hex::encode(&head.0));
    }
    text
}

impl Document {
    /// A document that holds only the seeding change, the same on every replica.
    pub fn seed(id: DocumentId) -> Self {
        Self::wrap(id, layout::seeded()).expect("the seed has every container and one change")
    }

    pub(crate) fn wrap(id: DocumentId, doc: Automerge) -> Result<Self, String> {
        let ledger = Ledger::of(&doc)?;
        let containers = Containers::of(&doc)?;
        Ok(Self { id, doc, containers, ledger })
    }

    /// Which record it is.
    pub fn id(&self) -> &DocumentId {
        &self.id
    }

    /// The changes nothing builds on yet, sorted.
    pub fn full_heads(&self) -> Vec<ChangeHash> {
        self.doc.get_heads().into_iter().map(|hash| ChangeHash(hash.0)).collect()
    }

    /// The heads in their short form, sorted.
    pub fn heads(&self) -> Vec<Head> {
        self.full_heads().into_iter().map(ChangeHash::head).collect()
    }

    /// The heads a new edit of this device should build on: all, or as many as one edit may name, its own latest among them.
    pub fn heads_for(&self, device: DeviceId, epoch: u32) -> Vec<Head> {
        let mut heads = self.heads();
        if heads.len() > caps::MAX_HEADS {
            heads.truncate(caps::MAX_HEADS - 1);
            let own = self.ledger.latest(EditId { device, epoch, counter: 0 });
            heads.extend(own.map(|(_, hash)| hash.head()));
            heads.sort_unstable();
            heads.dedup();
        }
        heads
    }

    /// Whether the document holds the change a head names.
    pub fn knows(&self, head: Head) -> bool {
        self.ledger.named(head).next().is_some()
    }

    /// Whether the document holds a change.
    pub fn has_change(&self, hash: ChangeHash) -> bool {
        self.ledger.get(hash).is_some()
    }

    /// The change an edit made here, `None` when the document does not hold the edit.
    pub fn change_of(&self, edit: EditId) -> Option<ChangeHash> {
        self.ledger.change_of(edit)
    }

    /// The edits a person made here at a moment, by the clock of whichever device.
    pub fn edits_at(&self, author: SysId, at: Timestamp) -> impl Iterator<Item = EditId> {
        self.ledger.edits().filter(move |(_, made)| (made.by, made.at) == (author, at)).map(|(_, made)| made.id)
    }

    /// How many edits the document holds.
    pub fn edits(&self) -> usize {
        self.ledger.edits().count()
    }

    /// How many operations the document holds. Whoever admits edits holds back those of a document that is past
    /// [`caps::MAX_OPERATIONS`]: each edit keeps to that limit in what it builds on, but edits that did not know of each
    /// other add up.
    pub fn operations(&self) -> u64 {
        self.doc.stats().num_ops
    }

    /// Makes the edit's change and applies it.
    ///
    /// # Errors
    /// Says what is wrong and what to send instead; the document is unchanged then.
    pub fn apply(&mut self, edit: &Edit) -> Result<Applied, ApplyError> {
        if edit.document != self.id {
            return Err(ApplyError::OtherDocument { document: self.id.clone(), given: edit.document.clone() });
        }
        edit.check_cost()?;
        let heads = self.resolve(&edit.heads)?;
        self.check_operations(edit, &heads)?;
        let here = self.doc.get_heads().into_iter().map(|hash| ChangeHash(hash.0)).eq(heads.iter().copied());
        if let Some(hash) = self.ledger.change_of(edit.id) {
            let (_, change) = self.branch(edit, &heads).map_err(|error| self.damaged(&error))?;
            let same = change.hash().0 == hash.0;
            return if same {
                Ok(Applied { hash, merged: false, already: true })
            } else {
                Err(self.equivocation(edit))
            };
        }
        if let Some((latest, change)) = self.ledger.latest(edit.id)
            && (latest.counter > edit.id.counter || !self.ledger.ancestors(&heads).contains(&change))
        {
            return Err(self.equivocation(edit));
        }
        let hash = if here { self.commit_here(edit)? } else { self.commit_beside(edit, &heads)? };
        Ok(Applied { hash, merged: !here, already: false })
    }

    /// The whole history in Automerge's format, uncompressed: stores and frames compress better.
    pub fn save(&self) -> Vec<u8> {
        self.doc.save_nocompress()
    }

    /// Loads what [`Document::save`] wrote on this machine.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn load(id: DocumentId, bytes: &[u8]) -> Result<Self, LoadError> {
        snapshot::load(id, bytes)
    }

    /// Loads a snapshot somebody else sent, trusting nothing about it but that it should have these heads.
    ///
    /// # Errors
    /// When it is too large, damaged, not made of edits, or has other heads.
    pub fn verify(id: DocumentId, bytes: &[u8], heads: &[ChangeHash]) -> Result<Self, LoadError> {
        snapshot::verify(id, bytes, heads)
    }

    /// Loads a snapshot somebody else sent, whatever its heads are, trusting nothing about it.
    ///
    /// # Errors
    /// When it is too large, damaged, or not made of edits.
    pub fn check(id: DocumentId, bytes: &[u8]) -> Result<Self, LoadError> {
        snapshot::check(id, bytes)
    }

    /// Whether these are the very bytes a document was saved as; it may still not be one that edits make.
    pub fn is_whole(bytes: &[u8]) -> bool {
        snapshot::is_whole(bytes)
    }

    fn resolve(&self, heads: &[Head]) -> Result<Vec<ChangeHash>, ApplyError> {
        let unknown: Vec<Head> = heads.iter().copied().filter(|head| !self.knows(*head)).collect();
        if !unknown.is_empty() {
            return Err(ApplyError::UnknownHeads(unknown));
        }
        Ok(heads.iter().filter_map(|head| self.ledger.named(*head).next()).collect())
    }

    /// An act writes at most two operations.
    fn check_operations(&self, edit: &Edit, heads: &[ChangeHash]) -> Result<(), ApplyError> {
        let below = heads.iter().filter_map(|hash| self.ledger.get(*hash)).map(|made| made.last_operation).max();
        let operations = below.unwrap_or(0) + 2 * edit.acts.len() as u64;
        if operations <= caps::MAX_OPERATIONS {
            return Ok(());
        }
        let problem = format!("has {operations} operations, {} are the most; open a new record", caps::MAX_OPERATIONS);
        Err(EditError { document: self.id.clone(), field: None, problem }.into())
    }

    fn commit_here(&mut self, edit: &Edit) -> Result<ChangeHash, ApplyError> {
        let before = self.doc.get_heads();
        let hash = match write(&mut self.doc, &self.containers, &self.ledger, edit) {
            Ok(hash) => hash,
            Err(error) => return Err(self.damaged(&error)),
        };
        if self.knows(ChangeHash(hash.0).head()) {
            self.doc = self.doc.fork_at(&before).map_err(|error| self.damaged(&error.to_string()))?;
            return Err(self.equivocation(edit));
        }
        self.record(hash)
    }

    fn commit_beside(&mut self, edit: &Edit, heads: &[ChangeHash]) -> Result<ChangeHash, ApplyError> {
        let (_, change) = self.branch(edit, heads).map_err(|error| self.damaged(&error))?;
        let hash = change.hash();
        // Short heads must stay unambiguous; only somebody who searched for a collision gets here.
        if self.knows(ChangeHash(hash.0).head()) {
            return Err(self.equivocation(edit));
        }
        self.doc.apply_changes([change]).map_err(|error| self.damaged(&error.to_string()))?;
        self.record(hash)
    }

    /// The edit's change, made on a copy that stands at `heads`.
    fn branch(&self, edit: &Edit, heads: &[ChangeHash]) -> Result<(Automerge, Change), String> {
        let wanted: Vec<_> = heads.iter().map(|hash| automerge::ChangeHash(hash.0)).collect();
        let mut fork = match self.doc.fork_at(&wanted) {
            Ok(fork) => fork,
            Err(_) => self.rebuild_at(heads).map_err(|error| error.to_string())?,
        };
        write(&mut fork, &self.containers, &self.ledger, edit)?;
        let change = fork.get_last_local_change().ok_or("the edit made no change")?;
        Ok((fork, change))
    }

    /// What `fork_at` does, from the changes themselves, for histories it cannot fork.
    fn rebuild_at(&self, heads: &[ChangeHash]) -> Result<Automerge, AutomergeError> {
        let ancestors = self.ledger.ancestors(heads);
        let mut changes = self.doc.get_changes(&[]);
        changes.retain(|change| ancestors.contains(&ChangeHash(change.hash().0)));
        let mut copy = Automerge::new();
        copy.apply_changes(changes)?;
        Ok(copy)
    }

    fn record(&mut self, hash: automerge::ChangeHash) -> Result<ChangeHash, ApplyError> {
        let meta = self.doc.get_change_meta_by_hash(&hash);
        match meta.and_then(|meta| self.ledger.add(&meta)) {
            Some(()) => Ok(ChangeHash(hash.0)),
            None => Err(self.damaged("a change that was just made is missing")),
        }
    }

    fn equivocation(&self, edit: &Edit) -> ApplyError {
        ApplyError::Equivocation { document: self.id.clone(), id: edit.id }
    }

    fn damaged(&self, reason: &str) -> ApplyError {
        ApplyError::Damaged { document: self.id.clone(), reason: reason.into() }
    }
}

/// Writes the edit's change on top of whatever `doc` holds.
fn write(
    doc: &mut Automerge,
    containers: &Containers,
    ledger: &Ledger,
    edit: &Edit,
) -> Result<automerge::ChangeHash, String> {
    doc.set_actor(layout::actor(edit.id.device, edit.id.epoch));
    let mut transaction = doc.transaction();
    let writer = Writer { transaction: &mut transaction, containers, ledger, edit };
    writer.write().map_err(|error| error.to_string())?;
    let options = CommitOptions::default().with_message(ledger::message(edit)).with_time(edit.at.0);
    transaction.commit_with(options).0.ok_or_else(|| "the edit made no change".into())
}

#[cfg(test)]
mod tests {
    use fieldline_model::SysId;

    use super::*;
    use crate::testing::{description, edit, every_act, monaco, note, task};

    /// The seed; one edit; then each act on top of that history, and beside it.
    const GOLDEN: &str = "\
fa80056f9c21181c2b5e2e2ea630092835b8e56adc153c16c83f4cc1a48db061
e906133f63cb8d91be7c67b604fc1c9367aefa3829931da45cf447ff96c292f6
c8f5cd9261ffdcf6 7ce475c4fe3dae9f
45de30f526ca56f8 82aa24089dee4c30
592b27af1f0596b1 23cc62b90fca6b9b
b6598fad668e51c4 6e49f2fcfa87fe1f
1b758d87b914bc85 18ed2c453aff5f39
783beb088dd399c2 ead0635ff808d099
d35d2f9b2c2fdefe 18ac528c58504997
d036ff434746627b ef30d761fafe72d4
093303a2a6ecea57 e990bcaafc26ef77
4f9d4666381c246d 6b03fef9a53eaad7
1da1b640548ac15b d90035f01f3cc8f1
57f0a0a789cad170 11027a7e5ed30690
d1553be305c77475 17b3cd90126afc4f
73f4de58fe49fee0 5f83d3eac8a5ce44
4a5fd5c4541f7572 890a0fd56ba8a1a4
2b0b1dc516828966 d02027299bbb42e2
0ccfd525af5a0bf0 cccd6d3205d378af
d58f59a2990d69a8 06280ae1de95cf1b
f74f10e0a67a00cf 0357c65bd27f3495
9dfaa644423e8f8f 60126d1ff6d35928
b5fd1c140fcce7c8 9a08e540f22e88c5
";

    fn hex(hash: ChangeHash) -> String {
        hex::encode(&hash.0)
    }

    /// The bytes of the protocol: when this test fails, phones and servers of different versions disagree on every edit.
    #[test]
    fn the_seed_and_each_act_make_the_same_changes_as_ever() {
        let mut document = Document::seed(task());
        let mut made = vec![hex(document.full_heads()[0])];
        let first = edit(1, 1, &document.heads()).act(description("Boiler")).at_place(monaco());
        let first = document.apply(&first).expect("is on the heads").hash;
        made.push(hex(first));
        for (act, counter) in every_act().into_iter().zip(2..) {
            let kept = document.clone();
            let on_top = edit(1, counter, &document.heads()).act(act.clone());
            let on_top = document.apply(&on_top).expect("is on the heads");
            let beside = edit(2, counter, &[first.head()]).act(act);
            document = kept;
            document.apply(&edit(1, counter, &document.heads()).act(note("Gate open"))).expect("is on the heads");
            let beside = document.apply(&Edit { id: EditId { epoch: counter as u32, ..beside.id }, ..beside });
            let beside = beside.expect("is on known heads");
            assert!(beside.merged && !on_top.merged);
            made.push(format!("{} {}", &hex(on_top.hash)[..16], &hex(beside.hash)[..16]));
        }
        assert_eq!(made, GOLDEN.lines().collect::<Vec<_>>(), "made:\n{}\n", made.join("\n"));
    }

    #[test]
    fn an_edit_given_twice_is_known_and_another_one_under_its_number_is_refused() {
        let mut document = Document::seed(task());
        let original = edit(1, 1, &document.heads()).act(description("Boiler"));
        let first = document.apply(&original).expect("is on the heads");
        document.apply(&edit(2, 1, &document.heads()).act(note("later"))).expect("is on the heads");
        let before = document.save();
        let again = document.apply(&original).expect("is known");
        assert_eq!(again, Applied { hash: first.hash, merged: false, already: true });
        let other = edit(1, 1, &original.heads).act(description("Heating"));
        assert!(matches!(document.apply(&other), Err(ApplyError::Equivocation { .. })));
        let beside = edit(1, 2, &original.heads).act(description("Heating"));
        assert!(matches!(document.apply(&beside), Err(ApplyError::Equivocation { .. })));
        assert_eq!(document.save(), before);
    }

    #[test]
    fn an_edit_on_unknown_heads_names_them_and_leaves_nothing_behind() {
        let mut document = Document::seed(task());
        let unknown = Head([0xab; 8]);
        let orphan = edit(1, 1, &[document.heads()[0], unknown]).act(note("lost?"));
        let error = document.apply(&orphan).expect_err("nobody knows that head");
        assert_eq!(error, ApplyError::UnknownHeads(vec![unknown]));
        assert_eq!(
            error.to_string(),
            "the edit builds on changes that are not here; send these first: abababababababab"
        );
        assert_eq!(document.save(), Document::seed(task()).save());
    }

    #[test]
    fn an_edit_of_another_record_is_refused() {
        let mut other = Document::seed(DocumentId::new("wm_task", SysId([8; 16])));
        let refused = other.apply(&edit(1, 1, &other.heads()).act(note("wrong door")));
        assert!(matches!(refused, Err(ApplyError::OtherDocument { .. })));
    }

    #[test]
    fn forking_and_rebuilding_from_the_ancestors_make_the_same_change() {
        let mut document = Document::seed(task());
        for (counter, phone) in (1..).zip([1, 2, 1, 3]) {
            document.apply(&edit(phone, counter, &document.heads()).act(note("on top"))).expect("is on the heads");
        }
        let heads = document.full_heads();
        let late = edit(4, 9, &document.heads()).act(description("late"));
        let (_, forked) = document.branch(&late, &heads).expect("forks");
        let mut rebuilt = document.rebuild_at(&heads).expect("rebuilds");
        let hash = write(&mut rebuilt, &document.containers, &document.ledger, &late).expect("writes");
        assert_eq!(hash, forked.hash());
    }
}
