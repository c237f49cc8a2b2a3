//! What follows from a change of a task, wherever it was made: its order stands where it stands; what could not be ended is done by a
//! visit that follows it; who assigned what was rejected is told; and what was begun before its time says so.

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, Value};

use super::TASKS;
use crate::author::set;
use crate::call::{Call, Changed};
use crate::customer_links;
use crate::error::Result;
use crate::named::sys_id_of;

/// The property that says whether a task that was closed incomplete is followed by another; it is unless it says `false`.
const FOLLOW_UP: &str = "fieldline.work_orders.follow_up";
/// What a follow-up takes over.
const TAKEN_OVER: [&str; 15] = [
    "parent",
    "short_description",
    "description",
    "account",
    "contact",
    "company",
    "location",
    "cmdb_ci",
    "asset",
    "impact",
    "urgency",
    "work_type",
    "estimated_work_duration",
    "dispatch_group",
    "acceptance_duration",
];

impl Call<'_> {
    /// Does what follows from a change of a task.
    pub(crate) fn react_to_task(&mut self, changed: &Changed) -> Result<()> {
        self.roll_up_orders_of(changed)?;
        let task = &changed.projection.record;
        // A history says itself what followed.
        if self.pending.imported.contains(&task.id) {
            return Ok(());
        }
        self.follow_acceptance(changed)?;
        if !changed.stands_elsewhere() {
            return Ok(());
        }
        match changed.projection.stage.as_deref() {
            Some("pending_dispatch") => self.tell_of_rejection(changed),
            Some("en_route") => customer_links::on_the_way(self, task),
            Some("work_in_progress") => {
                self.note_early_start(changed)?;
                self.tell_of_other_hands(changed)
            }
            Some("closed_incomplete") => self.visit_again(task),
            _ => Ok(()),
        }
    }

    fn tell_of_rejection(&mut self, changed: &Changed) -> Result<()> {
        let (task, newest) = (&changed.projection.record, changed.projection.accepted.last());
        let Some(step) = newest.filter(|step| step.name == "reject") else { return Ok(()) };
        let who = self.row(&DocumentId::new("sys_user", step.by))?;
        let who = who.as_ref().map_or("The technician", |who| who.text("name"));
        let reason = step.reason.as_deref().unwrap_or("none given");
        let subject = format!("{} was rejected: {}", task.text("number"), task.text("short_description"));
        let body = format!("{who} rejected it. Reason: {reason}. It is pending dispatch; send somebody else.");
        self.tell_dispatcher(task, &subject, &body)
    }

    /// What was begun with the radio off while something before it was not over stands, and says so.
    fn note_early_start(&mut self, changed: &Changed) -> Result<()> {
        let task = &changed.projection.record;
        let was_begun = changed.before.as_ref().is_some_and(|before| before.time("work_start").is_some());
        let early = if was_begun { None } else { self.comes_after(task.id.sys_id)? };
        let Some(why) = early else { return Ok(()) };
        let text = format!("This was begun before its time: {why}. Check that the work can stand as it is.");
        self.author_as_system(task.id.clone(), vec![Act::WorkNote { text }])
    }

    /// Work begun by somebody who no longer has the task, which they could not know, stands; who has it and the dispatcher read of it.
    fn tell_of_other_hands(&mut self, changed: &Changed) -> Result<()> {
        let (task, newest) = (&changed.projection.record, changed.projection.accepted.last());
        let Some(step) = newest.filter(|step| step.name == "start_work") else { return Ok(()) };
        let Some(holder) = task.reference("assigned_to").filter(|holder| *holder != step.by) else { return Ok(()) };
        if task.references("additional_assignee_list").contains(&step.by) {
            return Ok(());
        }
        let name = |user| -> Result<String> {
            let row = self.row(&DocumentId::new("sys_user", user))?;
            Ok(row.map_or_else(|| "somebody".to_owned(), |row| row.text("name").to_owned()))
        };
        let (who, other) = (name(step.by)?, name(holder)?);
        let text =
            format!("{who} has begun this before hearing that {other} has it now. Talk to both: the work goes on.");
        self.tell_dispatcher(task, &format!("{} was begun by {who}", task.text("number")), &text)?;
        self.author_as_system(task.id.clone(), vec![Act::WorkNote { text }])
    }

    /// Makes the task that goes on where one could not be ended, once, unless somebody has made one.
    fn visit_again(&mut self, task: &Record) -> Result<()> {
        let id = DocumentId::new(TASKS, sys_id_of(format!("follow-up/{}", task.id)));
        let is_made = !self.rows_with(TASKS, &[("cloned_from", &task.id.sys_id.to_string())])?.is_empty();
        if is_made || self.exists(&id)? || self.property(FOLLOW_UP)?.as_deref() == Some("false") {
            return Ok(());
        }
        let taken = TAKEN_OVER.iter().filter_map(|field| Some(set(field, task.get(field)?.clone())));
        let mut acts: Vec<Act> = taken.collect();
        for (field, item) in ["skills", "required_agents", "excluded_agents", "preferred_agents"]
            .into_iter()
            .flat_map(|field| task.references(field).into_iter().map(move |item| (field, item)))
        {
            acts.push(Act::Include { field: field.into(), item });
        }
        let opener = self.server.identity().system_user;
        acts.extend([
            set("needs_crew", Value::Boolean(task.says("needs_crew"))),
            set("crew_size", task.get("crew_size").cloned()),
            set("cloned_from", Value::Reference(task.id.sys_id)),
            set("opened_at", Value::Time(self.now)),
            set("opened_by", Value::Reference(opener)),
        ]);
        acts.extend(self.next_number(TASKS)?.map(|number| set("number", Value::text(number))));
        let reason = task.text("close_reason");
        let text = format!("{} was closed incomplete ({reason}); this goes on where it ended.", task.text("number"));
        acts.push(Act::WorkNote { text });
        if task.reference("dispatch_group").is_some() {
            acts.push(Act::Transition { step: "qualify".into(), reason: None });
        }
        self.because(format!("{} was closed incomplete", task.text("number")), |call| call.author_as_system(id, acts))
    }
}
