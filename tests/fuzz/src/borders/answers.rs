//! Answers of a hostile server, or of somebody who answers for it, taken in by a real phone with unsent work.

use fieldline_device::{Command, DatabaseKey, Device, Enrolment, SigningKey};
use fieldline_documents::{Act, Document};
use fieldline_model::{DocumentId, TableName, Timestamp};
use fieldline_sync::session::Replica;
use fieldline_sync::wire::Response;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tempfile::TempDir;

use crate::cost::measured;
use crate::house::{House, NOW};
use crate::{Border, Guard, Taken};

/// Answers a phone takes before it is a new one: a hostile server may have taken its records away.
const INPUTS_A_PHONE: usize = 200;

pub const BORDER: Border = Border {
    name: "answers",
    about: "a server's answers altered in any byte, absorbed by a real phone that has unsent work",
    share: 50,
    open: || Box::new(Answers::new()),
};

struct Answers {
    _dir: TempDir,
    device: Device,
    task: DocumentId,
    taken: usize,
    unsent: usize,
    honest: Vec<Vec<u8>>,
}

impl Answers {
    fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut house = House::new();
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder for a phone");
        let mut device = Device::open(dir.path(), &DatabaseKey::new([7; 32])).expect("a new phone opens");
        let key = SigningKey::random(&mut rng);
        let (user, token, server) = (house.user, String::new(), "https://field.example.org".to_owned());
        let enrolment = Enrolment { device: house.device, epoch: 1, user, token, server, key, relay_key: None };
        device.enrol(enrolment).expect("a new phone can be enrolled");
        let mut honest = Vec::new();
        for nonce in 0..6 {
            let request = device.outgoing(nonce, NOW).expect("a phone can say where it stands");
            let answer = house.exchange(&request).ok().flatten().expect("an honest request is answered");
            device.absorb(&answer, NOW).expect("an honest answer is taken in");
            honest.push(answer);
        }
        let task = house.task.clone();
        let mut document: Document = house.document(&task).expect("the task was just made");
        let edit = house.pushes(&mut document, &[Act::WorkNote { text: "known to the server".into() }]);
        honest.extend(house.exchange(&house.pushing(vec![edit])).ok().flatten());
        let honest = honest.iter().map(|answer| minicbor::to_vec(answer).expect("in memory")).collect();
        let mut answers = Self { _dir: dir, device, task, taken: 0, unsent: 0, honest };
        answers.works(&mut rng);
        answers
    }

    /// Work that no server has heard of.
    fn works(&mut self, rng: &mut ChaCha8Rng) {
        for number in 0..3 {
            let text = format!("unsent work {number}");
            let note = Command::WorkNote { document: self.task.clone(), text };
            self.device.execute(note, NOW.plus_milliseconds(number), rng).expect("work is always saved");
        }
        self.unsent = self.kept();
    }

    /// Edits that are still in the outbox, acknowledged or held: everything but lost.
    fn kept(&self) -> usize {
        self.device.outbox().expect("a phone can read its outbox").len()
    }
}

impl Guard for Answers {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        self.honest.clone()
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        self.taken += 1;
        if self.taken.is_multiple_of(INPUTS_A_PHONE) {
            *self = Self { taken: self.taken, ..Self::new() };
        }
        let Ok(response) = minicbor::decode::<Response>(input) else { return Ok(Taken::default()) };
        // Receipts are the one thing a server may settle edits by, rightly or not.
        let response = Response { receipts: Vec::new(), ..response };
        let now = Timestamp(NOW.0 + 60_000 + self.taken as i64);
        self.device.outgoing(1, now).map_err(|problem| format!("the phone cannot say where it stands: {problem}"))?;
        let (absorbed, cost) = measured(|| self.device.absorb(&response, now));
        absorbed.map_err(|problem| format!("the phone fails: {problem}"))?;
        if self.kept() < self.unsent {
            return Err(format!("{} of {} unsent edits are left", self.kept(), self.unsent));
        }
        let listed = self.device.by_table(&TableName::from("wm_task"));
        listed.map_err(|problem| format!("the phone's lists fail: {problem}"))?;
        Ok(Taken::when(true, input.len(), cost))
    }
}
