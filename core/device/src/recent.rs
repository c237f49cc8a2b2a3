//! The documents edited last, kept in memory: people tap many times on one task, and loading costs most of an edit.
//!
//! What is here is what the last edit left, and nothing else may change a document behind it: whoever absorbs an answer
//! clears everything first, and an edit takes a document out and puts it back only once it is durable.

use std::collections::VecDeque;

use fieldline_documents::{Document, Projection};
use fieldline_model::DocumentId;

/// A loaded document takes some twenty kilobytes.
const MOST: usize = 4;

/// A document at hand.
pub(crate) struct AtHand {
    pub document: Document,
    /// What it means; `None` before its first edit.
    pub meaning: Option<Projection>,
    /// How many of its newest edits are in the outbox alone, and not yet in a document on disk.
    pub unsaved: usize,
}

/// The documents edited last, the newest at the back.
#[derive(Default)]
pub(crate) struct Recent(VecDeque<AtHand>);

impl Recent {
    pub fn take(&mut self, id: &DocumentId) -> Option<AtHand> {
        let at = self.0.iter().position(|at_hand| at_hand.document.id() == id)?;
        self.0.remove(at)
    }

    pub fn put(&mut self, at_hand: AtHand) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(at_hand);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
