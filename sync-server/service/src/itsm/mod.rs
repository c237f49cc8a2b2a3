//! How incidents, problems and the tasks of either move each other, so that nobody does by hand, and forgets for one of many,
//! what follows from a decision made once.
//!
//! * `assignment.rs` gives what nobody has to whoever supports what it is about, and takes it from a person whose group lost it.
//! * `incident.rs` hears callers and ends an incident's tasks with it, `family.rs` lets a parent lead its children, `reopen.rs`
//!   opens a new incident for one that is asked for after its end, `auto_close.rs` closes what stayed resolved.
//! * [`major`] keeps people informed of major incidents.
//! * [`problem`] carries what becomes of a problem to the incidents that wait for it.
//!
//! All of it answers edits, wherever they were made, and only what an edit changed: what somebody decides for one child or one
//! incident afterwards stays. It is written by the `system` user, and the audit says why.
//!
//! Left out: what ServiceNow does for cases that refer to a problem.

pub(crate) mod assignment;
pub(crate) mod auto_close;
mod family;
mod incident;
pub mod major;
pub mod problem;
mod reopen;

use std::str::FromStr;

use fieldline_model::Record;
use fieldline_model::life_cycle::{Refusal, RefusedStep};

use crate::call::{Call, Changed};
use crate::error::Result;
use crate::react::stage_of;

/// The tables whose records are moved here.
const MOVED: [&str; 4] = [incident::INCIDENTS, incident::TASKS, problem::PROBLEMS, problem::TASKS];
/// Where an organisation's settings are.
pub(crate) const PROPERTIES: &str = "sys_properties";

/// Whether records of a table move each other.
pub(crate) fn moves(table: &str) -> bool {
    MOVED.contains(&table)
}

impl Call<'_> {
    /// Whether a step was not followed between a person and what followed from elsewhere: then the person's word holds, and
    /// there is nothing to talk about.
    pub(crate) fn was_overtaken(&self, record: &Record, refused: &RefusedStep) -> bool {
        let system = self.server.identity().system_user;
        let was_there = matches!(refused.refusal, Refusal::AlreadyThere { by, .. } if by == system);
        moves(record.id.table.as_str()) && (refused.step.by == system || was_there)
    }

    /// Does what follows from a change of an incident, a problem or a task of one.
    pub(crate) fn react_to_itsm(&mut self, changed: &Changed) -> Result<()> {
        let id = &changed.projection.record.id;
        // A history says itself who had it.
        if !self.pending.imported.contains(id) {
            self.settle_assignment(changed)?;
        }
        match id.table.as_str() {
            incident::INCIDENTS => self.react_to_incident(changed),
            problem::PROBLEMS => self.react_to_problem(changed),
            _ => Ok(()),
        }
    }

    /// What an organisation set a property to.
    pub(crate) fn property(&self, name: &str) -> Result<Option<String>> {
        let found = self.rows_with(PROPERTIES, &[("name", name)])?;
        Ok(found.first().map(|property| property.text("value").to_owned()))
    }

    /// What a property says, where it says something of this kind.
    pub(crate) fn property_as<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        Ok(self.property(name)?.and_then(|value| value.trim().parse().ok()))
    }

    /// The name of the stage a row shows.
    pub(crate) fn stage_shown(&self, record: &Record) -> Option<&str> {
        let life_cycle = self.dictionary.life_cycle_of(record.id.table.as_str())?;
        Some(&stage_of(life_cycle, record)?.name)
    }
}

impl Changed {
    /// Whether the record was there before and one of these fields is another now.
    pub(crate) fn turned(&self, fields: &[&str]) -> bool {
        let after = &self.projection.record;
        self.before.as_ref().is_some_and(|before| fields.iter().any(|field| before.get(field) != after.get(field)))
    }

    /// The stage the record has come to, if it was there before and at another one.
    pub(crate) fn arrived(&self) -> Option<&str> {
        self.projection.stage.as_deref().filter(|_| self.turned(&["state"]))
    }
}
