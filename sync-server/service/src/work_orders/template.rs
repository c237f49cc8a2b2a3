//! What a job of a kind consists of: a template's tasks, in their order, become the tasks of an order.

use std::collections::BTreeMap;

use fieldline_documents::Act;
use fieldline_model::{DocumentId, FieldName, Record, SysId, Value};

use super::dependency::DEPENDENCIES;
use super::{TASK_TEMPLATES, TASKS, TEMPLATES};
use crate::call::Call;
use crate::preset;
use crate::table::{self, Input, Result, TableError};

/// What a task takes over from its order.
const OF_THE_ORDER: [&str; 12] = [
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
    "contract",
    "due_date",
];
/// What a task takes over from its template where it says something.
const OF_THE_TEMPLATE: [&str; 8] = [
    "short_description",
    "description",
    "work_type",
    "estimated_work_duration",
    "skills",
    "crew_size",
    "acceptance_duration",
    "dispatch_group",
];

/// A template with its tasks, in their order.
pub(super) struct Template {
    row: Record,
    tasks: Vec<Record>,
}

/// Reads a template.
///
/// # Errors
/// When there is none, or it is not in use.
pub(super) fn read(call: &Call<'_>, template: SysId) -> Result<Template> {
    let id = DocumentId::new(TEMPLATES, template);
    let row = call.row(&id)?.filter(|row| row.says("active"));
    let row = row.ok_or_else(|| TableError::NotFound(format!("an active template {id}")))?;
    let tasks = call.rows_of_query(TASK_TEMPLATES, &format!("parent={template}^active=true^ORDERBYorder"))?;
    Ok(Template { row, tasks })
}

impl Template {
    /// Fills in what the template says of the order.
    pub(super) fn fill_order(&self, call: &Call<'_>, input: &mut Input) -> Result<()> {
        for field in ["short_description", "description", "qualification_group"] {
            if let Some(value) = self.row.get(field) {
                input.fields.insert(field.to_owned(), value.to_string());
            }
        }
        input.fields.extend(preset::fields(call, "wm_order", self.row.text("fields"))?);
        input.fields.insert("template".into(), self.row.id.sys_id.to_string());
        Ok(())
    }

    /// Makes the tasks of an order, with what has to be over before each. Who has to qualify the order is asked.
    pub(super) fn make_tasks(&self, call: &mut Call<'_>, order: &Record) -> Result<Vec<Record>> {
        let awaits = order.reference("qualification_group").is_some();
        let mut made: BTreeMap<SysId, Record> = BTreeMap::new();
        for template in &self.tasks {
            let input = self.task(call, order, template, awaits)?;
            made.insert(template.id.sys_id, table::create(call, TASKS, &input)?.record);
        }
        for template in &self.tasks {
            let upstream = template.references("depends_on").into_iter().filter_map(|id| made.get(&id));
            for upstream in upstream.map(|task| task.id.sys_id).collect::<Vec<_>>() {
                let downstream = made[&template.id.sys_id].id.sys_id.to_string();
                let fields = [("upstream_task", &*upstream.to_string()), ("downstream_task", &*downstream)];
                table::create(call, DEPENDENCIES, &Input::of(&fields))?;
            }
        }
        if awaits {
            let step = Act::Transition { step: "request_qualification".into(), reason: None };
            call.author_as_system(order.id.clone(), vec![step])?;
            call.react_to_all()?;
        }
        Ok(self.tasks.iter().map(|template| made[&template.id.sys_id].clone()).collect())
    }

    fn task(&self, call: &Call<'_>, order: &Record, template: &Record, awaits: bool) -> Result<Input> {
        let mut input = task_of(order);
        let group = template.get("dispatch_group").or_else(|| self.row.get("dispatch_group"));
        let own = OF_THE_TEMPLATE.iter().filter_map(|field| Some((*field, template.get(field)?)));
        for (field, value) in own.chain(group.map(|group| ("dispatch_group", group))) {
            input.fields.insert(field.to_owned(), value.to_string());
        }
        if template.get("crew_size").and_then(Value::as_integer).is_some_and(|size| size > 1) {
            input.fields.insert("needs_crew".into(), "true".into());
        }
        if group.is_some() && !awaits {
            input.fields.insert("state".into(), "pending_dispatch".into());
        }
        input.fields.extend(preset::fields(call, TASKS, template.text("fields"))?);
        Ok(input)
    }
}

/// A task as its order alone says it.
pub(super) fn task_of(order: &Record) -> Input {
    let mut input = Input::default();
    for field in OF_THE_ORDER {
        if let Some(value) = order.get(field) {
            input.fields.insert(field.to_owned(), value.to_string());
        }
    }
    input.fields.insert("parent".into(), order.id.sys_id.to_string());
    input
}

/// Refuses a task template that could not become a task.
///
/// # Errors
/// Names the field, and what is wrong with it.
pub(super) fn check(call: &Call<'_>, template: &Record) -> Result<()> {
    let invalid =
        |field: &str, problem: String| Err(TableError::invalid(&template.id, Some(&FieldName::from(field)), problem));
    for upstream in template.references("depends_on") {
        let Some(other) = call.row(&DocumentId::new(TASK_TEMPLATES, upstream))? else { continue };
        if other.reference("parent") != template.reference("parent") {
            let problem =
                format!("\"{}\" belongs to another template; choose tasks of the same one", other.text("name"));
            return invalid("depends_on", problem);
        }
    }
    let next = |id| {
        let row = if id == template.id.sys_id {
            Some(template.clone())
        } else {
            call.row(&DocumentId::new(TASK_TEMPLATES, id))?
        };
        Ok(row.map(|row| row.references("depends_on")).unwrap_or_default())
    };
    match super::dependency::leads_back(template.id.sys_id, next)? {
        true => invalid("depends_on", "it would come after itself; take one of them out".into()),
        false => Ok(()),
    }
}
