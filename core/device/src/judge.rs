//! What a person is told before an edit is made: the same questions the server asks, answered while they can still change it.
//!
//! The server asks again and has the last word; a phone that was away may know older roles. Whether a step still fits the
//! record after a merge is the fold's business.

use std::collections::BTreeSet;

use fieldline_documents::{Act, Edit, Projection, check_shape};
use fieldline_model::dictionary::may;
use fieldline_model::life_cycle::Attempt;
use fieldline_model::{Dictionary, Record, Table};

use crate::error::DeviceError;

/// Who is about to do something, to what.
pub(crate) struct Judge<'a> {
    pub dictionary: &'a Dictionary,
    pub roles: &'a BTreeSet<String>,
    /// The record before the edit; `None` when the edit creates it.
    pub before: Option<&'a Projection>,
}

impl Judge<'_> {
    /// Checks shape, roles and the life cycle.
    pub fn check(&self, edit: &Edit) -> Result<(), DeviceError> {
        let name = &edit.document.table;
        let table = self.dictionary.table(name.as_str()).ok_or_else(|| DeviceError::Table(name.clone()))?;
        match self.before {
            None => self.may_create(table)?,
            Some(_) => edit.acts.iter().try_for_each(|act| self.may_write(table, edit, act))?,
        }
        self.steps(edit)?;
        Ok(check_shape(edit, self.dictionary, self.before.is_none())?)
    }

    fn may(&self, allowed: &[String]) -> bool {
        may(self.roles.iter().map(String::as_str), allowed)
    }

    fn may_create(&self, table: &Table) -> Result<(), DeviceError> {
        let refused = || DeviceError::Create { table: table.name.clone(), roles: table.create.join(", ") };
        self.may(&table.create).then_some(()).ok_or_else(refused)
    }

    fn may_write(&self, table: &Table, edit: &Edit, act: &Act) -> Result<(), DeviceError> {
        let Some(field) = act.field().and_then(|field| table.field(field.as_str())) else { return Ok(()) };
        if self.may(&field.write) {
            return Ok(());
        }
        let (document, field, roles) = (edit.document.clone(), field.name.clone(), field.write.join(", "));
        Err(DeviceError::Field { document, field, roles })
    }

    fn steps(&self, edit: &Edit) -> Result<(), DeviceError> {
        let Some(life_cycle) = self.dictionary.life_cycle_of(edit.document.table.as_str()) else { return Ok(()) };
        let mut stage =
            self.before.and_then(|before| before.stage.clone()).unwrap_or_else(|| life_cycle.initial.clone());
        let before = self.before.map(|before| before.record.clone());
        let mut record = before.unwrap_or_else(|| Record::new(edit.document.clone()));
        let comment = edit.acts.iter().any(|act| matches!(act, Act::Comment { .. }));
        for act in &edit.acts {
            match act {
                Act::Set { field, value } => record.set(field.clone(), value.clone()),
                Act::Transition { step, reason } => {
                    let reason = reason.as_deref();
                    let (stage_now, roles) = (Some(stage.as_str()), self.roles);
                    let attempt = Attempt { step, stage: stage_now, roles, record: &record, reason, comment };
                    let rule = life_cycle.check(&attempt);
                    let refused = |problem| DeviceError::Step { document: edit.document.clone(), problem };
                    stage = rule.map_err(refused)?.to.clone();
                }
                _ => {}
            }
        }
        Ok(())
    }
}
