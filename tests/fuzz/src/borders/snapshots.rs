//! Documents as a hostile server sends them: Automerge's format altered in any byte, its own checksum made right again.

use fieldline_documents::{Act, ChangeHash, Document};
use ring::digest;

use crate::borders::stories::honest_acts;
use crate::cost::measured;
use crate::house::House;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "snapshots",
    about: "a server's snapshots altered in any byte, with a right checksum, offered to a phone",
    share: 100,
    open: || Box::new(Snapshots::new()),
};

struct Snapshots {
    house: House,
    document: Document,
    heads: Vec<ChangeHash>,
}

impl Snapshots {
    fn new() -> Self {
        let mut house = House::new();
        let mut document = house.document(&house.task.clone()).expect("the task was just made");
        house.pushes(&mut document, &honest_acts());
        let heads = document.full_heads();
        Self { house, document, heads }
    }
}

/// Puts the right checksum in an Automerge chunk: the first four bytes of a SHA-256 over type, length and content.
pub fn rechecked(chunk: &[u8]) -> Vec<u8> {
    let mut chunk = chunk.to_vec();
    if chunk.len() > 8 {
        let sum = digest::digest(&digest::SHA256, &chunk[8..]);
        chunk[4..8].copy_from_slice(&sum.as_ref()[..4]);
    }
    chunk
}

impl Guard for Snapshots {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        vec![self.document.save(), Document::seed(self.house.task.clone()).save()]
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let (task, chunk) = (self.house.task.clone(), rechecked(input));
        let (verified, cost) = measured(|| Document::verify(task.clone(), &chunk, &self.heads));
        let Ok(mut document) = verified else { return Ok(Taken::when(false, 0, cost)) };
        self.house.pushes(&mut document, &[Act::WorkNote { text: "still here".into() }]);
        match Document::load(task, &document.save()) {
            Ok(again) if again.full_heads() == document.full_heads() => Ok(Taken::when(true, input.len(), cost)),
            Ok(_) => Err("a verified document comes back with other heads".into()),
            Err(problem) => Err(format!("a verified document cannot be loaded after an edit: {problem}")),
        }
    }
}
