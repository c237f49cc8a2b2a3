//! A phone with a real store, and an office that writes answers by hand.

use std::collections::BTreeMap;

use crate::{Command, DatabaseKey, Device, DeviceError, Done, Enrolment, SigningKey};
use fieldline_documents::{Act, Document, Edit, EditId, Projection, packed};
use fieldline_model::number::NumberBlock;
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{DeviceId, Dictionary, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_sync::session::{Absorbed, Replica};
use fieldline_sync::wire::{Batch, Entry, Outcome, Position, Receipt, Request, Response};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

pub const MIA: SysId = SysId([0xa1; 16]);
pub const OFFICE: DeviceId = DeviceId([0xee; 16]);
pub const DISPATCHER: SysId = SysId([0xd1; 16]);
pub const EPOCH: u64 = 7;

/// Mia's phone.
pub struct Phone {
    pub dir: tempfile::TempDir,
    pub device: Device,
    pub rng: ChaCha8Rng,
    pub now: Timestamp,
    exchanges: u64,
    pub server_epoch: u64,
}

impl Phone {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut device = Device::open(dir.path(), &key()).unwrap();
        let key = SigningKey::random(&mut rng);
        let server = "https://field.example.org".to_owned();
        let enrolment = Enrolment {
            device: DeviceId([1; 16]),
            epoch: 1,
            user: MIA,
            token: "secret".into(),
            server,
            key,
            relay_key: None,
        };
        device.enrol(enrolment).unwrap();
        let now = Timestamp(1_800_000_000_000);
        let mut phone = Self { dir, device, rng, now, exchanges: 0, server_epoch: EPOCH };
        let numbers = ["WOT", "WO"].map(|prefix| NumberBlock { prefix: prefix.into(), next: 100, end: 103 }).to_vec();
        phone.exchange(|answer| {
            answer.entries.push(row(&mia(), 1));
            answer.numbers = numbers;
        });
        phone
    }

    /// The app is killed and started again.
    pub fn restart(self) -> Self {
        let Self { dir, device, rng, now, exchanges, server_epoch } = self;
        drop(device);
        let device = Device::open(dir.path(), &key()).unwrap();
        Self { dir, device, rng, now, exchanges, server_epoch }
    }

    pub fn execute(&mut self, command: Command) -> Result<Done, DeviceError> {
        self.now = self.now.plus_milliseconds(1_000);
        self.device.execute(command, self.now, &mut self.rng)
    }

    pub fn note(&mut self, document: &DocumentId, text: &str) -> u64 {
        let command = Command::WorkNote { document: document.clone(), text: text.into() };
        self.execute(command).unwrap().edits[0].counter
    }

    pub fn request(&mut self) -> Request {
        self.device.outgoing(9, self.now).unwrap()
    }

    /// One exchange, answered by the office.
    pub fn exchange(&mut self, answer: impl FnOnce(&mut Response)) -> Absorbed {
        self.request();
        self.answer(answer)
    }

    pub fn answer(&mut self, answer: impl FnOnce(&mut Response)) -> Absorbed {
        self.exchanges += 1;
        let mut response = Response {
            cursor: self.exchanges.to_be_bytes().to_vec().into(),
            ..Response::to(9, self.server_epoch, self.now)
        };
        answer(&mut response);
        self.device.absorb(&response, self.now).unwrap()
    }

    pub fn notes(&self, document: &DocumentId) -> Vec<String> {
        let details = self.device.record(document).unwrap().expect("is here").details.expect("has a document");
        details.work_notes.into_iter().map(|entry| entry.what.text).collect()
    }
}

pub fn key() -> DatabaseKey {
    DatabaseKey::new([5; 32])
}

pub fn pushed(request: &Request) -> Vec<Edit> {
    let Some(push) = &request.push else { return Vec::new() };
    let batch: Batch = minicbor::decode(&push.bytes).unwrap();
    batch.edits.iter().map(|edit| Edit::decode(&edit.body).unwrap()).collect()
}

pub fn accepted(counter: u64) -> Receipt {
    Receipt { counter, outcome: Outcome::Accepted { position: Position(50 + counter), merged: false } }
}

fn mia() -> Record {
    let mut record = Record::new(DocumentId::new("sys_user", MIA));
    record.set("name", Some(Value::text("Mia Roux")));
    record.set("roles", Some(Value::text("wm_agent")));
    record
}

pub fn row(record: &Record, position: u64) -> Entry {
    let bytes = minicbor::to_vec(record).unwrap().into();
    Entry::Row { document: record.id.clone(), position: Position(position), bytes }
}

/// A document as the office has it.
pub struct Office {
    pub document: Document,
    counter: u64,
}

impl Office {
    /// A task assigned to Mia.
    pub fn task(number: u8) -> Self {
        let id = DocumentId::new("wm_task", SysId([number; 16]));
        let mut office = Self { document: Document::seed(id), counter: u64::from(number) * 1_000 };
        office.edit(vec![
            Act::Set { field: "number".into(), value: Some(Value::text(format!("WOT00000{number:02}"))) },
            Act::Set { field: "short_description".into(), value: Some(Value::text("Boiler leaks")) },
            Act::Set { field: "assigned_to".into(), value: Some(Value::Reference(MIA)) },
            Act::Transition { step: "assign".into(), reason: None },
        ]);
        office
    }

    pub fn id(&self) -> DocumentId {
        self.document.id().clone()
    }

    /// The office does something on what it has, and tells it to phones.
    pub fn edit(&mut self, acts: Vec<Act>) -> Entry {
        self.counter += 1;
        let id = EditId { device: OFFICE, epoch: 1, counter: self.counter };
        let at = Timestamp(1_800_000_000_000 - 60_000 + self.counter as i64);
        let edit = Edit { acts, ..Edit::new(self.id(), id, DISPATCHER, at, &self.document.heads()) };
        let hash = self.document.apply(&edit).unwrap().hash;
        let hash = hash.0[..16].try_into().unwrap();
        Entry::Edit { position: Position(self.counter), hash, body: edit.encode().into(), document: self.id() }
    }

    pub fn snapshot(&self) -> Entry {
        let heads = self.document.full_heads().into_iter().map(|head| head.0.to_vec().into()).collect();
        let position = Position(self.counter);
        Entry::Snapshot { document: self.id(), position, heads, bytes: self.document.save().into() }
    }

    fn projection(&self) -> Projection {
        self.document.project(Dictionary::shipped(), &PriorityMatrix::default())
    }

    /// What a phone gets when the record enters its scope.
    pub fn whole(&self) -> Vec<Entry> {
        vec![self.row(), self.snapshot()]
    }

    pub fn row(&self) -> Entry {
        row(&self.projection().record, self.counter)
    }

    /// The document beside its row.
    pub fn packed(&self) -> Entry {
        self.packed_as(&self.document.save())
    }

    /// Any bytes beside the document's row.
    pub fn packed_as(&self, bytes: &[u8]) -> Entry {
        let Projection { record, .. } = self.projection();
        let (bytes, is_told_by_its_row) = (packed::pack(&record, bytes).into(), self.projection().is_told_by_its_row());
        Entry::Packed { document: self.id(), position: Position(self.counter), bytes, is_told_by_its_row }
    }

    /// Bytes that carry a document's right checksum and are none.
    pub fn nonsense(&self) -> Vec<u8> {
        let mut bytes = self.document.save();
        let last = bytes.len() - 1;
        bytes[last - 20..last].fill(0xff);
        let sum = ring::digest::digest(&ring::digest::SHA256, &bytes[8..]);
        bytes[4..8].copy_from_slice(&sum.as_ref()[..4]);
        bytes
    }
}

pub fn values<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<fieldline_model::FieldName, Value> {
    pairs.into_iter().map(|(field, value)| (field.into(), value)).collect()
}
