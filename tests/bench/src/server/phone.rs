//! Simulated phones: real keys, real documents, requests made before the clock starts.

use std::collections::{BTreeMap, VecDeque};

use fieldline_device::SigningKey;
use fieldline_documents::{Act, ChangeHash, Document, Edit, EditId};
use fieldline_model::{Decimal, DeviceId, DocumentId, SysId, Timestamp, Value};
use fieldline_service::Server;
use fieldline_service::call::Caller;
use fieldline_sync::wire::{
    Batch, Entry, Outcome, PACKED_SINCE, PushedEdit, Request, Response, SignedBatch, signing_input,
};
use minicbor::bytes::ByteVec;
use rand_chacha::ChaCha8Rng;

use super::Result;
use super::house::{MORNING, technician};

/// Edits of one visit.
pub const VISIT: usize = 10;

/// A phone and what it has to send.
pub struct Phone {
    pub caller: Caller,
    device: DeviceId,
    key: SigningKey,
    cursor: Option<ByteVec>,
    /// Jobs not worked on yet, with their documents until then.
    jobs: VecDeque<Vec<u8>>,
    names: VecDeque<(DocumentId, Vec<ChangeHash>)>,
    counter: u64,
    /// Signed batches with the number of edits in each.
    pub queue: VecDeque<(SignedBatch, usize)>,
}

impl Phone {
    /// A new technician's new phone.
    pub fn enrol(server: &Server, number: usize, rng: &mut ChaCha8Rng) -> Result<Self> {
        let user = technician(server, &format!("technician-{number}"), rng)?;
        let key = SigningKey::random(rng);
        let enrolled = server.enrol_device(&server.system(), user, "phone", key.public_key(), MORNING, rng)?;
        let token = enrolled.session.token;
        Ok(Self {
            caller: server.authenticate(&token, MORNING)?,

            device: enrolled.device,
            key,
            cursor: None,
            jobs: VecDeque::new(),
            names: VecDeque::new(),
            counter: 0,
            queue: VecDeque::new(),
        })
    }

    pub fn user(&self) -> SysId {
        self.caller.user
    }

    /// Fetches everything in scope and keeps the tasks; it speaks the version before documents came beside their rows.
    pub fn first_sync(&mut self, server: &Server, rng: &mut ChaCha8Rng) -> Result<()> {
        let mut tasks: BTreeMap<DocumentId, (Vec<ChangeHash>, Vec<u8>)> = BTreeMap::new();
        loop {
            let response = server.sync(
                &self.caller,
                &Request { wire_version: PACKED_SINCE - 1, ..self.request(None) },
                MORNING,
                rng,
            )?;
            for entry in &response.entries {
                if let Entry::Snapshot { document, heads, bytes, .. } = entry
                    && document.table == *"wm_task"
                {
                    let heads = heads.iter().map(|head| Ok(ChangeHash(head[..].try_into()?)));
                    tasks.insert(document.clone(), (heads.collect::<Result<_>>()?, bytes.to_vec()));
                }
            }
            self.take(&response)?;
            if !response.more {
                break;
            }
        }
        for (id, (heads, bytes)) in tasks {
            self.names.push_back((id, heads));
            self.jobs.push_back(bytes);
        }
        Ok(())
    }

    /// Works on the next job and queues its edits, so many in a batch.
    pub fn work(&mut self, in_a_batch: usize) -> Result<()> {
        let (id, heads) = self.names.pop_front().ok_or("every job was worked on")?;
        let bytes = self.jobs.pop_front().ok_or("every job was worked on")?;
        let mut document = Document::verify(id.clone(), &bytes, &heads)?;
        let mut edits = Vec::new();
        for acts in visit() {
            self.counter += 1;
            let edit_id = EditId { device: self.device, epoch: 1, counter: self.counter };
            let at = MORNING.plus_milliseconds(60_000 * self.counter as i64);
            let edit = Edit::new(id.clone(), edit_id, self.user(), at, &document.heads());
            let edit = acts.into_iter().fold(edit, Edit::act);
            let hash = document.apply(&edit)?.hash.0[..16].try_into()?;
            edits.push(PushedEdit { counter: self.counter, hash, body: edit.encode().into(), epoch: None });
        }
        for batch in edits.chunks(in_a_batch) {
            let bytes = minicbor::to_vec(Batch { edits: batch.to_vec() })?;
            let signature = self.key.sign(&signing_input(self.device, 1, &bytes));
            self.queue.push_back((SignedBatch { bytes: bytes.into(), signature }, batch.len()));
        }
        Ok(())
    }

    /// The request that sends a batch, or only asks what is new.
    pub fn request(&self, push: Option<SignedBatch>) -> Request {
        Request {
            budget_bytes: 512 << 10,
            cursor: self.cursor.clone(),
            push,
            newest_counter: Some(self.counter),
            ..Request::of(self.device, 1, self.counter)
        }
    }

    /// Moves on; every edit must have been accepted as it was made.
    pub fn take(&mut self, response: &Response) -> Result<()> {
        for receipt in &response.receipts {
            if !matches!(receipt.outcome, Outcome::Accepted { .. }) {
                return Err(format!("edit {} was not accepted: {:?}", receipt.counter, receipt.outcome).into());
            }
        }
        self.cursor = Some(response.cursor.clone());
        Ok(())
    }
}

/// What a technician does on a visit, one edit each.
fn visit() -> [Vec<Act>; VISIT] {
    let step = |name: &str| Act::Transition { step: name.into(), reason: None };
    let answer =
        |question: &str, answer: &str| Act::Answer { question: question.into(), answer: answer.into(), photo: None };
    let note = "Pressure was 0.4 bar; valve replaced, system filled to 1.4 bar, customer shown how to read the gauge";
    let close_notes =
        Act::Set { field: "close_notes".into(), value: Some(Value::text("Valve replaced, no leak left")) };
    let (started_at, ended_at) = (MORNING, Timestamp(MORNING.0 + 2_700_000));
    [
        vec![step("accept")],
        vec![step("start_travel")],
        vec![step("arrive")],
        vec![step("start_work")],
        vec![answer("gas_off", "yes"), answer("leak_found", "at the valve")],
        vec![Act::WorkNote { text: note.into() }],
        vec![Act::UsePart { model: SysId([6; 16]), quantity: 1, asset: None, stockroom: None, lease: None }],
        vec![Act::Read { meter: "pressure".into(), value: Decimal { millionths: 1_400_000 }, unit: "bar".into() }],
        vec![Act::LogTime { kind: "work".into(), started_at, ended_at }],
        vec![close_notes, step("complete")],
    ]
}
