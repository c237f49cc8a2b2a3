//! What became of a work order, brought back to what it was opened for.
//!
//! Done, it tells what was done: a case is offered that as its solution, an incident is resolved by it where the organisation says
//! so. Not done, the case or incident is worked on again, and a task asks somebody to see to what is left. What people wrote to close
//! a visit becomes what the customer reads; work notes never do.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};

use crate::author::set;
use crate::call::{Call, Changed};
use crate::cases::CASES;
use crate::error::Result;
use crate::named::sys_id_of;

const INCIDENTS: &str = "incident";
/// Whether an incident is resolved by the work order that was opened for it; off unless true.
const RESOLVES: &str = "itsm.close_back.resolve_incident";
/// Whether a case is offered the outcome of its work order as its solution; on unless false.
const PROPOSES: &str = "csm.close_back.propose_solution";
/// What a case or an incident says that field work solved.
const CODE: &str = "Solved by field service";
const NOTES_CHARACTERS: usize = 4_000;

impl Call<'_> {
    /// Brings the outcome of a work order that has ended back to what it was opened for.
    pub(crate) fn bring_back(&mut self, changed: &Changed) -> Result<()> {
        let order = &changed.projection.record;
        let is_done = match changed.arrived() {
            Some("closed_complete") => true,
            Some("closed_incomplete") => false,
            _ => return Ok(()),
        };
        let origin = order.reference("initiated_from").or_else(|| order.reference("parent"));
        let origin = origin.map(|id| self.tx.find(self.dictionary.family("task"), id)).transpose()?.flatten();
        let is_history = self.pending.imported.contains(&order.id);
        let returns = |origin: &Record| matches!(origin.id.table.as_str(), CASES | INCIDENTS) && origin.says("active");
        let Some(origin) = origin.filter(returns).filter(|_| !is_history) else { return Ok(()) };
        let why = format!("{} has ended", order.text("number"));
        self.because(why, |call| match is_done {
            true => call.bring_success(order, &origin),
            false => call.bring_failure(order, &origin),
        })
    }

    fn bring_success(&mut self, order: &Record, origin: &Record) -> Result<()> {
        let told = self.told_at_closing(order, "close_notes")?;
        let number = order.text("number");
        let told = if told.is_empty() { format!("The work of {number} was done.") } else { told };
        let is_last = !self.orders_of(origin.id.sys_id)?.iter().any(|one| one.id != order.id && one.says("active"));
        if is_last && origin.id.table == *CASES && self.property(PROPOSES)?.as_deref() != Some("false") {
            return self.propose_solution(origin, CODE, &told);
        }
        let note = Act::WorkNote { text: format!("{number} was closed complete: {told}") };
        let resolves = is_last && origin.id.table == *INCIDENTS && self.property(RESOLVES)?.as_deref() == Some("true");
        let Some(step) = self.step_to(origin, "resolved").filter(|_| resolves) else {
            return self.author_as_system(origin.id.clone(), vec![note]);
        };
        let acts = vec![
            note,
            set("close_code", Value::text(CODE)),
            set("close_notes", Value::text(told)),
            Act::Transition { step, reason: None },
        ];
        self.author_as_system(origin.id.clone(), acts)
    }

    fn bring_failure(&mut self, order: &Record, origin: &Record) -> Result<()> {
        let (number, reasons) = (order.text("number"), self.told_at_closing(order, "close_reason")?);
        let text = match reasons.as_str() {
            "" => format!("{number} could not be completed."),
            reasons => format!("{number} could not be completed: {reasons}"),
        };
        let mut acts = vec![Act::WorkNote { text: text.clone() }];
        let step = match self.stage_shown(origin) {
            Some("new") if origin.id.table == *CASES => Some("accept"),
            Some("on_hold") => Some("resume"),
            _ => None,
        };
        acts.extend(step.map(|step| Act::Transition { step: step.into(), reason: None }));
        self.author_as_system(origin.id.clone(), acts)?;
        self.follow_up(order, origin, text)
    }

    /// Opens a task that asks somebody to see to what an order left undone, once for each time it ended so.
    fn follow_up(&mut self, order: &Record, origin: &Record, text: String) -> Result<()> {
        let ended = order.time("closed_at").unwrap_or(self.now);
        let task = DocumentId::new("task", sys_id_of(format!("follow-up/{}/{}", order.id, ended.0)));
        if self.exists(&task)? {
            return Ok(());
        }
        let title: String = format!("See to what {} left undone", order.text("number")).chars().take(160).collect();
        let system = self.server.identity().system_user;
        let mut acts = vec![
            set("short_description", Value::text(title)),
            set("description", Value::text(text)),
            set("parent", Value::Reference(origin.id.sys_id)),
            set("opened_at", Value::Time(self.now)),
            set("opened_by", Value::Reference(system)),
        ];
        acts.extend(self.next_number("task")?.map(|number| set("number", Value::text(number))));
        let given = ["assignment_group", "assigned_to"].into_iter();
        acts.extend(given.filter_map(|field| Some(set(field, origin.get(field)?.clone()))));
        self.author_as_system(task, acts)
    }

    /// What an order says in a field, else what its tasks say.
    fn told_at_closing(&self, order: &Record, field: &str) -> Result<String> {
        let own = order.text(field).trim();
        if !own.is_empty() {
            return Ok(own.to_owned());
        }
        let tasks = self.tasks_of(&order.id)?;
        let told: Vec<&str> =
            tasks.iter().map(|task| task.text(field).trim()).filter(|text| !text.is_empty()).collect();
        Ok(told.join("\n").chars().take(NOTES_CHARACTERS).collect())
    }

    /// The cases that are open about an incident.
    pub(super) fn cases_of_incident(&self, incident: SysId) -> Result<Vec<Record>> {
        self.rows(CASES, &Filter::equals("incident", incident).and(Filter::equals("active", true)))
    }
}
