//! Promises of [`Feed`](crate::Feed).

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{DocumentId, Record};

use super::{Dice, edited, enter, key, leave, row, task};
use crate::{FeedEntry, Interval, Position, Result, Storage};

/// The next position follows the last committed one, whatever was given up between.
pub fn positions_are_dense_across_rollbacks(storage: &dyn Storage) -> Result<()> {
    let mut tx = storage.begin()?;
    assert_eq!(tx.head()?, 0);
    assert_eq!(tx.append(&[row(&task(1)), row(&task(2)), row(&task(3))])?, 1);
    tx.commit()?;
    let mut tx = storage.begin()?;
    assert_eq!(tx.append(&vec![row(&task(1)); 50])?, 4);
    drop(tx);
    let mut tx = storage.begin()?;
    assert_eq!(tx.append(&[edited(&task(1), 1)])?, 4);
    assert_eq!(tx.append(&[edited(&task(1), 2)])?, 5);
    assert_eq!(tx.head()?, 5);
    tx.commit()?;
    assert_eq!(storage.read()?.head()?, 5);
    Ok(())
}

/// An edit is seen by the keys its record is in when the call ends, even if it entered later in the same call; `Enter` and
/// `Leave` are seen by their own key.
pub fn an_entry_is_listed_under_the_keys_of_its_record_after_the_call(storage: &dyn Storage) -> Result<()> {
    let record = task(1);
    let mut tx = storage.begin()?;
    tx.append(&[enter(&record, "user:old")])?;
    tx.append(&[edited(&record, 1), leave(&record, "user:old"), enter(&record, "user:new")])?;
    tx.append(&[row(&record), row(&task(2))])?;
    tx.commit()?;
    let tx = storage.read()?;
    let seen = |name: &str, upto| tx.changed(&key(name), 0, upto, 100);
    assert_eq!(seen("user:old", 5)?, [(3, record.clone())], "left at 3, so neither the edit at 2 nor the row at 5");
    assert_eq!(seen("user:new", 3)?, [(2, record.clone())], "the edit at 2 came into the new key with it");
    assert_eq!(seen("user:new", 4)?, [(4, record.clone())]);
    assert_eq!(seen("user:new", 6)?, [(5, record)]);
    assert_eq!(seen("user:nobody", 6)?, []);
    Ok(())
}

/// Intervals are half open, take the positions of their entries, and entering twice or leaving twice changes nothing.
pub fn entering_and_leaving_open_and_close_one_interval(storage: &dyn Storage) -> Result<()> {
    let record = task(1);
    let mut tx = storage.begin()?;
    tx.append(&[leave(&record, "k"), enter(&record, "k"), enter(&record, "k"), leave(&record, "k")])?;
    tx.append(&[leave(&record, "k"), enter(&record, "k")])?;
    tx.commit()?;
    let tx = storage.read()?;
    let closed = Interval { from: 2, until: Some(4) };
    let open = Interval { from: 6, until: None };
    assert_eq!(tx.memberships(&record)?, [(key("k"), closed), (key("k"), open)]);
    assert_eq!(tx.members(&key("k"))?, [record]);
    assert_eq!(tx.members(&key("other"))?, []);
    Ok(())
}

/// A row keeps its position while it is only rewritten, and takes that of each `Edit` or `Row` entry.
pub fn a_row_has_the_position_of_its_last_change(storage: &dyn Storage) -> Result<()> {
    let record = Record::new(task(1));
    let mut tx = storage.begin()?;
    tx.put_record(&record)?;
    assert_eq!(tx.record(&record.id)?, Some((0, record.clone())), "not in the feed yet");
    tx.append(&[row(&task(2)), row(&record.id), enter(&record.id, "k")])?;
    assert_eq!(tx.record(&record.id)?, Some((2, record.clone())), "entering is no change of the row");
    tx.put_record(&record)?;
    assert_eq!(tx.record(&record.id)?, Some((2, record.clone())));
    tx.append(&[edited(&record.id, 1)])?;
    tx.commit()?;
    assert_eq!(storage.read()?.record(&record.id)?, Some((4, record)));
    Ok(())
}

/// A feed as one would write it on paper.
#[derive(Default)]
struct NaiveFeed {
    listed: Vec<(String, Position, DocumentId)>,
    inside: BTreeMap<DocumentId, BTreeSet<String>>,
    head: Position,
}

impl NaiveFeed {
    fn append(&mut self, calls: &[(DocumentId, Step)]) {
        let first = self.head + 1;
        let numbered = || (first..).zip(calls);
        for (position, (document, step)) in numbered() {
            let keys = self.inside.entry(document.clone()).or_default();
            let (Step::Enter(name) | Step::Leave(name)) = step else { continue };
            match step {
                Step::Enter(_) => keys.insert((*name).to_owned()),
                _ => keys.remove(*name),
            };
            self.listed.push(((*name).to_owned(), position, document.clone()));
        }
        for (position, (document, step)) in numbered() {
            if matches!(step, Step::Row) {
                let keys = self.inside.get(document).into_iter().flatten();
                self.listed.extend(keys.map(|name| (name.clone(), position, document.clone())));
            }
        }
        self.head += calls.len() as Position;
    }

    fn changed(&self, name: &str, after: Position, upto: Position) -> Vec<(Position, DocumentId)> {
        let mut newest = BTreeMap::new();
        for (listed, position, document) in &self.listed {
            if listed == name && *position > after && *position <= upto {
                let known: &mut Position = newest.entry(document.clone()).or_default();
                *known = (*known).max(*position);
            }
        }
        let mut changes: Vec<_> = newest.into_iter().map(|(document, position)| (position, document)).collect();
        changes.sort();
        changes
    }
}

#[derive(Clone, Copy)]
enum Step {
    Enter(&'static str),
    Leave(&'static str),
    Row,
}

/// Generated feeds, read from every position in pages of every size.
pub fn pages_of_changes_agree_with_a_naive_feed(storage: &dyn Storage) -> Result<()> {
    const KEYS: [&str; 3] = ["everyone", "group:1", "user:1"];
    let mut dice = Dice(1);
    let mut naive = NaiveFeed::default();
    let mut tx = storage.begin()?;
    for _ in 0..60 {
        let step = |dice: &mut Dice| match dice.below(4) {
            0 => Step::Enter(dice.pick(&KEYS)),
            1 => Step::Leave(dice.pick(&KEYS)),
            _ => Step::Row,
        };
        let calls: Vec<_> = (0..dice.below(5)).map(|_| (task(dice.below(6)), step(&mut dice))).collect();
        let entry = |(document, step): &(DocumentId, Step)| -> FeedEntry {
            match step {
                Step::Enter(name) => enter(document, name),
                Step::Leave(name) => leave(document, name),
                Step::Row => row(document),
            }
        };
        tx.append(&calls.iter().map(entry).collect::<Vec<_>>())?;
        naive.append(&calls);
    }
    tx.commit()?;
    let tx = storage.read()?;
    assert_eq!(tx.head()?, naive.head);
    for round in 0..200 {
        let name = dice.pick(&KEYS);
        let upto = u64::from(dice.below(naive.head as u32 + 2));
        let start = u64::from(dice.below(naive.head as u32 + 2));
        let limit = 1 + dice.below(5);
        let mut pages = Vec::new();
        let mut after = start;
        loop {
            let page = tx.changed(&key(name), after, upto, limit)?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            pages.extend(page);
        }
        assert_eq!(pages, naive.changed(name, start, upto), "round {round}: {name} in ({start}, {upto}] by {limit}");
    }
    for name in KEYS.into_iter().chain(["user:nobody"]) {
        let newest = naive.changed(name, 0, naive.head).last().map_or(0, |(position, _)| *position);
        assert_eq!(tx.newest(&key(name))?, newest, "{name}");
    }
    Ok(())
}
