//! The control: what becomes of the same bytes without the guard.

use automerge::Automerge;

use crate::borders::snapshots::rechecked;
use crate::borders::stories::honest_acts;
use crate::cost::Cost;
use crate::house::House;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "unguarded",
    about: "the control: altered changes given to Automerge itself",
    share: 0,
    open: || Box::new(Unguarded::new()),
};

/// A document but for its newest change, which is fed.
struct Unguarded {
    document: Automerge,
    newest: Vec<u8>,
}

impl Unguarded {
    fn new() -> Self {
        let mut house = House::new();
        let mut document = house.document(&house.task.clone()).expect("the task was just made");
        house.pushes(&mut document, &honest_acts());
        let mut changes = Automerge::load(&document.save()).expect("was just saved").get_changes(&[]);
        let newest = changes.pop().expect("the task has changes").raw_bytes().to_vec();
        let mut document = Automerge::new();
        document.apply_changes(changes).expect("they are a document's own");
        Self { document, newest }
    }
}

impl Guard for Unguarded {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        vec![self.newest.clone()]
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let mut document = self.document.clone();
        if document.load_incremental(&rechecked(input)).is_err() || document.get_heads() == self.document.get_heads() {
            return Ok(Taken::default());
        }
        match Automerge::load(&document.save()) {
            Ok(_) => Ok(Taken::when(true, input.len(), Cost::default())),
            Err(problem) => Err(format!("a document that took a change cannot be loaded: {problem}")),
        }
    }
}
