//! What follows from work on site: checklists for new tasks, time cards and meter readings from what was done, and somebody who
//! looks for a technician who is not heard of.
//!
//! Facts come from phones, at the times at which they were done, and may come late: everything here is worked out from how a task
//! stands, so doing it again does nothing. Left out: rates and invoices.

mod billing;
mod checklists;
mod guard;
mod ladder;
mod safety;
mod told;

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Place, Value};

use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;

pub use billing::{Billing, Spent, TimeSpent, billing};
pub use checklists::publish;
pub(crate) use guard::check;
pub use safety::acknowledge;
pub(crate) use safety::{KIND, ring};

/// What technicians work on.
pub(crate) const JOBS: &str = "wm_task";

impl Call<'_> {
    /// Does what follows from a change of a task.
    pub(crate) fn react_on_site(&mut self, id: &DocumentId, changed: &Changed) -> Result<()> {
        self.choose_checklists(changed)?;
        self.note_check_in(id, changed)?;
        self.note_unfinished(id, changed)?;
        self.keep_time_cards(changed)?;
        self.keep_readings(changed)?;
        self.follow_safety(changed)
    }

    /// Whoever came to a site that has been located and did not say where they were told the office, not a phone.
    fn note_check_in(&mut self, id: &DocumentId, changed: &Changed) -> Result<()> {
        let task = &changed.projection.record;
        let has_come = matches!(changed.projection.stage.as_deref(), Some("on_site" | "work_in_progress"));
        if !has_come || task.get("check_in_status").is_some() || !changed.stands_elsewhere() {
            return Ok(());
        }
        let site = self.referred("cmn_location", task.reference("location"))?;
        let place: Option<Place> = site.and_then(|site| site.place());
        let skipped: Option<Act> = place.map(|_| set("check_in_status", Value::text("platform_skipped")));
        skipped.map_or(Ok(()), |act| self.author_as_system(id.clone(), vec![act]))
    }

    /// What was closed elsewhere, by an app that did not ask or with a checklist that came meanwhile, stands; it says what is missing.
    fn note_unfinished(&mut self, id: &DocumentId, changed: &Changed) -> Result<()> {
        let task = &changed.projection.record;
        let is_closed = changed.projection.stage.as_deref() == Some("closed_complete");
        if !is_closed || !changed.stands_elsewhere() {
            return Ok(());
        }
        let Some(problem) = guard::unfinished(self, task, "complete")? else { return Ok(()) };
        let text = format!("Closed although {problem}. Answer what is missing, or open a follow-up.");
        self.author_as_system(id.clone(), vec![Act::WorkNote { text }])
    }
}
