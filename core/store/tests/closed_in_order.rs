//! When the whole file is checked at opening, and when it need not be. Alone in its process, because damage that any test
//! sees makes every later opening of the process check.

use std::fs::{self, File};
use std::path::Path;

use fieldline_store::{DatabaseKey, Opened, Store, StoreError};

fn key() -> DatabaseKey {
    DatabaseKey::new([7; 32])
}

fn open(dir: &Path) -> Opened {
    Store::open(dir, &key()).expect("the key is right")
}

/// Changes one byte in every tenth page from the middle on, and lets the file look as if nobody had touched it.
fn rot(database: &Path) {
    let looked = fs::metadata(database).and_then(|metadata| metadata.modified()).expect("the database exists");
    let mut bytes = fs::read(database).expect("the database can be read");
    let middle = bytes.len() / 2;
    bytes[middle..].iter_mut().step_by(40_960).for_each(|byte| *byte ^= 1);
    fs::write(database, bytes).expect("the database can be written");
    let file = File::options().write(true).open(database).expect("the database can be opened");
    file.set_modified(looked).expect("the time of change can be set");
}

#[test]
fn a_file_closed_in_order_opens_unchecked_and_rot_that_is_met_later_is_salvaged_at_the_next_opening() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let database = dir.path().join("fieldline.db");
    let name = |number: u32| format!("note {number}");
    let Opened { store, .. } = open(dir.path());
    store
        .write(|tx| (0..2_000).try_for_each(|number| tx.put_meta(&name(number), Some(&[number as u8; 900]))))
        .expect("there is room");
    drop(store);
    assert!(dir.path().join("fieldline.db.closed").exists());

    rot(&database);
    let Opened { store, salvage } = open(dir.path());
    assert!(salvage.is_none(), "the whole file was checked although it was closed in order");
    assert!(!dir.path().join("fieldline.db.closed").exists(), "the note must not vouch for an open file");
    let met = (0..2_000).find_map(|number| store.read(|view| view.meta(&name(number))).err());
    assert!(matches!(met, Some(StoreError::Damaged { .. })), "{met:?}");
    drop(store);

    assert!(open(dir.path()).salvage.is_some(), "damage that was seen is not looked for");
}
