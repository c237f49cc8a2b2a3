//! Copies of a phone: restored from an old backup, or cloned. They share a key, an epoch and numbers, and then go different
//! ways; each is given a number of its own to go on with, and nobody has to notice.
//!
//! A copy is told by its edits: the server knows of a higher number than the phone has given, or the phone sends another edit
//! under a number that is taken. The one that comes first keeps the epoch. A deed that both copies carry may come twice, even
//! under two numbers or in the names of two devices when one of them had to make it anew or was enrolled again; it is known by
//! its author, its content and its moment, and counts once.

use fieldline_documents::Edit;
use fieldline_model::plant::{self, Plant};
use fieldline_storage::{Device, EditKey, Position};
use fieldline_sync::wire::Request;

use crate::call::Call;
use crate::error::{Result, ServiceError};

impl Call<'_> {
    /// Whether the phone that asks is a copy of one that went on.
    pub(crate) fn is_copy(&self, request: &Request) -> Result<bool> {
        let Some(given) = request.newest_counter else { return Ok(false) };
        let known = self.tx.newest_counter(request.device, request.epoch)?;
        Ok(known.is_some_and(|known| known > given) && !plant::is(Plant::CopyNotNoticed))
    }

    /// The next actor epoch of a device, never given before; `None` when it has used up all there are.
    pub(crate) fn next_epoch(&mut self, device: Device, request: &Request) -> Result<Option<u32>> {
        // A server restored from a backup may have forgotten epochs it gave.
        let newest = device.newest_epoch.max(request.epoch);
        let Some(next) = newest.checked_add(1) else { return Ok(None) };
        self.server.metrics.epochs_renewed.increment();
        self.tx.put_device(&Device { newest_epoch: next, ..device })?;
        Ok(Some(next))
    }

    /// Where the same deed of the same person stands in the feed, when it is recorded under another name.
    pub(crate) fn recorded_as_another(&mut self, edit: &Edit) -> Result<Option<Position>> {
        if plant::is(Plant::DeedCountedAgain) || plant::is(Plant::RenumberedWhileSent) {
            return Ok(None);
        }
        let same_moment: Vec<_> = self.document(&edit.document)?.edits_at(edit.author, edit.at).collect();
        for id in same_moment.into_iter().filter(|id| *id != edit.id) {
            let key = EditKey { device: id.device, epoch: id.epoch, counter: id.counter };
            let Some((position, stored)) = self.tx.edit(key)? else { continue };
            let other =
                Edit::decode(&stored.body).map_err(|problem| ServiceError::damaged(&stored.document, problem))?;
            if (&other.acts, other.author, &other.place) == (&edit.acts, edit.author, &edit.place) {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }
}
