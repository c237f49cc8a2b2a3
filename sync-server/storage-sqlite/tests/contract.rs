//! The battery on both kinds of SQLite storage, and what only a file promises.

use std::path::Path;

use fieldline_storage::Storage;
use fieldline_storage_sqlite::SqliteStorage;
use tempfile::TempDir;

fn open(path: &Path) -> SqliteStorage {
    SqliteStorage::open(path).expect("the file opens")
}

fn file() -> (SqliteStorage, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    (open(&directory.path().join("server.db")), directory)
}

fn memory() -> (SqliteStorage, ()) {
    (SqliteStorage::in_memory().expect("memory is there"), ())
}

mod on_a_file {
    fieldline_storage::battery!(super::file, super::open);
}

mod in_memory {
    fieldline_storage::battery!(super::memory, super::open);
}

#[test]
fn a_reader_sees_one_state_and_waits_for_no_writer() {
    let (storage, _directory) = file();
    let reader = storage.read().unwrap();
    let mut writer = storage.begin().unwrap();
    writer.put_setting("tenant", b"acme").unwrap();
    assert_eq!(storage.read().unwrap().setting("tenant").unwrap(), None, "not committed yet");
    writer.commit().unwrap();
    assert_eq!(reader.setting("tenant").unwrap(), None, "the reader began before");
    assert_eq!(storage.read().unwrap().setting("tenant").unwrap().as_deref(), Some(&b"acme"[..]));
}

#[test]
fn a_panic_in_a_transaction_undoes_it_and_the_next_one_goes_on() {
    for (storage, _keep) in
        [file()].map(|(storage, keep)| (storage, Some(keep))).into_iter().chain([(memory().0, None)])
    {
        let panicking = std::panic::AssertUnwindSafe(|| {
            let mut tx = storage.begin().unwrap();
            tx.put_setting("tenant", b"half").unwrap();
            panic!("on purpose");
        });
        assert!(std::panic::catch_unwind(panicking).is_err());
        let mut tx = storage.begin().unwrap();
        assert_eq!(tx.setting("tenant").unwrap(), None);
        tx.put_setting("tenant", b"acme").unwrap();
        tx.commit().unwrap();
    }
}

#[test]
fn a_file_that_is_opened_again_goes_on_where_it_was() {
    let (storage, directory) = file();
    let mut tx = storage.begin().unwrap();
    tx.lease_numbers("WOT", 3).unwrap();
    tx.commit().unwrap();
    drop(storage);
    let storage = open(&directory.path().join("server.db"));
    assert_eq!(storage.begin().unwrap().lease_numbers("WOT", 1).unwrap(), 4);
}
