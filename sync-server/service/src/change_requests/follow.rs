//! What follows from an edit of a change or of one of its tasks, wherever it was made.

use fieldline_documents::Act;

use super::guard::is_retroactive;
use super::{CHANGES, approvals, conflicts, hold, risk};
use crate::call::{Call, Changed};
use crate::error::Result;

impl Call<'_> {
    /// Lets approvals, tasks, conflicts and risk follow a change.
    pub(crate) fn react_to_change(&mut self, changed: &Changed) -> Result<()> {
        let record = &changed.projection.record;
        // A history says itself what became of it.
        if self.pending.is_history || self.pending.imported.contains(&record.id) {
            return Ok(());
        }
        if record.id.table != *CHANGES {
            return if changed.turned(&["on_hold"]) { hold::task_turned(self, record) } else { Ok(()) };
        }
        let stage = changed.projection.stage.as_deref();
        if let Some(stage) = stage.filter(|_| changed.before.is_none() || changed.turned(&["state"])) {
            approvals::arrive(self, record, stage)?;
            if stage == "canceled" {
                hold::cancelled(self, record)?;
            }
        }
        if changed.turned(&["on_hold"]) {
            hold::turned(self, record)?;
        }
        if changed.before.is_none() || changed.turned(&["end_date"]) {
            self.tell_of_retroactive(changed)?;
        }
        conflicts::follow(self, changed)?;
        risk::follow(self, changed)
    }

    /// An emergency that is written down afterwards says so itself.
    fn tell_of_retroactive(&mut self, changed: &Changed) -> Result<()> {
        let record = &changed.projection.record;
        let Some(end) = record.time("end_date").filter(|end| is_retroactive(self.now, *end)) else { return Ok(()) };
        if record.text("type") != "emergency" {
            return Ok(());
        }
        let text = format!("Retroactive emergency change: its window ended at {end} UTC, before it was written down.");
        self.author_as_system(record.id.clone(), vec![Act::WorkNote { text }])
    }
}
