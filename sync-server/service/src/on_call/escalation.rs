//! The people on call are told of a task until one of them takes it: step by step, with reminders, each at its moment and once.
//!
//! A task that escalates has one job in the queue, due at the next attempt. What an attempt did and when the next one is are one
//! transaction, so a restart neither repeats nor forgets one; after a standstill the next attempt is made at once and the ones
//! after it wait anew, because whoever is told needs the time to answer. Who is on call is asked at each attempt.

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::Job;
use serde::{Deserialize, Serialize};

use super::policy::Step;
use super::{ATTEMPTS, ESCALATIONS};
use crate::author::{Authored, set};
use crate::call::{Call, Changed};
use crate::error::{Result, ServiceError};
use crate::rules::{Action, Rule};
use crate::table::{self, TableError};

/// The jobs of escalations, named by their tasks.
pub(crate) const KIND: &str = "on_call";
/// The fields that say who has a task.
const GROUP: &str = "assignment_group";
const PERSON: &str = "assigned_to";
const MINUTE_MILLISECONDS: i64 = 60_000;
/// How long the group's manager is waited for where nobody is on call.
const MANAGER_MINUTES: u32 = 30;
/// Who may take what the people on call are told of.
const ROLES: [&str; 4] = ["itil", "wm_agent", "wm_dispatcher", "case_agent"];

/// The attempt that is next.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Next {
    escalation: SysId,
    level: usize,
    attempt: u32,
}

impl Next {
    fn read(job: &Job) -> Result<Self> {
        serde_json::from_slice(&job.payload).map_err(|problem| ServiceError::damaged(&job.name, problem))
    }
}

impl Call<'_> {
    /// Begins the escalation of a task that an organisation's rules name, and ends the one of a task that somebody took.
    pub(crate) fn follow_escalation(&mut self, changed: &Changed) -> Result<()> {
        let task = &changed.projection.record;
        if !self.dictionary.is_a(task.id.table.as_str(), "task") {
            return Ok(());
        }
        if let Some(job) = self.tx.job(&Job::name_of(KIND, task.id.sys_id))? {
            return self.hear(changed, &job);
        }
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        for rule in book.of(&dictionary, task.id.table.as_str()) {
            let Action::Page(of_rule) = &rule.action else { continue };
            let group = |task: &Record| of_rule.or_else(|| task.reference(GROUP));
            let names = |call: &Self, before: Option<&Record>, task: &Record| {
                group(task).is_some() && call.holds(&rule.when.condition.of_change(before, task), task)
            };
            let before = changed.before.as_ref();
            let is_new = !before.is_some_and(|before| names(self, Some(before), before));
            if let Some(group) = group(task).filter(|_| is_new && is_open(task) && names(self, before, task)) {
                return self.escalate(rule, task, group);
            }
        }
        Ok(())
    }

    fn escalate(&mut self, rule: &Rule, task: &Record, group: SysId) -> Result<()> {
        let id = DocumentId::new(ESCALATIONS, self.new_sys_id());
        let mut row = Record::new(id.clone());
        row.set("task", Some(Value::Reference(task.id.sys_id)));
        row.set("group", Some(Value::Reference(group)));
        row.set("state", Some(Value::text("active")));
        row.set("started_at", Some(Value::Time(self.now)));
        self.because(rule.named(), |call| {
            call.put_row(row)?;
            call.attempt(task, Next { escalation: id.sys_id, level: 1, attempt: 0 })
        })
    }

    /// Makes an attempt, and sees to the next one.
    fn attempt(&mut self, task: &Record, next: Next) -> Result<()> {
        let Some(mut row) = self.row(&DocumentId::new(ESCALATIONS, next.escalation))? else { return Ok(()) };
        let steps = self.steps_now(&mut row, task)?;
        let Some(step) = steps.get(next.level - 1) else { return self.give_up(row, task) };
        for user in &step.people {
            let attempt = if next.attempt == 0 { String::new() } else { format!(" (reminder {})", next.attempt) };
            let subject = format!("{} needs you{attempt}: {}", task.text("number"), task.text("short_description"));
            let body = format!(
                "You are on call for it. Take it or acknowledge it, else others are told.\n\n{}",
                task.text("description")
            );
            self.tell_now(*user, &task.id, &subject, &body)?;
            self.note_attempt(&next, *user)?;
        }
        let (minutes, after) = match next.attempt < step.reminders {
            true => (step.minutes, Next { attempt: next.attempt + 1, ..next }),
            false => (step.wait_minutes, Next { level: next.level + 1, attempt: 0, ..next }),
        };
        let next_at = self.now.plus_milliseconds(i64::from(minutes) * MINUTE_MILLISECONDS);
        row.set("escalation_level", Some(Value::Integer(next.level as i64)));
        row.set("attempt", Some(Value::Integer(next.attempt.into())));
        row.set("next_at", Some(Value::Time(next_at)));
        self.put_row(row)?;
        let payload = serde_json::to_vec(&after).expect("plain data");
        self.put_job(&Job::of(KIND, task.id.sys_id, next_at).with(payload))
    }

    /// The steps as they are now, of the group's first shift that is on; whoever manages the group where none is.
    fn steps_now(&self, row: &mut Record, task: &Record) -> Result<Vec<Step>> {
        let Some(group) = row.reference("group") else { return Ok(Vec::new()) };
        let rotas = self.rotas(Some(group))?;
        for rota in rotas.iter().filter(|rota| rota.is_on(self.now)) {
            let steps = self.steps(&rotas, rota, task, self.now)?;
            if !steps.is_empty() {
                row.set("rota", Some(Value::Reference(rota.id)));
                return Ok(steps);
            }
        }
        let manager = self.manager_of(group)?;
        let wait = |manager| Step {
            people: vec![manager],
            reminders: 0,
            minutes: MANAGER_MINUTES,
            wait_minutes: MANAGER_MINUTES,
        };
        Ok(manager.map(wait).into_iter().collect())
    }

    fn note_attempt(&mut self, next: &Next, user: SysId) -> Result<()> {
        let mut row = Record::new(DocumentId::new(ATTEMPTS, self.new_sys_id()));
        row.set("escalation", Some(Value::Reference(next.escalation)));
        row.set("user", Some(Value::Reference(user)));
        row.set("escalation_level", Some(Value::Integer(next.level as i64)));
        row.set("attempt", Some(Value::Integer(next.attempt.into())));
        row.set("sent_at", Some(Value::Time(self.now)));
        self.put_row(row)
    }

    /// Ends an escalation that nobody answered, and says so on the task.
    fn give_up(&mut self, row: Record, task: &Record) -> Result<()> {
        self.end(row, "exhausted", None)?;
        let text = "Everybody on call was told and nobody took it. Somebody has to see to it by hand.".to_owned();
        self.author_as_system(task.id.clone(), vec![Act::WorkNote { text }])
    }

    fn end(&mut self, mut row: Record, state: &str, by: Option<SysId>) -> Result<()> {
        let task = row.reference("task");
        row.set("state", Some(Value::text(state)));
        row.set("next_at", None);
        if let Some(by) = by {
            row.set("acknowledged_by", Some(Value::Reference(by)));
            row.set("acknowledged_at", Some(Value::Time(self.now)));
        }
        self.put_row(row)?;
        if let Some(task) = task {
            self.tx.remove_job(&Job::name_of(KIND, task))?;
        }
        Ok(())
    }

    /// Ends the escalation of a task that was taken, or is over.
    fn hear(&mut self, changed: &Changed, job: &Job) -> Result<()> {
        let task = &changed.projection.record;
        let Some(row) = self.row(&DocumentId::new(ESCALATIONS, Next::read(job)?.escalation))? else { return Ok(()) };
        let had = changed.before.as_ref().and_then(|before| before.reference(PERSON));
        let took = task.reference(PERSON).filter(|person| Some(*person) != had);
        match (took, is_open(task)) {
            (Some(person), _) => self.end(row, "acknowledged", Some(person)),
            (None, false) => self.end(row, "ended", None),
            (None, true) => Ok(()),
        }
    }
}

fn is_open(task: &Record) -> bool {
    task.says("active")
}

/// Makes the attempt that is due.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let task = job.record().map(|id| call.tx.find(call.dictionary.family("task"), id)).transpose()?.flatten();
    let Some(task) = task else { return Ok(()) };
    Ok(call.attempt(&task, Next::read(job)?)?)
}

/// Takes a task that the people on call are being told of: nobody is told any more, and it is the caller's where it is nobody's.
///
/// # Errors
/// When there is no such escalation for the caller, or it is over.
pub fn acknowledge(call: &mut Call<'_>, escalation: SysId) -> table::Result<Record> {
    let id = DocumentId::new(ESCALATIONS, escalation);
    let row = call.row(&id)?.ok_or_else(|| TableError::NotFound(id.to_string()))?;
    let task = row.reference("task").ok_or_else(|| TableError::NotFound(id.to_string()))?;
    let task = table::read(call, "task", task)?;
    table::only(call, &ROLES, &id, "take tasks")?;
    if row.text("state") != "active" {
        let problem = format!("is over already ({}); look at the task", row.text("state"));
        return Err(TableError::invalid(&id, None, problem));
    }
    let user = call.caller.user;
    call.end(row, "acknowledged", Some(user))?;
    if task.reference(PERSON).is_none() {
        let (at, acts) = (call.now, vec![set(PERSON, Value::Reference(user))]);
        call.author(Authored { document: task.id, author: user, at, acts })?;
    }
    call.row(&id)?.ok_or_else(|| TableError::NotFound(id.to_string()))
}
