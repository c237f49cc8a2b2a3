//! Plans of what is told to whom about a major incident, and when at the latest.
//!
//! Each plan whose condition holds becomes tasks with due times for whoever has the incident. A task is sent when it is closed as
//! complete, in its own words as they are then: a person reads every message before others do.

use fieldline_documents::Act;
use fieldline_model::condition::{Filter, Query};
use fieldline_model::{DocumentId, Record, Value};

use super::super::incident::INCIDENTS;
use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::query::number_field;
use crate::rules::{Channel, Notice};

pub(crate) const PLAN_DEFINITIONS: &str = "sn_comm_management_comm_plan_definition";
const TASK_DEFINITIONS: &str = "sn_comm_management_comm_task_definition";
const PLANS: &str = "sn_comm_management_comm_plan";
pub(crate) const TASKS: &str = "sn_comm_management_comm_task";
/// What a task takes over from its definition.
const TAKEN_OVER: [&str; 6] =
    ["channel", "recipient_users", "recipient_groups", "recipient_fields", "subject", "message"];
/// When a communication is due that names no time.
const USUAL_MINUTES: i64 = 30;
const MINUTE_MILLISECONDS: i64 = 60_000;

impl Call<'_> {
    /// Follows every plan that is made for such an incident, once.
    pub(super) fn begin_plans(&mut self, incident: &Record) -> Result<()> {
        let mut definitions = self.rows(PLAN_DEFINITIONS, &Filter::equals("active", true))?;
        definitions.sort_by_key(|row| (number_field(row, "order").unwrap_or(100), row.id.sys_id));
        let (task, mut followed) = (incident.id.sys_id.to_string(), 0);
        for definition in definitions {
            let named = definition.id.sys_id.to_string();
            let holds = self.holds(&Query::parse(definition.text("condition")).query, incident);
            if holds && self.rows_with(PLANS, &[("task", &task), ("comm_plan_definition", &named)])?.is_empty() {
                let why = format!("{} is a major incident", incident.text("number"));
                self.because(why, |call| call.begin_plan(incident, &definition))?;
                followed += 1;
            }
        }
        tracing::info!(incident = %incident.id, followed, "communication plans are followed for a major incident");
        Ok(())
    }

    fn begin_plan(&mut self, incident: &Record, definition: &Record) -> Result<()> {
        let plan = DocumentId::new(PLANS, self.new_sys_id());
        let mut row = Record::new(plan.clone());
        row.set("name", definition.get("name").cloned());
        row.set("task", Some(Value::Reference(incident.id.sys_id)));
        row.set("comm_plan_definition", Some(Value::Reference(definition.id.sys_id)));
        self.put_row(row)?;
        let of_plan = Filter::equals("comm_plan_definition", definition.id.sys_id).and(Filter::equals("active", true));
        let mut tasks = self.rows(TASK_DEFINITIONS, &of_plan)?;
        tasks.sort_by_key(|row| (number_field(row, "order").unwrap_or(100), row.id.sys_id));
        for task in &tasks {
            self.open_communication(incident, &plan, task)?;
        }
        Ok(())
    }

    fn open_communication(&mut self, incident: &Record, plan: &DocumentId, definition: &Record) -> Result<()> {
        let minutes = number_field(definition, "due_minutes").unwrap_or(USUAL_MINUTES);
        let due_at = self.now.plus_milliseconds(minutes.saturating_mul(MINUTE_MILLISECONDS));
        let title = format!("{}: {}", incident.text("number"), definition.text("name"));
        let mut acts = vec![
            set("short_description", Value::text(title.chars().take(160).collect::<String>())),
            set("parent", Value::Reference(incident.id.sys_id)),
            set("comm_plan", Value::Reference(plan.sys_id)),
            set("due_date", Value::Time(due_at)),
            set("opened_at", Value::Time(self.now)),
            set("opened_by", Value::Reference(self.server.identity().system_user)),
        ];
        acts.extend(TAKEN_OVER.iter().flat_map(|field| taken_over(definition, field)));
        acts.extend(
            incident.reference("assignment_group").map(|group| set("assignment_group", Value::Reference(group))),
        );
        acts.extend(self.next_number(TASKS)?.map(|number| set("number", Value::Text(number))));
        let document = DocumentId::new(TASKS, self.new_sys_id());
        self.author_as_system(document, acts)
    }

    /// Sends a communication that somebody closed as complete, and notes how many it reached.
    pub(crate) fn send_communication(&mut self, changed: &Changed) -> Result<()> {
        let task = &changed.projection.record;
        if changed.arrived() != Some("closed_complete") {
            return Ok(());
        }
        let incident = self.referred(INCIDENTS, task.reference("parent"))?;
        let Some(incident) = incident else { return Ok(()) };
        let told = self.tell_as(&notice(task), &incident)?;
        let text = match told {
            0 => "It reached nobody: no recipient is there, or none reads this channel.".to_owned(),
            told => format!("It was sent to {told}."),
        };
        self.author_as_system(task.id.clone(), vec![Act::WorkNote { text }])
    }
}

/// What writes into a task what its definition says.
fn taken_over(definition: &Record, field: &str) -> Vec<Act> {
    match definition.get(field) {
        Some(Value::List(items)) => {
            items.iter().map(|item| Act::Include { field: field.into(), item: *item }).collect()
        }
        value => value.cloned().map(|value| set(field, value)).into_iter().collect(),
    }
}

/// What a communication task says, to whom, and how.
fn notice(task: &Record) -> Notice {
    let list = |field: &str| task.references(field).into_iter().collect();
    let fields = task.text("recipient_fields").split(',').map(str::trim).filter(|path| !path.is_empty());
    Notice {
        channel: if task.text("channel") == "in_app" { Channel::InApp } else { Channel::Email },
        users: list("recipient_users"),
        groups: list("recipient_groups"),
        fields: fields.map(str::to_owned).collect(),
        to_its_author: true,
        is_internal: false,
        subject: task.text("subject").to_owned(),
        message: task.text("message").to_owned(),
        message_html: String::new(),
        gather_minutes: None,
    }
}
