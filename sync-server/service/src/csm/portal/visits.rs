//! When somebody comes: the work orders of a customer's cases and their visits, by number, state, window and first name. What is to be
//! done and what was noted stays in the house.

use fieldline_model::{Record, SysId};
use serde::Serialize;

use super::{Part, Shown, choice, first_name, newest};
use crate::call::Call;
use crate::cases::CASES;
use crate::moment::Moment;
use crate::table::Result;

/// A work order as a customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// Its identity.
    pub sys_id: SysId,
    /// Its number.
    pub number: String,
    /// Where it stands.
    pub state: Shown,
    /// The case it is for.
    pub case: SysId,
    /// Its visits, in order.
    pub visits: Vec<VisitView>,
}

/// A visit as a customer sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitView {
    /// Its identity.
    pub sys_id: SysId,
    /// Its number.
    pub number: String,
    /// Where it stands.
    pub state: Shown,
    /// From when somebody may come.
    pub window_start: Option<Moment>,
    /// Until when.
    pub window_end: Option<Moment>,
    /// When they are planned to begin.
    pub expected_start: Option<Moment>,
    /// Who comes.
    pub technician: Option<String>,
    /// When they came.
    pub arrived_at: Option<Moment>,
    /// When they were done.
    pub ended_at: Option<Moment>,
}

/// The work orders of a case that is the customer's.
pub(super) fn of_case(call: &Call<'_>, case: SysId) -> Result<Vec<OrderView>> {
    let mut orders = call.orders_of(case)?;
    orders.sort_by(|one, other| one.text("number").cmp(other.text("number")));
    orders.iter().map(|order| order_view(call, order, case)).collect()
}

/// The work orders of the caller's cases that were opened last.
///
/// # Errors
/// When the caller is no customer, or the database fails.
pub fn orders(call: &Call<'_>, part: Part) -> Result<Vec<OrderView>> {
    let customer = super::customer(call)?;
    let mut found = Vec::new();
    for case in newest(call, CASES, &customer.cases(), "opened_at", part)? {
        found.extend(of_case(call, case.id.sys_id)?);
    }
    Ok(found)
}

fn order_view(call: &Call<'_>, order: &Record, case: SysId) -> Result<OrderView> {
    let mut tasks = call.tasks_of(&order.id)?;
    tasks.sort_by_key(|task| (task.time("window_start"), task.text("number").to_owned()));
    Ok(OrderView {
        sys_id: order.id.sys_id,
        number: order.text("number").to_owned(),
        state: choice(call, order, "state"),
        case,
        visits: tasks.iter().map(|task| visit_view(call, task)).collect::<Result<_>>()?,
    })
}

fn visit_view(call: &Call<'_>, task: &Record) -> Result<VisitView> {
    let technician = task.reference("assigned_to").map(|id| call.tx.find(call.dictionary.family("sys_user"), id));
    let technician = technician.transpose()?.flatten().map(|user| first_name(&user).to_owned());
    Ok(VisitView {
        sys_id: task.id.sys_id,
        number: task.text("number").to_owned(),
        state: choice(call, task, "state"),
        window_start: Moment::of(task, "window_start"),
        window_end: Moment::of(task, "window_end"),
        expected_start: Moment::of(task, "expected_start"),
        technician,
        arrived_at: Moment::of(task, "onsite_arrival"),
        ended_at: Moment::of(task, "work_end"),
    })
}
