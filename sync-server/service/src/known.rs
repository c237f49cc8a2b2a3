//! Records that everybody holds, such as people and groups, kept in memory as long as nothing everybody holds has changed: every
//! row of every list shows who created it and who changed it.
//!
//! Whether something has changed is asked of the feed, in the state a call reads, so another process may write as well.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use fieldline_model::{Record, SysId};
use fieldline_storage::Position;

use crate::call::Call;
use crate::error::Result;
use crate::scope;

/// Records kept: the people and groups of an organisation of some size, some ten megabytes.
const RECORDS: usize = 10_000;

/// The records kept, as they were when the newest change of what everybody holds was at `position`.
#[derive(Default)]
pub(crate) struct Known {
    position: Position,
    records: BTreeMap<SysId, Arc<Record>>,
}

impl Call<'_> {
    /// A record of a table, or of a table that extends it, to show something of it to whoever asks.
    ///
    /// # Errors
    /// When the database fails.
    pub fn looked_up(&mut self, table: &str, id: SysId) -> Result<Option<Arc<Record>>> {
        let family = self.dictionary.family(table);
        let everybodys = |name: &str| self.dictionary.table(name).is_some_and(|table| table.offline.everyone);
        // A call that writes may have changed what the feed does not tell yet.
        if self.writes || !family.iter().all(|table| everybodys(table.as_str())) {
            return Ok(self.tx.find(family, id)?.map(Arc::new));
        }
        let position = match self.everybodys {
            Some(position) => position,
            None => *self.everybodys.insert(self.tx.newest(&scope::everyone())?),
        };
        let known = || self.server.known.lock().unwrap_or_else(PoisonError::into_inner);
        let held = known().at(position).and_then(|records| records.get(&id).cloned());
        if let Some(held) = held.filter(|held| family.contains(&held.id.table)) {
            return Ok(Some(held));
        }
        let found = self.tx.find(family, id)?.map(Arc::new);
        if let Some(found) = &found {
            known().keep(position, found);
        }
        Ok(found)
    }
}

impl Known {
    /// What is kept of a state.
    fn at(&self, position: Position) -> Option<&BTreeMap<SysId, Arc<Record>>> {
        (self.position == position).then_some(&self.records)
    }

    /// Keeps a record of a state; a newer state replaces the one before, an older one is not kept.
    fn keep(&mut self, position: Position, record: &Arc<Record>) {
        if position < self.position {
            return;
        }
        if position > self.position || self.records.len() == RECORDS {
            *self = Self { position, records: BTreeMap::new() };
        }
        self.records.insert(record.id.sys_id, record.clone());
    }
}

#[cfg(test)]
mod tests {
    use fieldline_model::DocumentId;

    use super::*;

    fn record(number: u8) -> Arc<Record> {
        Arc::new(Record::new(DocumentId::new("sys_user", SysId([number; 16]))))
    }

    #[test]
    fn what_is_kept_is_of_one_state_and_never_more_than_there_is_room_for() {
        let mut known = Known::default();
        known.keep(7, &record(1));
        assert!(known.at(7).is_some_and(|records| records.contains_key(&SysId([1; 16]))));
        known.keep(6, &record(2));
        assert_eq!(known.at(7).map(BTreeMap::len), Some(1), "an older state adds nothing");
        known.keep(8, &record(3));
        assert!(known.at(7).is_none());
        assert_eq!(known.at(8).map(BTreeMap::len), Some(1), "a newer state begins anew");
        for number in 0..=RECORDS {
            let id = SysId((number as u128).to_be_bytes());
            known.keep(8, &Arc::new(Record::new(DocumentId::new("sys_user", id))));
        }
        assert!(known.at(8).is_some_and(|records| records.len() <= RECORDS));
    }
}
