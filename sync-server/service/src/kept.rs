//! Documents kept loaded between calls, because loading one costs several times what an edit of it costs.
//!
//! What is kept is a copy and nothing depends on it. A call that writes takes a document out and gives it back after its
//! commit; a call that fails has taken away whatever it touched. Whoever takes a document compares its position with that of
//! the newest edit in the transaction, so what another process wrote meanwhile is never overlooked.

use std::collections::BTreeMap;

use fieldline_documents::Document;
use fieldline_model::DocumentId;
use fieldline_storage::Position;

/// Memory for documents, by the estimate below: a few thousand jobs, a day's work of a thousand technicians.
const BUDGET_BYTES: usize = 96 << 20;
/// What a loaded document takes, whatever is in it, and what each stored byte becomes (measured: a document of 2 kB takes 20).
const LOADED_BYTES: usize = 6 << 10;
const LOADED_TIMES: usize = 8;

/// A document in memory.
pub(crate) struct Loaded {
    pub document: Document,
    /// Whether its row says all that lists and search show of it.
    pub is_told_by_its_row: bool,
    /// How many bytes it takes when stored, not less than that; 0 when nobody has edited it.
    pub stored_bytes: usize,
    /// The position of the newest edit it held when its transaction began or was last numbered.
    pub position: Position,
}

impl Loaded {
    /// A document nobody has edited.
    pub fn seed(id: DocumentId) -> Self {
        Self { document: Document::seed(id), is_told_by_its_row: false, stored_bytes: 0, position: 0 }
    }

    fn memory_bytes(&self) -> usize {
        LOADED_BYTES + LOADED_TIMES * self.stored_bytes
    }
}

/// The documents kept, each with the number of the turn it was given back in.
#[derive(Default)]
pub(crate) struct Kept {
    documents: BTreeMap<DocumentId, (u64, Loaded)>,
    by_turn: BTreeMap<u64, DocumentId>,
    turns: u64,
    memory_bytes: usize,
}

impl Kept {
    /// Takes a document out.
    pub fn take(&mut self, id: &DocumentId) -> Option<Loaded> {
        let (turn, loaded) = self.documents.remove(id)?;
        self.by_turn.remove(&turn);
        self.memory_bytes -= loaded.memory_bytes();
        Some(loaded)
    }

    /// Keeps documents; those given back longest ago make room.
    pub fn give_back(&mut self, documents: BTreeMap<DocumentId, Loaded>) {
        for (id, loaded) in documents {
            self.take(&id);
            self.turns += 1;
            self.memory_bytes += loaded.memory_bytes();
            self.by_turn.insert(self.turns, id.clone());
            self.documents.insert(id, (self.turns, loaded));
        }
        while self.memory_bytes > BUDGET_BYTES
            && let Some((_, oldest)) = self.by_turn.first_key_value()
        {
            self.take(&oldest.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use fieldline_model::SysId;

    use super::*;

    fn document(number: u8) -> DocumentId {
        DocumentId::new("wm_task", SysId([number; 16]))
    }

    fn loaded(id: &DocumentId, stored_bytes: usize) -> BTreeMap<DocumentId, Loaded> {
        BTreeMap::from([(id.clone(), Loaded { stored_bytes, ..Loaded::seed(id.clone()) })])
    }

    #[test]
    fn what_was_given_back_longest_ago_makes_room() {
        let third = (BUDGET_BYTES / 3 - LOADED_BYTES) / LOADED_TIMES;
        let mut kept = Kept::default();
        (1..=3).for_each(|number| kept.give_back(loaded(&document(number), third)));
        let first = kept.take(&document(1)).expect("there is room for three");
        kept.give_back(BTreeMap::from([(document(1), first)]));
        kept.give_back(loaded(&document(4), third));
        assert!(kept.take(&document(2)).is_none());
        for number in [1, 3, 4] {
            assert!(kept.take(&document(number)).is_some(), "{number}");
        }
        assert_eq!((kept.memory_bytes, kept.by_turn.len()), (0, 0));
    }

    #[test]
    fn a_document_larger_than_all_the_room_is_not_kept() {
        let mut kept = Kept::default();
        kept.give_back(loaded(&document(1), 1_000));
        kept.give_back(loaded(&document(2), BUDGET_BYTES));
        assert!(kept.documents.is_empty());
    }
}
