//! Promises of [`Memos`](crate::Memos).

use fieldline_model::Timestamp;

use super::sys_id;
use crate::{Memo, Result, Storage};

fn memo(text: &str, made_at: i64) -> Memo {
    Memo { value: text.as_bytes().to_vec(), made_at: Timestamp(made_at) }
}

/// Each owner has their own, and the newest under a name counts.
pub fn a_memo_belongs_to_its_owner_and_purpose(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    tx.put_memo(sys_id(1), "a", "x", &memo("first", 1))?;
    tx.put_memo(sys_id(1), "a", "x", &memo("second", 2))?;
    tx.put_memo(sys_id(1), "b", "x", &memo("third", 3))?;
    tx.commit()?;
    let tx = storage.read()?;
    assert_eq!(tx.memo(sys_id(1), "a", "x")?, Some(memo("second", 2)));
    assert_eq!(tx.memo(sys_id(1), "b", "x")?, Some(memo("third", 3)));
    assert_eq!((tx.memo(sys_id(2), "a", "x")?, tx.memo(sys_id(1), "a", "y")?), (None, None));
    Ok(())
}

/// The old go, then the oldest of too many; other owners keep theirs.
pub fn memos_are_forgotten_by_age_and_by_number(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    for number in 1..=5 {
        tx.put_memo(sys_id(1), "a", &number.to_string(), &memo("mine", number))?;
        tx.put_memo(sys_id(2), "a", &number.to_string(), &memo("theirs", number))?;
    }
    tx.forget_memos(sys_id(1), "a", Timestamp(2), 3)?;
    let held = |owner| -> Result<Vec<i64>> {
        let mut held = Vec::new();
        for number in 1..=5 {
            held.extend(tx.memo(sys_id(owner), "a", &number.to_string())?.map(|memo| memo.made_at.0));
        }
        Ok(held)
    };
    assert_eq!((held(1)?, held(2)?), (vec![3, 4, 5], vec![1, 2, 3, 4, 5]));
    tx.forget_memos(sys_id(1), "a", Timestamp(5), 3)?;
    assert_eq!(tx.memo(sys_id(1), "a", "4")?, None);
    Ok(())
}
