//! The dead man's switch: a technician who was to be heard of and is not is looked for, though their phone says nothing at all.
//!
//! A task that is watched has one job in the queue, due when its technician has to be heard of, or when the next people are to be
//! told. What was told and when the next step is are one transaction. Whoever is told acknowledges; the last step is repeated until
//! somebody does. What arrives late is judged by when it was done: a sign of life that is recent enough settles the alert and says so
//! to whoever was told. A call for help tells everybody at once.
//!
//! The server knows of a watch once it has heard that somebody set out: start travel with a line, then work without one.

use fieldline_documents::{Act, Projection};
use fieldline_model::condition::Filter;
use fieldline_model::lone_worker::{self, Sign, Watch};
use fieldline_model::{Decimal, DocumentId, Place, Record, SysId, Timestamp, Value};
use fieldline_storage::Job;

use super::JOBS;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::query::number_field;
use crate::table::{self, TableError};

/// The jobs of watched tasks, named by them.
pub(crate) const KIND: &str = "lone_worker";
const ALERTS: &str = "fl_safety_alert";
/// The property that says how long the next step waits for somebody to acknowledge.
const STEP_SETTING: &str = "fieldline.safety.step_minutes";
const STEP_MINUTES: i64 = 5;
const MINUTE_MILLISECONDS: i64 = 60_000;
/// The property that says how long a sign of life may be on its way before somebody is worried.
const GRACE_SETTING: &str = "fieldline.safety.grace_seconds";
const GRACE_SECONDS: i64 = 120;

impl Call<'_> {
    /// Watches a task as it stands now.
    pub(super) fn follow_safety(&mut self, changed: &Changed) -> Result<()> {
        let is_watched = |task: &Record| lone_worker::interval_seconds(task).is_some();
        if changed.before.as_ref().is_some_and(is_watched) || is_watched(&changed.projection.record) {
            return self.watch(&changed.projection);
        }
        Ok(())
    }

    fn watch(&mut self, task: &Projection) -> Result<()> {
        let (id, open) = (task.record.id.sys_id, self.open_alert(task.record.id.sys_id)?);
        match watch(task) {
            None => {
                self.tx.remove_job(&Job::name_of(KIND, id))?;
                self.stand_down(open, task)
            }
            Some(watch) if watch.calls_for_help => match open.filter(|open| open.text("kind") == "help") {
                Some(_) => Ok(()),
                None => self.raise(task, watch),
            },
            Some(watch) if watch.due_at > self.now => {
                self.wait_for(id, watch)?;
                self.stand_down(open, task)
            }
            // Whoever is told already is told by the job that goes on.
            Some(_) if open.is_some() => Ok(()),
            Some(watch) => self.wait_for(id, watch),
        }
    }

    /// Looks again when somebody has to be heard of, and what they said may have arrived.
    fn wait_for(&mut self, task: SysId, watch: Watch) -> Result<()> {
        let grace = self.setting(GRACE_SETTING)?.unwrap_or(GRACE_SECONDS);
        self.put_job(&Job::of(KIND, task, watch.due_at.plus_milliseconds(grace.saturating_mul(1_000))))
    }

    /// A number an organisation says, if it is one.
    fn setting(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.property_as(name)?.filter(|number| *number >= 0))
    }

    fn open_alert(&self, task: SysId) -> Result<Option<Record>> {
        let of_task = self.rows(ALERTS, &Filter::equals("task", task))?;
        Ok(of_task.into_iter().find(|alert| matches!(alert.text("state"), "active" | "acknowledged")))
    }

    /// Begins an alert, or lets the one there is become a call for help, and tells the first people.
    fn raise(&mut self, task: &Projection, watch: Watch) -> Result<()> {
        let id = DocumentId::new(ALERTS, self.new_sys_id());
        let mut alert = self.open_alert(task.record.id.sys_id)?.unwrap_or_else(|| Record::new(id));
        let place = last_place(task, watch.user);
        let degrees = |micro: i32| Value::Decimal(Decimal { millionths: micro.into() });
        let kind = if watch.calls_for_help { "help" } else { "silent" };
        for (field, value) in [
            ("task", Some(Value::Reference(task.record.id.sys_id))),
            ("user", Some(Value::Reference(watch.user))),
            ("buddy", task.record.get("buddy").cloned()),
            ("kind", Some(Value::text(kind))),
            ("state", Some(Value::text("active"))),
            ("due_at", Some(Value::Time(watch.due_at))),
            ("heard_at", Some(Value::Time(watch.heard_at))),
            ("latitude", place.map(|place| degrees(place.latitude_micro))),
            ("longitude", place.map(|place| degrees(place.longitude_micro))),
            ("acknowledged_by", None),
            ("acknowledged_at", None),
        ] {
            alert.set(field, value);
        }
        self.tell_next(alert, &task.record)
    }

    /// Tells the next people, all of them at once of a call for help, and sees to the step after.
    fn tell_next(&mut self, mut alert: Record, task: &Record) -> Result<()> {
        let steps = self.safety_steps(task)?;
        let is_help = alert.text("kind") == "help";
        let told = number_field(&alert, "escalation_level").and_then(|told| usize::try_from(told).ok()).unwrap_or(0);
        let level = if is_help { steps.len() } else { (told + 1).min(steps.len()) };
        let first = if is_help && told < level { 0 } else { level.saturating_sub(1) };
        let (subject, body) = self.words(&alert, task)?;
        for person in steps.iter().take(level).skip(first).flatten() {
            self.tell_now(*person, &task.id, &subject, &body)?;
        }
        if told == 0 || is_help && told < level {
            let nobody =
                if steps.is_empty() { " There is nobody to tell: give the task a buddy or a group." } else { "" };
            let text = format!("{subject}. {body}{nobody}");
            self.author_as_system(task.id.clone(), vec![Act::WorkNote { text }])?;
        }
        let minutes = self.setting(STEP_SETTING)?.filter(|minutes| *minutes > 0).unwrap_or(STEP_MINUTES);
        let next_at = self.now.plus_milliseconds(minutes.saturating_mul(MINUTE_MILLISECONDS));
        alert.set("escalation_level", Some(Value::Integer(level.max(1) as i64)));
        alert.set("next_at", Some(Value::Time(next_at)));
        self.put_row(alert)?;
        self.put_job(&Job::of(KIND, task.id.sys_id, next_at))
    }

    fn words(&self, alert: &Record, task: &Record) -> Result<(String, String)> {
        let user = self.referred("sys_user", alert.reference("user"))?;
        let name = user.map(|user| user.text("name").to_owned()).unwrap_or_default();
        let (number, what) = (task.text("number"), task.text("short_description"));
        let subject = match alert.text("kind") {
            "help" => format!("{name} calls for help on {number}"),
            _ => format!("{name} was not heard of on {number}"),
        };
        let moment = |field: &str| alert.time(field).map_or_else(|| "?".into(), |at| format!("{at} UTC"));
        let place = match (alert.get("latitude"), alert.get("longitude")) {
            (Some(latitude), Some(longitude)) => format!("last known place {latitude}, {longitude}"),
            _ => "no place is known but the site".into(),
        };
        let body = format!(
            "{what}. Last heard of at {}, to be heard of by {}; {place}. Call them; acknowledge the alert once you see to it.",
            moment("heard_at"),
            moment("due_at"),
        );
        Ok((subject, body))
    }

    /// Ends an alert about somebody who was heard of again, and tells whoever was told.
    fn stand_down(&mut self, alert: Option<Record>, task: &Projection) -> Result<()> {
        let Some(mut alert) = alert else { return Ok(()) };
        let people = self.told_of(&alert, &task.record)?;
        let (now, number) = (self.now, task.record.text("number"));
        for person in people {
            let body = "Whoever was looked for has been heard of since. Nothing more is to be done.";
            self.tell_now(person, &task.record.id, &format!("All is well on {number}"), body)?;
        }
        alert.set("state", Some(Value::text("settled")));
        alert.set("settled_at", Some(Value::Time(now)));
        alert.set("next_at", None);
        self.put_row(alert)
    }
}

/// Who is watched on a task.
fn watch(task: &Projection) -> Option<Watch> {
    let signs = task.record.reference("assigned_to").map(|user| task.signs_of(user)).unwrap_or_default();
    lone_worker::watch(&task.record, task.stage.as_deref(), &signs)
}

/// Where somebody was when they last did anything on a task that says where.
fn last_place(task: &Projection, user: SysId) -> Option<Place> {
    let signs = task.signs_of(user).into_iter().map(|Sign { at, place, .. }| (at, place));
    let notes = task.work_notes.iter().chain(&task.comments).filter(|note| note.by == user);
    let files = task.attachments.iter().filter(|file| file.by == user);
    let all = signs.chain(notes.map(|note| (note.at, note.place))).chain(files.map(|file| (file.at, file.place)));
    let placed = all.filter_map(|(at, place): (Timestamp, Option<Place>)| Some((at, place?)));
    placed.max_by_key(|(at, _)| *at).map(|(_, place)| place)
}

/// Looks whether somebody has been heard of, and tells the next people if not.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let task = call.referred(JOBS, job.record())?;
    let Some(task) = task else { return Ok(()) };
    let task = call.projection(&task.id)?;
    let Some(watch) = watch(&task) else { return Ok(()) };
    match call.open_alert(task.record.id.sys_id)? {
        Some(alert) if alert.text("state") == "active" => Ok(call.tell_next(alert, &task.record)?),
        Some(_) => Ok(()),
        None => Ok(call.raise(&task, watch)?),
    }
}

/// Says that the caller sees to somebody who was not heard of: nobody else is told any more.
///
/// # Errors
/// When there is no such alert for the caller, or it is over.
pub fn acknowledge(call: &mut Call<'_>, alert: SysId) -> table::Result<Record> {
    let mut row = table::read(call, ALERTS, alert)?;
    if row.reference("user") == Some(call.caller.user) {
        let problem = "is about you; say on the task that you are safe".to_owned();
        return Err(TableError::Denied { record: row.id.to_string(), problem });
    }
    if row.text("state") != "active" {
        let problem = format!("is {} already; look at the task", row.text("state"));
        return Err(TableError::invalid(&row.id, None, problem));
    }
    row.set("state", Some(Value::text("acknowledged")));
    row.set("acknowledged_by", Some(Value::Reference(call.caller.user)));
    row.set("acknowledged_at", Some(Value::Time(call.now)));
    row.set("next_at", None);
    call.put_row(row.clone())?;
    if let Some(task) = row.reference("task") {
        call.tx.remove_job(&Job::name_of(KIND, task))?;
    }
    Ok(row)
}
