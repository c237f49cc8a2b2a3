//! Work orders and their tasks: how they come about, what binds them, and what follows from each other.
//!
//! * [`origin`] makes an order of what somebody reported, `cover.rs` says who pays for it, `template.rs` says what it consists of.
//! * `dependency.rs` knows which tasks come after others.
//! * `guard.rs` says what may not be written about a task over the record API; what was done with the radio off merges.
//! * `roll_up.rs` lets an order stand where its tasks stand, from the first begun to the last ended.
//! * `follow.rs` lets follow what follows from a task: a visit that comes after one that could not end, and who is told when one was
//!   rejected; `acceptance.rs` says so when nobody accepted it in time.
//!
//! Left out: approvals of orders, budgets and prices, several requests in one order.
//!
//! Source: ServiceNow "Work order states", "Work order task states", "Create dependencies between work order tasks", "Tables installed
//! with Field Service Management".

pub(crate) mod acceptance;
mod cover;
pub(crate) mod dependency;
mod follow;
pub(crate) mod guard;
pub mod origin;
mod roll_up;
mod template;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId};

use crate::call::Call;
use crate::error::Result;

pub(crate) const ORDERS: &str = "wm_order";
pub(crate) const TASKS: &str = "wm_task";
pub(crate) const TASK_TEMPLATES: &str = "cmdb_servicetask_product_model";
const TEMPLATES: &str = "cmdb_workorder_product_model";

impl Call<'_> {
    /// The tasks of an order.
    pub(crate) fn tasks_of(&self, order: &DocumentId) -> Result<Vec<Record>> {
        self.rows(TASKS, &Filter::equals("parent", order.sys_id))
    }

    /// Tells somebody of a task who has to see to it: whoever assigned it, else who manages the group that dispatches it.
    pub(crate) fn tell_dispatcher(&mut self, task: &Record, subject: &str, body: &str) -> Result<()> {
        let system = self.server.identity().system_user;
        let assigned = self.projection(&task.id)?.provenance.get("assigned_to").map(|origin| origin.by);
        let group = task.reference("dispatch_group").map(|group| self.manager_of(group)).transpose()?.flatten();
        let told: Option<SysId> = assigned.filter(|by| *by != system).or(group);
        told.map_or(Ok(()), |user| self.tell_now(user, &task.id, subject, body))
    }
}
