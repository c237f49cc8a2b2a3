//! What a wrong key, a flipped bit, a cut file and a thief find.

use std::fs;
use std::path::{Path, PathBuf};

use crate::builders::{edit_task, key, open, save_all, task, task_id};
use fieldline_model::Timestamp;
use fieldline_store::{DatabaseKey, Opened, Store, StoreError};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const CANARY: &str = "CanaryInTheCoalMine";

fn database(dir: &Path) -> PathBuf {
    dir.join("fieldline.db")
}

fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

/// A store with 300 records, 300 acknowledged edits and then 100 unsent ones, closed.
fn working_day(dir: &Path) {
    let store = open(dir);
    let tasks: Vec<_> = (1..=300).map(|number| task(number, 16, Some(0))).collect();
    save_all(&store, &tasks);
    store.write(|tx| tx.put_identity(b"mia's phone")).unwrap();
    for number in 1..=300 {
        let counter =
            edit_task(&store, number, &format!("{CANARY} {number} is a note of some length, as people write them"));
        let outcome =
            fieldline_sync::wire::Outcome::Accepted { position: fieldline_sync::wire::Position(number), merged: false };
        store.write(|tx| tx.receive(counter, &outcome, Timestamp(1))).unwrap();
    }
    for number in 1..=100 {
        edit_task(&store, number, "unsent");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.join("blobs")).unwrap();
    for (path, bytes) in files(from) {
        fs::write(to.join(path.strip_prefix(from).unwrap()), bytes).unwrap();
    }
}

fn unsent(store: &Store) -> u64 {
    store.read(|view| view.unsent_count()).unwrap()
}

#[test]
fn a_wrong_key_is_said_to_be_one_and_changes_no_file() {
    let dir = tempfile::tempdir().unwrap();
    edit_task(&open(dir.path()), 1, "kept");
    let before = files(dir.path());
    let refused = |dir: &Path| Store::open(dir, &DatabaseKey::new([8; 32])).map(drop).unwrap_err();
    assert!(matches!(refused(dir.path()), StoreError::WrongKey(_)), "{}", refused(dir.path()));
    assert_eq!(files(dir.path()), before);
    fs::remove_file(dir.path().join("key.check")).unwrap();
    assert!(
        matches!(refused(dir.path()), StoreError::WrongKey(_)),
        "without the check file only the database can tell"
    );
    assert_eq!(
        fs::read(database(dir.path())).unwrap(),
        before.iter().find(|(path, _)| *path == database(dir.path())).unwrap().1
    );
    assert_eq!(unsent(&open(dir.path())), 1);
    assert!(dir.path().join("key.check").exists(), "the right key puts the check file back");
}

#[test]
fn nothing_is_on_disk_in_the_clear() {
    let dir = tempfile::tempdir().unwrap();
    working_day(dir.path());
    let store = open(dir.path());
    edit_task(&store, 1, CANARY);
    let photo = CANARY.repeat(10_000);
    let blob = store.blob_files().put(photo.as_bytes()).unwrap();
    store.blob_files().put_piece(fieldline_model::BlobHash([1; 32]), 0, CANARY.as_bytes()).unwrap();
    let found: Vec<_> = files(dir.path()).into_iter().map(|(path, bytes)| (path, clear(&bytes))).collect();
    let names: Vec<_> = found.iter().filter_map(|(path, _)| path.extension()?.to_str()).collect();
    assert!(["db", "db-wal", "db-shm", "part"].iter().all(|name| names.contains(name)), "all are looked at: {names:?}");
    assert!(found.iter().any(|(path, _)| path.ends_with(blob.to_string())));
    let in_the_clear: Vec<_> = found.iter().filter(|(_, clear)| *clear).map(|(path, _)| path).collect();
    assert!(in_the_clear.is_empty(), "{in_the_clear:?}");
    assert!(clear(photo.as_bytes()), "the look would find it");
}

fn clear(bytes: &[u8]) -> bool {
    let says = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    says(CANARY.as_bytes())
        || says(CANARY.to_lowercase().as_bytes())
        || says(b"short_description")
        || says(b"CREATE TABLE")
}

/// Opens after damage and says how many unsent edits are there; whatever happened, the store must work.
fn reopen(dir: &Path) -> (u64, bool) {
    let Opened { store, salvage } = Store::open(dir, &key()).expect("damage is never an error");
    let there = unsent(&store);
    if let Some(salvage) = &salvage {
        assert!(salvage.set_aside.is_some() && salvage.identity && salvage.unsent == there, "{salvage:?}");
        assert_eq!(store.read(|view| view.identity()).unwrap().as_deref(), Some(b"mia's phone".as_slice()));
        assert_eq!(store.read(|view| view.cursor()).unwrap(), None, "everything else is pulled again");
    }
    if salvage.is_none() {
        let whole = (1..=300).all(|number| matches!(store.read(|view| view.record(&task_id(number))), Ok(Some(_))));
        assert!(whole && there == 100, "what was not noticed did no harm");
    }
    let counter = edit_task(&store, 1, "life goes on");
    assert!(counter > 400, "no number is given twice");
    drop(store);
    assert_eq!(unsent(&open(dir)), there + 1);
    (there, salvage.is_some())
}

#[test]
fn a_flipped_bit_anywhere_is_noticed_and_costs_at_most_the_edits_of_one_page() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    working_day(whole.path());
    let length = fs::metadata(database(whole.path())).unwrap().len();
    // Somewhere in every page, and the ends of the file.
    let mut rng = ChaCha12Rng::seed_from_u64(1);
    let in_every_page: Vec<u64> = (0..length / 4_096).map(|page| page * 4_096 + rng.next_u64() % 4_096).collect();
    let (mut noticed, mut kept) = (0, Vec::new());
    for at in [0, 17, length - 1].into_iter().chain(in_every_page) {
        let dir = broken.path().join(at.to_string());
        copy(whole.path(), &dir);
        let mut bytes = fs::read(database(&dir)).unwrap();
        bytes[at as usize] ^= 1 << (at % 8);
        fs::write(database(&dir), bytes).unwrap();
        let (there, salvaged) = reopen(&dir);
        noticed += u64::from(salvaged);
        kept.push((there, at, salvaged));
    }
    kept.sort();
    eprintln!("{noticed} of {} noticed; unsent edits kept: {:?}", kept.len(), &kept[..8]);
    assert!(kept[0].0 >= 70, "a page holds fewer than thirty edits: {:?}", kept[0]);
}

#[test]
fn a_cut_file_gives_back_the_edits_before_the_cut() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    working_day(whole.path());
    let bytes = fs::read(database(whole.path())).unwrap();
    for percent in [0, 1, 10, 50, 80, 95] {
        let dir = broken.path().join(percent.to_string());
        copy(whole.path(), &dir);
        let cut = bytes.len() * percent / 100;
        fs::write(database(&dir), &bytes[..cut]).unwrap();
        let (there, salvaged) = reopen(&dir);
        eprintln!("cut to {percent} %: {there} of 100 unsent edits kept");
        assert!(salvaged, "cut to {percent} %");
        assert!(percent < 95 || there >= 70, "{there} kept of a file cut to {percent} %");
    }
}

#[test]
fn a_zeroed_or_scribbled_start_of_the_file_costs_no_edit() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    working_day(whole.path());
    for (name, filler) in [("zeroed", 0), ("scribbled", 0xa5)] {
        let dir = broken.path().join(name);
        copy(whole.path(), &dir);
        let mut bytes = fs::read(database(&dir)).unwrap();
        bytes[..4096].fill(filler);
        fs::write(database(&dir), bytes).unwrap();
        assert_eq!(reopen(&dir), (100, true), "{name}");
    }
}

#[test]
fn a_power_cut_while_the_replacement_moves_in_is_finished_at_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    working_day(dir.path());
    // The replacement was finished, the damaged file already set aside.
    fs::rename(database(dir.path()), dir.path().join("fieldline.replacement")).unwrap();
    assert_eq!(unsent(&open(dir.path())), 100);
    // The replacement was finished, the damaged file still in place.
    fs::copy(database(dir.path()), dir.path().join("fieldline.replacement")).unwrap();
    fs::write(database(dir.path()), b"damaged").unwrap();
    assert_eq!(unsent(&open(dir.path())), 100);
    // The replacement was not finished: the damaged file is salvaged again.
    fs::write(dir.path().join("fieldline.building"), b"half").unwrap();
    let mut bytes = fs::read(database(dir.path())).unwrap();
    bytes[..100].fill(0);
    fs::write(database(dir.path()), bytes).unwrap();
    assert_eq!(reopen(dir.path()), (100, true));
}

#[test]
fn damaged_files_do_not_pile_up() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    for _ in 0..4 {
        fs::write(database(dir.path()), b"not a database at all").unwrap();
        assert!(Store::open(dir.path(), &key()).unwrap().salvage.is_some());
    }
    let aside = files(dir.path()).into_iter().filter(|(path, _)| path.to_string_lossy().contains("damaged"));
    assert_eq!(aside.count(), 2);
}

#[test]
fn a_list_that_meets_damage_says_so_and_the_next_opening_salvages() {
    let dir = tempfile::tempdir().unwrap();
    working_day(dir.path());
    let store = open(dir.path());
    let mut bytes = fs::read(database(dir.path())).unwrap();
    let rest = bytes.len() / 3;
    bytes[rest..].iter_mut().for_each(|byte| *byte ^= 1);
    fs::write(database(dir.path()), bytes).unwrap();
    let errors = (1..=300).filter_map(|number| store.read(|view| view.record(&task_id(number))).err());
    assert!(errors.into_iter().all(|error| matches!(error, StoreError::Damaged { .. })));
    drop(store);
    reopen(dir.path());
}

/// Forty edits that are in the log only, as a kill leaves them; returns where each frame begins.
fn killed_day(dir: &Path) -> Vec<usize> {
    let alive = tempfile::tempdir().unwrap();
    let store = open(alive.path());
    store.write(|tx| tx.put_identity(b"mia's phone")).unwrap();
    for number in 1..=40 {
        edit_task(&store, number % 10, &format!("{CANARY} {number}"));
    }
    copy(alive.path(), dir);
    fs::remove_file(dir.join("fieldline.db-shm")).unwrap();
    let length = fs::metadata(dir.join("fieldline.db-wal")).unwrap().len() as usize;
    (32..length - 4_119).step_by(4_120).collect()
}

#[test]
fn a_log_that_rotted_before_its_newest_transaction_is_noticed_and_what_follows_the_rot_is_kept() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let frames = killed_day(whole.path());
    let mut kept = Vec::new();
    for (index, frame) in frames.iter().enumerate().take(frames.len() * 2 / 3).step_by(frames.len() / 12) {
        let dir = broken.path().join(index.to_string());
        copy(whole.path(), &dir);
        let log = dir.join("fieldline.db-wal");
        let mut bytes = fs::read(&log).unwrap();
        bytes[frame + 2_000] ^= 4;
        fs::write(&log, bytes).unwrap();
        let Opened { store, salvage } = Store::open(&dir, &key()).unwrap();
        assert!(salvage.is_some(), "frame {index} of {}", frames.len());
        kept.push(unsent(&store));
    }
    assert!(kept.iter().all(|kept| *kept >= 10), "a page holds fewer than thirty edits: {kept:?}");
}

/// Copies a day with its log cut by some bytes, or with a bit flipped so far from its end.
fn copy_with_log(whole: &Path, dir: &Path, cut: usize, flipped: Option<usize>) {
    copy(whole, dir);
    let log = dir.join("fieldline.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    bytes.truncate(bytes.len() - cut);
    if let Some(from_the_end) = flipped {
        let at = bytes.len() - from_the_end;
        bytes[at] ^= 1;
    }
    fs::write(log, bytes).unwrap();
}

#[test]
fn a_log_that_a_power_cut_left_unfinished_is_no_damage() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    killed_day(whole.path());
    // The edit that was being written when the power went had not been noted as saved.
    fs::remove_file(whole.path().join("fieldline.db.newest")).unwrap();
    for (cut, flipped) in [(1, None), (5_000, None), (0, Some(100)), (0, Some(4_200))] {
        let dir = broken.path().join(format!("{cut} {flipped:?}"));
        copy_with_log(whole.path(), &dir, cut, flipped);
        let Opened { store, salvage } = Store::open(&dir, &key()).unwrap();
        assert!(salvage.is_none() && unsent(&store) >= 38, "{cut} {flipped:?}");
    }
}

#[test]
fn a_log_that_ends_before_what_was_saved_is_noticed_and_the_missing_edits_are_counted() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let frames = killed_day(whole.path());
    let length = frames.len() * 4_120;
    for (cut, flipped) in [(1, None), (length / 2, None), (length, None), (0, Some(100))] {
        let dir = broken.path().join(format!("{cut} {flipped:?}"));
        copy_with_log(whole.path(), &dir, cut, flipped);
        let Opened { store, salvage } = Store::open(&dir, &key()).unwrap();
        let salvage = salvage.unwrap_or_else(|| panic!("unnoticed: {cut} {flipped:?}"));
        assert_eq!(salvage.missing, 40 - unsent(&store), "{cut} {flipped:?}: {salvage}");
        assert!(salvage.missing > 0 && salvage.to_string().contains("could not be read"), "{salvage}");
        assert!(edit_task(&store, 1, "life goes on") > 40, "no number is given twice");
        drop(store);
        assert!(Store::open(&dir, &key()).unwrap().salvage.is_none(), "once is enough");
    }
}
