//! Promises of [`Storage`] and [`Tx`](crate::Tx).

use std::collections::BTreeSet;
use std::path::Path;

use fieldline_model::condition::Filter;
use fieldline_model::{Record, Value};

use super::{edited, enter, key, row, sys_id, task};
use crate::{Result, Selection, Storage, Tx};

/// Writes something through every trait that writes.
fn write_everywhere(tx: &mut dyn Tx, number: u32) -> Result<()> {
    let record = task(number);
    let mut current = Record::new(record.clone());
    current.set("number", Some(Value::text(format!("WOT{number:07}"))));
    tx.put_setting("tenant", b"acme")?;
    tx.put_record(&current)?;
    tx.put_snapshot(&record, b"snapshot")?;
    tx.put_links(&record, &BTreeSet::from([(key("everyone"), record.clone())]))?;
    tx.subscribe(sys_id(number), &BTreeSet::from([key("everyone")]))?;
    tx.lease_numbers("WOT", 10)?;
    tx.append(&[enter(&record, "everyone"), edited(&record, number.into())]).map(drop)
}

/// What `write_everywhere` leaves, in words that can be compared.
fn state(tx: &dyn Tx, number: u32) -> Result<String> {
    let record = task(number);
    let everyone = key("everyone");
    Ok(format!(
        "{:?}",
        (
            tx.setting("tenant")?,
            tx.record(&record)?,
            tx.snapshot(&record)?,
            tx.links(&record)?,
            tx.memberships(&record)?,
            tx.subscriptions(sys_id(number))?,
            tx.edits(&record, 0)?,
            tx.changed(&everyone, 0, u64::MAX, 100)?,
            tx.count(&Selection::of(&[record.table], &Filter::everything()))?,
            tx.head()?,
        )
    ))
}

/// A dropped transaction leaves no trace in any trait; a committed one is whole.
pub fn what_is_committed_is_seen_and_what_is_dropped_never_was(storage: &dyn Storage) -> Result<()> {
    let empty = state(&*storage.read()?, 1)?;
    let mut tx = storage.begin()?;
    write_everywhere(&mut *tx, 1)?;
    let written = state(&*tx, 1)?;
    drop(tx);
    assert_eq!(state(&*storage.read()?, 1)?, empty, "a dropped transaction left a trace");

    let mut tx = storage.begin()?;
    assert_eq!(tx.lease_numbers("WOT", 1)?, 1, "a dropped lease is free again");
    drop(tx);
    let mut tx = storage.begin()?;
    write_everywhere(&mut *tx, 1)?;
    tx.commit()?;
    assert_eq!(state(&*storage.read()?, 1)?, written, "the committed state is the written one");
    Ok(())
}

/// What a transaction wrote it reads.
pub fn a_transaction_sees_its_own_writes(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    tx.put_setting("epoch", b"1")?;
    assert_eq!(tx.setting("epoch")?.as_deref(), Some(&b"1"[..]));
    tx.put_setting("epoch", b"2")?;
    assert_eq!(tx.setting("epoch")?.as_deref(), Some(&b"2"[..]));
    assert_eq!(tx.setting("other")?, None);
    assert_eq!(tx.append(&[])?, 1, "nothing appended takes no position");
    assert_eq!(tx.head()?, 0);
    Ok(())
}

/// A transaction from [`Storage::read`] changes nothing, and the next writer is not hindered by the attempt.
pub fn a_reading_transaction_refuses_to_write(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.read()?;
    assert!(tx.put_setting("epoch", b"1").is_err());
    assert!(tx.append(&[row(&task(1))]).is_err());
    assert!(tx.lease_numbers("WOT", 50).is_err());
    tx.commit()?;
    let mut tx = storage.begin()?;
    assert_eq!(tx.setting("epoch")?, None);
    assert_eq!(tx.lease_numbers("WOT", 1)?, 1);
    tx.put_setting("epoch", b"1")?;
    tx.commit()
}

/// Concurrent writers get consecutive positions, some of them giving up.
pub fn writers_on_many_threads_number_without_gap_or_repetition(storage: &dyn Storage) -> Result<()> {
    const WRITERS: u32 = 4;
    const APPENDS: u32 = 25;
    let work = |writer: u32| -> Result<Vec<u64>> {
        let mut positions = Vec::new();
        for number in 0..APPENDS {
            let mut tx = storage.begin()?;
            let first = tx.append(&[row(&task(writer)), row(&task(writer))])?;
            if number % 5 == 4 {
                continue;
            }
            tx.commit()?;
            positions.extend([first, first + 1]);
        }
        Ok(positions)
    };
    let positions: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || work(writer))).collect();
        let joined = threads.into_iter().map(|thread| thread.join().expect("no writer panics"));
        joined.collect::<Result<Vec<_>>>().map(|lists| lists.concat())
    })?;
    let numbered: BTreeSet<u64> = positions.iter().copied().collect();
    assert_eq!(numbered.len(), positions.len(), "a position was given twice");
    assert_eq!(numbered, (1..=positions.len() as u64).collect(), "a position is missing");
    assert_eq!(storage.read()?.head()?, positions.len() as u64);
    Ok(())
}

/// A backup is a storage of its own with the state of one moment, and never replaces a file.
pub fn a_backup_opens_and_holds_the_same<S: Storage>(
    storage: &dyn Storage,
    to: &Path,
    open: impl Fn(&Path) -> S,
) -> Result<()> {
    let mut tx = storage.begin()?;
    write_everywhere(&mut *tx, 1)?;
    tx.commit()?;
    let then = state(&*storage.read()?, 1)?;
    storage.backup(to)?;
    assert!(storage.backup(to).is_err(), "a backup replaced a file");

    let mut tx = storage.begin()?;
    tx.append(&[edited(&task(1), 99)])?;
    tx.commit()?;
    let copy = open(to);
    assert_eq!(state(&*copy.read()?, 1)?, then);
    let mut tx = copy.begin()?;
    assert_eq!(tx.lease_numbers("WOT", 1)?, 11, "the copy goes on where the original was");
    tx.append(&[edited(&task(1), 2)])?;
    tx.commit()
}
