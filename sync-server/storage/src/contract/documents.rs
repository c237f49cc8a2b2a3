//! Promises of [`Documents`](crate::Documents).

use fieldline_model::Timestamp;

use super::{edit, edited, sys_id, task};
use crate::{EditKey, FeedEntry, Happening, HeldEdit, Result, Storage, StoredEdit};

/// Any key, even the largest counter, finds its own edit and no other.
pub fn an_edit_is_found_by_its_key_with_its_position(storage: &dyn Storage) -> Result<()> {
    let document = task(1);
    let counters = [1, 2, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX];
    let mut tx = storage.begin()?;
    let entries: Vec<_> = counters.iter().map(|counter| edited(&document, *counter)).collect();
    assert_eq!(tx.append(&entries)?, 1);
    tx.commit()?;
    let tx = storage.read()?;
    for (position, counter) in (1..).zip(counters) {
        let expected = edit(&document, counter);
        assert_eq!(tx.edit(expected.key)?, Some((position, expected)));
    }
    let other_epoch = EditKey { epoch: 2, ..edit(&document, 1).key };
    assert_eq!(tx.edit(other_epoch)?, None);
    Ok(())
}

/// Appending a second edit under a used key fails, and with it the transaction.
pub fn a_key_is_recorded_once(storage: &dyn Storage) -> Result<()> {
    let (first, second) = (task(1), task(2));
    let mut tx = storage.begin()?;
    tx.append(&[edited(&first, 1)])?;
    tx.commit()?;
    let mut tx = storage.begin()?;
    let forged = FeedEntry { document: second.clone(), happening: Happening::Edit(Box::new(edit(&second, 1))) };
    assert!(tx.append(&[edited(&second, 2), forged]).is_err());
    drop(tx);
    let tx = storage.read()?;
    assert_eq!(tx.head()?, 1);
    assert_eq!(tx.edits(&second, 0)?, []);
    assert_eq!(tx.edit(edit(&first, 1).key)?, Some((1, edit(&first, 1))));
    Ok(())
}

/// Accepted or kept aside, of any document, but of one device and epoch.
pub fn the_newest_counter_of_a_device_counts_what_was_accepted_and_what_was_kept_aside(
    storage: &dyn Storage,
) -> Result<()> {
    let EditKey { device, epoch, .. } = edit(&task(1), 1).key;
    let mut tx = storage.begin()?;
    assert_eq!(tx.newest_counter(device, epoch)?, None);
    tx.append(&[edited(&task(1), 9), edited(&task(2), 4)])?;
    assert_eq!(tx.newest_counter(device, epoch)?, Some(9));
    let held = |epoch, counter| HeldEdit {
        key: EditKey { device, epoch, counter },
        document: None,
        body: Vec::new(),
        reason: "shape".to_owned(),
        detail: String::new(),
        received_at: Timestamp(1),
    };
    for one in [held(epoch, 12), held(epoch, 3), held(epoch + 1, 40)] {
        tx.hold(&one)?;
    }
    tx.commit()?;
    let tx = storage.read()?;
    assert_eq!((tx.newest_counter(device, epoch)?, tx.newest_counter(device, epoch + 1)?), (Some(12), Some(40)));
    assert_eq!(tx.newest_counter(fieldline_model::DeviceId([8; 16]), epoch)?, None);
    Ok(())
}

/// A document's edits come by position, only its own, only those after the position asked; the first names who began it.
pub fn the_edits_of_a_document_come_in_order(storage: &dyn Storage) -> Result<()> {
    let (first, second) = (task(1), task(2));
    let mut tx = storage.begin()?;
    let by_another = StoredEdit { author: sys_id(2), ..edit(&second, 8) };
    let by_another = FeedEntry { document: second.clone(), happening: Happening::Edit(Box::new(by_another)) };
    tx.append(&[edited(&first, 9), by_another, edited(&first, 3)])?;
    tx.append(&[edited(&first, 4), edited(&second, 5)])?;
    tx.commit()?;
    let tx = storage.read()?;
    let counters = |after| -> Result<Vec<(u64, u64)>> {
        Ok(tx.edits(&first, after)?.into_iter().map(|(position, edit)| (position, edit.key.counter)).collect())
    };
    assert_eq!(counters(0)?, [(1, 9), (3, 3), (4, 4)]);
    assert_eq!(counters(1)?, [(3, 3), (4, 4)]);
    assert_eq!(counters(u64::MAX)?, []);
    assert_eq!(tx.newest_edit(&first)?, Some(4));
    assert_eq!(tx.newest_edit(&task(3))?, None);
    assert_eq!(tx.first_author(&first)?, Some(sys_id(1)));
    assert_eq!(tx.first_author(&second)?, Some(sys_id(2)));
    assert_eq!(tx.first_author(&task(3))?, None);
    Ok(())
}

/// One snapshot per document.
pub fn a_snapshot_is_replaced_by_the_next(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    assert_eq!(tx.snapshot(&task(1))?, None);
    tx.put_snapshot(&task(1), b"first")?;
    tx.put_snapshot(&task(2), b"other")?;
    tx.put_snapshot(&task(1), b"second")?;
    tx.commit()?;
    let tx = storage.read()?;
    assert_eq!(tx.snapshot(&task(1))?.as_deref(), Some(&b"second"[..]));
    assert_eq!(tx.snapshot(&task(2))?.as_deref(), Some(&b"other"[..]));
    Ok(())
}

/// A hold that comes again changes nothing; each other body under the key is kept once.
pub fn the_first_held_edit_stays_and_other_branches_are_kept_beside_it(storage: &dyn Storage) -> Result<()> {
    let key = edit(&task(1), 5).key;
    let held = |body: &str, reason: &str, document| HeldEdit {
        key,
        document,
        body: body.as_bytes().to_vec(),
        reason: reason.to_owned(),
        detail: format!("{reason}: ask your dispatcher"),
        received_at: Timestamp(1),
    };
    let first = held("a", "scope", Some(task(1)));
    let again = held("a", "role", Some(task(1)));
    let branch = held("b", "equivocation", None);
    let mut tx = storage.begin()?;
    for one in [&first, &again, &branch, &branch] {
        tx.hold(one)?;
    }
    let unrelated = HeldEdit { key: edit(&task(1), 6).key, ..first.clone() };
    tx.hold(&unrelated)?;
    tx.commit()?;
    let tx = storage.read()?;
    assert_eq!(tx.held(key)?, [first, branch.clone()]);
    assert_eq!(tx.held_recently(2)?, [unrelated, branch]);
    assert_eq!(tx.held(edit(&task(1), 7).key)?, []);
    Ok(())
}
