//! The documents an answer touches, worked on in memory and written once at the end of its transaction.
//!
//! A document is kept twice: *confirmed*, as the server has acknowledged it, and the *draft* with unsent edits on top. An
//! answer changes only the confirmed one; the draft is then made again from it and the unsent edits, so whatever happened
//! (a hold in the middle, a snapshot, an edit of somebody else) there is one way to the new state.
//!
//! An unsent edit whose heads are gone (it stood on a held edit, or on work a restored server has lost) is made anew under a
//! new number, but only when the server certainly has not recorded it: it was never sent, or was answered `NeedsHeads`.
//! Otherwise it keeps its number and is only shown, on top of what is known, until its receipt comes.
//!
//! A phone that was restored or cloned has used numbers its twin used for something else. Those edits are made anew in the
//! epoch it was given; what their authors had seen stays as it was, as far as the document still has it.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_documents::{ApplyError, ChangeHash, Document, Edit, EditId};
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Timestamp};
use fieldline_store::Tx;
use fieldline_store::edits::{EditState, StoredEdit};
use fieldline_sync::wire::{HoldReason, Outcome, Position};

use crate::device::{Rules, read};
use crate::enrol::Enrolment;
use crate::error::DeviceError;

/// The work on one answer.
pub(crate) struct Bench<'a, 'c> {
    tx: &'a Tx<'c>,
    rules: &'a Rules,
    who: &'a Enrolment,
    touched: BTreeMap<DocumentId, Touched>,
    /// Unsent edits whose numbers a copy of this phone has used in the epoch before.
    taken: BTreeSet<u64>,
    /// Whether an edit was made anew.
    pub renumbered: bool,
}

#[derive(Default)]
struct Touched {
    confirmed: Option<Document>,
    is_changed: bool,
    position: Option<Position>,
    /// The hold that took away the edit that created the record.
    unborn: Option<Outcome>,
}

impl<'a, 'c> Bench<'a, 'c> {
    pub fn new(tx: &'a Tx<'c>, rules: &'a Rules, who: &'a Enrolment) -> Self {
        Self { tx, rules, who, touched: BTreeMap::new(), taken: BTreeSet::new(), renumbered: false }
    }

    /// What an outcome means for an edit: a number that a copy of this phone has used in an earlier epoch, or before this one
    /// was enrolled again, needs nobody's decision; the edit is made anew.
    pub fn in_this_epoch(&mut self, counter: u64, outcome: &Outcome) -> Result<Outcome, DeviceError> {
        let is_taken = matches!(outcome, Outcome::Held { reason: HoldReason::Equivocation, .. });
        if is_taken && self.tx.edit(counter)?.is_some_and(|edit| self.is_under_an_earlier_name(&edit)) {
            self.taken.insert(counter);
            return Ok(Outcome::NeedsHeads);
        }
        Ok(outcome.clone())
    }

    fn is_under_an_earlier_name(&self, stored: &StoredEdit) -> bool {
        let is_of_another_device = |edit: Edit| edit.id.device != self.who.device;
        stored.epoch < self.who.epoch || stored.edit().is_ok_and(is_of_another_device)
    }

    /// Whether a copy of this phone has used the edit's number.
    pub fn is_taken(&self, stored: &StoredEdit) -> bool {
        self.taken.contains(&stored.counter)
    }

    /// Gives an edit of a record that is not here another number in this epoch; the server makes its change.
    pub fn number_anew(&mut self, stored: &StoredEdit) -> Result<(), DeviceError> {
        let Ok(edit) = stored.edit() else { return Ok(()) };
        let anew = Edit { id: self.next_id()?, ..edit };
        self.replace_edit(stored, &anew, stored.hash)
    }

    fn next_id(&self) -> Result<EditId, DeviceError> {
        Ok(EditId { device: self.who.device, epoch: self.who.epoch, counter: self.tx.take_counter()? })
    }

    fn replace_edit(&mut self, stored: &StoredEdit, anew: &Edit, hash: ChangeHash) -> Result<(), DeviceError> {
        self.tx.remove_edit(stored.counter)?;
        self.tx.append_edit(anew, hash)?;
        self.renumbered = true;
        Ok(())
    }

    /// The work on a document, begun when it was not. A confirmed document that cannot be read is fetched again.
    fn touched(&mut self, id: &DocumentId) -> Result<&mut Touched, DeviceError> {
        if !self.touched.contains_key(id) {
            let confirmed = match self.tx.confirmed(id)?.map(|kept| read(id, &kept)) {
                Some(Err(_)) => {
                    self.tx.want(id)?;
                    None
                }
                loaded => loaded.transpose()?,
            };
            self.touched.insert(id.clone(), Touched { confirmed, ..Touched::default() });
        }
        Ok(self.touched.get_mut(id).expect("it was just put there"))
    }

    /// The server has this edit of ours. One that a newer app made here, before this older one took its place, cannot be read
    /// and comes back in the snapshot.
    pub fn accept(&mut self, stored: &StoredEdit) -> Result<(), DeviceError> {
        match stored.edit() {
            Ok(edit) => self.apply(&edit, None).map(drop),
            Err(_) => Ok(self.tx.want(&stored.document)?),
        }
    }

    /// The server keeps this edit of ours aside.
    pub fn hold(&mut self, stored: &StoredEdit, outcome: &Outcome) -> Result<(), DeviceError> {
        let creates = stored.edit().is_ok_and(|edit| creates(&edit));
        let touched = self.touched(&stored.document)?;
        if creates && touched.confirmed.is_none() {
            touched.unborn = Some(outcome.clone());
        }
        Ok(())
    }

    /// The server lacks what this edit of ours stands on: the device makes it anew if the confirmed document lacks that too,
    /// and takes the server's snapshot if not.
    pub fn needs_heads(&mut self, stored: &StoredEdit) -> Result<(), DeviceError> {
        let heads = stored.edit().map(|edit| edit.heads).unwrap_or_default();
        let is_taken = self.is_taken(stored);
        let touched = self.touched(&stored.document)?;
        if !is_taken
            && touched.confirmed.as_ref().is_some_and(|document| heads.iter().all(|head| document.knows(*head)))
        {
            self.tx.want(&stored.document)?;
        }
        Ok(())
    }

    /// Somebody else's edit, and the first half of the hash of the change the server made of it. Whether it was new.
    pub fn apply_foreign(&mut self, edit: &Edit, hash: [u8; 16], position: Position) -> Result<bool, DeviceError> {
        let is_new = self.apply(edit, Some(hash))?;
        if edit.author == self.who.user {
            self.give_up_what_a_copy_sent(&edit.document, |made_at| made_at == edit.at)?;
        }
        let touched = self.touched(&edit.document)?;
        touched.position = touched.position.max(Some(position));
        Ok(is_new)
    }

    /// A held edit waits for nobody once its deed is on the server: its author sent it again from a copy of this phone.
    fn give_up_what_a_copy_sent(
        &self,
        id: &DocumentId,
        is_there: impl Fn(Timestamp) -> bool,
    ) -> Result<(), DeviceError> {
        for held in self.tx.held()?.into_iter().filter(|held| held.document == *id && is_there(held.made_at)) {
            self.tx.remove_edit(held.counter)?;
        }
        Ok(())
    }

    /// An edit that does not fit the document here means that the document is not the server's: its snapshot is asked for.
    /// Whether the edit was applied now.
    fn apply(&mut self, edit: &Edit, wanted: Option<[u8; 16]>) -> Result<bool, DeviceError> {
        let tx = self.tx;
        let touched = self.touched(&edit.document)?;
        if touched.confirmed.is_none() && creates(edit) {
            touched.confirmed = Some(Document::seed(edit.document.clone()));
        }
        let applied = touched.confirmed.as_mut().and_then(|document| document.apply(edit).ok());
        touched.is_changed |= applied.is_some();
        let is_same = |hash: ChangeHash| wanted.is_none_or(|wanted| hash.0[..16] == wanted);
        if !applied.as_ref().is_some_and(|applied| is_same(applied.hash)) && !plant::is(Plant::GapAccepted) {
            tx.want(&edit.document)?;
        }
        Ok(applied.is_some_and(|applied| !applied.already))
    }

    /// The server's whole document.
    pub fn replace(&mut self, id: &DocumentId, position: Position, document: Document) -> Result<(), DeviceError> {
        let user = self.who.user;
        self.give_up_what_a_copy_sent(id, |made_at| document.edits_at(user, made_at).next().is_some())?;
        let touched = self.touched(id)?;
        (touched.confirmed, touched.is_changed, touched.position) = (Some(document), true, Some(position));
        Ok(self.tx.unwant(id)?)
    }

    /// The record is taken off the device; whatever was done to it before no longer matters.
    pub fn forget(&mut self, id: &DocumentId) {
        self.touched.remove(id);
    }

    /// Writes everything: confirmed documents, drafts, lists, search.
    pub fn finish(mut self) -> Result<bool, DeviceError> {
        for (id, touched) in std::mem::take(&mut self.touched) {
            if let Some(document) = touched.confirmed.as_ref().filter(|_| touched.is_changed) {
                self.tx.put_confirmed(&id, &document.save())?;
            }
            if let Some(position) = touched.position.filter(|_| touched.confirmed.is_some()) {
                self.tx.put_position(&id, position)?;
            }
            self.rebuild(&id, touched)?;
        }
        Ok(self.renumbered)
    }

    /// Makes the draft again from the confirmed document and the unsent edits.
    fn rebuild(&mut self, id: &DocumentId, touched: Touched) -> Result<(), DeviceError> {
        let unsent = self.tx.unsent_of(id, 0)?;
        if let Some(hold) = &touched.unborn {
            return self.hold_all(id, &unsent, hold);
        }
        let is_born_here = || unsent.first().is_some_and(|first| first.edit().is_ok_and(|edit| creates(&edit)));
        let document = touched.confirmed.or_else(|| is_born_here().then(|| Document::seed(id.clone())));
        let Some(mut document) = document else { return Ok(()) };
        let mut newest = None;
        for stored in &unsent {
            newest = newest.max(Some(self.put_on_top(&mut document, stored)?));
        }
        if plant::is(Plant::DraftNotRebuilt) && !unsent.is_empty() {
            return Ok(());
        }
        match newest {
            Some(newest) => self.tx.put_draft(id, &document.save(), newest)?,
            None if plant::is(Plant::DraftOutlivesReceipt) => return Ok(()),
            None => self.tx.drop_draft(id)?,
        }
        self.rules.show(self.tx, &self.rules.project(&document), Some(self.who.user))
    }

    /// Puts an unsent edit on top, anew where it must be; returns the number it has from here on.
    fn put_on_top(&mut self, document: &mut Document, stored: &StoredEdit) -> Result<u64, DeviceError> {
        // A newer app made it here: it is sent as it is and seen once this app is updated.
        let Ok(edit) = stored.edit() else { return Ok(stored.counter) };
        if !self.is_taken(stored) {
            match document.apply(&edit) {
                Ok(_) | Err(ApplyError::Cost(_) | ApplyError::OtherDocument { .. } | ApplyError::Damaged { .. }) => {
                    return Ok(stored.counter);
                }
                Err(ApplyError::UnknownHeads(_) | ApplyError::Equivocation { .. }) => {}
            }
        }
        let heads = document.heads_for(self.who.device, self.who.epoch);
        if stored.state != EditState::Local && !plant::is(Plant::RenumberedWhileSent) {
            // It is only shown: whether it applies here does not matter to the server.
            drop(document.apply(&Edit { heads, ..edit }));
            return Ok(stored.counter);
        }
        let mut anew = Edit { id: self.next_id()?, ..edit };
        let applied = document.apply(&anew).or_else(|_| {
            anew.heads = heads;
            document.apply(&anew)
        });
        match applied {
            Ok(applied) => self.replace_edit(stored, &anew, applied.hash).map(|()| anew.id.counter),
            // One that still does not apply is left to the server's judgement, and its author is told by the hold.
            Err(_) => Ok(stored.counter),
        }
    }

    /// Without the edit that creates it there is no record; everything on top waits with that edit for the person.
    fn hold_all(&mut self, id: &DocumentId, unsent: &[StoredEdit], hold: &Outcome) -> Result<(), DeviceError> {
        for stored in unsent {
            self.tx.receive(stored.counter, hold, stored.made_at)?;
        }
        Ok(self.tx.drop_draft(id)?)
    }
}

/// Whether an edit stands on the bare seed, as the one that creates a record does.
fn creates(edit: &Edit) -> bool {
    edit.heads == Document::seed(edit.document.clone()).heads()
}
