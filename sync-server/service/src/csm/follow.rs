//! What follows from a change of a case: what it names completes it, an entitlement is found, the customer's answer opens it again,
//! and its end takes units, asks the customer and ends what was done for it.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Value};

use super::entitlements::choice;
use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::itsm::auto_close;
use crate::knowledge::drafting;
use crate::table::TableError;

const TASKS: &str = "sn_customerservice_task";
/// Whether a case that was solved begins an article.
const DRAFTS: &str = "csm.knowledge.draft_on_close";

impl Call<'_> {
    /// Does what follows from a change of a case.
    pub(crate) fn react_to_case(&mut self, changed: &Changed) -> Result<()> {
        if self.pending.imported.contains(&changed.projection.record.id) {
            return Ok(());
        }
        let filled = self.complete_case(changed)?;
        // What decides which entitlement it is and has just been filled in comes here again.
        if !filled.iter().any(|field| choice::DECIDING.contains(field)) {
            self.settle_entitlement(changed)?;
        }
        self.hear_the_customer(changed)?;
        self.lead_major_children(changed)?;
        self.end_case(changed)?;
        self.follow_closing(&auto_close::CASES_STAY, changed)
    }

    /// Opens a case again that waits for its customer, who has answered.
    fn hear_the_customer(&mut self, changed: &Changed) -> Result<()> {
        let case = &changed.projection.record;
        if changed.projection.stage.as_deref() != Some("awaiting_info") {
            return Ok(());
        }
        let authors: Vec<SysId> = changed.commented.values().copied().collect();
        for author in authors {
            if self.speaks_for_customer(case, author)? {
                let Some(case) = self.row(&case.id)? else { return Ok(()) };
                return self.because("the customer answered".into(), |call| call.step_towards(&case, "open"));
            }
        }
        Ok(())
    }

    fn end_case(&mut self, changed: &Changed) -> Result<()> {
        let case = &changed.projection.record;
        let (stage, became) = match changed.arrived() {
            Some("closed") => ("closed_incomplete", "closed"),
            Some("cancelled") => ("closed_skipped", "cancelled"),
            _ => return Ok(()),
        };
        let open = Filter::equals("parent", case.id.sys_id).and(Filter::equals("active", true));
        let tasks = self.rows(TASKS, &open)?;
        let why = format!("{} was {became}", case.text("number"));
        self.because(why, |call| {
            tasks.iter().try_for_each(|task| call.step_towards(task, stage))?;
            if became == "cancelled" {
                return Ok(());
            }
            call.take_units(case)?;
            call.ask_customer(case)?;
            call.draft_article(case)
        })
    }

    /// Begins an article with what solved a case, where the organisation wants that.
    fn draft_article(&mut self, case: &Record) -> Result<()> {
        let is_solved = !case.text("close_notes").is_empty();
        if !is_solved || self.property(DRAFTS)?.as_deref() != Some("true") {
            return Ok(());
        }
        match self.implied(|call| drafting::from_task(call, case.id.sys_id)) {
            Err(TableError::Service(error)) => Err(error),
            // Somebody has begun one already, or nothing fits an article: the case is closed all the same.
            Err(problem) => {
                tracing::debug!(case = %case.id, %problem, "no article was begun");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Offers the customer of a case that is worked on a solution, which is theirs to accept.
    pub(super) fn propose_solution(&mut self, case: &Record, code: &str, notes: &str) -> Result<()> {
        let steps: &[&str] = match self.stage_shown(case) {
            Some("new") => &["accept", "propose_solution"],
            Some("open" | "awaiting_info") => &["propose_solution"],
            _ => return Ok(()),
        };
        let text = |field: &str, text: &str| set(field, Value::text(text));
        let mut acts = vec![text("resolution_code", code), text("close_notes", notes)];
        acts.extend(steps.iter().map(|step| Act::Transition { step: (*step).into(), reason: None }));
        self.author_as_system(case.id.clone(), acts)
    }
}
