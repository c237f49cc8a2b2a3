//! Incidents with one cause, under one parent: work on the parent is work on all of them (ServiceNow "Synchronizing parent and
//! child incidents").
//!
//! A child goes where its parent goes: to work, on hold for the same reason, resolved by the same words. What its own caller
//! decides stays theirs: a parent that waits for its caller, is closed or canceled moves no child, and only an agent who
//! reopens a parent reopens what was resolved with it.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::dictionary::may;
use fieldline_model::life_cycle::Step;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::Selection;

use super::incident::{INCIDENTS, awaits_caller};
use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::query::number_field;
use crate::react::stage_of;

const PARENT: &str = "parent_incident";
const REOPEN: &str = "reopen";

impl Call<'_> {
    /// Takes the children of an incident where it went.
    pub(super) fn lead_children(&mut self, changed: &Changed) -> Result<()> {
        let parent = &changed.projection.record;
        let (Some(last), true) = (changed.projection.accepted.last(), changed.turned(&["state", "hold_reason"])) else {
            return Ok(());
        };
        let leads = match changed.projection.stage.as_deref() {
            Some("in_progress") => last.name != REOPEN || self.is_agent(last.by)?,
            Some("on_hold") => !awaits_caller(parent),
            Some("resolved") => true,
            _ => false,
        };
        if !leads {
            return Ok(());
        }
        let children = self.rows(INCIDENTS, &Filter::equals(PARENT, parent.id.sys_id))?;
        let why = format!("its parent {} went before", parent.text("number"));
        self.because(why, |call| children.into_iter().try_for_each(|child| call.lead(child, parent, last)))
    }

    fn lead(&mut self, child: Record, parent: &Record, last: &Step) -> Result<()> {
        let Some(step) = self.step_after(&child, parent).filter(|step| step != REOPEN || last.name == REOPEN) else {
            return Ok(());
        };
        let mut acts = Vec::new();
        if step == "resolve" {
            let copied = |field: &str| parent.get(field).cloned().map(|value| set(field, value));
            acts.extend(["close_code", "close_notes"].into_iter().filter_map(copied));
        }
        acts.push(Act::Transition { step, reason: last.reason.clone() });
        self.author_as_system(child.id, acts)
    }

    /// The step by which a child comes where its parent is; from on hold also to on hold for another reason.
    fn step_after(&self, child: &Record, parent: &Record) -> Option<String> {
        let life_cycle = self.dictionary.life_cycle_of(INCIDENTS)?;
        let (here, there) = (stage_of(life_cycle, child)?, stage_of(life_cycle, parent)?);
        let is_there = here.name == there.name && child.get("hold_reason") == parent.get("hold_reason");
        let step = life_cycle.steps_from(&here.name).find(|rule| rule.to == there.name && !is_there)?;
        Some(step.name.clone())
    }

    /// Whether somebody works on incidents, rather than has them.
    fn is_agent(&self, user: SysId) -> Result<bool> {
        let account = self.tx.account_of(user)?;
        let roles = account.iter().flat_map(|account| &account.roles).map(String::as_str);
        Ok(user == self.server.identity().system_user || may(roles, &["itil".into(), "sn_incident_write".into()]))
    }

    /// Keeps count of the children of an incident's parent, the one it had and the one it has.
    pub(super) fn count_children(&mut self, changed: &Changed) -> Result<()> {
        let was = changed.before.as_ref().and_then(|before| before.reference(PARENT));
        let is = changed.projection.record.reference(PARENT);
        for parent in [was, is].into_iter().flatten().filter(|_| was != is) {
            let Some(parent) = self.row(&DocumentId::new(INCIDENTS, parent))? else { continue };
            let of_parent = Filter::equals(PARENT, parent.id.sys_id);
            let children = self.tx.count(&Selection::of(self.dictionary.family(INCIDENTS), &of_parent))?;
            let children = i64::try_from(children).unwrap_or(i64::MAX);
            if number_field(&parent, "child_incidents").unwrap_or_default() != children {
                let acts = vec![set("child_incidents", Value::Integer(children))];
                self.because("its children were counted".into(), |call| call.author_as_system(parent.id, acts))?;
            }
        }
        Ok(())
    }
}
