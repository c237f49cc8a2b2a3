//! What becomes of what was ordered: the tasks of a requested item wait for its approval and begin with it, an item ends when its
//! tasks have ended and a request when its items have, each with the worst of what came out.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{Record, Value};

use crate::approvals::{APPROVALS, Answer, open};
use crate::author::Authored;
use crate::call::{Call, Changed};
use crate::react::stage_of;
use crate::table::{self, Input, Result};

/// What is ordered, one record for each line of a request.
pub(crate) const ITEMS: &str = "sc_req_item";
const REQUESTS: &str = "sc_request";
const TASKS: &str = "sc_task";

/// Lets an item that was asked about follow the answers.
pub(crate) fn follow(call: &mut Call<'_>, item: &Record, answer: Answer) -> Result<()> {
    let about = match answer {
        Answer::Approved => Input::of(&[("approval", "approved"), ("stage", "fulfillment")]),
        Answer::Rejected => {
            Input::of(&[("approval", "rejected"), ("stage", "Request Cancelled"), ("state", "Closed Incomplete")])
        }
    };
    call.implied(|call| {
        if item.get("active") != Some(&Value::Boolean(false)) {
            table::update(call, ITEMS, item.id.sys_id, &about)?;
        }
        for task in call.rows(TASKS, &Filter::equals("request_item", item.id.sys_id))? {
            let stage = call.ordered_stage(&task);
            let state = match (stage.as_deref(), answer) {
                (Some("pending"), Answer::Approved) => "Open",
                (Some("pending" | "open"), Answer::Rejected) => "Closed Skipped",
                (Some("work_in_progress"), Answer::Rejected) => "Closed Incomplete",
                _ => continue,
            };
            table::update(call, TASKS, task.id.sys_id, &Input::of(&[("state", state)]))?;
        }
        for other in call.rows(APPROVALS, &open(item.id.sys_id))? {
            table::update(call, APPROVALS, other.id.sys_id, &Input::of(&[("state", "not_required")]))?;
        }
        Ok(())
    })
}

impl Call<'_> {
    /// Lets an item stand where its tasks stand, and a request where its items do.
    pub(crate) fn roll_up_ordered(&mut self, changed: &Changed) -> crate::error::Result<()> {
        let part = &changed.projection.record;
        let (table, field) = if part.id.table == *TASKS { (ITEMS, "request_item") } else { (REQUESTS, "request") };
        let whole = self.referred(table, part.reference(field))?;
        let Some(whole) = whole.filter(|_| changed.stands_elsewhere()) else { return Ok(()) };
        let parts = self.rows(part.id.table.as_str(), &Filter::equals(field, whole.id.sys_id))?;
        let stages: Vec<String> = parts.iter().filter_map(|part| self.ordered_stage(part)).collect();
        let Some(stage) = outcome(&stages.iter().map(String::as_str).collect::<Vec<_>>()) else { return Ok(()) };
        let step = match self.step_to(&whole, stage) {
            // What was begun is not skipped as a whole.
            None if stage == "closed_skipped" => self.step_to(&whole, "closed_incomplete"),
            step => step,
        };
        let Some(step) = step else { return Ok(()) };
        let set = |(field, value): (&str, &str)| Act::Set { field: field.into(), value: Some(Value::text(value)) };
        let mut acts = vec![Act::Transition { step, reason: None }];
        acts.extend(told(table, stage, &parts).iter().copied().map(set));
        let author = self.server.identity().system_user;
        self.author(Authored { document: whole.id, author, at: self.now, acts }).map(drop)
    }

    fn ordered_stage(&self, record: &Record) -> Option<String> {
        let life_cycle = self.dictionary.life_cycle_of(record.id.table.as_str())?;
        stage_of(life_cycle, record).map(|stage| stage.name.clone())
    }
}

/// What else a record says when it comes to a stage.
fn told(table: &str, stage: &str, parts: &[Record]) -> Vec<(&'static str, &'static str)> {
    let all_rejected = parts.iter().all(|part| part.text("approval") == "rejected");
    match (table, stage) {
        (_, "work_in_progress") => Vec::new(),
        (ITEMS, "closed_complete") => vec![("stage", "complete")],
        (ITEMS, _) => vec![("stage", "Request Cancelled")],
        (_, "closed_complete") => vec![("stage", "closed_complete"), ("request_state", "closed_complete")],
        _ if all_rejected => vec![("stage", "closed_incomplete"), ("request_state", "closed_rejected")],
        _ => vec![("stage", "closed_incomplete"), ("request_state", "closed_incomplete")],
    }
}

/// Where something stands whose parts are in these stages; `None` while none was begun.
fn outcome(parts: &[&str]) -> Option<&'static str> {
    let all = |names: &[&str]| parts.iter().all(|stage| names.contains(stage));
    let any = |names: &[&str]| parts.iter().any(|stage| names.contains(stage));
    Some(match () {
        () if parts.is_empty() => return None,
        () if all(&["closed_complete"]) => "closed_complete",
        () if all(&["closed_skipped"]) => "closed_skipped",
        () if all(&["closed_complete", "closed_incomplete", "closed_skipped"]) => "closed_incomplete",
        () if any(&["work_in_progress", "closed_complete"]) => "work_in_progress",
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_comes_out_as_the_worst_of_its_parts_and_not_before_the_last() {
        for (parts, whole) in [
            (&[][..], None),
            (&["pending", "open"], None),
            (&["open", "closed_skipped"], None),
            (&["open", "closed_complete"], Some("work_in_progress")),
            (&["work_in_progress", "closed_incomplete"], Some("work_in_progress")),
            (&["closed_complete", "closed_complete"], Some("closed_complete")),
            (&["closed_complete", "closed_skipped"], Some("closed_incomplete")),
            (&["closed_incomplete", "closed_skipped"], Some("closed_incomplete")),
            (&["closed_skipped", "closed_skipped"], Some("closed_skipped")),
        ] {
            assert_eq!(outcome(parts), whole, "{parts:?}");
        }
    }
}
