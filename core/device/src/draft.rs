//! Edits about to be made, and how they are: several at once are one transaction.

use fieldline_documents::{Act, Document, Edit, EditId};
use fieldline_model::{DocumentId, FieldName, Place, Timestamp, Value};
use fieldline_store::Tx;
use fieldline_store::blobs::BlobProgress;

use crate::command::Done;
use crate::device::{Device, newest_document, roles_of};
use crate::error::DeviceError;
use crate::judge::Judge;
use crate::recent::{AtHand, Recent};
use crate::site_rules::Site;
use crate::stock::{Uncovered, name_leases};

/// Edits of a document that are in the outbox alone: so many are put on top when it is loaded, before it is saved anew.
const MOST_UNSAVED: usize = 6;

/// An edit about to be made.
pub(crate) struct Draft {
    pub document: DocumentId,
    pub acts: Vec<Act>,
    pub at: Timestamp,
    pub place: Option<Place>,
    pub files: Vec<BlobProgress>,
    /// Whether it creates the record.
    pub creates: bool,
    /// The held edit whose place it takes.
    pub instead_of: Option<u64>,
}

impl Device {
    /// One transaction: the edits in the outbox, the lists, and the files they refer to. A document is written only now and
    /// then: it is whatever is kept of it and the edits made since.
    pub(crate) fn make(&mut self, drafts: &[Draft]) -> Result<Vec<Done>, DeviceError> {
        // What does not become durable is not at hand afterwards either.
        let mut recent = std::mem::take(&mut self.recent);
        let done = self.store.write(|tx| {
            tx.let_search_wait();
            let make = |draft| self.make_one(tx, draft, &mut recent);
            drafts.iter().map(make).collect::<Result<Vec<Done>, DeviceError>>()
        })?;
        self.recent = recent;
        Ok(done)
    }

    fn make_one(&self, tx: &Tx<'_>, draft: &Draft, recent: &mut Recent) -> Result<Done, DeviceError> {
        let at_hand = recent.take(&draft.document).map_or_else(|| self.load(tx, draft), Ok)?;
        if let Some(counter) = draft.instead_of {
            tx.remove_edit(counter)?;
        }
        let (id, uncovered, at_hand) = self.edit(tx, draft, at_hand)?;
        for file in &draft.files {
            if tx.blob(file.blob)?.is_none() {
                tx.put_blob(file)?;
            }
        }
        recent.put(at_hand);
        Ok(Done { edits: vec![id], document: draft.document.clone(), at: draft.at, uncovered })
    }

    fn load(&self, tx: &Tx<'_>, draft: &Draft) -> Result<AtHand, DeviceError> {
        if draft.creates && !tx.has_document(&draft.document)? {
            let document = Document::seed(draft.document.clone());
            return Ok(AtHand { document, meaning: None, unsaved: MOST_UNSAVED });
        }
        let at_hand = newest_document(**tx, &draft.document)?;
        let meaning = (at_hand.document.edits() > 0).then(|| self.rules.project(&at_hand.document));
        Ok(AtHand { meaning, ..at_hand })
    }

    /// Makes the edit, if it may be made, and writes it.
    fn edit(
        &self,
        tx: &Tx<'_>,
        draft: &Draft,
        at_hand: AtHand,
    ) -> Result<(EditId, Vec<Uncovered>, AtHand), DeviceError> {
        let AtHand { mut document, meaning: before, mut unsaved } = at_hand;
        let who = self.who()?;
        let id = EditId { device: who.device, epoch: who.epoch, counter: tx.take_counter()? };
        let heads = document.heads_for(who.device, who.epoch);
        let mut edit = Edit::new(draft.document.clone(), id, who.user, draft.at, &heads).at_place(draft.place);
        edit.acts.clone_from(&draft.acts);
        if draft.creates && draft.instead_of.is_none() {
            self.number(tx, &mut edit)?;
        }
        // What was held is judged by the server alone: the person has seen its reason and sends it all the same.
        if draft.instead_of.is_none() {
            let roles = roles_of(**tx, who.user)?;
            Judge { dictionary: &self.rules.dictionary, roles: &roles, before: before.as_ref() }.check(&edit)?;
            if let Some(before) = &before {
                let site = Site { dictionary: &self.rules.dictionary, view: **tx, before, here: self.here };
                site.see_to(&mut edit)?;
            }
        }
        let uncovered = name_leases(**tx, &mut edit, who.device, draft.at)?;
        let applied = document.apply(&edit)?;
        tx.append_edit(&edit, applied.hash)?;
        unsaved += 1;
        if unsaved > MOST_UNSAVED {
            tx.put_draft(&draft.document, &document.save(), id.counter)?;
            unsaved = 0;
        }
        let meaning = self.rules.project(&document);
        self.rules.show(tx, &meaning, Some(who.user))?;
        Ok((id, uncovered, AtHand { document, meaning: Some(meaning), unsaved }))
    }

    /// Gives a new record its number, if records of its table have one; nobody chooses it.
    fn number(&self, tx: &Tx<'_>, edit: &mut Edit) -> Result<(), DeviceError> {
        let table = self.rules.dictionary.table(edit.document.table.as_str());
        let Some((table, prefix)) = table.and_then(|table| Some((table, table.number_prefix.as_deref()?))) else {
            return Ok(());
        };
        let field = FieldName::from("number");
        edit.acts.retain(|act| act.field() != Some(&field));
        let number = tx.take_number(prefix)?.ok_or_else(|| DeviceError::NoNumber { table: table.name.clone() })?;
        edit.acts.insert(0, Act::Set { field, value: Some(Value::Text(number)) });
        Ok(())
    }
}
