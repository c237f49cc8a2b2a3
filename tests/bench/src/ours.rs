//! Our side: the phone as the app drives it, fed the way a server feeds it.

use std::error::Error;
use std::path::Path;

use fieldline_device::{Command, DatabaseKey, Device, DeviceError, Enrolment, SigningKey};
use fieldline_documents::{Act, Document, Edit, EditId};
use fieldline_model::dictionary::Merge;
use fieldline_model::{DeviceId, Dictionary, DocumentId, FieldName, Record, Timestamp, Value};
use fieldline_store::Store;
use fieldline_store::lists::Span;
use fieldline_sync::session::Replica;
use fieldline_sync::wire::{Entry, Position, Response};
use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

use crate::data::{DAY, SCREEN, USER, note};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// Entries of one answer of the server.
const PAGE: usize = 500;
const OFFICE: DeviceId = DeviceId([0xee; 16]);

pub fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

/// Opens the device; a new one is bound to its owner.
pub fn open(dir: &Path) -> Result<Device> {
    let mut device = Device::open(dir, &key())?;
    if device.enrolment().is_none() {
        let key = SigningKey::random(&mut ChaCha12Rng::seed_from_u64(1));
        let server = "https://field.example.org".to_owned();
        device.enrol(Enrolment {
            device: DeviceId([0xdd; 16]),
            epoch: 1,
            user: USER,
            token: String::new(),
            server,
            key,
            relay_key: None,
        })?;
    }
    Ok(device)
}

/// A connection that only reads, beside the device that syncs.
pub fn reader(dir: &Path) -> Result<Store> {
    Ok(Store::open(dir, &key())?.store)
}

/// A first sync, page after page: rows for all, for tasks the document as well.
pub fn fill(device: &mut Device, records: impl Iterator<Item = Record>) -> Result<()> {
    let mut owner = Record::new(DocumentId::new("sys_user", USER));
    owner.set("roles", Some(Value::text("wm_agent")));
    absorb(device, vec![row(&owner)?])?;
    let mut records = records.peekable();
    while records.peek().is_some() {
        let mut entries = Vec::new();
        for record in records.by_ref().take(PAGE) {
            entries.push(row(&record)?);
            if record.id.table == "wm_task" {
                entries.push(snapshot(&born(&record)?));
            }
        }
        absorb(device, entries)?;
    }
    Ok(device.tidy()?)
}

fn row(record: &Record) -> Result<Entry> {
    let bytes = minicbor::to_vec(record).map_err(|error| error.to_string())?;
    Ok(Entry::Row { document: record.id.clone(), position: Position(1), bytes: bytes.into() })
}

/// A document as the office made it: created, and noted on by two people.
fn born(record: &Record) -> Result<Document> {
    let table = Dictionary::shipped().table(record.id.table.as_str()).ok_or("the table is shipped")?;
    let is_kept = |field: &str| table.field(field).is_some_and(|field| field.merge != Merge::Derived);
    let fields = record.fields.iter().filter(|(field, _)| is_kept(field.as_str()));
    let set = |(field, value): (&FieldName, &Value)| Act::Set { field: field.clone(), value: Some(value.clone()) };
    let mut document = Document::seed(record.id.clone());
    let mut counter = 0;
    let mut make = |document: &mut Document, acts: Vec<Act>| {
        counter += 1;
        let mut edit = foreign(document, counter);
        edit.acts = acts;
        document.apply(&edit).map(drop)
    };
    make(&mut document, fields.map(set).collect())?;
    let step = |step: &str| vec![Act::Transition { step: step.into(), reason: None }];
    for step in ["qualify", "assign"].map(step) {
        make(&mut document, step)?;
    }
    make(&mut document, vec![Act::WorkNote { text: "Customer called again, please ring before arrival".into() }])?;
    Ok(document)
}

fn foreign(document: &Document, counter: u64) -> Edit {
    let id = EditId { device: OFFICE, epoch: 1, counter };
    Edit::new(document.id().clone(), id, USER, Timestamp(counter.cast_signed()), &document.heads())
}

fn snapshot(document: &Document) -> Entry {
    let heads = document.full_heads().into_iter().map(|head| head.0.to_vec().into()).collect();
    let (document, bytes) = (document.id().clone(), document.save().into());
    Entry::Snapshot { document, position: Position(1), heads, bytes }
}

/// What a sync brings: one edit of somebody else on each of so many tasks.
pub fn foreign_edits(tasks: &[&Record], count: usize) -> Result<Vec<Entry>> {
    let entry = |(turn, record): (usize, &&Record)| {
        let mut document = born(record)?;
        let text = format!("Dispatcher: visit {turn} moved, the part is ordered and the customer informed");
        let edit = foreign(&document, 100).act(Act::WorkNote { text });
        let hash = document.apply(&edit)?.hash.0;
        Ok(Entry::Edit {
            position: Position(2 + turn as u64),
            hash: hash[..16].try_into()?,
            body: edit.encode().into(),
            document: record.id.clone(),
        })
    };
    tasks.iter().take(count).enumerate().map(entry).collect()
}

/// One answer of the server.
pub fn absorb(device: &mut Device, entries: Vec<Entry>) -> Result<(), DeviceError> {
    let response = Response { entries, cursor: vec![1].into(), more: true, ..Response::to(1, 1, DAY.0) };
    device.absorb(&response, DAY.0).map(drop)
}

/// A person's edit, through everything that stands between a tap and the durable commit.
pub fn edit(device: &mut Device, document: &DocumentId, turn: usize) -> Result<(), DeviceError> {
    let command = Command::WorkNote { document: document.clone(), text: note(turn) };
    device.execute(command, DAY.0, &mut ChaCha12Rng::seed_from_u64(0)).map(drop)
}

pub fn today(device: &Device) -> Result<usize, DeviceError> {
    Ok(device.today(Span { from: DAY.0, until: DAY.1 })?.len())
}

pub fn search(store: &Store, words: &str) -> Result<usize> {
    Ok(store.search(words, SCREEN)?.len())
}
