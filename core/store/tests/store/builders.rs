//! Builders the store's tests share.

use std::path::Path;

use fieldline_documents::edit::{Act, ChangeHash, Edit, EditId};
use fieldline_model::{Decimal, DeviceId, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_store::records::RecordUpdate;
use fieldline_store::{DatabaseKey, Store, StoreError, Tx};

pub const MIA: SysId = SysId([0xaa; 16]);
pub const DEVICE: DeviceId = DeviceId([0xdd; 16]);

pub fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

pub fn open(dir: &Path) -> Store {
    let opened = Store::open(dir, &key()).expect("opens");
    assert_eq!(opened.salvage, None, "the database is sound");
    opened.store
}

pub fn sys_id(number: u64) -> SysId {
    let mut bytes = [0x11; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    SysId(bytes)
}

pub fn task_id(number: u64) -> DocumentId {
    DocumentId::new("wm_task", sys_id(number))
}

pub fn record(table: &str, number: u64, fields: &[(&str, Value)]) -> Record {
    let mut record = Record::new(DocumentId::new(table, sys_id(number)));
    fields.iter().for_each(|(field, value)| record.set(*field, Some(value.clone())));
    record
}

/// A work order task of Mia's.
pub fn task(number: u64, state: i64, starts_at: Option<i64>) -> Record {
    let mut record = record(
        "wm_task",
        number,
        &[
            ("number", Value::text(format!("WOT{number:07}"))),
            ("short_description", Value::text(format!("Boiler {number} leaks"))),
            ("state", Value::Integer(state)),
            ("active", Value::Boolean(![3, 4, 7].contains(&state))),
            ("assigned_to", Value::Reference(MIA)),
            ("quantity", Value::Decimal(Decimal::whole(1))),
        ],
    );
    record.set("expected_start", starts_at.map(|moment| Value::Time(Timestamp(moment))));
    record
}

pub fn save(tx: &Tx<'_>, record: &Record) {
    let display = [record.text("number"), record.text("name")].concat();
    let stage = record.get("state").map(|_| "assigned");
    tx.put_record(&RecordUpdate::of_row(record, &display, stage)).expect("saves");
}

pub fn save_all(store: &Store, records: &[Record]) {
    store
        .write(|tx| {
            records.iter().for_each(|record| save(tx, record));
            Ok::<_, StoreError>(())
        })
        .expect("saves");
}

pub fn edit(counter: u64, document: DocumentId, acts: Vec<Act>) -> Edit {
    let id = EditId { device: DEVICE, epoch: 1, counter };
    Edit { document, id, author: MIA, at: Timestamp(counter as i64), place: None, heads: Vec::new(), acts }
}

/// One edit as the device saves it: outbox, document, projection and search entry together.
pub fn edit_task(store: &Store, number: u64, note: &str) -> u64 {
    store
        .write(|tx| {
            let counter = tx.take_counter()?;
            let edit = edit(counter, task_id(number), vec![Act::WorkNote { text: note.into() }]);
            tx.append_edit(&edit, ChangeHash([counter as u8; 32]))?;
            tx.put_draft(&task_id(number), note.as_bytes(), counter)?;
            let record = task(number, 18, Some(0));
            let update = RecordUpdate { journal: note, ..RecordUpdate::of_row(&record, "", Some("work_in_progress")) };
            tx.put_record(&update)?;
            Ok::<_, StoreError>(counter)
        })
        .expect("saves")
}
