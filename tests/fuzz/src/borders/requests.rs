//! Whole requests of an enrolled phone: every field of them altered, cursors and wants included.

use fieldline_documents::{Act, Document};
use fieldline_sync::wire::Request;

use crate::cost::measured;
use crate::house::House;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "requests",
    about: "requests of an enrolled phone, altered before they are framed: cursors, wants, budgets, unsigned batches",
    share: 100,
    open: || Box::new(Requests(House::new())),
};

struct Requests(House);

impl Guard for Requests {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        let house = &mut self.0;
        let cursor = house.exchange(&house.request()).ok().flatten().map(|response| response.cursor);
        let mut document = house.document(&house.task.clone()).unwrap_or_else(|_| Document::seed(house.task.clone()));
        let edit = house.pushes(&mut document, &[Act::WorkNote { text: "Gate code 4711".into() }]);
        let mut push = house.pushing(vec![edit]);
        (push.cursor, push.audit) = (cursor, true);
        push.number_wants = vec!["WOT".into(), "INC".into()];
        push.wants = vec![house.task.clone()];
        [house.request(), push].iter().map(|request| minicbor::to_vec(request).expect("in memory")).collect()
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let Ok(request) = minicbor::decode::<Request>(input) else { return Ok(Taken::default()) };
        let request = Request { device: self.0.device, ..request };
        let (answered, cost) = measured(|| self.0.exchange(&request));
        Ok(Taken::when(answered?.is_some(), input.len(), cost))
    }
}
