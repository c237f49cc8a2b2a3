//! Parts that tasks need: sourced by a transfer order, delivered under a lease that serves the task alone.
//!
//! A task that is cancelled cancels what is not on its way yet. A task whose part is on its way to somebody keeps its technician.

use fieldline_model::stock::{LEASES, Lease};
use fieldline_model::{DocumentId, Record, SysId, Value};

use crate::call::{Call, Changed};
use crate::error::Result;
use crate::query::number_field;
use crate::react::stage_of;
use crate::stock::leases::Holder;
use crate::stock::lots::van_owner;
use crate::stock::stages::{CANCELLED, rank};
use crate::stock::transfer::{LINES, ORDERS, line_written, prepare_line};
use crate::stock::{KEEPERS, Place, STOCKROOMS};
use crate::table::{self, Input, TableError};

/// The table of part requirements.
pub(crate) const REQUIREMENTS: &str = "sm_part_requirement";

/// From where a required part comes, and where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The stockroom it is taken from.
    pub from: SysId,
    /// The stockroom it goes to; the van of the task's technician when not said.
    pub to: Option<SysId>,
}

/// Makes and requests the transfer order that brings a required part. Returns the order.
///
/// # Errors
/// When it is sourced already, fewer are free, or there is no van to bring it to.
pub fn source(call: &mut Call<'_>, requirement: SysId, source: Source) -> table::Result<Record> {
    let row = table::read(call, REQUIREMENTS, requirement)?;
    if !call.caller.may(&KEEPERS.map(str::to_owned)) {
        let problem = "those who keep stock source parts; ask one of them".to_owned();
        return Err(TableError::Denied { record: row.id.to_string(), problem });
    }
    if row.says("sourced") {
        return Err(TableError::invalid(&row.id, None, "is sourced already; look at its transfer order"));
    }
    let task = row.reference("work_order_task");
    let to = match source.to {
        Some(to) => to,
        None => call.van_for(task)?.ok_or_else(|| {
            TableError::invalid(
                &row.id,
                None,
                "nobody with a van has this task; say to_stockroom, or assign the task first",
            )
        })?,
    };
    let id = |id: SysId| id.to_string();
    let texts = [
        ("from_stockroom", id(source.from)),
        ("to_stockroom", id(to)),
        ("work_order_task", task.map(id).unwrap_or_default()),
    ];
    let order = create(call, ORDERS, &texts)?;
    let quantity = number_field(&row, "required_quantity").unwrap_or(1);
    let texts = [
        ("transfer_order", id(order.id.sys_id)),
        ("model", row.reference("model").map(id).unwrap_or_default()),
        ("quantity_requested", quantity.to_string()),
        ("part_requirement", id(requirement)),
    ];
    create(call, LINES, &texts)?;
    let requested = Input::of(&[("stage", "requested")]);
    let order = table::update(call, ORDERS, order.id.sys_id, &requested)?.record;
    let mut row = row;
    row.set("reserved_quantity", Some(Value::Integer(quantity)));
    row.set("sourced", Some(Value::Boolean(true)));
    call.put_row(row)?;
    Ok(order)
}

fn create(call: &mut Call<'_>, table: &str, texts: &[(&str, String)]) -> table::Result<Record> {
    let fields: Vec<(&str, &str)> = texts.iter().map(|(field, text)| (*field, text.as_str())).collect();
    Ok(table::create(call, table, &Input::of(&fields))?.record)
}

/// Refuses to hand a task to somebody else while a part for it is on its way.
///
/// # Errors
/// Names the transfer order.
pub(crate) fn check_reassignment(call: &Call<'_>, before: Option<&Record>, task: &Record) -> table::Result<()> {
    let Some(before) = before.filter(|_| task.id.table == *"wm_task") else { return Ok(()) };
    if before.reference("assigned_to") == task.reference("assigned_to") || before.reference("assigned_to").is_none() {
        return Ok(());
    }
    for order in call.orders_for(task.id.sys_id)? {
        if call.lines_of(order.id.sys_id)?.iter().any(|line| line.text("stage") == "in_transit") {
            let problem = format!(
                "a part for this task is on its way ({}); wait until it is received, then hand the task over",
                order.text("number")
            );
            return Err(TableError::invalid(&task.id, Some(&"assigned_to".into()), problem));
        }
    }
    Ok(())
}

impl Call<'_> {
    fn orders_for(&self, task: SysId) -> Result<Vec<Record>> {
        self.rows_with(ORDERS, &[("work_order_task", &task.to_string())])
    }

    /// The van of whoever has a task.
    fn van_for(&self, task: Option<SysId>) -> Result<Option<SysId>> {
        let task = self.referred("wm_task", task)?;
        let Some(user) = task.and_then(|task| task.reference("assigned_to")) else { return Ok(None) };
        let vans = self.rows_with(STOCKROOMS, &[("manager", &user.to_string()), ("type", "field_agent")])?;
        Ok(vans.first().map(|van| van.id.sys_id))
    }

    /// Lets what was ordered and reserved for a task follow it.
    pub(crate) fn follow_task_parts(&mut self, changed: &Changed) -> Result<()> {
        if !changed.stands_elsewhere() {
            return Ok(());
        }
        let task = &changed.projection.record;
        let life_cycle = self.dictionary.life_cycle_of("wm_task");
        let stage = life_cycle.and_then(|life_cycle| stage_of(life_cycle, task)).map(|stage| stage.name.clone());
        if stage.as_deref() == Some("cancelled") {
            self.cancel_orders_of(task.id.sys_id)?;
        }
        let is_over = ["cancelled", "closed_complete", "closed_incomplete"];
        if stage.is_some_and(|stage| is_over.contains(&stage.as_str())) {
            self.end_leases_of(task.id.sys_id)?;
        }
        Ok(())
    }

    fn cancel_orders_of(&mut self, task: SysId) -> Result<()> {
        for order in self.orders_for(task)? {
            for before in self.lines_of(order.id.sys_id)? {
                if rank(before.text("stage")).is_none_or(|rank| rank >= 3) {
                    continue;
                }
                let mut line = before.clone();
                line.set("stage", Some(Value::text(CANCELLED)));
                let cancelled = self.implied(|call| {
                    prepare_line(call, Some(&before), &mut line)?;
                    call.put_row(line.clone())?;
                    line_written(call, Some(&before), &line)
                });
                match cancelled {
                    Err(TableError::Service(error)) => return Err(error),
                    Err(problem) => tracing::error!(%problem, "a line of a cancelled task could not be cancelled"),
                    Ok(()) => {}
                }
            }
        }
        Ok(())
    }

    /// What was reserved for a task that is over is its technician's to take for any other.
    fn end_leases_of(&mut self, task: SysId) -> Result<()> {
        for mut row in self.rows_with(LEASES, &[("task", &task.to_string()), ("state", "active")])? {
            let place = Lease::read(&row).map(|lease| Place { stockroom: lease.stockroom, model: lease.model });
            row.set("state", Some(Value::text("returned")));
            self.put_row(row)?;
            place.map_or(Ok(()), |place| self.lease_the_rest(place))?;
        }
        Ok(())
    }

    /// Gives what came for a task to its technician's device, for that task alone.
    pub(crate) fn deliver_to_requirement(&mut self, line: &Record, arrived: i64) -> Result<()> {
        let requirement = line.reference("part_requirement").map(|id| DocumentId::new(REQUIREMENTS, id));
        let Some(mut row) = requirement.map(|id| self.row(&id)).transpose()?.flatten() else { return Ok(()) };
        let delivered = number_field(&row, "delivered_quantity").unwrap_or(0).saturating_add(arrived);
        row.set("delivered_quantity", Some(Value::Integer(delivered)));
        let task = row.reference("work_order_task");
        self.put_row(row)?;
        let place = line.reference("to_stockroom").zip(line.reference("model"));
        let Some((stockroom, model)) = place else { return Ok(()) };
        let room = self.row(&DocumentId::new(STOCKROOMS, stockroom))?;
        let Some(user) = room.as_ref().and_then(van_owner) else { return Ok(()) };
        match self.newest_device(user)? {
            Some(device) if task.is_some() => {
                self.lease_to(Place { stockroom, model }, Holder { user, device, task }, arrived, None).map(drop)
            }
            _ => Ok(()),
        }
    }
}
