//! Every edit made on this device: the outbox, what the server held, and the acknowledged tail.
//!
//! An acknowledged edit is kept for weeks: a server restored from a backup has forgotten it and is offered it again.
//! Bodies are the bytes that were made once and are sent as they stand, so a repeated edit is the same edit.

use fieldline_documents::edit::{ChangeHash, Edit};
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Timestamp};
use fieldline_sync::wire::{HoldReason, Outcome, Position};
use rusqlite::{Params, Row, named_params};

use crate::documents::document_id;
use crate::error::Doing;
use crate::{Result, StoreError, Tx, View};

/// What has become of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditState {
    /// Saved here, not sent yet.
    Local,
    /// Sent, not answered; sent again after a lost answer.
    Sent,
    /// Durable on the server.
    Accepted {
        /// Where it stands in the feed.
        position: Position,
        /// Whether others had edited the document meanwhile.
        merged: bool,
    },
    /// Kept aside by the server; the person can discard it or send it again as a new edit.
    Held {
        /// Why.
        reason: HoldReason,
        /// What happened and what the person can do.
        detail: String,
    },
}

/// An edit made on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEdit {
    /// Its number on the device.
    pub counter: u64,
    /// The actor epoch it was made in.
    pub epoch: u32,
    /// The document it edits.
    pub document: DocumentId,
    /// The hash of the change it makes here.
    pub hash: ChangeHash,
    /// The encoded edit, as it is sent.
    pub body: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
    /// What has become of it.
    pub state: EditState,
}

impl StoredEdit {
    /// Decodes the edit.
    ///
    /// # Errors
    /// When the body is not an edit, which only a bug can cause.
    pub fn edit(&self) -> Result<Edit> {
        let place = format_args!("edit {} of {}", self.counter, self.document);
        Edit::decode(&self.body).map_err(|error| StoreError::content(place, error))
    }
}

fn stored_edit(row: &Row<'_>) -> rusqlite::Result<StoredEdit> {
    let position = || row.get("position").map(|position: Option<i64>| Position(position.unwrap_or(0).cast_unsigned()));
    let state = match row.get_ref("state")?.as_str()? {
        "local" => EditState::Local,
        "sent" => EditState::Sent,
        "held" => {
            let word: String = row.get("reason")?;
            EditState::Held { reason: HoldReason::of_word(&word), detail: row.get("detail")? }
        }
        state => EditState::Accepted { position: position()?, merged: state == "merged" },
    };
    Ok(StoredEdit {
        counter: row.get::<_, i64>("counter")?.cast_unsigned(),
        epoch: row.get("epoch")?,
        document: document_id(row)?,
        hash: ChangeHash(row.get("hash")?),
        body: row.get("body")?,
        made_at: Timestamp(row.get("made_at")?),
        state,
    })
}

impl View<'_> {
    fn edits(&self, rest: &str, params: impl Params) -> Result<Vec<StoredEdit>> {
        self.connection
            .prepare_cached(&format!("SELECT * FROM edit {rest}"))
            .and_then(|mut sql| sql.query_map(params, stored_edit)?.collect())
            .doing("reading edits")
    }

    /// An edit by its number.
    pub fn edit(&self, counter: u64) -> Result<Option<StoredEdit>> {
        Ok(self.edits("WHERE counter = ?1", [counter.cast_signed()])?.pop())
    }

    pub(crate) fn has_edit(&self, counter: u64) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM edit WHERE counter = ?1)")
            .and_then(|mut sql| sql.query_row([counter.cast_signed()], |row| row.get(0)))
            .doing("looking for the newest edit")
    }

    /// A page of the outbox: edits not acknowledged yet, in the order they were made.
    pub fn unsent(&self, after_counter: u64, limit: u32) -> Result<Vec<StoredEdit>> {
        self.edits(
            "WHERE counter IN (
               SELECT counter FROM edit INDEXED BY edit_unsent
               WHERE state IN ('local', 'sent') AND counter > ?1
               ORDER BY counter LIMIT ?2
             )
             ORDER BY counter",
            (after_counter.cast_signed(), limit),
        )
    }

    /// The edits of one document after a number that are not acknowledged yet, in the order they were made.
    pub fn unsent_of(&self, id: &DocumentId, after_counter: u64) -> Result<Vec<StoredEdit>> {
        self.edits(
            "WHERE sys_id = ?1 AND table_name = ?2 AND counter > ?3 AND state IN ('local', 'sent') ORDER BY counter",
            (id.sys_id.0, id.table.as_str(), after_counter.cast_signed()),
        )
    }

    /// How many edits are not acknowledged yet.
    pub fn unsent_count(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM edit WHERE state IN ('local', 'sent')";
        let count: i64 = self.connection.query_row(sql, [], |row| row.get(0)).doing("counting unsent edits")?;
        Ok(count.cast_unsigned())
    }

    /// The edits the server kept aside, newest first.
    pub fn held(&self) -> Result<Vec<StoredEdit>> {
        self.edits("WHERE state = 'held' ORDER BY counter DESC", [])
    }

    /// Whether the server keeps any edit aside.
    pub fn has_held(&self) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM edit WHERE state = 'held')")
            .and_then(|mut sql| sql.query_row([], |row| row.get(0)))
            .doing("looking for held edits")
    }

    /// A page of the acknowledged tail, in the order they were made.
    pub fn acknowledged(&self, after_counter: u64, limit: u32) -> Result<Vec<StoredEdit>> {
        self.edits(
            "WHERE state IN ('accepted', 'merged') AND counter > ?1 ORDER BY counter LIMIT ?2",
            (after_counter.cast_signed(), limit),
        )
    }
}

impl Tx<'_> {
    /// Puts an edit in the outbox. Its counter comes from [`Tx::take_counter`].
    pub fn append_edit(&self, edit: &Edit, hash: ChangeHash) -> Result<()> {
        let place = format_args!("edit {} of {}", edit.id.counter, edit.document);
        if plant::is(Plant::OutboxKeepsOneOfARecord) {
            self.unsent_of(&edit.document, 0)?.iter().try_for_each(|earlier| self.remove_edit(earlier.counter))?;
        }
        self.connection
            .prepare_cached(include_str!("sql/append_edit.sql"))
            .and_then(|mut sql| {
                sql.execute(named_params! {
                    ":counter": edit.id.counter.cast_signed(),
                    ":epoch": edit.id.epoch,
                    ":table": edit.document.table.as_str(),
                    ":sys_id": edit.document.sys_id.0,
                    ":hash": hash.0,
                    ":body": edit.encode(),
                    ":made_at": edit.at.0,
                })
            })
            .doing(format_args!("saving {place}"))?;
        self.newest.set(self.newest.get().max(Some(edit.id.counter)));
        self.note_taken(edit)
    }

    /// Remembers that these edits were put on the wire.
    pub fn mark_sent(&self, counters: &[u64]) -> Result<()> {
        let doing = "marking edits as sent";
        let state = if plant::is(Plant::SentCountsAsSaved) { "accepted" } else { "sent" };
        let mut sql = self
            .connection
            .prepare_cached("UPDATE edit SET state = ?2 WHERE counter = ?1 AND state = 'local'")
            .doing(doing)?;
        counters.iter().try_for_each(|counter| sql.execute((counter.cast_signed(), state)).map(drop)).doing(doing)
    }

    /// Notes the server's word on an edit and returns which edit it was; `None` when it is unknown or was settled before.
    /// `NeedsHeads` leaves the edit unsent.
    pub fn receive(&self, counter: u64, outcome: &Outcome, now: Timestamp) -> Result<Option<StoredEdit>> {
        let Some(edit) = self.edit(counter)? else { return Ok(None) };
        if !matches!(edit.state, EditState::Local | EditState::Sent) {
            return Ok(None);
        }
        if plant::is(Plant::AckClearsUnsent) {
            let all = "UPDATE edit SET state = 'accepted', position = 0 WHERE state IN ('local', 'sent')";
            self.connection.execute(all, []).doing("clearing the outbox")?;
        }
        if plant::is(Plant::HeldEditDropped) && matches!(outcome, Outcome::Held { .. }) {
            self.remove_edit(counter)?;
            return Ok(Some(edit));
        }
        let (state, position, reason, detail) = match outcome {
            Outcome::Held { .. } if plant::is(Plant::HeldCountsAsAccepted) => {
                ("accepted", Some(Position(0)), None, None)
            }
            Outcome::Accepted { position, merged: false } => ("accepted", Some(*position), None, None),
            Outcome::Accepted { position, merged: true } | Outcome::Differs { position } => {
                ("merged", Some(*position), None, None)
            }
            Outcome::Held { reason, detail } => ("held", None, Some(*reason), Some(detail)),
            Outcome::NeedsHeads => ("local", None, None, None),
        };
        self.connection
            .prepare_cached(include_str!("sql/receive.sql"))
            .and_then(|mut sql| {
                sql.execute(named_params! {
                    ":counter": counter.cast_signed(),
                    ":state": state,
                    ":position": position.map(|position| position.0.cast_signed()),
                    ":reason": reason.map(HoldReason::word),
                    ":detail": detail,
                    ":now": position.map(|_| now.0),
                })
            })
            .doing(format_args!("noting the receipt of edit {counter}"))?;
        Ok(Some(edit))
    }

    /// Takes an edit away: it was discarded, or is made anew under another number.
    pub fn remove_edit(&self, counter: u64) -> Result<()> {
        self.removes_edits.set(true);
        self.connection
            .execute("DELETE FROM edit WHERE counter = ?1", [counter.cast_signed()])
            .doing(format_args!("discarding edit {counter}"))?;
        self.forget_taken(counter)
    }

    /// Puts every acknowledged edit back in the outbox, because the server forgot some; returns how many.
    pub fn offer_again(&self) -> Result<usize> {
        self.connection
            .execute(
                "UPDATE edit SET state = 'local', position = NULL, acknowledged_at = NULL
                 WHERE state IN ('accepted', 'merged')",
                [],
            )
            .doing("offering acknowledged edits again")
    }

    /// Puts the edits of a record that were held for this reason back in the outbox, because it does not hold any more.
    pub fn release(&self, id: &DocumentId, reason: HoldReason) -> Result<usize> {
        self.connection
            .prepare_cached(
                "UPDATE edit SET state = 'local', reason = NULL, detail = NULL
                 WHERE state = 'held' AND reason = ?1 AND sys_id = ?2 AND table_name = ?3",
            )
            .and_then(|mut sql| sql.execute((reason.word(), id.sys_id.0, id.table.as_str())))
            .doing(format_args!("releasing held edits of {id}"))
    }

    /// Forgets edits acknowledged before `before`, with the files only they needed; returns how many.
    pub fn forget_acknowledged(&self, before: Timestamp) -> Result<usize> {
        let forgotten = self
            .connection
            .execute("DELETE FROM edit WHERE acknowledged_at < ?1", [before.0])
            .doing("forgetting old edits")?;
        if forgotten > 0 {
            self.removes_edits.set(true);
            self.remove_files_of_forgotten_edits()?;
        }
        Ok(forgotten)
    }
}
