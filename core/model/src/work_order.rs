//! A work order's stage, derived from its tasks, so that the office never has to keep both in step.
//!
//! Cancelled tasks do not count unless there is nothing else. How far its qualification has come is for people to say. Source: ServiceNow "Work order states".

/// The stage of a work order whose tasks stand at these stages.
pub fn stage_of<'a>(tasks: impl IntoIterator<Item = &'a str>) -> &'static str {
    let tasks: Vec<&str> = tasks.into_iter().collect();
    let alive: Vec<&str> = tasks.iter().copied().filter(|stage| *stage != "cancelled").collect();
    let any = |stages: &[&str]| alive.iter().any(|stage| stages.contains(stage));
    let all = |stages: &[&str]| alive.iter().all(|stage| stages.contains(stage));
    if alive.is_empty() {
        return if tasks.is_empty() { "draft" } else { "cancelled" };
    }
    if all(&["closed_complete"]) {
        "closed_complete"
    } else if all(&["closed_complete", "closed_incomplete"]) {
        "closed_incomplete"
    } else if any(&["work_in_progress", "paused", "closed_complete", "closed_incomplete"]) {
        "work_in_progress"
    } else if any(&["accepted", "en_route", "on_site"]) {
        "accepted"
    } else if any(&["assigned"]) {
        "assigned"
    } else if any(&["pending_dispatch", "scheduled"]) {
        "ready_for_dispatch"
    } else {
        "draft"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::Dictionary;

    #[test]
    fn an_order_stands_where_its_tasks_have_brought_it() {
        for (tasks, order) in [
            (&[] as &[&str], "draft"),
            (&["draft"], "draft"),
            (&["draft", "pending_dispatch"], "ready_for_dispatch"),
            (&["pending_dispatch", "assigned"], "assigned"),
            (&["assigned", "on_site"], "accepted"),
            (&["accepted", "paused"], "work_in_progress"),
            (&["closed_complete", "pending_dispatch"], "work_in_progress"),
            (&["closed_complete", "cancelled"], "closed_complete"),
            (&["closed_complete", "closed_incomplete"], "closed_incomplete"),
            (&["cancelled", "cancelled"], "cancelled"),
        ] {
            assert_eq!(stage_of(tasks.iter().copied()), order, "{tasks:?}");
        }
    }

    #[test]
    fn every_derived_stage_can_be_reached_from_every_other_but_for_cancelling_what_is_closed() {
        let life_cycle = Dictionary::shipped().life_cycle("work_order").expect("shipped");
        let is_decided = |stage: &str| matches!(stage, "awaiting_qualification" | "qualified");
        let derived = || life_cycle.stages.iter().filter(|stage| !is_decided(&stage.name));
        for (from, to) in life_cycle.stages.iter().flat_map(|from| derived().map(move |to| (from, to))) {
            let step = life_cycle.steps_from(&from.name).find(|step| step.to == to.name);
            let closed = from.name.starts_with("closed") && to.name == "cancelled";
            assert_eq!(step.is_none(), from.name == to.name || closed, "{} to {}", from.name, to.name);
        }
    }
}
