//! Keeps the graph of items right: read on first use, then told what each commit changed.
//!
//! The database counts the changes of the graph, in the transaction that makes them. A graph in memory knows up to which change
//! it has come; one that is behind, because another process wrote, is read anew. So a transaction that is rolled back, a restart
//! and a second server need nothing of their own. A call that has itself changed the graph walks over a copy with its changes.

use std::slice;
use std::sync::{Mutex, PoisonError, RwLock, RwLockWriteGuard};

use fieldline_model::condition::Filter;
use fieldline_model::{Dictionary, Record};
use fieldline_storage::{Selection, Tx};

use super::graph::{Delta, Graph, PARTS, Piece, part_of};
use crate::call::Call;
use crate::error::{Result, ServiceError};

/// Where the changes are counted.
const COUNTED: &str = "cmdb_graph";

/// The graph as it was after so many changes.
struct Current {
    changes: u64,
    graph: Graph,
}

/// The graph that a server keeps, once somebody has asked.
#[derive(Default)]
pub(crate) struct KeptGraph {
    current: RwLock<Option<Current>>,
    /// Held by whoever reads it from the database, so that one reads for all who wait.
    reading: Mutex<()>,
}

impl KeptGraph {
    fn holds(&self, changes: u64) -> bool {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().is_some_and(|current| current.changes >= changes)
    }

    fn fill(&self, changes: u64, read: impl FnOnce() -> Result<Graph>) -> Result<()> {
        let _turn = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if self.holds(changes) {
            return Ok(());
        }
        let graph = read()?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|current| current.changes < changes) {
            *current = Some(Current { changes, graph });
        }
        Ok(())
    }

    /// Counts a change; what is returned takes it in once it is durable. Until then nobody walks, so that no later change
    /// comes first.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn change(&self, tx: &mut dyn Tx, delta: Delta) -> Result<Option<Change<'_>>> {
        if delta.is_empty() {
            return Ok(None);
        }
        let changes = counted(tx)? + 1;
        tx.put_setting(COUNTED, &changes.to_be_bytes())?;
        let current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(Change { current, changes, delta }))
    }
}

/// A change that is about to become durable.
pub(crate) struct Change<'k> {
    current: RwLockWriteGuard<'k, Option<Current>>,
    changes: u64,
    delta: Delta,
}

impl Change<'_> {
    /// Takes it in, unless the graph is not the one that changed.
    pub(crate) fn happened(mut self) {
        if let Some(current) = self.current.as_mut().filter(|current| current.changes + 1 == self.changes) {
            current.graph.apply(self.delta);
            current.changes = self.changes;
        }
    }
}

impl Call<'_> {
    /// Notes what a change of a row means for the graph.
    pub(crate) fn note_related(&mut self, before: Option<&Record>, after: Option<&Record>) {
        let Some(row) = after.or(before) else { return };
        let Some(part) = part_of(&self.dictionary, row.id.table.as_str()) else { return };
        let piece = |row: Option<&Record>| row.and_then(|row| Piece::of(part, row));
        let (was, is) = (piece(before), piece(after));
        if was != is {
            self.pending.related.insert((part, row.id.sys_id), is);
        }
    }

    /// Does something with the graph, changes of this transaction included.
    pub(super) fn with_graph<T>(&self, work: impl FnOnce(&Graph) -> T) -> Result<T> {
        let (kept, changes) = (&self.server.graph, counted(&*self.tx)?);
        let read = || read(&self.dictionary, &*self.tx);
        // What this call changed is not everybody's yet.
        let is_own = !self.pending.related.is_empty();
        if !is_own {
            kept.fill(changes, read)?;
        }
        let current = kept.current.read().unwrap_or_else(PoisonError::into_inner);
        let own = match current.as_ref().filter(|current| current.changes >= changes) {
            Some(current) if !is_own => return Ok(work(&current.graph)),
            Some(current) => {
                let mut own = current.graph.clone();
                own.apply(self.pending.related.clone());
                own
            }
            None => read()?,
        };
        Ok(work(&own))
    }
}

fn counted(tx: &dyn Tx) -> Result<u64> {
    let Some(bytes) = tx.setting(COUNTED)? else { return Ok(0) };
    let bytes = <[u8; 8]>::try_from(bytes).map_err(|_| ServiceError::damaged("the count of changes", "not 8 bytes"))?;
    Ok(u64::from_be_bytes(bytes))
}

fn read(dictionary: &Dictionary, tx: &dyn Tx) -> Result<Graph> {
    let (mut graph, all) = (Graph::default(), Filter::everything());
    // Class by class, so that not all records are in memory at once.
    for (root, part) in PARTS {
        for table in dictionary.family(root) {
            for record in tx.select(&Selection::of(slice::from_ref(table), &all), u32::MAX, 0)? {
                graph.put(part, record.id.sys_id, Piece::of(part, &record));
            }
        }
    }
    Ok(graph)
}
