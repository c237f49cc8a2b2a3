//! Our side: the phone's encrypted store, with documents.

use std::error::Error;
use std::path::Path;

use fieldline_documents::document::Document;
use fieldline_documents::edit::{Act, Edit, EditId};
use fieldline_model::dictionary::Merge;
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{DeviceId, Dictionary, DocumentId, Record, Timestamp};
use fieldline_store::lists::Span;
use fieldline_store::records::{RecordUpdate, Standing};
use fieldline_store::{DatabaseKey, Store, StoreError};

use crate::data::{DAY, SCREEN, SEARCH, USER, display};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const DEVICE: DeviceId = DeviceId([0xdd; 16]);

pub fn open(dir: &Path) -> Result<Store> {
    Ok(Store::open(dir, &DatabaseKey::new([7; 32]))?.store)
}

/// Records as an initial sync brings them: rows for all, the document as well for tasks.
pub fn fill(store: &Store, records: &[Record]) -> Result<()> {
    for page in records.chunks(500) {
        store.write(|tx| page.iter().try_for_each(|record| receive(tx, record)))?;
    }
    Ok(store.tidy()?)
}

fn receive(tx: &fieldline_store::Tx<'_>, record: &Record) -> Result<()> {
    let stage = (record.id.table == "wm_task").then_some("assigned");
    tx.put_record(&RecordUpdate::of_row(record, display(record), stage))?;
    tx.put_standing(&record.id, Standing::InScope)?;
    if stage.is_none() {
        return Ok(());
    }
    let mut document = Document::seed(record.id.clone());
    let id = EditId { device: DeviceId([0xee; 16]), epoch: 1, counter: 1 };
    let mut edit = Edit::new(record.id.clone(), id, USER, Timestamp(1), &document.heads());
    let table = Dictionary::shipped().table(record.id.table.as_str()).ok_or("the table is shipped")?;
    for (field, value) in &record.fields {
        if table.field(field.as_str()).is_some_and(|field| field.merge != Merge::Derived) {
            edit.acts.push(Act::Set { field: field.clone(), value: Some(value.clone()) });
        }
    }
    document.apply(&edit)?;
    Ok(tx.put_confirmed(&record.id, &document.save())?)
}

/// One edit from the document on disk to the durable commit: edit, change, outbox, projection, search.
pub fn edit(store: &Store, id: &DocumentId, note: &str) -> Result<()> {
    let dictionary = Dictionary::shipped();
    store.write(|tx| {
        let bytes = tx.document(id)?.ok_or("tasks have documents")?;
        let mut document = Document::load(id.clone(), &bytes)?;
        let edit_id = EditId { device: DEVICE, epoch: 1, counter: tx.take_counter()? };
        let edit = Edit::new(id.clone(), edit_id, USER, DAY.0, &document.heads_for(DEVICE, 1));
        let edit = edit.act(Act::WorkNote { text: note.into() });
        let applied = document.apply(&edit)?;
        tx.append_edit(&edit, applied.hash)?;
        tx.put_draft(id, Some(&document.save()))?;
        let projection = document.project(dictionary, &PriorityMatrix::default());
        let notes: Vec<&str> = projection.work_notes.iter().map(|note| note.what.text.as_str()).collect();
        let journal = notes.join("\n");
        let row = RecordUpdate::of_row(&projection.record, display(&projection.record), projection.stage.as_deref());
        Ok(tx.put_record(&RecordUpdate { journal: &journal, ..row })?)
    })
}

pub fn today(store: &Store) -> Result<usize, StoreError> {
    let day = Span { from: DAY.0, until: DAY.1 };
    Ok(store.read(|view| view.today(USER, day, SCREEN))?.len())
}

pub fn search(store: &Store) -> Result<usize, StoreError> {
    Ok(store.read(|view| view.search(SEARCH, SCREEN))?.len())
}
