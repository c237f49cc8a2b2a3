//! The edits of one record in the order of the log, and who had seen what.

use std::collections::BTreeMap;

use fieldline_documents::{Act, ChangeHash, Edit, Head};
use fieldline_model::life_cycle::StepId;
use fieldline_model::{DocumentId, SysId, Timestamp};
use fieldline_storage::{Position, StoredEdit};

/// One edit of the log.
pub struct Made {
    /// Where it stands in the log.
    pub position: Position,
    /// The name later edits know it by.
    pub name: Head,
    /// What it says.
    pub edit: Edit,
    /// When the server had it.
    pub received_at: Timestamp,
    /// For each edit before it in the log, whether its author had seen that one.
    seen: Vec<bool>,
}

/// The edits of one record.
pub struct History {
    /// Which record.
    pub document: DocumentId,
    /// Its edits in the order of the log.
    pub made: Vec<Made>,
    /// Names that no edit of the log has: the name of the empty document every record begins with.
    pub unknown_names: Vec<Head>,
}

/// One thing somebody did: act number `act` of edit number `edit` of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deed {
    /// Index of the edit.
    pub edit: usize,
    /// Index of the act in it.
    pub act: usize,
}

impl History {
    /// Reads a record's part of the log.
    pub fn of(document: DocumentId, log: Vec<(Position, StoredEdit)>) -> Self {
        let mut history = Self { document, made: Vec::new(), unknown_names: Vec::new() };
        let mut index_of: BTreeMap<Head, usize> = BTreeMap::new();
        for (position, stored) in log {
            let edit = Edit::decode(&stored.body).expect("the server only keeps edits it could read");
            let mut seen = vec![false; history.made.len()];
            for head in &edit.heads {
                match index_of.get(head) {
                    Some(index) => {
                        seen[*index] = true;
                        let earlier: &[bool] = &history.made[*index].seen;
                        earlier.iter().zip(&mut seen).for_each(|(earlier, seen)| *seen |= earlier);
                    }
                    None => history.unknown_names.push(*head),
                }
            }
            let name = ChangeHash(stored.hash).head();
            index_of.insert(name, history.made.len());
            history.made.push(Made { position, name, edit, received_at: stored.received_at, seen });
        }
        history
    }

    /// Whether the author of one edit had seen another one.
    pub fn had_seen(&self, edit: usize, other: usize) -> bool {
        self.made[edit].seen.get(other).copied().unwrap_or(false)
    }

    /// Whether one thing was done in knowledge of another: seen before, or done earlier in the same edit.
    pub fn knew(&self, deed: Deed, other: Deed) -> bool {
        self.had_seen(deed.edit, other.edit) || (deed.edit == other.edit && other.act < deed.act)
    }

    /// Everything done, in the order of the log.
    pub fn deeds(&self) -> impl Iterator<Item = (Deed, &Act)> {
        let acts = |(edit, made): (usize, &'_ Made)| (0..made.edit.acts.len()).map(move |act| Deed { edit, act });
        self.made.iter().enumerate().flat_map(acts).map(|deed| (deed, self.act(deed)))
    }

    /// What was done.
    pub fn act(&self, deed: Deed) -> &Act {
        &self.made[deed.edit].edit.acts[deed.act]
    }

    /// When, by the author's device.
    pub fn at(&self, deed: Deed) -> Timestamp {
        self.made[deed.edit].edit.at
    }

    /// By whom.
    pub fn by(&self, deed: Deed) -> SysId {
        self.made[deed.edit].edit.author
    }

    /// Its identity.
    pub fn id(&self, deed: Deed) -> StepId {
        self.made[deed.edit].edit.id.act(deed.act as u32)
    }

    /// Deeds in the order people read them in: by time, then by identity.
    pub fn by_time(&self, mut deeds: Vec<Deed>) -> Vec<Deed> {
        deeds.sort_by_key(|deed| (self.at(*deed), self.id(*deed)));
        deeds
    }
}
