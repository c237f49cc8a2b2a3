//! What follows from a change of a document.
//!
//! * Rules that the organisation wrote act first (`rules/`), then the clocks of tasks (`sla/`), flows (`flows/`),
//!   escalations (`on_call/`) and work items (`work_items/`); new cases are answered
//!   with articles (`auto_responder.rs`).
//! * A step that was not followed opens one review task, so that somebody reads what happened, where two people meant
//!   different things.
//! * A work order and its tasks move each other (`work_orders/`).
//! * Checklists, time cards, meter readings and safety follow work on site (`on_site/`).
//! * A requested item ends as its tasks end, and a request as its items do (`catalog/fulfilment.rs`).
//! * Of two records under one number, given by two copies of a phone, the later is given another one.
//! * What was asked about goes on or back as it was answered (`approvals.rs`).
//! * Approvals, tasks, conflicts and risk follow a change (`change_requests/`).
//! * The ledger follows what assets state, and counts (`stock/`); what was used is booked before anything else follows.
//! * Incidents, problems and the tasks of either move each other (`itsm/`).
//! * Cases find their entitlement, hear their customers and end with what they asked for (`csm/`).
//!
//! Reactions are edits of the `system` user. Each looks only at how things stand, so doing it again does nothing.

use fieldline_documents::Act;
use fieldline_model::life_cycle::{LifeCycle, Refusal, RefusedStep, Stage, StepId};
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Record, SysId, Value};

use crate::approvals::APPROVALS;
use crate::author::set;
use crate::call::{Call, Changed};
use crate::cases::CASES;
use crate::change_requests::risk;
use crate::error::Result;
use crate::itsm;
use crate::itsm::major::COMMUNICATIONS;
use crate::named::sys_id_of;
use crate::query::number_field;
use crate::stock::{ASSETS, COUNTS};
use crate::work_orders;

impl Call<'_> {
    /// Does what follows from a change.
    pub(crate) fn react(&mut self, id: &DocumentId, changed: &Changed) -> Result<()> {
        for refused in changed.projection.refused.iter().filter(|_| !plant::is(Plant::ReviewForgotten)) {
            self.review(&changed.projection.record, refused)?;
        }
        self.number_once(id, changed)?;
        if !self.pending.imported.contains(id) {
            self.follow_rules(changed.before.as_ref(), id)?;
            self.follow_agreements(changed)?;
            self.follow_flows(changed.before.as_ref(), &changed.projection.record)?;
            self.follow_escalation(changed)?;
            self.follow_work(changed)?;
            self.answer_soon(changed)?;
        }
        risk::follow_incident(self, changed)?;
        self.tell_customers(changed)?;
        match id.table.as_str() {
            work_orders::TASKS => {
                self.follow_task_parts(changed)?;
                self.react_on_site(id, changed)?;
                self.react_to_task(changed)
            }
            work_orders::ORDERS => {
                self.react_to_order(id, changed)?;
                self.bring_back(changed)
            }
            ASSETS => {
                self.react_to_asset(changed)?;
                self.react_to_replacement(changed)
            }
            COUNTS => self.react_to_count(changed),
            APPROVALS => self.react_to_answer(changed),
            "change_request" | "change_task" => self.react_to_change(changed),
            COMMUNICATIONS => self.send_communication(changed),
            "sc_task" | "sc_req_item" => self.roll_up_ordered(changed),
            CASES => self.react_to_case(changed),
            table if itsm::moves(table) => self.react_to_itsm(changed),
            _ => Ok(()),
        }
    }

    /// Opens the review task of a refused step, once.
    fn review(&mut self, record: &Record, refused: &RefusedStep) -> Result<()> {
        let identity = match plant::is(Plant::ReviewOpenedAgain) {
            true => self.new_sys_id(),
            false => id_of_what_follows("review", &record.id, refused.step.id),
        };
        let task = DocumentId::new("task", identity);
        if self.was_overtaken(record, refused) || self.exists(&task)? {
            return Ok(());
        }
        let system = self.server.identity().system_user;
        let mut acts = vec![
            set("short_description", Value::text(shortened(self.title(record, refused)?, 160))),
            set("description", Value::text(self.explanation(record, refused)?)),
            set("parent", Value::Reference(record.id.sys_id)),
            set("assigned_to", Value::Reference(refused.step.by)),
            set("opened_at", Value::Time(self.now)),
            set("opened_by", Value::Reference(system)),
        ];
        acts.extend(self.next_number("task")?.map(|number| set("number", Value::text(number))));
        let group = ["dispatch_group", "assignment_group"].into_iter().find_map(|field| record.reference(field));
        acts.extend(group.map(|group| set("assignment_group", Value::Reference(group))));
        self.author_as_system(task, acts)?;
        self.server.metrics.reviews_created.increment();
        Ok(())
    }

    fn title(&self, record: &Record, refused: &RefusedStep) -> Result<String> {
        let label = self.step_label(record, &refused.step.name);
        Ok(format!("Review: \"{label}\" of {} was not followed", record.text("number")))
    }

    fn explanation(&self, record: &Record, refused: &RefusedStep) -> Result<String> {
        let who = self.name_of(refused.step.by)?;
        let label = self.step_label(record, &refused.step.name);
        let why = match &refused.refusal {
            Refusal::NotFrom { stage } => format!("the record was already {}", self.stage_label(record, stage)),
            Refusal::WorkWasDone { stage } => {
                format!("work had been done meanwhile: the record was {}", self.stage_label(record, stage))
            }
            Refusal::AlreadyThere { stage, by } => {
                format!("{} had already taken it to {}", self.name_of(*by)?, self.stage_label(record, stage))
            }
            Refusal::UnknownStep => "this server does not know that step".into(),
        };
        let reason = refused.step.reason.as_ref().map(|reason| format!(" Reason given: {reason}.")).unwrap_or_default();
        let (at, number) = (refused.step.at, record.text("number"));
        Ok(format!(
            "{who} took the step \"{label}\" of {number} at {at} UTC, but {why}.{reason} \
                    Talk to who did the work, settle what remains, then close this task."
        ))
    }

    fn name_of(&self, user: SysId) -> Result<String> {
        let row = self.row(&DocumentId::new("sys_user", user))?;
        Ok(row.map_or_else(|| format!("sys_user/{user}"), |row| row.text("name").to_owned()))
    }

    fn step_label(&self, record: &Record, step: &str) -> String {
        let rule = self.life_cycle(record).and_then(|life_cycle| life_cycle.step(step));
        rule.map_or(step, |rule| &rule.label).to_owned()
    }

    fn stage_label(&self, record: &Record, stage: &str) -> String {
        let known = self.life_cycle(record).and_then(|life_cycle| life_cycle.stage(stage));
        known.map_or(stage, |stage| &stage.label).to_owned()
    }

    fn life_cycle(&self, record: &Record) -> Option<&LifeCycle> {
        self.dictionary.life_cycle_of(record.id.table.as_str())
    }

    /// Takes the step that leads from a record's stage to another one; nothing when none does.
    pub(crate) fn step_towards(&mut self, record: &Record, stage: &str) -> Result<()> {
        let Some(step) = self.step_to(record, stage) else { return Ok(()) };
        self.author_as_system(record.id.clone(), vec![Act::Transition { step, reason: None }])
    }

    /// The step that leads from a record's stage to another one, if one does.
    pub(crate) fn step_to(&self, record: &Record, stage: &str) -> Option<String> {
        let life_cycle = self.life_cycle(record)?;
        let here = stage_of(life_cycle, record).filter(|here| here.name != stage)?;
        life_cycle.steps_from(&here.name).find(|rule| rule.to == stage).map(|rule| rule.name.clone())
    }
}

impl Changed {
    /// Whether the record is new, at another stage or under another parent: only then can an order have to follow.
    pub(crate) fn stands_elsewhere(&self) -> bool {
        let after = &self.projection.record;
        let differs = |before: &Record| {
            ["state", "sub_state", "parent"].iter().any(|field| before.get(field) != after.get(field))
        };
        self.before.as_ref().is_none_or(differs)
    }
}

/// The identity of a record that follows from one act on another: the same wherever and however often it is opened.
pub(crate) fn id_of_what_follows(what: &str, record: &DocumentId, act: StepId) -> SysId {
    let act = minicbor::to_vec(act).expect("encoding to memory cannot fail");
    let named = [what.as_bytes(), b"/", record.to_string().as_bytes(), &act].concat();
    sys_id_of(&named)
}

fn shortened(text: String, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// The stage a row shows by its state and sub-state.
pub(crate) fn stage_of<'a>(life_cycle: &'a LifeCycle, row: &Record) -> Option<&'a Stage> {
    let state = number_field(row, "state")?;
    let sub_state = row.get("sub_state").and_then(Value::as_text);
    let mut of_state = life_cycle.stages.iter().filter(|stage| stage.state == state);
    let exact = of_state.clone().find(|stage| stage.sub_state.as_deref() == sub_state);
    exact.or_else(|| of_state.next())
}
