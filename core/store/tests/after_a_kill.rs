//! What is checked at the opening after a kill, and what is found later. Alone in its process, because damage that any test
//! sees makes every later opening of the process check.

use std::fs;
use std::ops::Range;
use std::path::Path;

use fieldline_documents::edit::{Act, ChangeHash, Edit, EditId};
use fieldline_model::{DeviceId, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_store::records::RecordUpdate;
use fieldline_store::{DatabaseKey, Opened, Store, StoreError, Tx};

const EDITS: u64 = 200;
const PAGE_BYTES: usize = 4096;

fn open(dir: &Path) -> Opened {
    Store::open(dir, &DatabaseKey::new([7; 32])).expect("damage is no error, and the key is right")
}

fn edit(tx: &Tx<'_>, number: u64) -> Result<(), StoreError> {
    let (document, counter) = (DocumentId::new("wm_task", SysId([number as u8; 16])), tx.take_counter()?);
    let id = EditId { device: DeviceId([1; 16]), epoch: 1, counter };
    let act = Act::WorkNote { text: format!("Note {number}, written in a cellar") };
    tx.append_edit(&Edit::new(document, id, SysId([2; 16]), Timestamp(1), &[]).act(act), ChangeHash([3; 32]))
}

fn place(tx: &Tx<'_>, number: u32) -> Result<(), StoreError> {
    let mut sys_id = [0; 16];
    sys_id[..4].copy_from_slice(&number.to_be_bytes());
    let mut record = Record::new(DocumentId::new("cmn_location", SysId(sys_id)));
    record.set("name", Some(Value::text(format!("Place {number}"))));
    tx.put_record(&RecordUpdate::of_row(&record, "", None))
}

/// Two hundred unsent edits at the beginning of the file and thousands of records behind them; then the app is killed.
fn killed(dir: &Path) {
    let Opened { store, .. } = open(dir);
    store.write(|tx| (0..EDITS).try_for_each(|number| edit(tx, number))).expect("there is room");
    store.write(|tx| (0..3_000).try_for_each(|number| place(tx, number))).expect("there is room");
    store.tidy().expect("the file is sound");
    std::mem::forget(store);
}

/// Copies what is on disk, and changes one byte in every page of a part of the database.
fn copy_with_rot(from: &Path, to: &Path, percent: Range<usize>) {
    for entry in fs::read_dir(from).expect("it is a directory").flatten().filter(|entry| entry.path().is_file()) {
        let mut bytes = fs::read(entry.path()).expect("it can be read");
        if entry.file_name() == "fieldline.db" {
            let pages = bytes.len() / PAGE_BYTES;
            for page in pages * percent.start / 100..pages * percent.end / 100 {
                bytes[page * PAGE_BYTES + 77] ^= 1;
            }
        }
        fs::write(to.join(entry.file_name()), bytes).expect("there is room");
    }
}

#[test]
fn after_a_kill_the_outbox_is_checked_at_once_and_the_rest_when_it_is_read_or_in_an_idle_moment() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    killed(dir.path());
    let unsent = |store: &Store| store.read(|view| view.unsent_count()).expect("the outbox can be read");

    let sound = tempfile::tempdir().expect("a temporary directory");
    copy_with_rot(dir.path(), sound.path(), 0..0);
    let Opened { store, salvage } = open(sound.path());
    assert!(salvage.is_none() && unsent(&store) == EDITS && store.tidy().is_ok(), "the control");

    let behind = tempfile::tempdir().expect("a temporary directory");
    copy_with_rot(dir.path(), behind.path(), 60..90);
    let Opened { store, salvage } = open(behind.path());
    assert!(salvage.is_none(), "the whole file was checked, which takes time that grows with it");
    assert!(matches!(store.tidy(), Err(StoreError::Damaged { .. })), "an idle moment finds it");
    // The app is killed once more before it has closed anything.
    std::mem::forget(store);
    let Opened { store, salvage } = open(behind.path());
    assert_eq!(salvage.map(|salvage| salvage.unsent), Some(EDITS), "damage that was seen is looked for");
    assert_eq!(unsent(&store), EDITS);

    let before = tempfile::tempdir().expect("a temporary directory");
    copy_with_rot(dir.path(), before.path(), 5..20);
    let Opened { store, salvage } = open(before.path());
    let kept = unsent(&store);
    assert!(salvage.is_some() && kept < EDITS, "the rot lies in the outbox and was noticed at once: {kept} kept");
}
