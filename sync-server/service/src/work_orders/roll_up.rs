//! A work order stands where its tasks stand, begins with the first of them and ends with the last.
//!
//! Cancelled tasks count for nothing unless there is nothing else. As long as there are only drafts, how far the order has come is
//! for whoever qualifies it to say.

use fieldline_documents::Act;
use fieldline_model::plant::{self, Plant};
use fieldline_model::work_order::stage_of;
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use super::ORDERS;
use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;

/// What of a task its order shows.
const SHOWN: [&str; 7] = ["state", "sub_state", "parent", "expected_start", "estimated_end", "work_start", "work_end"];

impl Call<'_> {
    /// Lets the orders of a task follow a change of it: the one it belongs to, and the one it left.
    pub(super) fn roll_up_orders_of(&mut self, changed: &Changed) -> Result<()> {
        if changed.before.is_some() && !changed.turned(&SHOWN) {
            return Ok(());
        }
        let rows = changed.before.iter().chain([&changed.projection.record]);
        let mut orders: Vec<SysId> = rows.filter_map(|row| row.reference("parent")).collect();
        orders.dedup();
        for order in orders {
            let order = DocumentId::new(ORDERS, order);
            if self.exists(&order)? {
                self.roll_up(&order)?;
            }
        }
        Ok(())
    }

    /// Does what follows from a change of an order: cancelling it cancels what nobody has begun to close, qualifying it qualifies
    /// what has somebody to dispatch it.
    pub(crate) fn react_to_order(&mut self, id: &DocumentId, changed: &Changed) -> Result<()> {
        let was = changed.before.as_ref().and_then(|before| self.stage_shown(before)).map(str::to_owned);
        let is = changed.projection.stage.as_deref().filter(|is| was.as_deref() != Some(is));
        match is {
            Some("cancelled") => {
                for task in self.tasks_of(id)? {
                    self.step_towards(&task, "cancelled")?;
                }
            }
            Some("qualified") => {
                for task in self.tasks_of(id)?.iter().filter(|task| task.reference("dispatch_group").is_some()) {
                    if self.stage_shown(task) == Some("draft") {
                        self.step_towards(task, "pending_dispatch")?;
                    }
                }
            }
            _ => {}
        }
        if changed.stands_elsewhere() { self.roll_up(id) } else { Ok(()) }
    }

    /// Takes an order where its tasks stand, and to when they begin and end.
    fn roll_up(&mut self, order: &DocumentId) -> Result<()> {
        let tasks = self.tasks_of(order)?;
        let Some(order) = self.row(order)?.filter(|_| !tasks.is_empty() && !plant::is(Plant::RollUpForgotten)) else {
            return Ok(());
        };
        let derived = stage_of(tasks.iter().filter_map(|task| self.stage_shown(task)));
        let is_being_qualified = matches!(self.stage_shown(&order), Some("awaiting_qualification" | "qualified"));
        if derived != "draft" || !is_being_qualified {
            self.step_towards(&order, derived)?;
        }
        let acts = times(&order, &tasks);
        if acts.is_empty() { Ok(()) } else { self.author_as_system(order.id, acts) }
    }
}

/// What is to be written for an order to show when its tasks begin and end.
fn times(order: &Record, tasks: &[Record]) -> Vec<Act> {
    let alive: Vec<&Record> = tasks.iter().filter(|task| !is_cancelled(task)).collect();
    let all = |field: &str| alive.iter().filter_map(|task| task.time(field)).collect::<Vec<Timestamp>>();
    let is_over = alive.iter().all(|task| !task.says("active"));
    let known = [
        ("expected_start", all("expected_start").into_iter().min()),
        ("estimated_end", all("estimated_end").into_iter().max()),
        ("work_start", all("work_start").into_iter().min()),
        ("work_end", all("work_end").into_iter().max().filter(|_| is_over)),
    ];
    // What no task says yet somebody may have said of the order; only its end is taken back when work begins anew.
    let differs = |(field, value): &(&str, Option<Timestamp>)| {
        (value.is_some() || *field == "work_end") && *value != order.time(field)
    };
    known.into_iter().filter(differs).map(|(field, value)| set(field, value.map(Value::Time))).collect()
}

fn is_cancelled(task: &Record) -> bool {
    !task.says("active") && task.get("state") == Some(&Value::Integer(7))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(table: &str, fields: &[(&str, Value)]) -> Record {
        let mut record = Record::new(DocumentId::new(table, SysId([1; 16])));
        fields.iter().for_each(|(field, value)| record.set(*field, Some(value.clone())));
        record
    }

    fn at(seconds: i64) -> Value {
        Value::Time(Timestamp(seconds * 1_000))
    }

    fn shown(order: &Record, tasks: &[Record]) -> Vec<(String, Option<Value>)> {
        let read = |act| match act {
            Act::Set { field, value } => (field.to_string(), value),
            other => panic!("{other:?}"),
        };
        times(order, tasks).into_iter().map(read).collect()
    }

    #[test]
    fn an_order_lasts_from_its_earliest_task_to_its_latest_and_ends_once_all_have() {
        let closed = [("active", Value::Boolean(false)), ("state", Value::Integer(3))];
        let first = record("wm_task", &[&closed[..], &[("work_start", at(20)), ("work_end", at(30))]].concat());
        let second = record("wm_task", &[("active", Value::Boolean(true)), ("work_start", at(10))]);
        let cancelled = [("active", Value::Boolean(false)), ("state", Value::Integer(7)), ("expected_start", at(1))];
        let order = record("wm_order", &[]);
        let tasks = [first.clone(), second, record("wm_task", &cancelled)];
        assert_eq!(shown(&order, &tasks), [("work_start".to_owned(), Some(at(10)))]);
        let ended = [("work_start".to_owned(), Some(at(20))), ("work_end".to_owned(), Some(at(30)))];
        assert_eq!(shown(&order, &[first]), ended);
    }

    #[test]
    fn what_is_already_so_is_not_written_again_and_an_end_is_taken_back_when_work_goes_on() {
        let order = record("wm_order", &[("expected_start", at(5)), ("work_end", at(9))]);
        let open = record("wm_task", &[("active", Value::Boolean(true)), ("expected_start", at(5))]);
        assert_eq!(shown(&order, &[open]), [("work_end".to_owned(), None)]);
        let unplanned = record("wm_task", &[("active", Value::Boolean(true))]);
        let planned = record("wm_order", &[("expected_start", at(5))]);
        assert_eq!(shown(&planned, &[unplanned]), [], "what somebody said of the order stays");
    }
}
