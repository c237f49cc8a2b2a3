//! Which tasks come after others (`wm_task_dependency`): a task may begin once every task before it is over, and so many seconds
//! have passed. What is cancelled is over; nothing comes after itself.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, FieldName, Record, SysId, Timestamp};

use super::TASKS;
use crate::call::Call;
use crate::error::{Result, ServiceError};
use crate::query::number_field;
use crate::table::{self, TableError};

pub(crate) const DEPENDENCIES: &str = "wm_task_dependency";
/// The longest time between two tasks.
const MOST_LAG_SECONDS: i64 = 90 * 86_400;

/// A task that has to be over before another.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    /// The task.
    pub task: Record,
    /// How long after its end the other may begin.
    pub lag_seconds: i64,
}

impl Before {
    /// From when on the other task may begin; `None` while this one is not over.
    pub fn allows_from(&self) -> Option<Timestamp> {
        let ended = self.task.time("work_end").or_else(|| self.task.time("closed_at")).unwrap_or(Timestamp(0));
        (!self.task.says("active")).then(|| ended.plus_milliseconds(self.lag_seconds * 1_000))
    }

    /// From when on the other task may begin if this one ends as it is planned; `None` while it has no time.
    pub fn ends_by(&self) -> Option<Timestamp> {
        let planned = self.task.time("estimated_end").map(|end| end.plus_milliseconds(self.lag_seconds * 1_000));
        self.allows_from().or(planned)
    }
}

impl Call<'_> {
    /// What has to be over before a task.
    pub(crate) fn before_task(&self, task: SysId) -> Result<Vec<Before>> {
        let rows = self.rows(DEPENDENCIES, &Filter::equals("downstream_task", task))?;
        let mut before = Vec::new();
        for row in rows {
            let Some(upstream) = row.reference("upstream_task") else { continue };
            let lag_seconds = number_field(&row, "lag_seconds").unwrap_or(0);
            let task = self.row(&DocumentId::new(TASKS, upstream))?;
            before.extend(task.map(|task| Before { task, lag_seconds }));
        }
        Ok(before)
    }

    /// Why a task may not begin now, if something has to be over first.
    pub(crate) fn comes_after(&self, task: SysId) -> Result<Option<String>> {
        for before in self.before_task(task)? {
            let number = before.task.text("number");
            match before.allows_from() {
                None => return Ok(Some(format!("{number} has to be over first"))),
                Some(from) if self.now < from => {
                    return Ok(Some(format!(
                        "it may begin {from} UTC, {} seconds after {number} ended",
                        before.lag_seconds
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(None)
    }
}

/// Refuses a dependency that makes no sense.
///
/// # Errors
/// Names the field, and what is wrong with it.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid =
        |field: &str, problem: &str| Err(TableError::invalid(&row.id, Some(&FieldName::from(field)), problem));
    if !(0..=MOST_LAG_SECONDS).contains(&number_field(row, "lag_seconds").unwrap_or(0)) {
        return invalid("lag_seconds", "is not between 0 and 90 days; correct it");
    }
    let ends = ["upstream_task", "downstream_task"].map(|field| row.reference(field));
    let [Some(upstream), Some(downstream)] = ends else { return Ok(()) };
    let next = |task: SysId| {
        let mut before: Vec<SysId> = call
            .rows(DEPENDENCIES, &Filter::equals("downstream_task", task))?
            .into_iter()
            .filter(|other| other.id != row.id)
            .filter_map(|other| other.reference("upstream_task"))
            .collect();
        before.extend((task == downstream).then_some(upstream));
        Ok(before)
    };
    match leads_back(downstream, next)? {
        true => {
            invalid("upstream_task", "already comes after the other, directly or through others; choose another task")
        }
        false => Ok(()),
    }
}

/// Whether what comes before something leads back to it.
pub(super) fn leads_back(
    from: SysId,
    next: impl Fn(SysId) -> Result<Vec<SysId>, ServiceError>,
) -> Result<bool, ServiceError> {
    let (mut seen, mut open) = (BTreeSet::new(), next(from)?);
    while let Some(one) = open.pop() {
        if one == from {
            return Ok(true);
        }
        if seen.insert(one) {
            open.extend(next(one)?);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> SysId {
        SysId([number; 16])
    }

    #[test]
    fn a_circle_is_found_however_long_it_is_and_what_only_meets_again_is_none() {
        let circle = |one: SysId| Ok(vec![id(one.0[0] % 4 + 1)]);
        assert!(leads_back(id(1), circle).expect("no database"));
        let diamond = |one: SysId| {
            Ok(if one == id(1) {
                vec![id(2), id(3)]
            } else if one == id(4) {
                vec![]
            } else {
                vec![id(4)]
            })
        };
        assert!(!leads_back(id(1), diamond).expect("no database"));
    }
}
