//! Who has a task. One that nobody has goes to the group that supports what it is about: its configuration item, else its
//! service offering. One that another group is given is no longer the person's who had it, unless the same edit says who has
//! it now.
//!
//! An organisation's own assignment rules come first. A group that is given to a task without one takes it from nobody.
//!
//! `reassignment_count` says how often another group, or none, had it after the call that made it.

use fieldline_documents::Act;
use fieldline_model::{Record, SysId, Value};

use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::query::number_field;

pub(crate) const GROUP: &str = "assignment_group";
pub(crate) const COUNT: &str = "reassignment_count";
const PERSON: &str = "assigned_to";
/// What may say who supports it, the nearest first.
const SUPPORTED: [&str; 2] = ["cmdb_ci", "service_offering"];

impl Call<'_> {
    pub(super) fn settle_assignment(&mut self, changed: &Changed) -> Result<()> {
        let Some(task) = self.row(&changed.projection.record.id)? else { return Ok(()) };
        let is_active = task.says("active");
        let follows: Vec<Act> = changed.before.iter().flat_map(|before| of_another_group(before, &task)).collect();
        if !follows.is_empty() {
            let why = "another group has it now".to_owned();
            return self.because(why, |call| call.author_as_system(task.id, follows));
        }
        if !is_active || [GROUP, PERSON].iter().any(|field| task.get(field).is_some()) {
            return Ok(());
        }
        let Some((group, of)) = self.support_group(&task)? else { return Ok(()) };
        let why = format!("nobody had it, and this group supports its {of}");
        self.because(why, |call| call.author_as_system(task.id, vec![set(GROUP, Value::Reference(group))]))
    }

    /// The group that supports what a task is about, and by which field.
    fn support_group(&self, task: &Record) -> Result<Option<(SysId, &'static str)>> {
        for field in SUPPORTED {
            let Some(item) = task.reference(field) else { continue };
            let item = self.tx.find(self.dictionary.family("cmdb_ci"), item)?;
            if let Some(group) = item.and_then(|item| item.reference("support_group")) {
                return Ok(Some((group, field)));
            }
        }
        Ok(None)
    }
}

/// What follows when a task went to another group.
fn of_another_group(before: &Record, after: &Record) -> Vec<Act> {
    let count = number_field(before, COUNT).unwrap_or_default() + 1;
    let is_counted = before.get(GROUP) == after.get(GROUP) || number_field(after, COUNT) == Some(count);
    let counted = (!is_counted).then(|| set(COUNT, Value::Integer(count)));
    counted.into_iter().chain(lost_its_person(before, after).then(|| set(PERSON, None))).collect()
}

fn lost_its_person(before: &Record, after: &Record) -> bool {
    let (had, person) = (before.get(GROUP), after.get(PERSON));
    had.is_some() && had != after.get(GROUP) && person.is_some() && person == before.get(PERSON)
}
