//! Batches of edits altered in any byte, then signed rightly: a thief with the phone and its key.

use fieldline_documents::Document;
use fieldline_sync::wire::{Outcome, Request};

use crate::borders::stories::honest_acts;
use crate::cost::measured;
use crate::house::House;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "batches",
    about: "batches of honest edits altered in any byte, under a right signature",
    share: 130,
    open: || Box::new(Batches(House::new())),
};

struct Batches(House);

impl Guard for Batches {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        let house = &mut self.0;
        let task = house.task.clone();
        let mut document = house.document(&task).expect("the task was just made");
        let all: Vec<_> = honest_acts().into_iter().map(|act| house.pushes(&mut document, &[act])).collect();
        let one = vec![house.pushes(&mut document, &honest_acts())];
        let batch = |edits| house.pushing(edits).push.expect("there is a batch").bytes.to_vec();
        vec![batch(all), batch(one)]
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        // A batch is altered from one that a fresh house would take: in any other its numbers are used up.
        self.0 = House::new();
        pushed(&mut self.0, input)
    }
}

/// Pushes a batch under a right signature.
pub fn pushed(house: &mut House, batch: &[u8]) -> Result<Taken, String> {
    let request = Request { push: Some(house.signed(batch.to_vec())), cursor: house.cursor()?, ..house.request() };
    let (answered, cost) = measured(|| house.exchange(&request));
    let accepted = |outcome: &Outcome| matches!(outcome, Outcome::Accepted { .. } | Outcome::Differs { .. });
    let receipts = answered?.map(|response| response.receipts).unwrap_or_default();
    let let_in = receipts.iter().any(|receipt| accepted(&receipt.outcome));
    if let_in {
        goes_on(house)?;
    }
    Ok(Taken::when(let_in, batch.len(), cost))
}

/// The task's document still loads, and the office's next edit of it is taken.
fn goes_on(house: &mut House) -> Result<(), String> {
    let task = house.task.clone();
    let document = house.document(&task)?;
    if Document::load(task, &document.save()).is_err() {
        return Err("a document that was accepted can no longer be loaded".into());
    }
    house.office_notes("still here")
}
