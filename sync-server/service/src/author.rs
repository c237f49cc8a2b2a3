//! Edits the server makes itself: for the record API, imports, roll-ups and review tasks.
//!
//! They are edits like any other. Their device is the server, their author the person who asked (or the `system` user),
//! and they build on everything the server has.

use fieldline_documents::{Act, Document, Edit, EditId};
use fieldline_model::{DocumentId, SysId, Timestamp, Value};

use crate::call::Call;
use crate::edits::{RecordError, Recorded};
use crate::error::{Result, ServiceError};

const COUNTER: &str = "own_counter";

/// What the server is to write down, for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authored {
    /// Which document.
    pub document: DocumentId,
    /// Who did it.
    pub author: SysId,
    /// When it was done.
    pub at: Timestamp,
    /// What was done, in order.
    pub acts: Vec<Act>,
}

impl Call<'_> {
    /// Records what the server authored.
    pub(crate) fn author(&mut self, authored: Authored) -> Result<Recorded> {
        let edit = self.own_edit(authored)?;
        self.author_edit(&edit)
    }

    /// Records what follows from something else and is nobody's own act.
    pub(crate) fn author_as_system(&mut self, document: DocumentId, acts: Vec<Act>) -> Result<()> {
        let author = self.server.identity().system_user;
        self.author(Authored { document, author, at: self.now, acts }).map(drop)
    }

    /// Records an edit that [`Call::own_edit`] made.
    pub(crate) fn author_edit(&mut self, edit: &Edit) -> Result<Recorded> {
        let recorded = self.apply_own(edit)?;
        self.settle(&edit.document, std::slice::from_ref(edit))?;
        Ok(recorded)
    }

    /// Applies an edit that [`Call::own_edit`] made; [`Call::settle`] must follow.
    pub(crate) fn apply_own(&mut self, edit: &Edit) -> Result<Recorded> {
        self.server.metrics.edits_authored.increment();
        self.apply_edit(edit, edit.encode()).map_err(|error| own_edit_failed(&edit.document, error))
    }

    /// The edit that says this, under the server's next number, on top of everything the server has.
    pub(crate) fn own_edit(&mut self, authored: Authored) -> Result<Edit> {
        let identity = self.server.identity();
        let id = EditId { device: identity.device, epoch: identity.actor_epoch, counter: self.next_own_counter()? };
        let heads = self.document(&authored.document)?.heads_for(id.device, id.epoch);
        let edit = Edit::new(authored.document, id, authored.author, authored.at, &heads);
        Ok(authored.acts.into_iter().fold(edit, Edit::act))
    }

    fn next_own_counter(&mut self) -> Result<u64> {
        let used = match self.pending.own_counter {
            Some(used) => used,
            None => match self.tx.setting(COUNTER)? {
                Some(bytes) => u64::from_be_bytes(
                    bytes.try_into().map_err(|_| ServiceError::damaged("the server's edit counter", "not 8 bytes"))?,
                ),
                None => 0,
            },
        };
        self.pending.own_counter = Some(used + 1);
        Ok(used + 1)
    }

    pub(crate) fn save_own_counter(&mut self) -> Result<()> {
        if let Some(used) = self.pending.own_counter {
            self.tx.put_setting(COUNTER, &used.to_be_bytes())?;
        }
        Ok(())
    }

    /// Keeps a number that came from elsewhere from being given again.
    pub(crate) fn number_given(&mut self, table: &str, number: &str) -> Result<()> {
        let prefix = self.dictionary.table(table).and_then(|table| table.number_prefix.as_ref());
        let used = prefix.and_then(|prefix| Some((prefix, number.strip_prefix(prefix.as_str())?.parse().ok()?)));
        if let Some((prefix, used)) = used {
            self.tx.numbers_used(prefix, used)?;
        }
        Ok(())
    }

    /// The next number of a table's records that no record bears, `None` when they have none.
    pub(crate) fn next_number(&mut self, table: &str) -> Result<Option<String>> {
        let Some(prefix) = self.dictionary.table(table).and_then(|table| table.number_prefix.clone()) else {
            return Ok(None);
        };
        // A server restored twice from one backup gives numbers that a phone was leased in a life it knows nothing of.
        loop {
            let number = format!("{prefix}{:07}", self.tx.lease_numbers(&prefix, 1)?);
            if !self.is_number_of(table, &number)? {
                return Ok(Some(number));
            }
        }
    }
}

/// What puts a value in a field; none empties it.
pub(crate) fn set(field: &str, value: impl Into<Option<Value>>) -> Act {
    Act::Set { field: field.into(), value: value.into() }
}

fn own_edit_failed(document: &DocumentId, error: RecordError) -> ServiceError {
    match error {
        RecordError::Service(error) => error,
        RecordError::Apply(problem) => {
            ServiceError::OwnEdit { record: document.to_string(), problem: problem.to_string() }
        }
    }
}

/// A document nobody has edited, whose heads a new record's first edit builds on.
pub(crate) fn seed_heads(id: &DocumentId) -> Vec<fieldline_documents::Head> {
    Document::seed(id.clone()).heads()
}
